//! `POST …/notes`, `DELETE …/notes`: notes on commits.

use super::request::WriteRequest;
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// Adds or changes notes.
pub(super) async fn add(_write: WriteRequest) -> Answer {
    Err(not_served_yet())
}

/// Removes notes.
pub(super) async fn remove(_write: WriteRequest) -> Answer {
    Err(not_served_yet())
}
