//! Messages between the Worker and the repository's object, over `fetch`.
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
//! | `GET /git/bundles` | read | | the bundle in R2, as a list in the form of Git's configuration |
//! | `GET /git/bundles/<time>` | read, or a query that the object has signed | | [`BundlePlace`] |
//! | `GET /bundle` | read | | a bundle, as `git bundle create --all` makes it |
//! | `POST /init` | (the Worker's only) | [`CreateRepository`] | [`RepositoryInfo`] |
//! | `POST /fork` | (the Worker's only) | [`ForkRepository`] | [`RepositoryInfo`] |
//! | `POST /fork/export` | administer | [`ExportFork`] | frames, see `fork::wire` |
//! | `POST /import` | (the Worker's only) | [`ImportRepository`] | [`RepositoryInfo`] |
//! | `POST /recover` | (the Worker's only) | [`RecoverRepository`] | [`RepositoryInfo`] |
//! | `GET /info` | administer | | [`RepositoryInfo`] |
//! | `POST /update` | administer | [`UpdateRepository`] | [`RepositoryInfo`] |
//! | `POST /standing` | (the namespace's only) | [`TakeStanding`] | [`StandingTaken`] |
//! | `POST /rename` | administer | [`RenameRepository`] | [`RepositoryInfo`] |
//! | `POST /forward` | (the operator's, to the object of a name) | [`Forwarding`] | the same |
//! | `POST /delete` | administer | [`DeleteRepository`] | [`Deleted`] |
//! | `POST /kept/restore` | (the Worker's only) | [`KeptAsked`] | [`RepositoryInfo`] |
//! | `POST /kept/purge` | (the Worker's only) | [`KeptAsked`] | [`Deleted`] |
//! | `POST /tokens` | administer | [`CreateToken`] | [`TokenRecord`] |
//! | `GET /tokens?state=…&token=…&page=…&per_page=…&behind=…` | administer | | [`TokenPage`] |
//! | `DELETE /tokens/<id>` | administer | | [`RevokedToken`] |
//! | `POST /maintenance` | administer | [`Maintain`] | a JSON object, passed on likewise |
//! | `POST /purge` | administer | | [`Purged`] |
//! | `GET /content/…?…` | read | | see [`content`] |
//! | `GET /compare/…?…` | read | | see [`compare`] |
//! | `GET /explore/…?…` | read | | see [`explore`] |
//! | `POST, PUT, DELETE /write/…` | push | as the client sent it | see [`write`] |
//! | `POST /lfs/…` | read or push | | see [`lfs`] and [`lfs_locks`] |
//! | `GET /events?…` | read, with a credential | | JSON as the client gets it, or server-sent events |
//! | `GET /upstream` | administer | | a JSON object, passed on likewise |
//! | `POST /upstream` | administer | [`SetUpstream`] | the same |
//! | `DELETE /upstream` | administer | | a JSON object, passed on likewise |
//! | `POST /upstream/sync` | administer | | the sync, a JSON object, passed on likewise |
//! | `GET /upstream/syncs?…` | administer | ([`ListSyncs`]) | [`SyncPage`] |
//! | `POST /upstream/hook` | a signature | as the upstream sent it | a JSON object, passed on likewise |
//! | `GET /stats` | administer | | a JSON object, passed on as the envelope's `result` |
//!
//! Success is status 200 (for a blob's bytes also 206 and 304). For a git answer the Worker sets
//! the headers and streams the body on. Every other status, on the git paths too, is
//! [`ErrorCode::status`] and has an [`ErrorReply`] as its body. The Worker turns that into the answer that
//! the client expects there, with `WWW-Authenticate` and `Retry-After`.
//!
//! Duties of the object:
//! - Each answer has [`header::USAGE`]. The object writes the log line of a fetch or a push that it
//!   answers with status 200, once it has sent the last byte. The Worker writes all others.
//! - It decides with [`authorize`]; the Worker's finding in KV is never more than an early no.
//!   If it does not know a token, it asks its namespace's object ([`NAMESPACE_ADMIT`]).
//! - `POST /init`, `POST /fork`, `POST /import` and `POST /recover` are idempotent by repository
//!   id: the same id again gets the first answer; another one gets [`ErrorCode::AlreadyExists`].
//! - While a fork is being made, git gets 503 and REST [`ErrorCode::ForkInProgress`]. The object
//!   ends an interrupted fork or deletion before it makes anything else.
//! - While an import or a recovery runs, the git paths answer [`ErrorCode::Unavailable`], content
//!   and bundles [`ErrorCode::ImportInProgress`] or [`ErrorCode::CreateInProgress`]. After a
//!   failure only the reason is left, and [`ErrorCode::NotFound`] gives it.
//! - Before `/init` and after `/delete` it writes nothing (not even its schema), because any client
//!   may name an object that does not exist, and rows are billed.

