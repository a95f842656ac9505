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
    /// Who counts the holders of R2 objects failed.
    #[error("the holders of {key} could not be counted: {message}")]
    Ledger {
        /// The R2 object.
        key: String,
        /// Why.
        message: String,
    },
    /// What R2 gives back is not what was written.
    #[error("r2: object {key} is not what was written")]
    Corrupt {
        /// The R2 object.
        key: String,
    },
}

/// R2 failed: the client learns what, since the operator is who can mend it.
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
    /// A ref leads to what cannot be walked.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// The isolate has no room for it now.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// Something was pushed meanwhile that it would have to know.
    #[error("refs changed meanwhile")]
    Overtaken,
    /// What the operator asked for did not come to its end.
    #[error("{0}")]
    Broken(String),
    /// R2 failed, or who counts the holders of what is there.
    #[error("{}", .0.message)]
    Copies(#[from] ErrorReply),
    /// The repository was deleted.
    #[error("the repository was deleted")]
    Gone,
}

impl Failure {
    /// What the log is told of it: of a refusal the fault behind it.
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
