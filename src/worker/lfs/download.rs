//! `GET /objects/:oid`: the bytes of an object, which the runtime pumps from R2 to the client.

use web_sys::Headers as ClientHeaders;
use worker::{Headers, Response, ResponseBody};

use super::asking::ask;
use super::told;
use crate::repo_do::contract::conditions::{self, Wanted, content_range};
use crate::repo_do::contract::lfs::{self, LfsNamed, LfsOid, LfsPlace};
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply};
use crate::storage::fault_log;
use crate::worker::fault::fault;
use crate::worker::names::RepositoryPath;
use crate::worker::objects;
use crate::worker::ready;
use crate::worker::visit::{Visit, respond, rest_headers};

/// Gives an object, or the part that the request's conditions leave.
pub(super) async fn download(
    visit: &Visit,
    client: &ClientHeaders,
    path: &RepositoryPath,
    oid: &LfsOid,
    is_head: bool,
) -> Result<Response, ErrorReply> {
    let named = LfsNamed {
        oid: oid.to_string(),
        size: 0,
    };
    let place: LfsPlace = ask(visit, path, Access::Read, lfs::path::LOCATE, &named).await?;
    let given = |name| client.get(name).ok().flatten();
    let etag = format!("\"{oid}\"");
    let size = place.size;
    let (status, part) = match conditions::wanted(given, &etag, size) {
        Wanted::Whole => (200, 0..size),
        Wanted::Part(part) => (206, part),
        Wanted::NotModified => (304, 0..0),
        Wanted::Unsatisfiable => return unsatisfiable(visit, size),
    };
    let length = part.end.saturating_sub(part.start);
    let body = if is_head || length == 0 {
        ResponseBody::Empty
    } else {
        let bucket = objects::bucket(visit, &path.namespace).await?;
        let stream = bucket.open_part(&place.r2_key, part.clone()).await;
        let stream = stream.map_err(|error| unavailable(&error))?;
        ready::of_length(stream, length).map_err(|error| fault("lfs download", &error))?
    };
    let headers = headers(&etag, status, (&part, size));
    let headers = headers.map_err(|error| fault("lfs download", &error))?;
    let response = Response::from_body(body).map_err(|error| fault("lfs download", &error))?;
    Ok(response.with_headers(headers).with_status(status))
}

/// The headers of an answer, which keep a browser from running the bytes.
fn headers(
    etag: &str,
    status: u16,
    (part, size): (&std::ops::Range<u64>, u64),
) -> worker::Result<Headers> {
    let headers = rest_headers()?;
    // To be kept, and asked about before each use: a token may be revoked.
    headers.set("cache-control", "private, no-cache, no-transform")?;
    headers.set("etag", etag)?;
    headers.set("accept-ranges", "bytes")?;
    if status == 304 {
        return Ok(headers);
    }
    headers.set("content-type", "application/octet-stream")?;
    let length = part.end.saturating_sub(part.start);
    headers.set("content-length", &length.to_string())?;
    if status == 206 {
        headers.set("content-range", &content_range(part, size))?;
    }
    Ok(headers)
}

fn unsatisfiable(visit: &Visit, size: u64) -> Result<Response, ErrorReply> {
    let (error, range) = conditions::unsatisfiable(size);
    let reply = told::error(&error, &visit.request_id);
    let reply = reply.with_header("content-range", range);
    respond(reply).map_err(|error| fault("lfs download", &error))
}

fn unavailable(cause: &dyn std::fmt::Display) -> ErrorReply {
    fault_log::error("lfs download", cause);
    let message = "the storage did not give the object: try again, and tell the operator if that \
                   lasts";
    ErrorReply::new(ErrorCode::UpstreamUnavailable, message)
}
