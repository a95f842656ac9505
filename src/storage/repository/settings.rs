//! The settings of a repository that every layer passes on as they are: from its row to REST, and
//! from REST to its row.
//!
//! `fsck_strict` is not among them: REST shows it inside of an object of its own.

use serde::{Deserialize, Serialize};

/// The settings of a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "settings, each for itself")]
pub struct RepositorySettings {
    /// Whether pushes are refused.
    pub read_only: bool,
    /// Whether every client may fetch, without credentials.
    pub public: bool,
    /// Whether branches may only move forward: Git's `receive.denyNonFastForwards`.
    pub deny_non_fast_forwards: bool,
    /// Whether branches may not be deleted: Git's `receive.denyDeletes`.
    pub deny_deletes: bool,
    /// Seconds that unreachable objects are kept.
    pub prune_grace_seconds: i64,
    /// Seconds that entries of the reflog are kept.
    pub reflog_retention_seconds: i64,
    /// Seconds that superseded packs are kept.
    pub superseded_grace_seconds: i64,
    /// Whether clones and fetches are events too.
    #[serde(default)]
    pub fetch_events: bool,
    /// Whether pushed blobs are searched for secrets.
    #[serde(default)]
    pub push_protection: bool,
}

/// A change of [`RepositorySettings`]; `None` leaves one as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsChange {
    /// Whether pushes are refused.
    pub read_only: Option<bool>,
    /// Whether every client may fetch, without credentials.
    pub public: Option<bool>,
    /// Whether branches may only move forward.
    pub deny_non_fast_forwards: Option<bool>,
    /// Whether branches may not be deleted.
    pub deny_deletes: Option<bool>,
    /// Seconds that unreachable objects are kept.
    pub prune_grace_seconds: Option<u32>,
    /// Seconds that entries of the reflog are kept.
    pub reflog_retention_seconds: Option<u32>,
    /// Seconds that superseded packs are kept.
    pub superseded_grace_seconds: Option<u32>,
    /// Whether clones and fetches are events too.
    pub fetch_events: Option<bool>,
    /// Whether pushed blobs are searched for secrets.
    pub push_protection: Option<bool>,
}

impl SettingsChange {
    /// Whether it changes nothing.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl From<RepositorySettings> for SettingsChange {
    /// The change after which exactly these settings hold.
    fn from(settings: RepositorySettings) -> Self {
        let seconds = |seconds: i64| u32::try_from(seconds).ok();
        Self {
            read_only: Some(settings.read_only),
            public: Some(settings.public),
            deny_non_fast_forwards: Some(settings.deny_non_fast_forwards),
            deny_deletes: Some(settings.deny_deletes),
            prune_grace_seconds: seconds(settings.prune_grace_seconds),
            reflog_retention_seconds: seconds(settings.reflog_retention_seconds),
            superseded_grace_seconds: seconds(settings.superseded_grace_seconds),
            fetch_events: Some(settings.fetch_events),
            push_protection: Some(settings.push_protection),
        }
    }
}
