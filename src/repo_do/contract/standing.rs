//! The message of a namespace's object to the objects of its repositories.

use serde::{Deserialize, Serialize};

pub(crate) use crate::storage::repository::standing::Standing;

/// Body of `POST /standing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeStanding {
    /// The namespace that says it: a repository of another one does not listen.
    pub(crate) namespace: String,
    /// The policies.
    pub(crate) standing: Standing,
}

/// Answer of `POST /standing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StandingTaken {
    /// Whether there is a repository of that namespace, which now knows it.
    pub(crate) is_here: bool,
    /// Where there is a bound on bytes: how many the repository has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<ToldBytes>,
}

/// The bytes of a repository that count against a bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ToldBytes {
    /// The repository.
    pub(crate) repository_id: String,
    /// The bytes of its live packs.
    pub(crate) size_bytes: u64,
    /// The bytes of its large files.
    pub(crate) lfs_bytes: u64,
}
