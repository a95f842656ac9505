//! Why a comparison ends early.

use gix_hash::ObjectId;

use super::super::store::{ColdChunk, ReadError, StoreError};

/// Why a comparison ends early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An object is not here: its name stands in something that belongs to no commit.
    #[error("object {0} is not here")]
    Missing(ObjectId),
    /// The trees are nested too deeply.
    #[error("trees are nested more than {0} levels deep")]
    TooDeep(usize),
    /// The trees on one path are too large together.
    #[error("the trees on one path have {bytes} bytes, more than {limit}")]
    TreesTooLarge {
        /// Their bytes.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// So many files differ that the list of them has no room.
    #[error("{changes} changed files take {bytes} bytes, more than {limit}: limit the paths")]
    TooManyChanges {
        /// Files found so far.
        changes: usize,
        /// Bytes that they take.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
}

impl From<StoreError> for CompareError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

impl CompareError {
    /// The chunk to fetch before the same step is taken again, if that is all that is wrong.
    pub fn cold(&self) -> Option<ColdChunk> {
        match self {
            Self::Read(error) => error.cold(),
            _ => None,
        }
    }
}
