//! `GET …/compare/:base...:head`

use super::request::CompareRequest;
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// Compares two revisions; `spec` is percent-encoded.
pub(super) async fn compare(_compare: CompareRequest, _spec: &str) -> Answer {
    Err(not_served_yet())
}
