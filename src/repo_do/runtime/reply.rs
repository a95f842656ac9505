//! Responses of the object: Git's, JSON, and refusals.

use serde::Serialize;
use worker::{Headers, Response, ResponseBuilder, Result};

use crate::git::protocol::advertise::Service;
use crate::git::store::{ReadError, StoreError};
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// Which of a service's two media types an answer has.
#[derive(Debug, Clone, Copy)]
pub enum Media {
    /// `info/refs`.
    Advertisement,
    /// The service itself.
    Result,
}

/// The head of a Git answer, which goes to the client as it is. Without a media type of its own the
/// platform would compress it.
pub fn git(service: Service, media: Media, request_id: &str) -> Result<ResponseBuilder> {
    let suffix = match media {
        Media::Advertisement => "advertisement",
        Media::Result => "result",
    };
    let headers = Headers::new();
    headers.set(
        "content-type",
        &format!("application/x-{}-{suffix}", service.name()),
    )?;
    headers.set("cache-control", "no-cache, no-transform")?;
    headers.set("x-content-type-options", "nosniff")?;
    headers.set("x-request-id", request_id)?;
    Ok(Response::builder().with_headers(headers))
}

/// Success, with a JSON body.
pub fn json(body: &impl Serialize) -> Result<Response> {
    Response::from_json(body)
}

/// A refusal, as the contract has it.
pub fn refusal(reply: &ErrorReply) -> Result<Response> {
    Ok(Response::from_json(reply)?.with_status(reply.code.status()))
}

/// The store failed: the client learns that much, the log learns why.
impl From<StoreError> for ErrorReply {
    fn from(error: StoreError) -> Self {
        worker::console_error!("{}", fault_line("store", &error.to_string()));
        Self::new(ErrorCode::InternalError, error.told())
    }
}

impl From<ReadError> for ErrorReply {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => error.into(),
            ReadError::Corrupt { .. } => {
                worker::console_error!("{}", fault_line("corruption", &error.to_string()));
                Self::new(ErrorCode::InternalError, error.to_string())
            }
            ReadError::TooLarge { .. } => Self::new(ErrorCode::MemoryLimit, error.to_string()),
        }
    }
}

/// One log line, JSON.
pub fn fault_line(kind: &str, message: &str) -> String {
    serde_json::json!({ "level": "error", "kind": kind, "message": message }).to_string()
}
