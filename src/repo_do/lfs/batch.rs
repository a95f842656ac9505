//! Many objects at once: which of them the repository has.

use super::asked::{LfsRequest, oid_of};
use super::keys::{take_keys, upload_name};
use super::transfer::upkeep_due;
use crate::git::lfs::Pointer;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::lfs::{LfsBatch, LfsBatchAnswer, LfsNamed};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::storage::network::store::Purpose;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::lfs_objects::LfsObject;

/// Which objects can be downloaded.
pub(super) fn download(asked: &LfsRequest, batch: &LfsBatch) -> Answer {
    let mut found = Vec::with_capacity(batch.objects.len());
    for named in &batch.objects {
        found.push(asked.store.stored_lfs_object(&oid_of(&named.oid)?)?);
    }
    reply::json(&LfsBatchAnswer {
        sizes: sizes(&found),
        uploads: Vec::new(),
        network_id: asked.authorized.record.network().to_owned(),
        expires_at_ms: expires_at_ms(asked),
    })
}

/// Which objects the repository has already; the others are begun if their bytes bypass the Worker.
pub(super) async fn upload(asked: &LfsRequest, batch: &LfsBatch) -> Answer {
    let LfsRequest { object, store, .. } = asked;
    let record = asked.writable()?;
    let pointer = |named: &LfsNamed| -> Result<Pointer, ErrorReply> {
        let (oid, size) = (oid_of(&named.oid)?, named.size);
        Ok(Pointer { oid, size })
    };
    let pointers: Vec<_> = batch
        .objects
        .iter()
        .map(pointer)
        .collect::<Result<_, _>>()?;
    // Before any of them is sent.
    asked.check_room(&record, pointers.iter().copied())?;
    let mut found = Vec::with_capacity(batch.objects.len());
    let (mut uploads, mut begun) = (Vec::new(), Vec::new());
    for Pointer { oid, size } in pointers {
        if !batch.presigned {
            found.push(store.stored_lfs_object(&oid)?);
            continue;
        }
        let key = lfs_key(record.network(), &oid);
        let object = store.begin_lfs_object((&oid, size), &key, now_ms())?;
        if object.is_stored {
            uploads.push(String::new());
            found.push(Some(object));
        } else {
            uploads.push(upload_name(&record, &object));
            found.push(None);
            begun.push(object);
        }
    }
    // The client is about to push pointers to these, and will not send them.
    let here: Vec<LfsObject> = found.iter().flatten().copied().collect();
    store.need_lfs_objects(&here)?;
    if !begun.is_empty() {
        take_keys(&object.env, store, &record, (&begun, Purpose::Write)).await?;
        upkeep_due(object, store).await;
    }
    reply::json(&LfsBatchAnswer {
        sizes: sizes(&found),
        uploads,
        network_id: record.network().to_owned(),
        expires_at_ms: expires_at_ms(asked),
    })
}

fn sizes(found: &[Option<LfsObject>]) -> Vec<Option<u64>> {
    let size = |found: &Option<LfsObject>| found.map(|object| object.bytes);
    found.iter().map(size).collect()
}

/// When the caller's token ends.
fn expires_at_ms(asked: &LfsRequest) -> Option<i64> {
    let token = asked.authorized.token.as_ref();
    token.map(|token| token.expires_at_ms)
}
