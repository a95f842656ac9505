//! Code that all answers about content share.

use gix_hash::ObjectId;
use gix_object::bstr::BStr;
use serde::Serialize;
use worker::Response;

use super::reading::Reading;
use crate::git::content::commit::CommitText;
use crate::git::protocol::oid_hex;
use crate::git::store::ReadError;
use crate::repo_do::contract::content::{ContentQuery, ENVELOPE_OPEN, envelope_close};
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// The id in a path; the Worker has checked its form.
pub(crate) fn named(id: &str) -> Result<ObjectId, ErrorReply> {
    oid_hex::parse(id.as_bytes()).ok_or_else(no_route)
}

/// One result in an envelope.
pub(crate) fn enveloped(result: &impl Serialize) -> worker::Result<Response> {
    let mut out = Vec::from(ENVELOPE_OPEN);
    serde_json::to_writer(&mut out, result)?;
    out.extend_from_slice(envelope_close(None).as_bytes());
    json(out)
}

pub(crate) fn json(body: Vec<u8>) -> worker::Result<Response> {
    Response::builder()
        .with_header("content-type", "application/json")?
        .from_bytes(body)
}

pub(crate) fn parse(id: ObjectId, content: &[u8]) -> Result<CommitText<'_>, ReadError> {
    let what = "it does not parse as a commit";
    CommitText::parse(content).map_err(|_| ReadError::Corrupt { id, what })
}

pub(crate) fn no_object(kind: &str) -> ErrorReply {
    let message = format!("there is no such {kind} in the repository");
    ErrorReply::new(ErrorCode::NotFound, message)
}

pub(crate) fn no_ref() -> ErrorReply {
    let message = "the ref names nothing in the repository";
    ErrorReply::at(ErrorCode::NotFound, "/ref", message)
}

pub(crate) fn no_path(message: &str) -> ErrorReply {
    ErrorReply::at(ErrorCode::NotFound, "/path", message)
}

/// The revision that a query's ref names.
pub(crate) fn revision(
    reading: &Reading,
    query: &ContentQuery,
) -> Result<Option<ObjectId>, ErrorReply> {
    let name = query.revision.as_deref().unwrap_or("HEAD");
    Ok(reading.store().resolve(BStr::new(name))?)
}

/// The object has no such route.
pub(crate) fn no_route() -> ErrorReply {
    ErrorReply::new(ErrorCode::NotFound, "the object has no such route")
}
