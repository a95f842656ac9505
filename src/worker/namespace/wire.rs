//! Answers of the namespace's object that every step may give.

use super::contract::Done;
use super::step_error::StepError;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::worker::durable::message::json;

/// A step is done, and has nothing to say.
pub(super) fn done(outcome: Result<(), StepError>) -> Result<String, ErrorReply> {
    outcome?;
    json(&Done {})
}

/// No step has this path.
pub(super) fn unknown(path: &str) -> ErrorReply {
    ErrorReply::new(
        ErrorCode::NotFound,
        format!("the namespace's object does not serve {path}"),
    )
}
