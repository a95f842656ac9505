//! Errors of a push to a downstream.

use crate::git::send_client::error::SendClientError;
use crate::git::store::StoreError;
use crate::repo_do::contract::{ErrorReply, RemoteUrlError};
use crate::repo_do::lifecycle::import::error::ImportError;
use crate::repo_do::mirrors::credentials::error::CredentialsError;
use crate::repo_do::mirrors::credentials::sealed::MalformedSeal;
use crate::repo_do::state::failure::Failure;

/// The reason why a push to a downstream fails.
#[derive(Debug, thiserror::Error)]
pub(super) enum PushError {
    /// The operator's rules no longer allow the URL.
    #[error("the url is refused: {0}")]
    Url(#[from] RemoteUrlError),
    /// A later version wrote the refspecs.
    #[error("the stored refspecs cannot be read: {0}")]
    Refspecs(String),
    /// The credentials cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The credentials cannot be read.
    #[error(transparent)]
    Seal(#[from] MalformedSeal),
    /// The remote cannot be reached, refuses to talk or is no Git server.
    #[error(transparent)]
    Unreached(#[from] ImportError),
    /// The remote is busy now.
    #[error("the remote answers with status {status}")]
    Busy {
        /// The status.
        status: u16,
        /// The time from which the remote allows another try, in unix milliseconds.
        retry_at_ms: Option<i64>,
    },
    /// The remote refuses a body of this size.
    #[error("the remote refuses a push of {bytes} bytes as too large (status 413)")]
    TooLarge {
        /// Bytes that were sent before the remote refused.
        bytes: u64,
    },
    /// The push did not finish within the minutes that it may take.
    #[error("the remote takes too long: the push was given up after {minutes} minutes")]
    TooSlow {
        /// The bound.
        minutes: i64,
    },
    /// The remote's answer is malformed.
    #[error(transparent)]
    Remote(#[from] SendClientError),
    /// The pack could not be made.
    #[error("{}", .0.message)]
    Reply(ErrorReply),
    /// Our own store failed.
    #[error("{}", .0.told())]
    Store(#[from] StoreError),
    /// The repository is gone.
    #[error("the repository is gone")]
    Gone,
}

impl From<ErrorReply> for PushError {
    fn from(error: ErrorReply) -> Self {
        Self::Reply(error)
    }
}

impl From<Failure> for PushError {
    fn from(_: Failure) -> Self {
        Self::Gone
    }
}

impl PushError {
    /// The time from which the remote allows another try, in unix milliseconds.
    pub(super) fn retry_at_ms(&self) -> Option<i64> {
        match self {
            Self::Busy { retry_at_ms, .. } => *retry_at_ms,
            _ => None,
        }
    }
}
