//! Why an import may fail, and whether it is worth another attempt.

use super::super::filling::ATTEMPTS_MAX;
use crate::git::fetch_client::error::FetchClientError;
use crate::git::fetch_client::parts::CutError;
use crate::git::graph::connectivity::ConnectivityError;
use crate::git::pack::parser::error::PackError;
use crate::git::protocol::pktline::PktLineError;
use crate::git::receive_pack::findings::FsckRefusal;
use crate::git::store::{ReadError, StoreError};
use crate::repo_do::contract::{ErrorCode, ErrorReply, RemoteUrlError};
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::request::quota::{Bound, QuotaExceeded};
use crate::repo_do::state::failure::SnapshotError;

/// Why an import, or one attempt at it, failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// The remote wants credentials, or others.
    #[error("the remote asks for credentials that it accepts")]
    Credentials,
    /// The object was evicted, and the credentials with it.
    #[error("the import was interrupted, and credentials are not stored: start it again")]
    CredentialsLost,
    /// There is no repository at the URL.
    #[error("the url is not that of a git repository: {0}")]
    NotGit(String),
    /// The remote redirects to where nothing may be fetched from.
    #[error("the remote redirects to another url that is refused: {0}")]
    Redirect(RemoteUrlError),
    /// The remote cannot be reached, or broke off.
    #[error("{0}")]
    Unavailable(String),
    /// The remote's answer is useless.
    #[error(transparent)]
    Remote(FetchClientError),
    /// The branch asked for is not there.
    #[error("the remote has no branch '{0}'")]
    NoBranch(String),
    /// A pack of more objects than are taken at once.
    #[error(
        "the remote's history has {count} objects, at most {limit} can be fetched at once, and the \
         remote cannot send parts (uploadpack.allowFilter): import one 'branch', or a 'depth', or push \
         the history in parts, older commits first"
    )]
    TooManyObjects {
        /// Objects announced.
        count: u32,
        /// The bound.
        limit: u32,
    },
    /// The pack did not come within the time that an alarm has.
    #[error("the remote sends too slowly: a part took more than {0} minutes")]
    TooSlow(i64),
    /// Objects are refused because of their content, as they would be from a pusher.
    #[error("the remote's objects are refused: {0}")]
    Fsck(FsckRefusal),
    /// The pack is refused, as it would be from a pusher.
    #[error("the remote's objects are refused: {0}")]
    Pack(PackError),
    /// There are more bytes than a bound allows.
    #[error(transparent)]
    Quota(QuotaExceeded),
    /// An object that the remote's refs name is missing.
    #[error("the remote's objects are refused: {0}")]
    Connectivity(ConnectivityError),
    /// The remote's commits do not hang together.
    #[error(transparent)]
    Gap(CutError),
    /// A limit of time or of attempts.
    #[error("{0}")]
    GivenUp(String),
    /// The repository was deleted meanwhile.
    #[error("the repository was deleted")]
    Deleted,
    /// Our own store failed.
    #[error("{}", .0.told())]
    Store(StoreError),
}

impl From<CutError> for ImportError {
    fn from(error: CutError) -> Self {
        match error {
            CutError::Store(error) => Self::Store(error),
            CutError::Gap { .. } => Self::Gap(error),
        }
    }
}

impl ImportError {
    /// Attempts after which this error is final.
    pub(crate) fn attempts_max(&self) -> u32 {
        match self {
            Self::Store(error) if error.lasting().is_some() => 1,
            Self::Unavailable(_) | Self::Store(_) => ATTEMPTS_MAX,
            Self::TooSlow(_) => 3,
            // An object's content does not change, so a second attempt fails too.
            Self::Fsck(_) | Self::Pack(PackError::Refused { .. }) => 1,
            // The remote's refs may have moved between two requests, or its answer been damaged.
            Self::Remote(_) | Self::Pack(_) | Self::Connectivity(_) | Self::Gap(_) => 2,
            _ => 1,
        }
    }

    /// The same; a pack that is too large for a bound on bytes is refused by that bound.
    pub(crate) fn by_bound(self, bound: Option<Bound>) -> Self {
        match (self, bound) {
            (Self::Pack(PackError::PackTooLarge { .. }), Some(bound)) => {
                Self::Quota(bound.passed())
            }
            (error, _) => error,
        }
    }

    /// The answer to the request that began the import.
    pub(crate) fn reply(&self) -> ErrorReply {
        let code = match self {
            Self::Credentials | Self::CredentialsLost => {
                let message = self.to_string();
                return ErrorReply::new(ErrorCode::RemoteAuthRequired, message);
            }
            Self::NotGit(_) | Self::Redirect(_) => ErrorCode::InvalidUrl,
            Self::NoBranch(_) => {
                return ErrorReply::at(ErrorCode::InvalidInput, "/branch", self.to_string());
            }
            Self::Store(error) => return error.clone().into(),
            Self::Quota(error) => return (*error).into(),
            Self::Deleted | Self::GivenUp(_) => ErrorCode::InternalError,
            _ => ErrorCode::UpstreamUnavailable,
        };
        ErrorReply::at(code, "/url", self.to_string())
    }
}

/// Fails when objects are refused because of their content.
pub(crate) fn check_fsck(refusal: Option<&FsckRefusal>) -> Result<(), ImportError> {
    match refusal {
        Some(refusal) => Err(ImportError::Fsck(refusal.clone())),
        None => Ok(()),
    }
}

impl From<FetchClientError> for ImportError {
    fn from(error: FetchClientError) -> Self {
        match error {
            FetchClientError::PktLine(PktLineError::Truncated) => {
                Self::Unavailable("the remote's answer breaks off".to_owned())
            }
            error => Self::Remote(error),
        }
    }
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<PackError> for ImportError {
    fn from(error: PackError) -> Self {
        match error {
            PackError::Store(error) | PackError::Base(ReadError::Store(error)) => {
                Self::Store(error)
            }
            PackError::TooManyObjects { count, limit } => Self::TooManyObjects { count, limit },
            PackError::Truncated { .. } => {
                Self::Unavailable("the remote's pack breaks off".to_owned())
            }
            error => Self::Pack(error),
        }
    }
}

impl From<ReadError> for ImportError {
    fn from(error: ReadError) -> Self {
        PackError::Base(error).into()
    }
}

impl From<IntakeError> for ImportError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Pack(error) => error.into(),
            IntakeError::Fsck(refusal) => Self::Fsck(refusal),
            IntakeError::Connectivity(error) => error.into(),
            IntakeError::TooManyWalks(_) => {
                Self::GivenUp("too many of the remote's tags are incomplete".to_owned())
            }
            IntakeError::Read(error) => error.into(),
            IntakeError::Store(error) | IntakeError::Cold(SnapshotError::Store(error)) => {
                Self::Store(error)
            }
            IntakeError::Busy(reply) => Self::Unavailable(reply.message),
            IntakeError::Gone => Self::Deleted,
            error @ IntakeError::Cold(_) => Self::Unavailable(error.to_string()),
            error @ (IntakeError::Stored(_) | IntakeError::Secrets(_) | IntakeError::Quota(_)) => {
                Self::GivenUp(error.to_string())
            }
        }
    }
}

impl From<ConnectivityError> for ImportError {
    fn from(error: ConnectivityError) -> Self {
        match error {
            ConnectivityError::Read(ReadError::Store(error)) => Self::Store(error),
            error => Self::Connectivity(error),
        }
    }
}
