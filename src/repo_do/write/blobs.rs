//! `PUT …/blobs`: a blob, to be named by a commit to come.

use super::request::WriteRequest;
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// Stores the body as a blob.
pub(super) async fn put(_write: WriteRequest) -> Answer {
    Err(not_served_yet())
}
