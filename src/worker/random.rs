//! Randomness, whose failure is logged here.

use super::fault::fault;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::runtime::random;

/// Random bytes, fit for secrets.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], ErrorReply> {
    random::bytes().map_err(|error| fault("random bytes", &error))
}
