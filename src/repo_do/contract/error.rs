//! Errors as they cross from the object to the Worker, and from there to the client.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fault::Fault;

/// Why a request was refused: each has an HTTP status and a number for the REST envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ErrorCode {
    /// No credential, or one that is not accepted.
    Unauthorized,
    /// The credential is known and does not allow this.
    Forbidden,
    /// A parameter or a body is wrong.
    InvalidInput,
    /// A name breaks the rules.
    InvalidRepoName,
    /// A life time is out of bounds.
    InvalidTtl,
    /// A URL is wrong or not allowed.
    InvalidUrl,
    /// The remote asks for credentials.
    RemoteAuthRequired,
    /// A patch does not apply.
    PatchFailed,
    /// It is not there.
    NotFound,
    /// It has another name by now.
    Moved,
    /// The events that follow were removed.
    EventsGone,
    /// The path is known, the method is not served there.
    MethodNotAllowed,
    /// The body is of a type that is not read here.
    UnsupportedMediaType,
    /// The range has no byte of the content.
    RangeNotSatisfiable,
    /// The body was read, and its content is not possible.
    Unprocessable,
    /// The `Idempotency-Key` stands for another request.
    KeyReused,
    /// The name is taken.
    AlreadyExists,
    /// Another request is making it.
    CreateInProgress,
    /// An import is running.
    ImportInProgress,
    /// A fork is running.
    ForkInProgress,
    /// A guard names another value than the one that is there.
    Conflict,
    /// A merge has conflicts.
    MergeConflict,
    /// A commit would change nothing.
    NoChange,
    /// A rule forbids the change of a ref.
    RefRefused,
    /// More bytes or repositories than a quota allows.
    QuotaExceeded,
    /// Our fault.
    InternalError,
    /// A service that we ask did not answer.
    UpstreamUnavailable,
    /// Busy; the same request later will do.
    Unavailable,
    /// Too many requests; later ones will do.
    RateLimited,
    /// The body or the work is beyond a limit.
    MemoryLimit,
}

impl ErrorCode {
    /// The HTTP status.
    #[must_use]
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Moved => 301,
            Self::InvalidInput | Self::InvalidRepoName | Self::InvalidTtl | Self::InvalidUrl => 400,
            Self::Unauthorized => 401,
            Self::Forbidden | Self::RefRefused | Self::QuotaExceeded => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::AlreadyExists
            | Self::CreateInProgress
            | Self::ImportInProgress
            | Self::ForkInProgress
            | Self::Conflict
            | Self::MergeConflict
            | Self::NoChange => 409,
            Self::EventsGone => 410,
            Self::MemoryLimit => 413,
            Self::UnsupportedMediaType => 415,
            Self::RangeNotSatisfiable => 416,
            Self::RemoteAuthRequired
            | Self::PatchFailed
            | Self::Unprocessable
            | Self::KeyReused => 422,
            Self::RateLimited => 429,
            Self::InternalError => 500,
            Self::UpstreamUnavailable => 502,
            Self::Unavailable => 503,
        }
    }

    /// Its name, as the log has it.
    #[must_use]
    pub(crate) fn name(self) -> Option<String> {
        let name = serde_json::to_value(self).ok()?;
        name.as_str().map(str::to_owned)
    }

    /// Its name in a log line with status 200, when the client got the error in-band.
    #[must_use]
    pub(crate) fn label(self) -> String {
        self.name().unwrap_or_default()
    }

    /// The number in the REST envelope.
    #[must_use]
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Unauthorized | Self::Forbidden => 10_000,
            Self::InvalidInput
            | Self::MethodNotAllowed
            | Self::UnsupportedMediaType
            | Self::RangeNotSatisfiable
            | Self::Unprocessable
            | Self::KeyReused => 10_100,
            Self::InvalidRepoName => 10_101,
            Self::InvalidTtl => 10_103,
            Self::InvalidUrl => 10_104,
            Self::RemoteAuthRequired => 10_106,
            Self::PatchFailed => 10_110,
            Self::NotFound => 10_200,
            Self::AlreadyExists => 10_201,
            Self::Moved => 10_202,
            Self::EventsGone => 10_203,
            Self::CreateInProgress => 10_301,
            Self::ImportInProgress => 10_302,
            Self::ForkInProgress => 10_303,
            Self::Conflict => 10_310,
            Self::MergeConflict => 10_311,
            Self::NoChange => 10_312,
            Self::RefRefused => 10_320,
            Self::InternalError => 10_400,
            Self::UpstreamUnavailable | Self::Unavailable => 10_401,
            Self::MemoryLimit => 10_402,
            Self::RateLimited => 10_403,
            Self::QuotaExceeded => 10_404,
        }
    }
}

