//! Messages to the namespace's object as JSON, and its answers.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::contract::Done;
use super::steps::StepError;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::worker::fault::fault;

pub(super) fn done(outcome: Result<(), StepError>) -> Result<String, ErrorReply> {
    outcome?;
    json(&Done {})
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorReply> {
    serde_json::from_slice(body).map_err(|error| fault("internal body", &error))
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String, ErrorReply> {
    serde_json::to_string(value).map_err(|error| fault("internal answer", &error))
}

pub(super) fn unknown(path: &str) -> ErrorReply {
    ErrorReply::new(
        ErrorCode::NotFound,
        format!("the namespace's object does not serve {path}"),
    )
}
