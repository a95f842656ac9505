//! `PUT /objects/:oid/:size`: the bytes of an object. The runtime pumps them to R2, which compares
//! their digest; the repository's object hears of them before and afterwards.
//!
//! No refusal is a 422, here and in `verify`: git-lfs takes that for a word about the content type, and
//! goes on with the push as if the object had come.

use worker::Response;

use super::asking::{ask, check_encoding};
use crate::repo_do::contract::lfs::{
    self, LFS_OBJECT_BYTES_MAX, LfsArrived, LfsExpected, LfsNamed, LfsOid,
};
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply};
use crate::storage::fault_log;
use crate::storage::r2::bucket::BucketError;
use crate::worker::drain::drain;
use crate::worker::fault::fault;
use crate::worker::names::RepositoryPath;
use crate::worker::objects;
use crate::worker::visit::Visit;

/// Takes an object of this name and size.
pub(super) async fn upload(
    visit: &Visit,
    request: &web_sys::Request,
    path: &RepositoryPath,
    (oid, size): (&LfsOid, u64),
) -> Result<Response, ErrorReply> {
    let headers = request.headers();
    let given = |name| headers.get(name).ok().flatten();
    check_encoding(given("content-encoding").as_deref())?;
    check_size(size, given("content-length").as_deref())?;
    let named = LfsNamed {
        oid: oid.to_string(),
        size,
    };
    let begun: LfsExpected = ask(visit, path, Access::Push, lfs::path::BEGIN, &named).await?;
    let place = begun.place;
    if place.is_stored {
        if place.size != size {
            let message = format!("the object has {} bytes here, not {size}", place.size);
            return Err(ErrorReply::new(ErrorCode::InvalidInput, message));
        }
        if let Some(body) = request.body() {
            drain(body).await;
        }
        return Response::empty().map_err(|error| fault("lfs upload", &error));
    }
    let bucket = objects::bucket(visit, &path.namespace).await?;
    let body = request.body();
    let put = bucket.put_verified(&place.r2_key, body, size, oid.as_bytes());
    if let Err(error) = put.await {
        if matches!(error, BucketError::Failed { .. }) && has_come(visit, path, &named).await {
            return Response::empty().map_err(|error| fault("lfs upload", &error));
        }
        return Err(refusal(oid, &error));
    }
    let arrived = LfsArrived {
        oid: named.oid,
        size,
        upload: begun.upload,
    };
    ask::<()>(visit, path, Access::Push, lfs::path::FINISH, &arrived).await?;
    Response::empty().map_err(|error| fault("lfs upload", &error))
}

/// Whether another upload has brought the object meanwhile: R2 takes one write of a key in a second.
async fn has_come(visit: &Visit, path: &RepositoryPath, named: &LfsNamed) -> bool {
    let found = ask::<LfsExpected>(visit, path, Access::Push, lfs::path::VERIFY, named).await;
    found.is_ok_and(|found| found.place.is_stored && found.place.size == named.size)
}

/// Refuses a size beyond the bound, and a body that is known to have another one.
fn check_size(size: u64, content_length: Option<&str>) -> Result<(), ErrorReply> {
    if size > LFS_OBJECT_BYTES_MAX {
        let message =
            format!("the object has {size} bytes, and {LFS_OBJECT_BYTES_MAX} are taken at most");
        return Err(ErrorReply::new(ErrorCode::MemoryLimit, message));
    }
    let length: Option<u64> = content_length.and_then(|length| length.trim().parse().ok());
    match length {
        Some(length) if length != size => {
            let message = format!("the body has {length} bytes, and the path says {size}");
            Err(ErrorReply::new(ErrorCode::InvalidInput, message))
        }
        _ => Ok(()),
    }
}

/// Why the object was not written.
fn refusal(oid: &LfsOid, error: &BucketError) -> ErrorReply {
    match error {
        BucketError::OtherDigest { .. } => {
            let message = format!("the sha-256 of the body is not {oid}");
            ErrorReply::new(ErrorCode::InvalidInput, message)
        }
        BucketError::OtherLength { length, .. } => {
            let message = format!("the body has not the {length} bytes that the path says");
            ErrorReply::new(ErrorCode::InvalidInput, message)
        }
        error => {
            fault_log::error("lfs upload", error);
            let message = "the storage did not take the object: send it once more";
            ErrorReply::new(ErrorCode::UpstreamUnavailable, message)
        }
    }
}
