//! Objects of Git LFS that come with a merge from another repository: the pointers are in the
//! pack that was brought, and the other repository has the objects.
//!
//! They are taken over just before the branch moves, so that a client that sees a pointer finds its object.
//! Within a fork network that is a row here and the key in the network's account. From another
//! network the bytes are copied from R2 to R2. Objects that the other repository lacks stay missing here too.

use std::collections::BTreeMap;

use crate::git::lfs::{LfsOid, Pointer};
use crate::git::maintenance::lfs_pointers::LfsPointers;
use crate::git::maintenance::step::Step;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::lfs::{LFS_BATCH_MAX, LfsBatch, LfsNamed};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::lfs::keys::take_keys;
use crate::repo_do::lfs::room;
use crate::repo_do::neighbour::asked::Neighbour;
use crate::repo_do::request::room_hold::Claimant;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::write::request::WriteRequest;
use crate::storage::db::sql::in_transaction;
use crate::storage::network::store::Purpose;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::{BucketError, lfs_key};

/// Entries looked at between two pauses: about 20 ms of CPU.
const STEP_ENTRIES: usize = 50_000;

/// Bytes that one merge copies from another network at most; the rest is left out.
const COPIED_BYTES_MAX: u64 = 1 << 30;

/// Objects that the other repository has, and the network in which it keeps them.
struct Offered {
    network_id: String,
    objects: Vec<(LfsOid, u64)>,
}

/// Takes over the objects that the last of the packs names, which was brought from there.
pub(super) async fn take_over(
    write: &WriteRequest,
    neighbour: &Neighbour,
    reading: &mut Reading,
) -> Result<(), ErrorReply> {
    let wanted = lacking(write, reading).await?;
    let mut left_bytes = COPIED_BYTES_MAX;
    for page in wanted.chunks(LFS_BATCH_MAX) {
        let offered = offered(neighbour, page).await?;
        take(write, &offered, &mut left_bytes).await?;
    }
    Ok(())
}

/// The objects that the brought pack names and that are not here.
async fn lacking(write: &WriteRequest, reading: &mut Reading) -> Result<Vec<LfsOid>, ErrorReply> {
    let mut entries = reading.packs().select_none();
    if let Some(last) = entries.pack_count().checked_sub(1) {
        entries.insert_all(last);
    }
    let (mut pointers, mut found) = (LfsPointers::new(), BTreeMap::new());
    loop {
        let step = reading
            .until(|packs| {
                pointers.step(packs, &entries, STEP_ENTRIES, |pointer| {
                    found.insert(pointer.oid, pointer.size);
                })
            })
            .await?;
        if step == Step::Done {
            break;
        }
        pause().await;
    }
    let (mut here, mut lacking) = (Vec::new(), Vec::new());
    for oid in found.into_keys() {
        match write.store.stored_lfs_object(&oid)? {
            Some(object) => here.push(object),
            None => lacking.push(oid),
        }
    }
    // They may have been without a pointer for long.
    write.store.need_lfs_objects(&here)?;
    Ok(lacking)
}

/// Which of these the other repository has, as far as the caller may read it.
async fn offered(neighbour: &Neighbour, page: &[LfsOid]) -> Result<Offered, ErrorReply> {
    let named = |oid: &LfsOid| LfsNamed {
        oid: oid.to_string(),
        size: 0,
    };
    let batch = LfsBatch {
        objects: page.iter().map(named).collect(),
        presigned: false,
    };
    let answer = neighbour.lfs(&batch).await?;
    let sizes = page.iter().zip(answer.sizes);
    Ok(Offered {
        network_id: answer.network_id,
        objects: sizes
            .filter_map(|(oid, bytes)| bytes.map(|bytes| (*oid, bytes)))
            .collect(),
    })
}

async fn take(
    write: &WriteRequest,
    offered: &Offered,
    left_bytes: &mut u64,
) -> Result<(), ErrorReply> {
    let life = write.object.life();
    let record = write.store.load()?.ok_or_else(gone)?;
    let network_id = record.network();
    let is_shared = network_id == offered.network_id;
    let mut objects = offered.objects.clone();
    if !is_shared {
        objects.retain(|(_, bytes)| {
            let fits = *bytes <= *left_bytes;
            if fits {
                *left_bytes = left_bytes.saturating_sub(*bytes);
            }
            fits
        });
    }
    if objects.is_empty() {
        return Ok(());
    }
    let pointers = || {
        objects.iter().map(|(oid, size)| Pointer {
            oid: *oid,
            size: *size,
        })
    };
    room::check(write.authorized.quota, &write.store, &record, pointers())?;
    let claimant = Claimant {
        object: &write.object,
        store: &write.store,
        record: &record,
    };
    let _hold = claimant.claim_objects(pointers()).await?;
    if write.object.life() != life {
        return Err(gone());
    }
    let key = |oid: &LfsOid| lfs_key(network_id, oid);
    let begun = in_transaction(write.store.database(), || {
        let begin = |(oid, bytes): &(LfsOid, u64)| {
            let (object, key) = ((oid, *bytes), key(oid));
            write.store.begin_lfs_object(object, &key, now_ms())
        };
        objects.iter().map(begin).collect::<Result<Vec<_>, _>>()
    })?;
    let purpose = if is_shared {
        Purpose::Share
    } else {
        Purpose::Write
    };
    let env = &write.object.env;
    take_keys(env, &write.store, &record, (&begun, purpose)).await?;
    for (oid, bytes) in &objects {
        if !is_shared {
            let copied = copy(write, (oid, *bytes), &offered.network_id, &key(oid)).await;
            copied.map_err(|error| ErrorReply::internal("lfs", &error))?;
        }
        if write.object.life() != life {
            return Err(gone());
        }
        write.store.finish_lfs_object((oid, *bytes), now_ms())?;
    }
    Ok(())
}

/// Streams an object from another network's key to this one's. No byte of it comes here.
async fn copy(
    write: &WriteRequest,
    (oid, bytes): (&LfsOid, u64),
    network_id: &str,
    to: &str,
) -> Result<(), BucketError> {
    let bucket = R2::of(&write.object.env)?;
    let from = lfs_key(network_id, oid);
    let body = bucket.open(&from).await?;
    let put = bucket.put_verified(to, Some(body), bytes, oid.as_bytes());
    put.await
}

fn gone() -> ErrorReply {
    ErrorReply::new(ErrorCode::NotFound, "the repository was deleted")
}
