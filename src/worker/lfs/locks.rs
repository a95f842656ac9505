//! Locks on files.

use worker::Response;

use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// Says that there are none. git-lfs takes 404 for a server without locks, and goes on with the push.
pub(super) fn answer() -> Result<Response, ErrorReply> {
    let message = "locks are not served here";
    Err(ErrorReply::new(ErrorCode::NotFound, message))
}
