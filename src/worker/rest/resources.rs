//! Resources as REST shows them.

pub(crate) mod deleted;
pub(crate) mod downstreams;
pub(crate) mod namespaces;
pub(crate) mod webhooks;

use serde::Serialize;

use self::downstreams::DownstreamListed;
use crate::repo_do::contract::pre_receive::ShownPreReceive;
use crate::repo_do::contract::{
    ImportProgress, OriginReport, RefRules, RepositoryInfo, RepositoryStatus, Scope, SkippedRefs,
    SnapshotChange, TokenRecord, TokenState, UpstreamInfo,
};
use crate::storage::repository::settings::RepositorySettings;
use crate::storage::repository::upstream::UpstreamPolicy;
use crate::worker::namespace::contract::{Listed, SharedToken};
use crate::worker::time::iso_8601;

/// A repository, in full.
#[derive(Debug, Serialize)]
pub(crate) struct Repository {
    id: String,
    name: String,
    description: Option<String>,
    default_branch: String,
    created_at: String,
    updated_at: String,
    last_push_at: Option<String>,
    source: Option<String>,
    #[serde(flatten)]
    settings: RepositorySettings,
    #[serde(flatten)]
    snapshots: SnapshotChange,
    fsck: Fsck,
    ref_rules: RefRules,
    pre_receive: Option<ShownPreReceive>,
    downstreams: Vec<DownstreamListed>,
    expires_at: Option<String>,
    idle_ttl_seconds: Option<i64>,
    remote: String,
    size_bytes: u64,
    object_count: u64,
    lfs_objects: u64,
    lfs_bytes: u64,
    bytes_max: Option<u64>,
    status: RepositoryStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<ImportProgress>,
    #[serde(flatten)]
    origin: OriginReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<ShownUpstream>,
}

impl Repository {
    /// Made of its object's answer, and the URL under which Git reaches it.
    #[must_use]
    pub(crate) fn new(info: RepositoryInfo, remote: String) -> Self {
        Self {
            id: info.repository_id,
            name: info.name,
            description: info.description,
            default_branch: info.default_branch,
            created_at: iso_8601(info.created_at_ms),
            updated_at: iso_8601(info.updated_at_ms),
            last_push_at: info.last_push_at_ms.map(iso_8601),
            source: info.source,
            settings: info.settings,
            snapshots: info.snapshots,
            fsck: Fsck {
                strict: info.fsck_strict,
            },
            ref_rules: info.ref_rules,
            pre_receive: info.pre_receive,
            downstreams: info.downstreams.into_iter().map(Into::into).collect(),
            expires_at: info.expires_at_ms.map(iso_8601),
            idle_ttl_seconds: info.idle_ttl_seconds,
            remote,
            size_bytes: info.size_bytes,
            object_count: info.object_count,
            lfs_objects: info.lfs_objects,
            lfs_bytes: info.lfs_bytes,
            bytes_max: info.bytes_max,
            status: info.status,
            import: info.import,
            origin: info.origin,
            upstream: info.upstream.map(Into::into),
        }
    }
}

/// The repository that one follows, in short.
#[derive(Debug, Serialize)]
struct ShownUpstream {
    url: String,
    policy: UpstreamPolicy,
    last_sync: Option<String>,
    last_error: Option<String>,
}

impl From<UpstreamInfo> for ShownUpstream {
    fn from(info: UpstreamInfo) -> Self {
        Self {
            url: info.url,
            policy: info.policy,
            last_sync: info.last_sync_ms.map(iso_8601),
            last_error: info.last_error,
        }
    }
}

/// How objects are checked that are pushed or imported.
#[derive(Debug, Serialize)]
struct Fsck {
    strict: bool,
}

/// A repository in a list: its figures may lag behind, and settings that only its own object knows
/// are left out.
#[derive(Debug, Serialize)]
pub(crate) struct ListedRepository {
    id: String,
    name: String,
    description: Option<String>,
    default_branch: String,
    created_at: String,
    updated_at: String,
    last_push_at: Option<String>,
    source: Option<String>,
    read_only: bool,
    public: bool,
    remote: String,
    size_bytes: u64,
    object_count: u64,
    lfs_bytes: u64,
    expires_at: Option<String>,
    status: Option<RepositoryStatus>,
}

