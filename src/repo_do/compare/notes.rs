//! `GET …/notes`

use super::request::CompareRequest;
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// Notes on commits.
pub(super) async fn read(_compare: CompareRequest) -> Answer {
    Err(not_served_yet())
}
