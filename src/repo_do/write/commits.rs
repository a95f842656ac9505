//! `POST …/commits`: one commit on one branch.

use super::request::WriteRequest;
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// Makes a commit of the files that the body has.
pub(super) async fn commit(_write: WriteRequest) -> Answer {
    Err(not_served_yet())
}
