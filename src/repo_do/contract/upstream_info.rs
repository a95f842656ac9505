//! A short description of a repository's upstream.

use serde::{Deserialize, Serialize};

use crate::storage::repository::upstream::UpstreamPolicy;

/// The upstream in short, for the repository's own description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UpstreamInfo {
    /// The remote, without credentials.
    pub(crate) url: String,
    /// The treatment of a ref that has changed on both sides.
    pub(crate) policy: UpstreamPolicy,
    /// When the last sync ended, in milliseconds since 1970.
    pub(crate) last_sync_ms: Option<i64>,
    /// The reason why the last sync failed, if it did.
    pub(crate) last_error: Option<String>,
}
