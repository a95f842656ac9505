//! Why upkeep fails.

use crate::git::maintenance::reach::ReachError;
use crate::git::store::{ReadError, StoreError};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::runtime::memory::NoRoom;
use crate::storage::r2::bucket::BucketError;

/// A pack could not be copied; nothing depends on the copy yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SnapshotError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// R2 failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The account of the holders of R2 objects failed.
    #[error("the holders of {key} could not be counted: {message}")]
    Ledger {
        /// The R2 object.
        key: String,
        /// Why.
        message: String,
    },
    /// R2 gave back other bytes than were written.
    #[error("r2: object {key} is not what was written")]
    Corrupt {
        /// The R2 object.
        key: String,
    },
}

/// R2 failed. The message says so, because the operator reads it and can repair R2.
impl From<SnapshotError> for ErrorReply {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Store(error) => error.into(),
            error => {
                Self::new(ErrorCode::UpstreamUnavailable, error.to_string()).caused_by("r2", &error)
            }
        }
    }
}

/// A run changed nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The store failed, or is corrupt.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A ref leads to an object that cannot be walked.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The isolate has no room for it now.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// Something was pushed meanwhile that it would have to know.
    #[error("refs changed meanwhile")]
    Overtaken,
    /// A task of the operator did not finish.
    #[error("{0}")]
    Broken(String),
    /// R2 failed, or the account of its holders.
    #[error("{}", .0.message)]
    Copies(#[from] ErrorReply),
    /// The repository was deleted.
    #[error("the repository was deleted")]
    Gone,
}

impl Failure {
    /// The text for the log; for a refusal, the fault behind it.
    pub(crate) fn cause(&self) -> String {
        match self {
            Self::Copies(refused) => refused.cause().to_owned(),
            failure => failure.to_string(),
        }
    }
}

impl From<SnapshotError> for Failure {
    fn from(error: SnapshotError) -> Self {
        Self::Copies(error.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}
