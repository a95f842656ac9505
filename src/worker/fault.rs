//! The way out when something of ours fails.

use std::fmt::Display;

use worker::console_error;

use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// Something of ours failed: the log has the cause, the client hears nothing of it.
pub fn fault(what: &str, cause: &dyn Display) -> ErrorReply {
    console_error!("fault: {what}: {cause}");
    ErrorReply::new(ErrorCode::InternalError, "internal error")
}
