//! Why a blame ends early.

use super::super::compare::CompareError;
use super::super::store::{ColdChunk, ReadError, StoreError};

/// Why a blame ends early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlameError {
    /// Trees or files could not be compared.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// A version of the file is too large to be compared line by line.
    #[error("a version of the file has {bytes} bytes and {lines} lines: more than are compared")]
    TooLarge {
        /// Its bytes.
        bytes: u64,
        /// Its lines; 0 if they were not counted.
        lines: u64,
    },
}

impl From<ReadError> for BlameError {
    fn from(error: ReadError) -> Self {
        Self::Compare(error.into())
    }
}

impl From<StoreError> for BlameError {
    fn from(error: StoreError) -> Self {
        Self::Compare(error.into())
    }
}

impl BlameError {
    /// The chunk to fetch before the same step is taken again, if that is all that is wrong.
    pub fn cold(&self) -> Option<ColdChunk> {
        match self {
            Self::Compare(error) => error.cold(),
            Self::TooLarge { .. } => None,
        }
    }
}
