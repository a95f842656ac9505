//! What the Worker and the repository's object say to each other, over `fetch`.
//!
//! Rust objects cannot serve RPC, so a call is an HTTP request to an internal URL
//! (`https://object` + one of [`path`]) with the headers of [`header`]. The Worker writes every
//! internal header itself and passes none of the client's on except [`FORWARDED_HEADERS`], so
//! that the object may believe them.
//!
//! | request | access | body | answer |
//! |---|---|---|---|
//! | `GET /git/info/refs?service=git-upload-pack` | read | | as Git's smart HTTP |
//! | `GET /git/info/refs?service=git-receive-pack` | push | | as Git's smart HTTP |
//! | `POST /git/git-upload-pack` | read | as the client sent it, perhaps gzipped | as Git's smart HTTP |
//! | `POST /git/git-receive-pack` | push | as the client sent it, perhaps gzipped | as Git's smart HTTP |
//! | `GET /bundle` | read | | a bundle, as `git bundle create --all` makes it |
//! | `POST /init` | (the Worker's only) | [`CreateRepository`] | [`RepositoryInfo`] |
//! | `POST /fork` | (the Worker's only) | [`ForkRepository`] | [`RepositoryInfo`] |
//! | `POST /fork/export` | administer | [`ExportFork`] | frames, see `fork::wire` |
//! | `POST /import` | (the Worker's only) | [`ImportRepository`] | [`RepositoryInfo`] |
//! | `POST /recover` | (the Worker's only) | [`RecoverRepository`] | [`RepositoryInfo`] |
//! | `GET /info` | administer | | [`RepositoryInfo`] |
//! | `POST /update` | administer | [`UpdateRepository`] | [`RepositoryInfo`] |
//! | `POST /delete` | administer | | [`Deleted`] |
//! | `POST /tokens` | administer | [`CreateToken`] | [`TokenRecord`] |
//! | `GET /tokens?state=…&token=…&page=…&per_page=…` | administer | | [`TokenPage`] |
//! | `DELETE /tokens/<id>` | administer | | [`RevokedToken`] |
//! | `POST /maintenance` | administer | [`Maintain`] | a JSON object, passed on likewise |
//! | `POST /purge` | administer | | [`Purged`] |
//! | `GET /content/…?…` | read | | see [`content`] |
//! | `GET /stats` | administer | | a JSON object, passed on as the envelope's `result` |
//!
//! Success is status 200 (of a blob's bytes also 206 and 304); of a git answer the Worker sets the headers and streams the body on.
//! Every other status carries an [`ErrorReply`] as its body, with [`ErrorCode::status`] as its
//! status, on the git paths too: the Worker turns it into what the client of that face expects,
//! `WWW-Authenticate` and `Retry-After` included.
//!
//! Duties of the object:
//! - Each answer has [`header::USAGE`]. Of a fetch or a push that it answers with status 200 it
//!   writes the log line itself, when the last byte is sent; of everything else the Worker does.
//! - It decides with [`authorize`]; what the Worker found in KV is never more than an early no.
//!   A token that is none of its own may be its namespace's: it asks that one's object
//!   ([`NAMESPACE_ADMIT`]).
//! - `POST /init`, `POST /fork`, `POST /import` and `POST /recover` are idempotent by repository id: the
//!   same id again answers as the first time; a different one is [`ErrorCode::AlreadyExists`].
//! - While a fork grows, git hears 503 and REST [`ErrorCode::ForkInProgress`]; one that was
//!   interrupted, and a deletion, are ended before anything else is made.
//! - While an import or a recovery runs, the git paths answer [`ErrorCode::Unavailable`], content and
//!   bundles [`ErrorCode::ImportInProgress`] or [`ErrorCode::CreateInProgress`]; when it has failed,
//!   nothing is left but the reason, which a [`ErrorCode::NotFound`] then gives.
//! - Before `/init` and after `/delete` it writes nothing (not even its schema): anybody may name
//!   an object that does not exist, and rows are billed.

use serde::{Deserialize, Serialize};

mod actor;
mod branch;
pub mod content;
mod error;
mod fork;
mod import;
mod in_band;
mod maintenance;
mod rate;
mod recover;
mod remote_url;
mod token;
mod usage;

pub use actor::{Access, Actor, BadActor, Refusal, TokenHash, authorize};
pub use branch::check_branch;
pub use error::{ErrorCode, ErrorReply};
pub use fork::{ExportFork, ForkRepository, NAMESPACE_RELEASE, ReleaseName};
pub use import::{ImportPhase, ImportProgress, ImportRepository};
pub use in_band::{GitPost, error_packet, instead_of_pack};
pub use maintenance::{Holder, Maintain, MaintenanceTask, Purged, SnapshotChange};
pub use rate::{Meter, Rate};
pub use recover::RecoverRepository;
pub use remote_url::{Credentials, RemoteUrl, RemoteUrlError};
pub use token::{
    Admit, Admitted, CreateToken, NAMESPACE_ADMIT, RevokedToken, Scope, TokenPage, TokenRecord,
    TokenState,
};
pub use usage::{RequestLine, Usage};

pub use crate::storage::origin_report::{OriginReport, SkippedRefs};