impl ListedRepository {
    /// Made of its namespace's answer, the URL under which Git reaches it, and its status if that is known.
    #[must_use]
    pub(crate) fn new(listed: Listed, remote: String, status: Option<RepositoryStatus>) -> Self {
        Self {
            id: listed.repository_id,
            name: listed.name,
            description: listed.description,
            default_branch: listed.default_branch,
            created_at: iso_8601(listed.created_at_ms),
            updated_at: iso_8601(listed.updated_at_ms),
            last_push_at: listed.last_push_at_ms.map(iso_8601),
            source: listed.source,
            read_only: listed.read_only,
            public: listed.public,
            remote,
            size_bytes: listed.size_bytes,
            object_count: listed.object_count,
            lfs_bytes: listed.lfs_bytes,
            expires_at: listed.expires_at_ms.map(iso_8601),
            status,
        }
    }
}

/// A repository just made, with the only sight of its first token.
#[derive(Debug, Serialize)]
pub(crate) struct CreatedRepository {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Free text.
    pub(crate) description: Option<String>,
    /// A branch's short name.
    pub(crate) default_branch: String,
    /// Whether pushes are refused.
    pub(crate) read_only: bool,
    /// Its Git URL.
    pub(crate) remote: String,
    /// A token's plaintext.
    pub(crate) token: String,
    /// When the token ends.
    pub(crate) expires_at: String,
    /// The remote with the token in it: `git clone` takes it as it is.
    pub(crate) clone_url: String,
    /// For a fork: the objects that it took over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) objects: Option<u64>,
    /// For a fork: the source's refs that it left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skipped_refs: Option<SkippedRefs>,
}

/// A repository being deleted, or a token revoked.
#[derive(Debug, Serialize)]
pub(crate) struct Gone {
    /// Its id.
    pub(crate) id: String,
}

/// A remote with a token as its password: `git clone` takes it as it is.
#[must_use]
pub(crate) fn with_token(remote: &str, plaintext: &str) -> String {
    remote.replacen("://", &format!("://x:{plaintext}@"), 1)
}

/// The names of the repositories that a namespace's token opens; `null` for every one.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct OpenedRepos(Option<Vec<String>>);

/// A token just made, with the only sight of it.
#[derive(Debug, Serialize)]
pub(crate) struct CreatedToken {
    id: String,
    plaintext: String,
    scope: Scope,
    label: Option<String>,
    expires_at: String,
    /// For a repository's token: its remote with the token in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    clone_url: Option<String>,
    /// For a namespace's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    repos: Option<OpenedRepos>,
    refs: RefRules,
}

impl CreatedToken {
    /// A repository's, of its record, the token as its maker gets it, and the remote with it in it.
    #[must_use]
    pub(crate) fn of_repository(record: TokenRecord, plaintext: String, clone_url: String) -> Self {
        Self {
            clone_url: Some(clone_url),
            ..Self::new(record, plaintext)
        }
    }

    /// A namespace's, of its record and its plaintext.
    #[must_use]
    pub(crate) fn of_namespace(made: SharedToken, plaintext: String) -> Self {
        Self {
            repos: Some(OpenedRepos(made.repos)),
            ..Self::new(made.token, plaintext)
        }
    }

    fn new(record: TokenRecord, plaintext: String) -> Self {
        Self {
            id: record.token_id,
            plaintext,
            scope: record.scope,
            label: record.label,
            expires_at: iso_8601(record.expires_at_ms),
            clone_url: None,
            repos: None,
            refs: record.refs,
        }
    }
}

/// A token in a list.
#[derive(Debug, Serialize)]
pub(crate) struct ListedToken {
    id: String,
    scope: Scope,
    label: Option<String>,
    state: TokenState,
    created_at: String,
    expires_at: String,
    last_used_at: Option<String>,
    /// For a namespace's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    repos: Option<OpenedRepos>,
    refs: RefRules,
}

impl ListedToken {
    /// Made of its record, at a time in milliseconds since 1970.
    #[must_use]
    pub(crate) fn new(record: TokenRecord, now_ms: i64) -> Self {
        Self {
            state: record.state(now_ms),
            id: record.token_id,
            scope: record.scope,
            label: record.label,
            created_at: iso_8601(record.created_at_ms),
            expires_at: iso_8601(record.expires_at_ms),
            last_used_at: record.last_used_at_ms.map(iso_8601),
            repos: None,
            refs: record.refs,
        }
    }

