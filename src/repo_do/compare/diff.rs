//! `GET …/diff`

use super::request::CompareRequest;
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// What differs between two trees.
pub(super) async fn diff(_compare: CompareRequest) -> Answer {
    Err(not_served_yet())
}
