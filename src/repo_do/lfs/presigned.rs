//! Uploads that bypass the Worker. Nobody tells when one starts, so the batch begins it; and R2 may have
//! had the bytes before, from another repository of the network. So R2 keeps with the bytes whose upload
//! they are, and only the upload that this repository began makes the object its own.

use super::asked::{LfsRequest, oid_of};
use super::transfer::upkeep_due;
use crate::git::lfs::Pointer;
use crate::repo_do::contract::lfs::{LfsArrived, LfsExpected, LfsNamed, LfsPlace};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::lfs_objects::LfsObject;
use crate::storage::repository::store::RepositoryRecord;

/// The name of an upload, which R2 keeps with its bytes: no other repository has it, nor a later upload
/// here once this one was forgotten.
pub(super) fn upload_name(record: &RepositoryRecord, begun: &LfsObject) -> String {
    format!("{}.{}", record.id, begun.at)
}

/// The upload that R2's object must be of.
pub(super) fn expected(asked: &LfsRequest, named: &LfsNamed) -> Answer {
    let oid = oid_of(&named.oid)?;
    let record = asked.writable()?;
    let object = asked.store.lfs_object(&oid)?.ok_or_else(|| {
        let message = format!("the repository has no object {oid}, and no upload of it began");
        ErrorReply::new(ErrorCode::NotFound, message)
    })?;
    reply::json(&LfsExpected {
        upload: upload_name(&record, &object),
        place: LfsPlace {
            r2_key: lfs_key(record.network(), &oid),
            size: object.bytes,
            is_stored: object.is_stored,
        },
    })
}

/// R2 has the bytes of an upload, verified: the repository has the object from now on, if it still waits
/// for just this upload.
pub(super) async fn arrived(asked: &LfsRequest, arrived: &LfsArrived) -> Answer {
    let (oid, size) = (oid_of(&arrived.oid)?, arrived.size);
    let _hold = asked.claim_room(Pointer { oid, size }).await?;
    let record = asked.writable()?;
    asked.check_room(&record, [Pointer { oid, size }])?;
    let store = &asked.store;
    let found = store.lfs_object(&oid)?;
    let is_awaited = found
        .is_some_and(|object| object.is_stored || upload_name(&record, &object) == arrived.upload);
    if !is_awaited || !store.finish_lfs_object((&oid, size), now_ms())? {
        let message = format!("the upload of {oid} was given up: push once more");
        return Err(ErrorReply::new(ErrorCode::Conflict, message));
    }
    asked.object.usage.add_bytes((size, 0), now_ms());
    upkeep_due(&asked.object, store).await;
    reply::json(&())
}
