//! Why a push fails as a whole.

use super::super::runtime::reply;
use super::super::state::failure::SnapshotError;
use crate::git::graph::connectivity::ConnectivityError;
use crate::git::pack::parser::error::PackError;
use crate::git::store::{ReadError, StoreError};
use crate::repo_do::intake::error::IntakeError;

/// The push failed as a whole; why, for the report's `unpack` line.
pub(super) struct Refused(pub(super) String);

impl From<PackError> for Refused {
    fn from(error: PackError) -> Self {
        match error {
            PackError::Store(error) => error.into(),
            PackError::Base(error) => error.into(),
            error => Self(error.to_string()),
        }
    }
}

impl From<IntakeError> for Refused {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Pack(error) => error.into(),
            IntakeError::Connectivity(ConnectivityError::Read(error))
            | IntakeError::Read(error) => error.into(),
            IntakeError::Store(error) => error.into(),
            IntakeError::Cold(error) => error.into(),
            error => Self(error.to_string()),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        worker::console_error!("{}", reply::fault_line("store", &error.to_string()));
        Self(error.told().to_owned())
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => error.into(),
            error => Self(error.to_string()),
        }
    }
}

impl From<SnapshotError> for Refused {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Store(error) => error.into(),
            error => {
                worker::console_error!("{}", reply::fault_line("r2", &error.to_string()));
                Self(error.to_string())
            }
        }
    }
}
