//! Code that all answers about content share.

use gix_hash::ObjectId;
use gix_object::bstr::BStr;
use worker::Request;

use super::reading::Reading;
use super::shown::Form;
use crate::git::content::commit::CommitText;
use crate::git::protocol::oid_hex;
use crate::git::store::ReadError;
use crate::repo_do::contract::content::ContentQuery;
use crate::repo_do::contract::{ErrorCode, ErrorReply, header};
pub(crate) use crate::repo_do::request::answer::{enveloped, json, no_route, page};

/// The id in a path; the Worker has checked its form.
pub(crate) fn named(id: &str) -> Result<ObjectId, ErrorReply> {
    oid_hex::parse(id.as_bytes()).ok_or_else(no_route)
}

pub(crate) fn parse(id: ObjectId, content: &[u8]) -> Result<CommitText<'_>, ReadError> {
    let what = "it does not parse as a commit";
    CommitText::parse(content).map_err(|_| ReadError::Corrupt { id, what })
}

/// In which form the Worker wants the answer.
pub(crate) fn form(request: &Request) -> Form {
    match request.headers().has(header::ARTIFACTS) {
        Ok(true) => Form::Artifacts,
        _ => Form::Own,
    }
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
