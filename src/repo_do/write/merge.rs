//! `POST …/merge`, `…/cherry-pick`, `…/revert`, `…/restore`.

use super::request::WriteRequest;
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// Merges one branch into another.
pub(super) async fn merge(_write: WriteRequest) -> Answer {
    Err(not_served_yet())
}

/// Makes the changes of commits once more, on another one.
pub(super) async fn cherry_pick(_write: WriteRequest) -> Answer {
    Err(not_served_yet())
}

/// Takes the changes of commits back.
pub(super) async fn revert(_write: WriteRequest) -> Answer {
    Err(not_served_yet())
}

/// Brings a branch back to what it was.
pub(super) async fn restore(_write: WriteRequest) -> Answer {
    Err(not_served_yet())
}
