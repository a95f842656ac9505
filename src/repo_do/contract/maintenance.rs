//! The operator's requests for the upkeep of a repository.

use serde::{Deserialize, Serialize};

/// Body of `POST /maintenance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Maintain {
    /// The task to run.
    pub(crate) task: MaintenanceTask,
    /// For [`MaintenanceTask::Verify`]: whether the objects of Git LFS are read and hashed.
    #[serde(default)]
    pub(crate) lfs_digests: bool,
}

/// A task that the operator may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MaintenanceTask {
    /// All that the alarm would do, now.
    Run,
    /// Every derived part is checked against the packs' bytes.
    Verify,
    /// Makes the derived parts again and puts them in place.
    Rebuild,
    /// Every live pack copied to R2, settled or not.
    Secure,
    /// Runs the work for R2 that is due: copies, cold packs, the ready clone, removals.
    Snapshot,
}

/// Answer of `POST /purge`: counts of the removals, and repositories that may still hold objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Purged {
    /// Objects that no ref reached.
    pub(crate) objects: u64,
    /// Bytes that packs have less.
    pub(crate) bytes: u64,
    /// Packs that were rewritten without them.
    pub(crate) packs_rewritten: u64,
    /// Objects of Git LFS that no pointer among the objects that refs reach names.
    pub(crate) lfs_objects: u64,
    /// Their bytes.
    pub(crate) lfs_bytes: u64,
    /// Objects of R2 that were given up: packs, objects of Git LFS, and the ready clone.
    pub(crate) r2_objects: u64,
    /// Repositories of the fork network that may still hold them.
    pub(crate) holders: Vec<Holder>,
}

/// A repository of a fork network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Holder {
    /// Its id.
    pub(crate) repository_id: String,
    /// Its namespace and name, as shown; `None` when the network never heard them.
    pub(crate) path: Option<(String, String)>,
}

/// When packs go to R2, when they go cold, and when a clone is kept ready; an absent field stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SnapshotChange {
    /// Seconds without a push after which packs are copied and ready clones made.
    pub(crate) settle_seconds: Option<u32>,
    /// Seconds after its publication at which a pack may go cold.
    pub(crate) cold_after_seconds: Option<u32>,
    /// Bytes of live packs in SQLite below which none goes cold.
    pub(crate) cold_bytes_min: Option<u64>,
    /// Bytes of live packs from which on a ready clone is made.
    pub(crate) ready_bytes_min: Option<u64>,
}

impl SnapshotChange {
    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
