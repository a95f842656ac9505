//! Why an intake fails. Each caller tells it in its own words.

use crate::git::graph::connectivity::ConnectivityError;
use crate::git::maintenance::rebuild::RebuildError;
use crate::git::pack::parser::error::PackError;
use crate::git::receive_pack::findings::FsckRefusal;
use crate::git::receive_pack::secrets::SecretRefusal;
use crate::git::store::{ColdChunk, ReadError, StoreError};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::intake::secrets_shown;
use crate::repo_do::request::quota::{Bound, QuotaExceeded};
use crate::repo_do::state::failure::{Failure, SnapshotError};

/// A pack did not get in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IntakeError {
    /// It is not a pack, or its objects cannot be made.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A stored pack does not give its objects again.
    #[error(transparent)]
    Stored(#[from] RebuildError),
    /// Objects are refused because of their content.
    #[error("{}", .0.summary())]
    Fsck(FsckRefusal),
    /// New blobs have secrets.
    #[error(transparent)]
    Secrets(SecretRefusal),
    /// The pack has more bytes than a bound allows.
    #[error(transparent)]
    Quota(QuotaExceeded),
    /// The tips reach a missing object, or too many objects.
    #[error(transparent)]
    Connectivity(#[from] ConnectivityError),
    /// Some tips are still incomplete after this many walks.
    #[error("after {0} walks some tips still are not complete")]
    TooManyWalks(usize),
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A chunk that R2 alone has could not be fetched.
    #[error(transparent)]
    Cold(#[from] SnapshotError),
    /// The isolate has no room for it now.
    #[error("{}", .0.message)]
    Busy(ErrorReply),
    /// Nobody wants it any more.
    #[error("the repository was deleted")]
    Gone,
}

impl IntakeError {
    /// The error of a pack that `bound`, if there is one, cuts off: if it is too large, the bound says so.
    pub(crate) fn bounded_by(self, bound: Option<Bound>) -> Self {
        match (self, bound) {
            (Self::Pack(PackError::PackTooLarge { .. }), Some(bound)) => {
                Self::Quota(bound.passed())
            }
            (error, _) => error,
        }
    }

    /// The chunk to fetch before the same is tried again, if that is all that is wrong.
    pub(crate) fn cold(&self) -> Option<ColdChunk> {
        match self {
            Self::Pack(error) => error.cold(),
            Self::Stored(error) => error.cold(),
            Self::Connectivity(ConnectivityError::Read(error)) | Self::Read(error) => error.cold(),
            Self::Store(error) => error.cold(),
            _ => None,
        }
    }
}

/// The answer to a request whose pack did not get in.
impl From<IntakeError> for ErrorReply {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Busy(reply) => reply,
            IntakeError::Cold(error) => error.into(),
            IntakeError::Store(error)
            | IntakeError::Stored(RebuildError::Store(error))
            | IntakeError::Pack(
                PackError::Store(error) | PackError::Base(ReadError::Store(error)),
            )
            | IntakeError::Read(ReadError::Store(error))
            | IntakeError::Connectivity(ConnectivityError::Read(ReadError::Store(error))) => {
                error.into()
            }
            IntakeError::Quota(error) => error.into(),
            IntakeError::Gone => Self::new(ErrorCode::NotFound, error.to_string()),
            IntakeError::Secrets(refusal) => Self::new(ErrorCode::RefRefused, refusal.to_string())
                .with_details(secrets_shown::details(&refusal)),
            error => Self::new(ErrorCode::InvalidInput, error.to_string()),
        }
    }
}

/// A run of maintenance reports it like this.
impl From<IntakeError> for Failure {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Stored(RebuildError::Store(error)) | IntakeError::Store(error) => {
                error.into()
            }
            IntakeError::Connectivity(ConnectivityError::Read(error))
            | IntakeError::Read(error) => error.into(),
            IntakeError::Cold(error) => error.into(),
            IntakeError::Gone => Self::Gone,
            error => Self::Broken(error.to_string()),
        }
    }
}
