//! The reasons for which a merge of trees ends early, and its bounds.

use gix_hash::ObjectId;

use super::super::super::compare::CompareError;
use super::super::super::edit::new_objects::NewObjectError;
use super::super::super::object::ObjectKind;
use super::super::super::object::facts::FactsError;
use super::super::super::store::{ColdChunk, ReadError};

/// Bounds of the memory of a merge.
#[derive(Debug, Clone, Copy)]
pub struct TreeMergeLimits {
    /// Bytes of the paths that it meets.
    pub held_bytes_max: usize,
    /// Bytes that merging one text may take. A text that needs more is not merged line by line.
    pub text_bytes_max: u64,
    /// Bytes that the caller has room for while one text is merged. A step that needs more fails with
    /// [`TreeMergeError::NoRoom`], and is taken again once there is room.
    pub text_room_bytes: u64,
}

impl Default for TreeMergeLimits {
    fn default() -> Self {
        // Some 70,000 paths in directories that both sides changed.
        Self {
            held_bytes_max: 32 << 20,
            // Three versions of 7 MB, with lines of 40 bytes.
            text_bytes_max: 64 << 20,
            text_room_bytes: u64::MAX,
        }
    }
}

/// Why a merge ends early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeMergeError {
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The search for renames failed.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// The result has no room.
    #[error(transparent)]
    New(#[from] NewObjectError),
    /// A stored tree does not parse.
    #[error("a stored tree does not parse: {0}")]
    Facts(#[from] FactsError),
    /// An object is not here: its name stands in something that belongs to no commit.
    #[error("the {kind} {id} is not here")]
    Missing {
        /// Its id.
        id: ObjectId,
        /// The kind that it has to be.
        kind: ObjectKind,
    },
    /// The trees are nested too deeply.
    #[error("trees are nested more than {0} levels deep")]
    TooDeep(usize),
    /// The merge meets more paths than it has room for.
    #[error("{paths} paths of the merged directories take {bytes} bytes, at most {limit} are held")]
    TooLarge {
        /// Paths met so far.
        paths: usize,
        /// Bytes that they take.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// The caller has too little room for merging the next text.
    #[error("merging a text takes {wanted} bytes, there is room for {room}")]
    NoRoom {
        /// Bytes that it takes.
        wanted: u64,
        /// Bytes that there is room for.
        room: u64,
    },
}

impl TreeMergeError {
    /// The chunk to fetch before the same step is taken again, if that is all that is wrong.
    pub fn cold(&self) -> Option<ColdChunk> {
        match self {
            Self::Read(error) => error.cold(),
            Self::Compare(error) => error.cold(),
            _ => None,
        }
    }

    /// Bytes to find room for before the same step is taken again, if that is all that is wrong.
    pub fn wanted_room(&self) -> Option<u64> {
        match self {
            Self::NoRoom { wanted, .. } => Some(*wanted),
            _ => None,
        }
    }
}
