//! `POST …/merge`, `…/cherry-pick`, `…/revert`, `…/restore`.
//!
//! | file | what |
//! |---|---|
//! | `body` | the caller's body |
//! | `workbench` | its reads and new objects, in steps between which others get their turn |
//! | `branches` | one branch merged into another |
//! | `large_files` | objects of Git LFS that come with them |
//! | `picks` | commits repeated or taken back |
//! | `restore` | a branch brought back to what it was |
//! | `outcome` | the branch moved, and the answer |
//! | `conflicts` | the conflicts, as the caller sees them |

use super::request::WriteRequest;
use crate::git::merge::replay::Direction;
use crate::repo_do::request::answer::Answer;

mod body;
mod branches;
mod conflicts;
mod large_files;
mod outcome;
mod picks;
mod restore;
mod workbench;

/// Merges one branch into another.
pub(super) async fn merge(write: WriteRequest) -> Answer {
    Box::pin(branches::merge(write)).await
}

/// Makes the changes of commits once more, on another one.
pub(super) async fn cherry_pick(write: WriteRequest) -> Answer {
    Box::pin(picks::replay(write, Direction::Pick)).await
}

/// Takes the changes of commits back.
pub(super) async fn revert(write: WriteRequest) -> Answer {
    Box::pin(picks::replay(write, Direction::Revert)).await
}

/// Brings a branch back to an earlier state.
pub(super) async fn restore(write: WriteRequest) -> Answer {
    Box::pin(restore::restore(write)).await
}
