//! Responses of the object: Git's, JSON, and refusals.

use serde::Serialize;
use worker::{Headers, Response, ResponseBuilder};

use crate::git::protocol::advertise::Service;
use crate::git::store::{ReadError, StoreError};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::fault_log;

/// Which of a service's two media types an answer has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Media {
    /// `info/refs`.
    Advertisement,
    /// The service itself.
    Result,
}

/// The head of a Git answer, which goes to the client as it is. Without a media type of its own the
/// platform would compress it.
pub(crate) fn git(
    service: Service,
    media: Media,
    request_id: &str,
) -> worker::Result<ResponseBuilder> {
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
pub(crate) fn json(body: &impl Serialize) -> Result<Response, ErrorReply> {
    Ok(Response::from_json(body)?)
}

/// A refusal, as the contract has it.
pub(crate) fn refusal(reply: &ErrorReply) -> worker::Result<Response> {
    log_fault(reply);
    Ok(Response::from_json(reply)?.with_status(reply.code.status()))
}

/// Logs the fault behind a refusal, if there is one: called where the client, or nobody, hears of it.
pub(crate) fn log_fault(reply: &ErrorReply) {
    if let Some(fault) = &reply.fault {
        fault_log::error(fault.kind, &fault.cause);
    }
}

/// The platform could not make the response.
impl From<worker::Error> for ErrorReply {
    fn from(error: worker::Error) -> Self {
        Self::internal("response", &error)
    }
}

/// The store failed: the client learns that much, the log learns why.
impl From<StoreError> for ErrorReply {
    fn from(error: StoreError) -> Self {
        Self::new(ErrorCode::InternalError, error.told()).caused_by("store", &error)
    }
}

impl From<ReadError> for ErrorReply {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => error.into(),
            ReadError::Corrupt { .. } => {
                Self::new(ErrorCode::InternalError, error.told()).caused_by("corruption", &error)
            }
            ReadError::TooLarge { .. } => Self::new(ErrorCode::MemoryLimit, error.told()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::store::LastingFault;
    use gix_hash::ObjectId;

    #[test]
    fn a_corrupt_object_is_told_as_damaged_storage_and_logged_by_id() {
        let error = ReadError::Corrupt {
            id: ObjectId::from([7; 20]),
            what: "no zlib stream",
        };
        let reply = ErrorReply::from(error.clone());
        assert_eq!(reply.code, ErrorCode::InternalError);
        assert_eq!(reply.message, LastingFault::Damaged.told());
        let fault = reply.fault.unwrap();
        assert_eq!((fault.kind, fault.cause), ("corruption", error.to_string()));
    }
}
