//! Why notes cannot be read or written.

use super::super::super::store::ReadError;
use super::super::new_objects::NewObjectError;

/// Notes cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotesError {
    /// An object could not be read; where a chunk is cold, all can be done again.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A tree or a note could not be taken.
    #[error(transparent)]
    New(#[from] NewObjectError),
    /// The trees are too large.
    #[error("the trees of the notes have more than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: u64,
    },
}
