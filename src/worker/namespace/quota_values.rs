//! The sizes of a namespace and a change of its bounds, as messages have them.

use serde::{Deserialize, Serialize};

use crate::repo_do::contract::present;
use crate::storage::namespace::figures::Totals;
use crate::storage::namespace::quotas::Quotas;

/// The sizes of all repositories of a namespace together. They may lag behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamespaceTotals {
    /// Bytes of live packs.
    pub(crate) size_bytes: u64,
    /// Objects in them.
    pub(crate) object_count: u64,
    /// Bytes of objects of Git LFS.
    pub(crate) lfs_bytes: u64,
}

impl From<Totals> for NamespaceTotals {
    fn from(totals: Totals) -> Self {
        Self {
            size_bytes: totals.size_bytes,
            object_count: totals.object_count,
            lfs_bytes: totals.lfs_bytes,
        }
    }
}

/// Changes of bounds; `None` leaves one as it is, `Some(None)` takes it away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::option_option, reason = "absent, null and a number differ")]
pub(crate) struct QuotaChange {
    /// Bytes.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) bytes_max: Option<Option<u64>>,
    /// Repositories.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) repos_max: Option<Option<u64>>,
}

impl QuotaChange {
    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes_max.is_none() && self.repos_max.is_none()
    }

    /// The bounds after it.
    pub(crate) fn applied_to(self, before: Quotas) -> Quotas {
        Quotas {
            bytes_max: self.bytes_max.unwrap_or(before.bytes_max),
            repos_max: self.repos_max.unwrap_or(before.repos_max),
        }
    }
}