    /// One of a namespace's.
    #[must_use]
    pub(crate) fn of_namespace(listed: SharedToken, now_ms: i64) -> Self {
        Self {
            repos: Some(OpenedRepos(listed.repos)),
            ..Self::new(listed.token, now_ms)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::repo_do::contract::TokenHash;

    #[test]
    fn a_repository_as_shown() {
        let info = RepositoryInfo {
            repository_id: "0123456789abcdef".into(),
            namespace: "Acme".into(),
            name: "Widget".into(),
            description: None,
            default_branch: "main".into(),
            created_at_ms: 0,
            updated_at_ms: 1,
            last_push_at_ms: Some(2),
            source: None,
            settings: RepositorySettings {
                read_only: false,
                public: true,
                deny_non_fast_forwards: true,
                deny_deletes: false,
                prune_grace_seconds: 1_209_600,
                reflog_retention_seconds: 7_776_000,
                superseded_grace_seconds: 3600,
                fetch_events: false,
                push_protection: false,
            },
            snapshots: SnapshotChange {
                settle_seconds: Some(60),
                cold_after_seconds: Some(604_800),
                cold_bytes_min: Some(7),
                ready_bytes_min: Some(8),
            },
            fsck_strict: false,
            ref_rules: RefRules::default(),
            pre_receive: None,
            downstreams: Vec::new(),
            expires_at_ms: Some(7),
            idle_ttl_seconds: None,
            status: RepositoryStatus::Ready,
            import: None,
            origin: OriginReport::default(),
            upstream: None,
            standing_version: 0,
            size_bytes: 3,
            object_count: 4,
            lfs_objects: 5,
            lfs_bytes: 6,
            bytes_max: None,
            database_bytes: 0,
            r2_bytes: None,
        };
        let shown = Repository::new(info, "https://h/git/Acme/Widget.git".into());
        assert_eq!(
            serde_json::to_value(shown).unwrap(),
            json!({
                "id": "0123456789abcdef", "name": "Widget", "description": null,
                "default_branch": "main", "created_at": "1970-01-01T00:00:00.000Z",
                "updated_at": "1970-01-01T00:00:00.001Z",
                "last_push_at": "1970-01-01T00:00:00.002Z", "source": null, "read_only": false,
                "public": true, "deny_non_fast_forwards": true, "deny_deletes": false,
                "fsck": {"strict": false}, "ref_rules": [], "pre_receive": null,
                "downstreams": [],
                "expires_at": "1970-01-01T00:00:00.007Z", "idle_ttl_seconds": null,
                "prune_grace_seconds": 1_209_600, "reflog_retention_seconds": 7_776_000,
                "superseded_grace_seconds": 3600, "fetch_events": false, "push_protection": false,
                "settle_seconds": 60, "cold_after_seconds": 604_800, "cold_bytes_min": 7,
                "ready_bytes_min": 8,
                "remote": "https://h/git/Acme/Widget.git", "size_bytes": 3, "object_count": 4,
                "lfs_objects": 5, "lfs_bytes": 6, "bytes_max": null,
                "status": "ready",
            })
        );
    }

    #[test]
    fn a_clone_url_is_the_remote_with_the_token_in_it() {
        assert_eq!(
            with_token("https://h/git/a/b.git", "cairn_t"),
            "https://x:cairn_t@h/git/a/b.git"
        );
    }

    #[test]
    fn a_token_is_shown_without_its_hash() {
        let record = TokenRecord {
            token_id: "0123456789abcdef".into(),
            sha256: TokenHash::new([0xab; 32]),
            scope: Scope::Read,
            label: Some("ci".into()),
            created_at_ms: 0,
            expires_at_ms: 1000,
            revoked_at_ms: None,
            last_used_at_ms: None,
            refs: RefRules::default(),
        };
        assert_eq!(
            serde_json::to_value(ListedToken::new(record, 1000)).unwrap(),
            json!({
                "id": "0123456789abcdef", "scope": "read", "label": "ci", "state": "expired",
                "created_at": "1970-01-01T00:00:00.000Z",
                "expires_at": "1970-01-01T00:00:01.000Z", "last_used_at": null, "refs": [],
            })
        );
    }
}
