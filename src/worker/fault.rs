//! The way out when something of ours fails.

use std::fmt::Display;

use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::fault_log;

/// Logs a fault of ours, and gives a reply that does not tell it.
pub(crate) fn fault(what: &str, cause: &dyn Display) -> ErrorReply {
    fault_log::error(what, cause);
    ErrorReply::new(ErrorCode::InternalError, "internal error")
}
