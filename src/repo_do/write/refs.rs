//! `POST …/refs`: refs made, moved, deleted.

use super::request::WriteRequest;
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// Changes the refs that the body names.
pub(super) async fn update(_write: WriteRequest) -> Answer {
    Err(not_served_yet())
}
