//! `GET …/reflog`

use super::request::CompareRequest;
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// Where refs have been.
pub(super) async fn reflog(_compare: CompareRequest) -> Answer {
    Err(not_served_yet())
}
