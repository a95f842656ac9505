//! Uploads that bypass the Worker. Nobody tells when one starts, so the batch begins it; and R2 may have
//! had the bytes before, from another repository of the network. So R2 keeps with the bytes whose upload
//! they are, and only the upload that this repository began makes the object its own.

use super::asked::{LfsRequest, oid_of};
use super::keys::upload_name;
use super::transfer::count;
use crate::repo_do::contract::lfs::{LfsArrived, LfsExpected, LfsNamed, LfsPlace};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::reply;
use crate::storage::r2::bucket::lfs_key;

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

/// R2 has the bytes of an upload, verified, as [`count`] has it.
pub(super) async fn arrived(asked: &LfsRequest, arrived: &LfsArrived) -> Answer {
    let given_up = |said| ErrorReply::new(ErrorCode::Conflict, format!("{said}: push once more"));
    count(asked, arrived, given_up).await
}
