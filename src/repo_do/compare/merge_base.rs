//! `GET …/merge-base`

use super::request::CompareRequest;
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// The merge bases of several commits.
pub(super) async fn merge_base(_compare: CompareRequest) -> Answer {
    Err(not_served_yet())
}
