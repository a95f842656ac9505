//! A repository as the Worker makes, changes, shows and lists it.

use serde::{Deserialize, Serialize};

use super::import::ImportProgress;
use super::maintenance::SnapshotChange;
use super::token::TokenRecord;
use crate::storage::repository::origin_report::OriginReport;
use crate::storage::repository::settings::{RepositorySettings, SettingsChange};

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
    /// What is to hold for it.
    #[serde(default, skip_serializing_if = "SettingsChange::is_empty")]
    pub settings: SettingsChange,
    /// Whether objects are checked as git's `--strict` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fsck_strict: Option<bool>,
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
    /// What holds for it.
    #[serde(flatten)]
    pub settings: RepositorySettings,
    /// Whether objects are checked as git's `--strict` does.
    #[serde(default)]
    pub fsck_strict: bool,
    /// What it is busy with.
    pub status: RepositoryStatus,
    /// How far its import has come, while it is importing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportProgress>,
    /// What its import or fork says about itself.
    #[serde(default)]
    pub origin: OriginReport,
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
