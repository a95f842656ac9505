//! Bounds on bytes and on repositories.

use super::bounds::{THRESHOLD_BYTES_MAX, at_most};
use crate::repo_do::contract::ErrorReply;
use crate::worker::namespace::quota_values::QuotaChange;

/// The largest bound on repositories.
const REPOS_MAX: u64 = 1_000_000_000;

/// A bound on bytes: absent, taken away, or a number.
#[expect(clippy::option_option, reason = "absent, null and a number differ")]
pub(crate) fn bytes_max(given: Option<Option<u64>>) -> Result<Option<Option<u64>>, ErrorReply> {
    at_most("bytes_max", THRESHOLD_BYTES_MAX, given.flatten())?;
    Ok(given)
}

/// The bounds of a namespace.
#[expect(clippy::option_option, reason = "absent, null and a number differ")]
pub(crate) fn quotas(
    bytes: Option<Option<u64>>,
    repos: Option<Option<u64>>,
) -> Result<QuotaChange, ErrorReply> {
    at_most("repos_max", REPOS_MAX, repos.flatten())?;
    Ok(QuotaChange {
        bytes_max: bytes_max(bytes)?,
        repos_max: repos,
    })
}
