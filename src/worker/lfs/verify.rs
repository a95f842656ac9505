//! `POST /verify`: whether an object is here
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/api/basic-transfers.md#verification>).

use serde::Deserialize;
use worker::Response;

use super::asking::{ask, body_bytes};
use super::told;
use crate::git::lfs::LfsOid;
use crate::repo_do::contract::lfs::{self, LfsNamed, LfsPlace};
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply};
use crate::worker::fault::fault;
use crate::worker::names::RepositoryPath;
use crate::worker::visit::{Visit, respond};

/// Bytes of a body at most.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The body; what the specification does not name is ignored.
#[derive(Debug, Deserialize)]
struct Asked {
    oid: String,
    size: u64,
}

/// Says whether the repository has the object.
pub(super) async fn verify(
    visit: &Visit,
    request: web_sys::Request,
    path: &RepositoryPath,
) -> Result<Response, ErrorReply> {
    let body = body_bytes(request, BODY_BYTES_MAX).await?;
    let unprocessable = |message| ErrorReply::new(ErrorCode::Unprocessable, message);
    let asked: Asked = serde_json::from_slice(&body)
        .map_err(|error| unprocessable(format!("the body names no object: {error}")))?;
    if LfsOid::from_hex(asked.oid.as_bytes()).is_none() {
        let message = "the oid is not 64 lower-case hexadecimal digits";
        return Err(unprocessable(message.to_owned()));
    }
    let named = LfsNamed {
        oid: asked.oid,
        size: asked.size,
    };
    let place: LfsPlace = ask(visit, path, Access::Push, lfs::path::VERIFY, &named).await?;
    if place.size != asked.size {
        let message = format!(
            "the object has {} bytes here, not {}",
            place.size, asked.size
        );
        return Err(unprocessable(message));
    }
    let reply = told::json(200, &serde_json::json!({}))?;
    respond(reply).map_err(|error| fault("lfs verify", &error))
}
