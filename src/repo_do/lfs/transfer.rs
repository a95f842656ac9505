//! One object: its upload begins and ends, its bytes are found.

use super::asked::{LfsRequest, oid_of};
use super::keys::{take_keys, upload_name};
use crate::git::lfs::Pointer;
use crate::repo_do::contract::lfs::{LfsArrived, LfsExpected, LfsNamed, LfsPlace};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::schedule;
use crate::repo_do::state::snapshot_settings::settle_ms;
use crate::repo_do::state::store::Store;
use crate::storage::network::store::Purpose;
use crate::storage::r2::bucket::lfs_key;

/// After how many seconds an upload whose row is gone is worth another try.
pub(super) const RETRY_SECONDS: u32 = 2;

/// An upload begins: it is noted here, then in the network's account, so that an interrupted one leaves a row
/// that tells of it.
pub(super) async fn begin(asked: &LfsRequest, named: &LfsNamed) -> Answer {
    let LfsRequest { object, store, .. } = asked;
    let (oid, size) = (oid_of(&named.oid)?, named.size);
    let record = asked.writable()?;
    asked.check_room(&record, [Pointer { oid, size }])?;
    let r2_key = lfs_key(record.network(), &oid);
    let begun = store.begin_lfs_object((&oid, size), &r2_key, now_ms())?;
    if begun.is_stored {
        store.need_lfs_objects(&[begun])?;
    } else {
        take_keys(&object.env, store, &record, (&[begun], Purpose::Write)).await?;
        upkeep_due(object, store).await;
    }
    reply::json(&LfsExpected {
        upload: upload_name(&record, &begun),
        place: LfsPlace {
            r2_key,
            size: begun.bytes,
            is_stored: begun.is_stored,
        },
    })
}

/// R2 has the bytes of an upload, verified: the repository has the object from now on, if it still waits
/// for just this upload. The row of a later upload is not enough: between the two the key was given up, and
/// R2's object may have been removed since these bytes came.
pub(super) async fn finish(asked: &LfsRequest, arrived: &LfsArrived) -> Answer {
    let given_up = |said| ErrorReply::busy(RETRY_SECONDS, format!("{said}: send it once more"));
    count(asked, arrived, given_up).await
}

/// Makes an object the repository's, or refuses it because its upload was given up.
pub(super) async fn count(
    asked: &LfsRequest,
    arrived: &LfsArrived,
    given_up: impl FnOnce(String) -> ErrorReply,
) -> Answer {
    let (oid, size) = (oid_of(&arrived.oid)?, arrived.size);
    let _hold = asked.claim_room(Pointer { oid, size }).await?;
    let record = asked.writable()?;
    asked.check_room(&record, [Pointer { oid, size }])?;
    let store = &asked.store;
    let found = store.lfs_object(&oid)?;
    let is_awaited = found
        .is_some_and(|object| object.is_stored || upload_name(&record, &object) == arrived.upload);
    if !is_awaited || !store.finish_lfs_object((&oid, size), now_ms())? {
        return Err(given_up(format!("the upload of {oid} was given up")));
    }
    asked.object.usage.add_bytes((size, 0), now_ms());
    upkeep_due(&asked.object, store).await;
    reply::json(&())
}

/// Sees to it that the alarm looks after uploads that began, and that the record in R2 soon names the new
/// objects.
pub(super) async fn upkeep_due(object: &RepoObject, store: &Store) {
    let at_ms = now_ms().saturating_add(settle_ms(&object.env, store));
    schedule::copies_due(object, at_ms);
    schedule::wake_or_log(object, at_ms).await;
}

/// Names the place of an object's bytes, if the repository has the object.
pub(super) fn locate(asked: &LfsRequest, named: &LfsNamed) -> Answer {
    let oid = oid_of(&named.oid)?;
    let object = asked.store.stored_lfs_object(&oid)?.ok_or_else(|| {
        let message = format!("the repository has no object {oid}");
        ErrorReply::new(ErrorCode::NotFound, message)
    })?;
    asked.object.usage.add_bytes((0, object.bytes), now_ms());
    reply::json(&LfsPlace {
        r2_key: lfs_key(asked.authorized.record.network(), &oid),
        size: object.bytes,
        is_stored: true,
    })
}