/// A refusal: the body of every answer of the object's whose status is not 200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ErrorReply {
    /// Why.
    pub(crate) code: ErrorCode,
    /// One sentence for the client: lower case, specific, no secrets.
    pub(crate) message: String,
    /// JSON pointer of the field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pointer: Option<String>,
    /// When to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_seconds: Option<u32>,
    /// The values that a program needs to go on: the ref's present value, or the conflicts of a merge. The
    /// client gets it as `details` of the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<Box<Value>>,
    /// The fault, if the reply hides one of ours. It never leaves the object: the code that makes a response
    /// of the reply logs it.
    #[serde(skip)]
    pub(crate) fault: Option<Box<Fault>>,
}

impl ErrorReply {
    /// A refusal that blames no field.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            pointer: None,
            retry_after_seconds: None,
            details: None,
            fault: None,
        }
    }

    /// A fault of ours: the log has the cause, and the client does not get it.
    pub(crate) fn internal(kind: &'static str, cause: &dyn Display) -> Self {
        Self::new(ErrorCode::InternalError, "internal error").caused_by(kind, cause)
    }

    /// The same refusal, with the fault for the log.
    #[must_use]
    pub(crate) fn caused_by(self, kind: &'static str, cause: &dyn Display) -> Self {
        let cause = cause.to_string();
        let fault = Some(Box::new(Fault { kind, cause }));
        Self { fault, ..self }
    }

    /// The same refusal, with the values that a program needs to go on.
    #[must_use]
    pub(crate) fn with_details(self, details: Value) -> Self {
        let details = Some(Box::new(details));
        Self { details, ..self }
    }

    /// Why: the fault, or else the client's message.
    #[must_use]
    pub(crate) fn cause(&self) -> &str {
        match &self.fault {
            Some(fault) => &fault.cause,
            None => &self.message,
        }
    }

    /// A refusal that blames a field, by its JSON pointer (`/name`).
    pub(crate) fn at(
        code: ErrorCode,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            pointer: Some(pointer.into()),
            ..Self::new(code, message)
        }
    }

    /// [`ErrorCode::Unavailable`] with the time after which to try again.
    pub(crate) fn busy(retry_after_seconds: u32, message: impl Into<String>) -> Self {
        Self {
            retry_after_seconds: Some(retry_after_seconds),
            ..Self::new(ErrorCode::Unavailable, message)
        }
    }

    /// [`ErrorCode::RateLimited`] with the time after which to try again.
    pub(crate) fn rate_limited(retry_after_seconds: u32, message: impl Into<String>) -> Self {
        Self {
            retry_after_seconds: Some(retry_after_seconds),
            ..Self::new(ErrorCode::RateLimited, message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_crosses_without_the_fault_behind_it() {
        let reply = ErrorReply::internal("store", &"disk I/O error");
        assert_eq!(reply.cause(), "disk I/O error");
        let sent = serde_json::to_string(&reply).expect("it is written");
        assert_eq!(
            sent,
            r#"{"code":"INTERNAL_ERROR","message":"internal error"}"#
        );
        let read: ErrorReply = serde_json::from_str(&sent).expect("it is read");
        assert_eq!(
            read,
            ErrorReply::new(ErrorCode::InternalError, "internal error")
        );
        assert_eq!(read.cause(), "internal error");
    }
}
