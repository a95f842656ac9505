//! `GET …/commit/:id.patch` and `.diff`

use super::request::CompareRequest;
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// A commit as a mail.
pub(super) async fn patch(_compare: CompareRequest, _id: &str) -> Answer {
    Err(not_served_yet())
}

/// What a commit changes.
pub(super) async fn diff(_compare: CompareRequest, _id: &str) -> Answer {
    Err(not_served_yet())
}
