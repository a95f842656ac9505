//! `POST /verify`: whether an object is here. Only R2 knows of an upload that bypassed the Worker; the upload
//! counts from here on
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/api/basic-transfers.md#verification>).

use serde::Deserialize;
use worker::Response;

use super::arrival::{ArrivalError, Awaited};
use super::asking::{ask, body_bytes};
use super::told;
use crate::repo_do::contract::lfs::{self, LfsArrived, LfsExpected, LfsNamed, LfsOid};
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply};
use crate::storage::fault_log;
use crate::worker::fault::fault;
use crate::worker::names::RepositoryPath;
use crate::worker::objects;
use crate::worker::visit::{Visit, respond};

/// Bytes of a body at most.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The body; other fields than the specification's are ignored.
#[derive(Debug, Deserialize)]
struct Asked {
    oid: String,
    size: u64,
}

/// Says whether the repository has the object; it has one that came beside the Worker from now on.
pub(super) async fn verify(
    visit: &Visit,
    request: web_sys::Request,
    path: &RepositoryPath,
) -> Result<Response, ErrorReply> {
    let body = body_bytes(request, BODY_BYTES_MAX).await?;
    let wrong = |message| ErrorReply::new(ErrorCode::InvalidInput, message);
    let asked: Asked = serde_json::from_slice(&body)
        .map_err(|error| wrong(format!("the body names no object: {error}")))?;
    let Some(oid) = LfsOid::from_hex(asked.oid.as_bytes()) else {
        let message = "the oid is not 64 lower-case hexadecimal digits";
        return Err(wrong(message.to_owned()));
    };
    let named = LfsNamed {
        oid: asked.oid,
        size: asked.size,
    };
    let expected: LfsExpected = ask(visit, path, Access::Push, lfs::path::VERIFY, &named).await?;
    if !expected.place.is_stored {
        let awaited = Awaited {
            oid: &oid,
            size: asked.size,
            upload: &expected.upload,
        };
        check(visit, path, &expected.place.r2_key, &awaited).await?;
        let arrived = LfsArrived {
            oid: named.oid,
            size: named.size,
            upload: expected.upload,
        };
        ask::<()>(visit, path, Access::Push, lfs::path::ARRIVED, &arrived).await?;
    } else if expected.place.size != asked.size {
        let here = expected.place.size;
        let message = format!("the object has {here} bytes here, not {}", asked.size);
        return Err(wrong(message));
    }
    let reply = told::json(200, &serde_json::json!({}))?;
    respond(reply).map_err(|error| fault("lfs verify", &error))
}

/// Whether R2 has the bytes of an upload that bypassed the Worker.
async fn check(
    visit: &Visit,
    path: &RepositoryPath,
    r2_key: &str,
    awaited: &Awaited<'_>,
) -> Result<(), ErrorReply> {
    let bucket = objects::bucket(visit, &path.namespace).await?;
    let found = bucket.describe(r2_key).await;
    let found = found.map_err(|error| unavailable(&error))?;
    let judged = match awaited.judge(found.as_ref()) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let sha256 = bucket.digest(r2_key).await;
            awaited.judge_digest(&sha256.map_err(|error| unavailable(&error))?)
        }
        Err(error) => Err(error),
    };
    judged.map_err(|error| {
        match error {
            ArrivalError::OtherDigest(_) => {
                fault_log::error("corruption", &format!("r2: object {r2_key}: {error}"));
            }
            ArrivalError::Absent(_) => {
                let hint = "if that lasts, CAIRN_S3_BUCKET is another bucket than that of PACKS";
                fault_log::warning("lfs verify", &format!("{error}; {hint}"));
            }
            _ => {}
        }
        error.into()
    })
}

fn unavailable(cause: &dyn std::fmt::Display) -> ErrorReply {
    fault_log::error("lfs verify", cause);
    let message = "the storage did not say whether it has the object: push once more";
    ErrorReply::new(ErrorCode::UpstreamUnavailable, message)
}