pub(crate) mod archive;
pub(crate) mod compare;
pub(crate) mod conditions;
pub(crate) mod content;
pub(crate) mod explore;
pub(crate) mod lfs;
pub(crate) mod lfs_locks;
pub(crate) mod pre_receive;
pub(crate) mod signing;
pub(crate) mod strict;
pub(crate) mod write;

mod actor;
mod backoff;
mod behalf;
mod branch;
mod bundle_place;
mod deleted;
pub(crate) mod downstream;
mod error;
pub(crate) mod event;
pub(crate) mod event_query;
pub(crate) mod event_shown;
pub(crate) mod event_types;
mod fault;
mod fork;
mod forward;
mod given_credentials;
mod http;
mod import;
mod in_band;
mod link_url;
mod location;
mod maintenance;
pub(crate) mod moving;
mod public_id;
pub(crate) mod query;
pub(crate) mod quota;
mod rate;
mod recover;
mod ref_rules;
mod refs_changed;
mod remote_url;
mod repository;
mod request_line;
pub(crate) mod retry;
mod signed;
mod standing;
mod token;
mod token_like;
mod upstream;
mod upstream_info;
mod usage;
mod usage_day;

#[cfg(test)]
mod tests;

pub(crate) use actor::{Access, Actor, Refusal, TokenHash, authorize, check_standing};
pub(crate) use backoff::Backoff;
pub(crate) use behalf::Behalf;
pub(crate) use branch::check_branch;
pub(crate) use bundle_place::{BundlePlace, unopened};
pub(crate) use deleted::{
    DeleteRepository, Deleted, ForgetKept, KeptAsked, KeptRepository, NAMESPACE_FORGET,
    NAMESPACE_KEEP,
};
pub(crate) use error::{ErrorCode, ErrorReply};
pub(crate) use fault::Fault;
pub(crate) use fork::{ExportFork, ForkRepository, NAMESPACE_RELEASE, ReleaseName};
pub(crate) use forward::{Forwarding, RenameRepository, forwarded, forwarded_text};
pub(crate) use given_credentials::{CredentialsKind, GivenCredentials, with_token};
pub(crate) use http::{CONDITION_HEADERS, EVENT_HEADERS, FORWARDED_HEADERS, ORIGIN, header, path};
pub(crate) use import::{ImportPhase, ImportProgress, ImportRepository};
pub(crate) use in_band::{GitPost, error_packet, instead_of_pack};
pub(crate) use link_url::LinkUrl;
pub(crate) use location::LocationHint;
pub(crate) use maintenance::{Holder, Maintain, MaintenanceTask, Purged, SnapshotChange};
pub(crate) use public_id::{PUBLIC_ID_CHARS, is_public_id, object_name, token_id_prefix};
pub(crate) use rate::{Meter, Rate, RateLeft};
pub(crate) use recover::RecoverRepository;
pub(crate) use ref_rules::checked_ref_rules;
pub(crate) use refs_changed::RefsChanged;
pub(crate) use remote_url::{Credentials, RemoteUrl, RemoteUrlError, check_webhook_url};
pub(crate) use repository::{
    CreateRepository, NAMESPACE_TOUCH, RepositoryInfo, RepositoryStatus, TouchRepository,
    UpdateRepository, present,
};
pub(crate) use request_line::RequestLine;
pub(crate) use signed::{Signed, Trust};
pub(crate) use standing::{Standing, StandingTaken, TakeStanding, ToldBytes};
pub(crate) use token::{
    Admit, Admitted, CreateToken, NAMESPACE_ADMIT, NAMESPACE_TOKEN, NamedToken, RevokedToken,
    Scope, TokenPage, TokenPlace, TokenRecord, TokenState,
};
pub(crate) use token_like::{TOKEN_PREFIX, TOKEN_VERSION_1, resembles_token};
pub(crate) use upstream::{ListSyncs, SetUpstream, SyncPage, UPSTREAM_HOOK_HEADERS};
pub(crate) use upstream_info::UpstreamInfo;
pub(crate) use usage::{Asker, Usage};
pub(crate) use usage_day::UsageDay;

pub(crate) use crate::git::fetch_client::selection::RefSelection;
pub(crate) use crate::git::receive_pack::ref_rules::RefRules;
pub(crate) use crate::git::refspec::{REFSPECS_MAX, Refspecs};
pub(crate) use crate::storage::repository::origin_report::{OriginReport, SkippedRefs};
