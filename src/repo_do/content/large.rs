//! Large files: the bytes that a pointer of Git LFS stands for, and which of them the repository has.
//! The bytes are in R2; the object names them, and the Worker pipes them to the client.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gix_hash::ObjectId;
use serde::Serialize;
use serde_json::json;
use worker::{Request, Response};

use super::answers::page;
use super::bytes::{empty, head, unsatisfiable};
use super::reading::Reading;
use crate::git::lfs::pointer::POINTER_BYTES_MAX;
use crate::git::lfs::{LfsOid, Pointer};
use crate::git::object::ObjectKind;
use crate::git::store::ObjectSource as _;
use crate::repo_do::contract::conditions::{self, Wanted, content_range};
use crate::repo_do::contract::content::{ContentQuery, ENVELOPE_OPEN, envelope_close};
use crate::repo_do::contract::{ErrorCode, ErrorReply, header};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::state::reach_cache::Audience;
use crate::repo_do::state::store::Store;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::store::RepositoryRecord;
use crate::storage::time::iso_8601;

/// Objects of a page, unless the client says how many.
const LIMIT_DEFAULT: u32 = 100;

/// Nobody looks into the bytes to say more of them.
const CONTENT_TYPE: &str = "application/octet-stream";

/// An object of Git LFS that the repository has.
#[derive(Debug, Serialize)]
struct Shown {
    oid: String,
    size: u64,
    created_at: String,
}

/// Reads a blob as a pointer; `None` if it is not a pointer.
pub(super) async fn pointer(
    reading: &mut Reading,
    blob_id: ObjectId,
) -> Result<Option<Pointer>, ErrorReply> {
    let Some(at) = reading.packs().find(&blob_id)? else {
        return Ok(None);
    };
    let row = reading.packs().row(at)?;
    let may_be = row.kind == ObjectKind::Blob && u64::from(row.size_bytes) <= BYTES_MAX;
    if !may_be {
        return Ok(None);
    }
    let found = reading.until(|packs| packs.read(&blob_id)).await?;
    Ok(found.and_then(|(_, content)| Pointer::parse(&content)))
}

const BYTES_MAX: u64 = POINTER_BYTES_MAX as u64;

/// Names the bytes that a pointer stands for, or the part that the request's conditions leave.
pub(super) fn named(
    store: &Store,
    record: &RepositoryRecord,
    pointer: &Pointer,
    request: &Request,
) -> Answer {
    let Pointer { oid, size } = pointer;
    let object = store.stored_lfs_object(oid)?;
    let object = object.ok_or_else(|| {
        let message = format!(
            "the file is a pointer of git lfs to object {oid}, which the repository does not have"
        );
        let details = json!({"oid": oid.to_string(), "size": size});
        ErrorReply::at(ErrorCode::NotFound, "/lfs", message).with_details(details)
    })?;
    let given = |name: &str| request.headers().get(name).ok().flatten();
    let etag = format!("\"{oid}\"");
    let (status, part) = match conditions::wanted(given, &etag, object.bytes) {
        Wanted::Whole => (200, 0..object.bytes),
        Wanted::Part(part) => (206, part),
        Wanted::NotModified => return Ok(empty(head(&etag)?, 304)?),
        Wanted::Unsatisfiable => return Ok(unsatisfiable(object.bytes)?),
    };
    let headers = head(&etag)?;
    headers.set("content-type", CONTENT_TYPE)?;
    let bytes = part.end.saturating_sub(part.start);
    headers.set(header::BODY_BYTES, &bytes.to_string())?;
    if status == 206 {
        headers.set("content-range", &content_range(&part, object.bytes))?;
    }
    if given(header::HEAD).is_none() && bytes > 0 {
        headers.set(header::R2_KEY, &lfs_key(record.network(), oid))?;
        headers.set(header::R2_START, &part.start.to_string())?;
    }
    Ok(Response::empty()?.with_headers(headers).with_status(status))
}

/// `…/lfs?limit&cursor`: the objects that the repository has, by their names.
pub(super) fn list(store: &Store, audience: Audience, query: &ContentQuery) -> Answer {
    if audience == Audience::Public {
        // No ref needs to name them.
        let message = "the list of large files is for those who hold a token of the repository";
        return Err(ErrorReply::new(ErrorCode::Unauthorized, message));
    }
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    let after = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let after = after.map(read_cursor).transpose()?;
    // One more tells whether another page follows.
    let mut found = store.lfs_objects(after.as_ref(), limit.saturating_add(1))?;
    let has_more = found.len() as u64 > u64::from(limit);
    if has_more {
        found.pop();
    }
    let last = found.last().filter(|_| has_more);
    let cursor = last.map(|last| URL_SAFE_NO_PAD.encode(last.oid.as_bytes()));
    let cursor = cursor.unwrap_or_default();
    let totals = store.lfs_totals()?;
    let listed: Vec<_> = found
        .iter()
        .map(|object| Shown {
            oid: object.oid.to_string(),
            size: object.bytes,
            created_at: iso_8601(object.at),
        })
        .collect();
    let info = json!({
        "cursor": cursor,
        "per_page": limit,
        "count": listed.len(),
        "total_count": totals.objects,
        "total_bytes": totals.bytes,
    });
    let mut out = Vec::from(ENVELOPE_OPEN);
    let written = serde_json::to_writer(&mut out, &listed);
    written.map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
    out.extend_from_slice(envelope_close(Some(&info.to_string())).as_bytes());
    Ok(page(out, &cursor)?)
}

fn read_cursor(cursor: &str) -> Result<LfsOid, ErrorReply> {
    let name = URL_SAFE_NO_PAD.decode(cursor).ok();
    let name = name.and_then(|name| <[u8; 32]>::try_from(name).ok());
    name.map(LfsOid::from).ok_or_else(|| {
        let message = "the cursor does not belong to this list";
        ErrorReply::at(ErrorCode::InvalidInput, "/cursor", message)
    })
}
