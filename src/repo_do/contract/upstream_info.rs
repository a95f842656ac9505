//! The upstream of a repository in short.

use serde::{Deserialize, Serialize};

use crate::storage::repository::upstream::UpstreamPolicy;

/// The upstream in short, as it is shown with the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UpstreamInfo {
    /// The remote, without credentials.
    pub(crate) url: String,
    /// What becomes of a ref that has changed on both sides.
    pub(crate) policy: UpstreamPolicy,
    /// When the last sync ended, in milliseconds since 1970.
    pub(crate) last_sync_ms: Option<i64>,
    /// Why it failed, if it did.
    pub(crate) last_error: Option<String>,
}
