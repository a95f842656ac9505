//! A repository as the Worker makes, changes, shows and lists it.

use serde::{Deserialize, Serialize};

use super::import::ImportProgress;
use super::maintenance::SnapshotChange;
use super::token::TokenRecord;

/// Body of `POST /init`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRepository {
    /// 16 characters of `[0-9a-z]`, chosen by the Worker.
    pub repository_id: String,
    /// As created.
    pub namespace: String,
    /// As created.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// A branch's short name, checked by Git's rules.
    pub default_branch: String,
    /// Whether pushes are refused.
    pub read_only: bool,
    /// Whether anybody may fetch.
    pub public: bool,
    /// Whether objects are checked as git's `--strict` does. `None` until its name is reserved: then
    /// its namespace's default is put here.
    #[serde(default)]
    pub fsck_strict: Option<bool>,
    /// Where its content comes from: `artifacts:<ns>/<repo>` or `git:<url>`.
    pub source: Option<String>,
    /// Its first token.
    pub token: TokenRecord,
    /// The time, in milliseconds since 1970.
    pub now_ms: i64,
}

/// Body of `POST /update`; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateRepository {
    /// Free text; `Some(None)` takes it away.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub description: Option<Option<String>>,
    /// A branch's short name, checked by Git's rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_branch: Option<String>,
    /// Whether pushes are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// Whether anybody may fetch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// Whether branches may only move forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny_non_fast_forwards: Option<bool>,
    /// Whether branches may not be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deny_deletes: Option<bool>,
    /// Whether objects are checked as git's `--strict` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fsck_strict: Option<bool>,
    /// Seconds that unreachable objects are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prune_grace_seconds: Option<u32>,
    /// Seconds that entries of the reflog are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reflog_retention_seconds: Option<u32>,
    /// Seconds that superseded packs are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_grace_seconds: Option<u32>,
    /// When packs go to R2.
    #[serde(default, skip_serializing_if = "SnapshotChange::is_empty")]
    pub snapshots: SnapshotChange,
}

/// Reads a field that is there as `Some`, so that `null` differs from an absent field.
pub fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// What a repository is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RepositoryStatus {
    /// Nothing: it serves.
    Ready,
    /// Its content is being fetched from elsewhere.
    Importing,
    /// It is being copied from another repository.
    Forking,
    /// It is being made again of what R2 has.
    Recovering,
}

/// Answer of `POST /init`, `GET /info` and `POST /update`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "settings, each for itself")]
pub struct RepositoryInfo {
    /// 16 characters of `[0-9a-z]`.
    pub repository_id: String,
    /// As created.
    pub namespace: String,
    /// As created.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// The branch that `HEAD` names, as a short name.
    pub default_branch: String,
    /// Milliseconds since 1970.
    pub created_at_ms: i64,
    /// The last change of settings or refs, in milliseconds since 1970.
    pub updated_at_ms: i64,
    /// The last push that changed a ref, in milliseconds since 1970.
    pub last_push_at_ms: Option<i64>,
    /// `artifacts:<ns>/<repo>` or `git:<url>`.
    pub source: Option<String>,
    /// Whether pushes are refused.
    pub read_only: bool,
    /// Whether anybody may fetch.
    pub public: bool,
    /// Whether branches may only move forward.
    #[serde(default)]
    pub deny_non_fast_forwards: bool,
    /// Whether branches may not be deleted.
    #[serde(default)]
    pub deny_deletes: bool,
    /// Whether objects are checked as git's `--strict` does.
    #[serde(default)]
    pub fsck_strict: bool,
    /// Seconds that unreachable objects are kept.
    #[serde(default)]
    pub prune_grace_seconds: i64,
    /// Seconds that entries of the reflog are kept.
    #[serde(default)]
    pub reflog_retention_seconds: i64,
    /// Seconds that superseded packs are kept.
    #[serde(default)]
    pub superseded_grace_seconds: i64,
    /// What it is busy with.
    pub status: RepositoryStatus,
    /// How far its import has come, while it is importing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportProgress>,
    /// Bytes of its live packs.
    pub size_bytes: u64,
    /// Objects in its live packs.
    pub object_count: u64,
}

/// Answer of `POST /delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// The id of the repository that was here.
    pub repository_id: String,
}

/// Body that the object of the repository sends to its namespace's object (binding `NAMESPACE`,
/// name in lower case, `POST` [`NAMESPACE_TOUCH`]) after a change, so that listings can sort by
/// it. Derived data: losing one does no harm, and the next one heals it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchRepository {
    /// The repository, whole: the listing keeps what it shows.
    pub info: RepositoryInfo,
}

/// Where [`TouchRepository`] goes.
pub const NAMESPACE_TOUCH: &str = "/touch";
