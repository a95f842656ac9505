//! Why a recovery may fail, and whether it is worth another attempt.

use super::super::filling::ATTEMPTS_MAX;
use crate::git::store::{ReadError, StoreError};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::state::failure::{Failure, SnapshotError};
use crate::storage::r2::bucket::BucketError;
use crate::storage::r2::recovery_record::BadRecord;

/// Why a recovery, or one attempt at it, failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecoverError {
    /// R2 has no record of such a repository.
    #[error("r2 has no record of the repository {0}")]
    NoRecord(String),
    /// R2 has no record of this version there.
    #[error("r2: the record of the repository {id} is broken: {why}")]
    Record {
        /// The repository's id.
        id: String,
        /// The line at fault, or its fault.
        why: String,
    },
    /// The repository is where it was.
    #[error("the repository {id} is not lost: it is {place}")]
    NotLost {
        /// Its id.
        id: String,
        /// Namespace and name.
        place: String,
    },
    /// A pack is not there, or was changed.
    #[error("{0}")]
    Pack(String),
    /// The packs do not hold the objects that the refs name.
    #[error("what the refs name is not whole: {0}")]
    Incomplete(String),
    /// A limit of time or of attempts.
    #[error("{0}")]
    GivenUp(String),
    /// Another object refused, or did not answer.
    #[error("{}", .0.message)]
    Unavailable(ErrorReply),
    /// The repository was deleted meanwhile.
    #[error("the repository was deleted")]
    Deleted,
    /// Our own store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RecoverError {
    /// Attempts after which this error is final.
    pub(crate) fn attempts_max(&self) -> u32 {
        match self {
            Self::Unavailable(_) | Self::Store(_) => ATTEMPTS_MAX,
            _ => 1,
        }
    }

    /// The answer to the request that began the recovery.
    pub(crate) fn reply(self) -> ErrorReply {
        let at = |code, error: &Self| ErrorReply::at(code, "/repository_id", error.to_string());
        match self {
            Self::Unavailable(reply) => reply,
            Self::Store(error) => error.into(),
            Self::NoRecord(_) => at(ErrorCode::NotFound, &self),
            Self::NotLost { .. } => at(ErrorCode::AlreadyExists, &self),
            _ => at(ErrorCode::UpstreamUnavailable, &self),
        }
    }
}

impl From<BadRecord> for RecoverError {
    fn from(error: BadRecord) -> Self {
        Self::Record {
            id: String::new(),
            why: error.to_string(),
        }
    }
}

impl From<BucketError> for RecoverError {
    fn from(error: BucketError) -> Self {
        SnapshotError::from(error).into()
    }
}

impl From<SnapshotError> for RecoverError {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Store(error) => Self::Store(error),
            SnapshotError::Bucket(
                error @ (BucketError::Missing { .. } | BucketError::Short { .. }),
            ) => Self::Pack(error.to_string()),
            error @ SnapshotError::Corrupt { .. } => Self::Pack(error.to_string()),
            error => Self::Unavailable(error.into()),
        }
    }
}

impl From<Failure> for RecoverError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Gone => Self::Deleted,
            Failure::Broken(why) => Self::Pack(why),
            Failure::Read(ReadError::Store(error @ StoreError::Failed(_))) => Self::Store(error),
            Failure::Read(error) => Self::Pack(error.to_string()),
            Failure::Copies(reply) => Self::Unavailable(reply),
            failure => {
                Self::Unavailable(ErrorReply::new(ErrorCode::Unavailable, failure.to_string()))
            }
        }
    }
}
