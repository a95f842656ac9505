//! What the alarm and the operator have done to a repository, in steps.
//!
//! | file | what |
//! |---|---|
//! | `merge` | packs merged, and put in the place of their sources |
//! | `prune` | objects left out that nothing reaches |
//! | `purge` | what no ref reaches removed at once, wherever it is |
//! | `sweep` | rows removed that nobody needs |
//! | `copies` | packs copied to R2, cold packs, the ready clone |
//! | `rebuild` | the derived parts made anew, to compare or to put in place |
//! | `verify` | all that is stored, compared with what it should be |
//! | `serve` | the operator's route |
//!
//! Invariant: after each pause the repository may have been deleted; whoever goes on looks first
//! whether the store that he began with is still the object's.

use super::contract::ErrorReply;
use super::memory::NoRoom;
use super::snapshot::SnapshotError;
use crate::git::maintenance::reach::ReachError;
use crate::git::store::{ReadError, StoreError};

pub mod copies;
pub mod merge;
pub mod prune;
pub mod purge;
pub mod rebuild;
pub mod serve;
pub mod sweep;
pub mod verify;

/// A run changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
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
