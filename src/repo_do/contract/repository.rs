//! A repository as the Worker makes, changes, shows and lists it.

use serde::{Deserialize, Serialize};

use super::downstream::DownstreamInShort;
use super::import::ImportProgress;
use super::maintenance::SnapshotChange;
use super::pre_receive::{NewPreReceive, ShownPreReceive};
use super::standing::Standing;
use super::token::TokenRecord;
use super::upstream_info::UpstreamInfo;
use crate::git::receive_pack::ref_rules::RefRules;
use crate::storage::repository::lifetime::LifetimeChange;
use crate::storage::repository::origin_report::OriginReport;
use crate::storage::repository::settings::{RepositorySettings, SettingsChange};

/// Body of `POST /init`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRepository {
    /// 16 characters of `[0-9a-z]`, chosen by the Worker.
    pub(crate) repository_id: String,
    /// As created.
    pub(crate) namespace: String,
    /// As created.
    pub(crate) name: String,
    /// Free text.
    pub(crate) description: Option<String>,
    /// A branch's short name, checked by Git's rules.
    pub(crate) default_branch: String,
    /// Whether pushes are refused.
    pub(crate) read_only: bool,
    /// Whether every client may fetch.
    pub(crate) public: bool,
    /// Whether objects are checked as git's `--strict` does. `None` until its name is reserved: then
    /// its namespace's default is put here.
    #[serde(default)]
    pub(crate) fsck_strict: Option<bool>,
    /// Source of its content: `artifacts:<ns>/<repo>` or `git:<url>`.
    pub(crate) source: Option<String>,
    /// The namespace's policies for all its repositories, as of when the name was reserved.
    #[serde(default)]
    pub(crate) standing: Standing,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "LifetimeChange::is_empty")]
    pub(crate) lifetime: LifetimeChange,
    /// Its rules about refs.
    #[serde(default, skip_serializing_if = "RefRules::is_empty")]
    pub(crate) ref_rules: RefRules,
    /// Its first token.
    pub(crate) token: TokenRecord,
    /// The time, in milliseconds since 1970.
    pub(crate) now_ms: i64,
}

/// Body of `POST /update`; an absent field stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateRepository {
    /// Free text; `Some(None)` takes it away.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[expect(clippy::option_option, reason = "absent, null and a text differ")]
    pub(crate) description: Option<Option<String>>,
    /// A branch's short name, checked by Git's rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default_branch: Option<String>,
    /// Changes of its settings.
    #[serde(default, skip_serializing_if = "SettingsChange::is_empty")]
    pub(crate) settings: SettingsChange,
    /// Whether objects are checked as git's `--strict` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fsck_strict: Option<bool>,
    /// When packs go to R2.
    #[serde(default, skip_serializing_if = "SnapshotChange::is_empty")]
    pub(crate) snapshots: SnapshotChange,
    /// Its rules about refs, in the place of those before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ref_rules: Option<RefRules>,
    /// The bytes that its packs and large files may have together; `Some(None)` takes the bound away.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[expect(clippy::option_option, reason = "absent, null and a number differ")]
    pub(crate) bytes_max: Option<Option<u64>>,
    /// The hook that is asked before a push is published; `Some(None)` takes it away.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[expect(clippy::option_option, reason = "absent, null and a hook differ")]
    pub(crate) pre_receive: Option<Option<NewPreReceive>>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "LifetimeChange::is_empty")]
    pub(crate) lifetime: LifetimeChange,
}

/// Reads a field that is there as `Some`, so that `null` differs from an absent field.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// The work that a repository is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RepositoryStatus {
    /// Nothing: it serves.
    Ready,
    /// Its content is being fetched from elsewhere.
    Importing,
    /// It is being copied from another repository.
    Forking,
    /// It is being made again from R2.
    Recovering,
}

/// Answer of `POST /init`, `GET /info` and `POST /update`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RepositoryInfo {
    /// 16 characters of `[0-9a-z]`.
    pub(crate) repository_id: String,
    /// As created.
    pub(crate) namespace: String,
    /// As created.
    pub(crate) name: String,
    /// Free text.
    pub(crate) description: Option<String>,
    /// The branch that `HEAD` names, as a short name.
    pub(crate) default_branch: String,
    /// Milliseconds since 1970.
    pub(crate) created_at_ms: i64,
    /// The last change of settings or refs, in milliseconds since 1970.
    pub(crate) updated_at_ms: i64,
    /// The last push that changed a ref, in milliseconds since 1970.
    pub(crate) last_push_at_ms: Option<i64>,
    /// `artifacts:<ns>/<repo>` or `git:<url>`.
    pub(crate) source: Option<String>,
    /// Its settings.
    #[serde(flatten)]
    pub(crate) settings: RepositorySettings,
    /// When its packs go to R2. A namespace's list is not told.
    #[serde(flatten)]
    pub(crate) snapshots: SnapshotChange,
    /// Whether objects are checked as git's `--strict` does.
    #[serde(default)]
    pub(crate) fsck_strict: bool,
    /// Its rules about refs. A namespace's list is not told them.
    #[serde(default, skip_serializing_if = "RefRules::is_empty")]
    pub(crate) ref_rules: RefRules,
    /// The hook that is asked before a push is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pre_receive: Option<ShownPreReceive>,
    /// The repositories that follow it. A namespace's list is not told them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) downstreams: Vec<DownstreamInShort>,
    /// When it ends in any case, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at_ms: Option<i64>,
    /// Seconds without use after which it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) idle_ttl_seconds: Option<i64>,
    /// The work that it is busy with.
    pub(crate) status: RepositoryStatus,
    /// How far its import has come, while it is importing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) import: Option<ImportProgress>,
    /// The report of its import or fork.
    #[serde(default)]
    pub(crate) origin: OriginReport,
    /// The repository that it follows. A namespace's list is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upstream: Option<UpstreamInfo>,
    /// The version of what it knows its namespace to say.
    #[serde(default)]
    pub(crate) standing_version: i64,
    /// Bytes of its live packs.
    pub(crate) size_bytes: u64,
    /// Objects in its live packs.
    pub(crate) object_count: u64,
    /// Its objects of Git LFS.
    #[serde(default)]
    pub(crate) lfs_objects: u64,
    /// Their bytes.
    #[serde(default)]
    pub(crate) lfs_bytes: u64,
    /// The bytes that its packs and large files may have together; `None`: there is no bound.
    #[serde(default)]
    pub(crate) bytes_max: Option<u64>,
    /// Bytes of its database.
    #[serde(default)]
    pub(crate) database_bytes: u64,
    /// Bytes that R2 has for it; `None`: as in the last message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) r2_bytes: Option<u64>,
}

/// Body that the object of the repository sends to its namespace's object (binding `NAMESPACE`,
/// name in lower case, `POST` [`NAMESPACE_TOUCH`]) after a change, so that listings can sort by
/// it. Derived data: losing one does no harm, and the next one heals it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TouchRepository {
    /// The repository, whole: the listing keeps the fields that it shows.
    pub(crate) info: RepositoryInfo,
}

/// Path for [`TouchRepository`].
pub(crate) const NAMESPACE_TOUCH: &str = "/touch";
