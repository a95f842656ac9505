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
//! | `GET /compare/…?…` | read | | see [`compare`] |
//! | `POST, PUT, DELETE /write/…` | push | as the client sent it | see [`write`] |
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

pub(crate) mod compare;
pub(crate) mod content;
pub(crate) mod strict;
pub(crate) mod write;

mod actor;
mod branch;
mod error;
mod fault;
mod fork;
mod http;
mod import;
mod in_band;
mod maintenance;
mod public_id;
mod rate;
mod recover;
mod remote_url;
mod repository;
mod token;
mod usage;

#[cfg(test)]
mod tests;

pub(crate) use actor::{Access, Actor, Refusal, TokenHash, authorize};
pub(crate) use branch::check_branch;
pub(crate) use error::{ErrorCode, ErrorReply};
pub(crate) use fault::Fault;
pub(crate) use fork::{ExportFork, ForkRepository, NAMESPACE_RELEASE, ReleaseName};
pub(crate) use http::{CONDITION_HEADERS, FORWARDED_HEADERS, ORIGIN, header, path};
pub(crate) use import::{ImportPhase, ImportProgress, ImportRepository};
pub(crate) use in_band::{GitPost, error_packet, instead_of_pack};
pub(crate) use maintenance::{Holder, Maintain, MaintenanceTask, Purged, SnapshotChange};
pub(crate) use public_id::{PUBLIC_ID_CHARS, is_public_id, object_name, token_id_prefix};
pub(crate) use rate::{Meter, Rate};
pub(crate) use recover::RecoverRepository;
pub(crate) use remote_url::{Credentials, RemoteUrl, RemoteUrlError};
pub(crate) use repository::{
    CreateRepository, Deleted, NAMESPACE_TOUCH, RepositoryInfo, RepositoryStatus, TouchRepository,
    UpdateRepository, present,
};
pub(crate) use token::{
    Admit, Admitted, CreateToken, NAMESPACE_ADMIT, RevokedToken, Scope, TokenPage, TokenRecord,
    TokenState,
};
pub(crate) use usage::{RequestLine, Usage};

pub(crate) use crate::storage::repository::origin_report::{OriginReport, SkippedRefs};