/// Scheme and host of internal URLs; only the path and the query mean something.
pub const ORIGIN: &str = "https://object";

/// Paths that the object serves.
pub mod path {
    /// How the paths of Git's smart HTTP begin.
    pub const GIT: &str = "/git/";
    /// The advertisement of either service; the query is the client's.
    pub const INFO_REFS: &str = "/git/info/refs";
    /// A fetch.
    pub const UPLOAD_PACK: &str = "/git/git-upload-pack";
    /// A push.
    pub const RECEIVE_PACK: &str = "/git/git-receive-pack";
    /// Everything as one file; the answer streams as a fetch's does.
    pub const BUNDLE: &str = "/bundle";
    /// Removes what no ref reaches.
    pub const PURGE: &str = "/purge";
    /// Makes the repository.
    pub const INIT: &str = "/init";
    /// Makes the repository of what another one has.
    pub const FORK: &str = "/fork";
    /// Gives what a fork takes over.
    pub const FORK_EXPORT: &str = "/fork/export";
    /// Makes the repository and begins to fill it from elsewhere.
    pub const IMPORT: &str = "/import";
    /// Makes the repository again of what R2 has.
    pub const RECOVER: &str = "/recover";
    /// The repository's settings and figures.
    pub const INFO: &str = "/info";
    /// Changes settings.
    pub const UPDATE: &str = "/update";
    /// Wipes the repository.
    pub const DELETE: &str = "/delete";
    /// Lists and makes tokens; `/tokens/<id>` is one token.
    pub const TOKENS: &str = "/tokens";
    /// Does now what the alarm would do in time.
    pub const MAINTENANCE: &str = "/maintenance";
    /// Live figures.
    pub const STATS: &str = "/stats";

    /// The path of one token.
    #[must_use]
    pub fn token(token_id: &str) -> String {
        format!("{TOKENS}/{token_id}")
    }

    /// The token that a path names, if it is one of [`token`]'s.
    #[must_use]
    pub fn token_id(path: &str) -> Option<&str> {
        let token_id = path.strip_prefix(TOKENS)?.strip_prefix('/')?;
        super::is_public_id(token_id).then_some(token_id)
    }
}

/// Internal headers, written by the Worker.
pub mod header {
    /// Who asks: [`super::Actor`] in its text form.
    pub const ACTOR: &str = "x-cairn-actor";
    /// On a request that was turned away among too many of strangers, and that has a token which KV
    /// knows: it is counted with the owners' until the namespace says what it is.
    pub const KNOWN_TOKEN: &str = "x-cairn-known-token";
    /// `<namespace>/<repo>` as the client spelled it: for messages, and whose namespace is asked
    /// about tokens that the object does not know.
    pub const REPOSITORY: &str = "x-cairn-repository";
    /// Of a request without a credential: the address that it comes from, which shares memory among
    /// its requests.
    pub const ADDRESS: &str = "x-cairn-address";
    /// On the object's answer to a fetch: the R2 object whose bytes follow those of the body.
    pub const READY: &str = "x-cairn-ready";
    /// Beside [`READY`]: how many bytes the R2 object has.
    pub const READY_BYTES: &str = "x-cairn-ready-bytes";
    /// On every answer of an object's: what it took ([`super::Usage`] in its text form).
    pub const USAGE: &str = "x-cairn-usage";
    /// Ties the log lines of one request together, and is told to the client.
    pub const REQUEST_ID: &str = "x-cairn-request-id";
    /// On a request for content: only the head of the answer is wanted.
    pub const HEAD: &str = "x-cairn-head";
    /// On an answer with a blob's bytes: how many there are.
    pub const BODY_BYTES: &str = "x-cairn-body-bytes";
    /// The Git protocol version asked for; the client's own header, passed on.
    pub const GIT_PROTOCOL: &str = "git-protocol";
}

/// The headers of the client's that the Worker passes on with a git request, where present.
pub const FORWARDED_HEADERS: [&str; 3] =
    [header::GIT_PROTOCOL, "content-encoding", "content-length"];

/// Those of a request for content.
pub const CONDITION_HEADERS: [&str; 3] = ["if-none-match", "range", "if-range"];

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

/// Characters of a public id.
pub const PUBLIC_ID_CHARS: usize = 16;

/// Whether the text is an id as we give them: 16 characters of `[0-9a-z]`.
#[must_use]
pub fn is_public_id(text: &str) -> bool {
    text.len() == PUBLIC_ID_CHARS
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// How the ids of a repository's tokens start, so that a token's id alone finds its repository.
#[must_use]
pub fn token_id_prefix(repository_id: &str) -> &str {
    repository_id
        .get(..PUBLIC_ID_CHARS / 2)
        .unwrap_or(repository_id)
}

/// The name under which a repository's object is reached: lower case, so that names match without
/// regard to case. Both parts are checked names (ASCII, no slash), so no two pairs collide.
#[must_use]
pub fn object_name(namespace: &str, repository: &str) -> String {
    format!(
        "{}/{}",
        namespace.to_ascii_lowercase(),
        repository.to_ascii_lowercase()
    )
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

#[cfg(test)]
mod tests;
