//! The policies of a namespace for all of its repositories.

use serde::{Deserialize, Serialize};

/// The standing of a namespace. Its object tells each repository's, and a new repository begins with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// Grows with each change.
    pub version: i64,
    /// Tokens of repositories that were made before this time, in unix milliseconds, are revoked.
    pub token_epoch_ms: i64,
    /// Nobody but the operator gets anything.
    pub suspended: bool,
    /// Pushes are refused.
    pub read_only: bool,
    /// The namespace has a bound on bytes: before a push a repository asks how many are left.
    pub has_quota: bool,
}
