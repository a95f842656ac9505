//! The settings that webhooks and the hook of a repository share: patterns of refs, and a secret.

use crate::repo_do::contract::{ErrorCode, ErrorReply, signing};
use crate::storage::webhook::definition::Secret;

/// Types, and patterns of refs, that one receiver may name.
const PATTERNS_MAX: usize = 20;
const REF_BYTES_MAX: usize = 768;

/// A secret that a caller gave.
pub(crate) fn secret(text: &str) -> Result<Secret, ErrorReply> {
    signing::secret(text).map_err(|error| refused("/secret", error.to_string()))
}

/// Patterns of refs: a full name, or the beginning of names and `*`.
pub(crate) fn refs(given: Vec<String>) -> Result<Vec<String>, ErrorReply> {
    check_count("refs", &given)?;
    for (at, pattern) in given.iter().enumerate() {
        let pointer = format!("/refs/{at}");
        let bytes = pattern.len();
        if !(1..=REF_BYTES_MAX).contains(&bytes) {
            let message = format!("a pattern has 1 to {REF_BYTES_MAX} bytes, this has {bytes}");
            return Err(refused(&pointer, message));
        }
        let beginning = pattern.strip_suffix('*');
        let is_pattern = match beginning {
            Some(beginning) => beginning.is_empty() || "refs/".starts_with(beginning),
            None => false,
        };
        let has_other = beginning.unwrap_or(pattern).contains('*');
        if has_other || !(is_pattern || pattern.starts_with("refs/")) {
            let message = "a pattern is a full name of a ref (refs/…), or the beginning of \
                           names and '*'";
            return Err(refused(&pointer, message.to_owned()));
        }
    }
    Ok(given)
}

/// Checks how many entries a list has.
pub(super) fn check_count(field: &str, given: &[String]) -> Result<(), ErrorReply> {
    if (1..=PATTERNS_MAX).contains(&given.len()) {
        return Ok(());
    }
    let count = given.len();
    let message = format!("{field} has 1 to {PATTERNS_MAX} entries, this has {count}");
    Err(refused(&format!("/{field}"), message))
}

/// The error of a field.
pub(super) fn refused(pointer: &str, message: String) -> ErrorReply {
    ErrorReply::at(ErrorCode::InvalidInput, pointer, message)
}
