//! Messages between the Worker and the object about an import.

use serde::{Deserialize, Serialize};

use super::repository::CreateRepository;
use crate::git::fetch_client::selection::RefSelection;

/// Body of `POST /import`. The object asks the remote for its refs before it makes the
/// repository, so that plain mistakes are refused at once; the rest its alarm does.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportRepository {
    /// The repository to make. Its default branch is a guess until the remote has told its own.
    pub(crate) create: CreateRepository,
    /// The remote, without credentials, already checked.
    pub(crate) url: String,
    /// For the remote; never stored.
    pub(crate) username: Option<String>,
    /// For the remote; never stored.
    pub(crate) password: Option<String>,
    /// The one branch wanted, by its short name.
    pub(crate) branch: Option<String>,
    /// Commits of history wanted from each branch.
    pub(crate) depth: Option<u32>,
    /// Which refs are wanted, unless it is one branch.
    #[serde(default)]
    pub(crate) refs: RefSelection,
    /// Whether it takes objects of Git LFS along.
    #[serde(default)]
    pub(crate) lfs: bool,
}

/// The phase of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImportPhase {
    /// It waits for its turn, or to try again.
    #[default]
    Waiting,
    /// It asks for refs, and where a long history can be cut.
    Preparing,
    /// It takes a pack.
    Receiving,
    /// It makes deltas into objects.
    Resolving,
    /// It checks that nothing is missing.
    Checking,
    /// It looks for pointers of Git LFS, and takes the objects that they name.
    Lfs,
}

/// How far an import has come. Figures are of the pack under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportProgress {
    /// Its phase.
    pub(crate) phase: ImportPhase,
    /// Attempts in a row that brought nothing.
    pub(crate) attempts: u32,
    /// Parts that the history is fetched in; 0 while that is not known.
    pub(crate) parts: u32,
    /// Parts that are here.
    pub(crate) parts_done: u32,
    /// Bytes received.
    pub(crate) received_bytes: u64,
    /// Objects received.
    pub(crate) received_objects: u32,
    /// Objects announced.
    pub(crate) total_objects: u32,
    /// Deltas resolved.
    pub(crate) resolved_deltas: u32,
    /// Deltas announced.
    pub(crate) total_deltas: u32,
    /// Commits proved to be complete.
    #[serde(default)]
    pub(crate) checked_commits: u32,
    /// Commits in the pack.
    #[serde(default)]
    pub(crate) total_commits: u32,
    /// Objects of Git LFS that are here, in all.
    #[serde(default)]
    pub(crate) lfs_objects: u64,
    /// Their bytes.
    #[serde(default)]
    pub(crate) lfs_bytes: u64,
    /// Objects of Git LFS that pointers name, as far as they are known.
    #[serde(default)]
    pub(crate) total_lfs_objects: u64,
    /// Their bytes, as the pointers say.
    #[serde(default)]
    pub(crate) total_lfs_bytes: u64,
}
