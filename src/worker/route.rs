//! Finds the resource of a path. Case matters in the fixed parts of a path and not in names.
//!
//! The path comes as the URL parser left it (dot segments resolved, percent-encoding kept). It is
//! cut at its slashes first and each segment decoded once, so that an encoded slash can only end
//! up inside a name, where it is refused.

use percent_encoding::percent_decode_str;

pub(crate) use self::content::Content;
use self::downstreams::DownstreamRoute;
use self::lfs::LfsRoute;
use self::upstream::UpstreamRoute;
use self::webhooks::{HookOwner, HookRoute};
pub(crate) use self::writes::Write;
use super::names::{NameError, NamespaceName, RepositoryName, RepositoryPath};
use super::neighbours::Neighbour;
use crate::repo_do::contract::{GitPost, is_public_id};

pub(crate) mod content;
pub(crate) mod downstreams;
pub(crate) mod face;
pub(crate) mod lfs;
pub(crate) mod upstream;
pub(crate) mod webhooks;
mod writes;

/// The resource that a request addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// One of Git's own paths.
    Git(RepositoryPath, GitRoute),
    /// The list of bundles in R2 or, by the time at which it was made, one of them.
    Bundles(RepositoryPath, Option<i64>),
    /// Git LFS, beside them.
    Lfs(RepositoryPath, LfsRoute),
    /// A service that other hosts offer beside them.
    Neighbour(RepositoryPath, Neighbour),
    /// `/r/:ns/:name` and the paths below: a page of the repository for a browser.
    Page(RepositoryPath),
    /// `/signin`, `/n` and the paths below: the pages beside those of repositories.
    Place,
    /// `/assets/:file`: a file that the pages load.
    Asset(String),
    /// `/`
    FrontPage,
    /// `/healthz`
    Health,
    /// `/metrics`
    Metrics,
    /// `/api/v1/openapi.json`
    OpenApi,
    /// Below `/api/v1`.
    Rest(RestRoute),
}

/// The part of a git path after the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GitRoute {
    /// `info/refs`: with `?service=` the smart protocol's advertisement.
    InfoRefs,
    /// A fetch.
    UploadPack,
    /// A push.
    ReceivePack,
    /// The files that the dumb protocol reads; never served.
    Dumb,
}

/// A REST route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RestRoute {
    /// `/session`
    Session,
    /// `/namespaces`
    Namespaces,
    /// `/namespaces/:ns`
    Namespace(NamespaceName),
    /// `/namespaces/:ns/repos`
    Repositories(NamespaceName),
    /// `/namespaces/:ns/repos/:name`
    Repository(RepositoryPath),
    /// `/namespaces/:ns/repos/:name/fork`
    Fork(RepositoryPath),
    /// `/namespaces/:ns/repos/:name/restore-deleted`
    Restore(RepositoryPath),
    /// `/namespaces/:ns/deleted`
    Deleted(NamespaceName),
    /// `/namespaces/:ns/deleted/:id`
    DeletedOne(NamespaceName, String),
    /// `/namespaces/:ns/repos/:name/tokens`
    RepositoryTokens(RepositoryPath),
    /// `/namespaces/:ns/repos/:name/tokens/:id`
    RepositoryToken(RepositoryPath, String),
    /// `/namespaces/:ns/repos/:name/stats`
    Stats(RepositoryPath),
    /// `/namespaces/:ns/repos/:name/maintenance`
    Maintenance(RepositoryPath),
    /// `/namespaces/:ns/repos/:name/purge-unreachable`
    Purge(RepositoryPath),
    /// `/namespaces/:ns/repos/:name/import`
    Import(RepositoryPath),
    /// `/namespaces/:ns/repos/:name/rename`
    Rename(RepositoryPath),
    /// `/namespaces/:ns/repos/:name/bundle`
    Bundle(RepositoryPath),
    /// `/namespaces/:ns/repos/:name/recover`
    Recover(RepositoryPath),
    /// `/namespaces/:ns/repos/:name/events`
    RepositoryEvents(RepositoryPath),
    /// Below `/namespaces/:ns/webhooks` or `/namespaces/:ns/repos/:name/webhooks`
    Webhooks(HookOwner, HookRoute),
    /// Below `/namespaces/:ns/repos/:name/downstreams`
    Downstreams(RepositoryPath, DownstreamRoute),
    /// Below `/namespaces/:ns/repos/:name/upstream`
    Upstream(RepositoryPath, UpstreamRoute),
    /// `/namespaces/:ns/events`
    Events(NamespaceName),
    /// `/namespaces/:ns/relist`
    Relist(NamespaceName),
    /// `/namespaces/:ns/usage`
    Usage(NamespaceName),
    /// `/namespaces/:ns/tokens`
    Tokens(NamespaceName),
    /// `/audit`
    DeploymentAudit,
    /// `/namespaces/:ns/audit`
    Audit(NamespaceName),
    /// `/namespaces/:ns/tokens/revoke-all`
    RevokeAll(NamespaceName),
    /// `/namespaces/:ns/tokens/revoke-signed`
    RevokeSigned(NamespaceName),
    /// `/namespaces/:ns/tokens/:id`
    Token(NamespaceName, String),
    /// Below `/namespaces/:ns/repos/:name`: the resources that are read; refs and notes are written there as
    /// well.
    Content(RepositoryPath, Content),
    /// Below `/namespaces/:ns/repos/:name`: the resources that are written.
    Write(RepositoryPath, Write),
}

/// Why a path names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RouteError {
    /// Nothing is served there.
    #[error("no such path")]
    Unknown,
    /// It begins like a path of Cloudflare's API that is not served here.
    #[error("of Cloudflare's API this server has /client/v4/accounts/<account>/artifacts/… only")]
    NoArtifacts,
    /// A name in the path breaks the rules, so nothing can be there.
    #[error("invalid path: {0}")]
    Name(#[from] NameError),
    /// A segment does not decode to text.
    #[error("invalid path: not UTF-8")]
    Encoding,
}

/// Reads a path.
pub(crate) fn parse(path: &str) -> Result<Route, RouteError> {
    let path = path.strip_prefix('/').ok_or(RouteError::Unknown)?;
    if !path.contains('%') {
        return named(&path.split('/').collect::<Vec<_>>());
    }
    let segments = path
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| RouteError::Encoding)?;
    named(&segments.iter().map(AsRef::as_ref).collect::<Vec<_>>())
}

/// The route of decoded segments.
fn named(segments: &[&str]) -> Result<Route, RouteError> {
    match segments {
        [""] => Ok(Route::FrontPage),
        ["healthz"] => Ok(Route::Health),
        ["metrics"] => Ok(Route::Metrics),
        ["git", namespace, repository, rest @ ..] => parse_git(namespace, repository, rest),
        ["r", namespace, repository, ..] => {
            let path = repository_path(namespace, without_git_suffix(repository))?;
            Ok(Route::Page(path))
        }
        ["signin"] | ["n", ..] => Ok(Route::Place),
        ["assets", file] => Ok(Route::Asset((*file).to_owned())),
        ["api", "v1", "openapi.json"] => Ok(Route::OpenApi),
        ["api", "v1", rest @ ..] => parse_rest(rest).map(Route::Rest),
        ["client", "v4", ..] => Err(RouteError::NoArtifacts),
        _ => Err(RouteError::Unknown),
    }
}

fn parse_git(namespace: &str, repository: &str, rest: &[&str]) -> Result<Route, RouteError> {
    let route = match rest {
        ["info", "refs"] => GitRoute::InfoRefs,
        ["git-upload-pack"] => GitRoute::UploadPack,
        ["git-receive-pack"] => GitRoute::ReceivePack,
        ["HEAD"] | ["objects", ..] => GitRoute::Dumb,
        ["bundles", rest @ ..] => {
            let path = repository_path(namespace, without_git_suffix(repository))?;
            let made_at = match rest {
                [] => None,
                [made_at] => Some(made_at.parse().map_err(|_| RouteError::Unknown)?),
                _ => return Err(RouteError::Unknown),
            };
            return Ok(Route::Bundles(path, made_at));
        }
        ["info", "lfs", rest @ ..] => {
            let path = repository_path(namespace, without_git_suffix(repository))?;
            let route = LfsRoute::parse(rest).ok_or(RouteError::Unknown)?;
            return Ok(Route::Lfs(path, route));
        }
        rest => {
            let neighbour = Neighbour::of(rest).ok_or(RouteError::Unknown)?;
            let path = repository_path(namespace, without_git_suffix(repository))?;
            return Ok(Route::Neighbour(path, neighbour));
        }
    };
    let path = repository_path(namespace, without_git_suffix(repository))?;
    Ok(Route::Git(path, route))
}

/// A repository's name without the `.git` that Git's URLs may have, in any case.
pub(crate) fn without_git_suffix(repository: &str) -> &str {
    match repository
        .len()
        .checked_sub(4)
        .and_then(|at| repository.split_at_checked(at))
    {
        Some((name, suffix)) if suffix.eq_ignore_ascii_case(".git") => name,
        _ => repository,
    }
}

fn parse_rest(segments: &[&str]) -> Result<RestRoute, RouteError> {
    let namespace = NamespaceName::parse;
    Ok(match segments {
        ["session"] => RestRoute::Session,
        ["namespaces"] => RestRoute::Namespaces,
        ["namespaces", ns] => RestRoute::Namespace(namespace(ns)?),
        ["namespaces", ns, "repos"] => RestRoute::Repositories(namespace(ns)?),
        ["namespaces", ns, "repos", name] => RestRoute::Repository(repository_path(ns, name)?),
        ["namespaces", ns, "repos", name, "fork"] => RestRoute::Fork(repository_path(ns, name)?),
        ["namespaces", ns, "repos", name, "restore-deleted"] => {
            RestRoute::Restore(repository_path(ns, name)?)
        }
        ["namespaces", ns, "deleted"] => RestRoute::Deleted(namespace(ns)?),
        ["namespaces", ns, "deleted", id] if is_public_id(id) => {
            RestRoute::DeletedOne(namespace(ns)?, (*id).to_owned())
        }
        ["namespaces", ns, "repos", name, "tokens"] => {
            RestRoute::RepositoryTokens(repository_path(ns, name)?)
        }
        ["namespaces", ns, "repos", name, "tokens", token_id] if is_public_id(token_id) => {
            RestRoute::RepositoryToken(repository_path(ns, name)?, (*token_id).to_owned())
        }
        ["namespaces", ns, "repos", name, "stats"] => RestRoute::Stats(repository_path(ns, name)?),
        ["namespaces", ns, "repos", name, "maintenance"] => {
            RestRoute::Maintenance(repository_path(ns, name)?)
        }
        ["namespaces", ns, "repos", name, "purge-unreachable"] => {
            RestRoute::Purge(repository_path(ns, name)?)
        }
        ["namespaces", ns, "repos", name, "import"] => {
            RestRoute::Import(repository_path(ns, name)?)
        }
        ["namespaces", ns, "repos", name, "rename"] => {
            RestRoute::Rename(repository_path(ns, name)?)
        }
        ["namespaces", ns, "repos", name, "bundle"] => {
            RestRoute::Bundle(repository_path(ns, name)?)
        }
        ["namespaces", ns, "repos", name, "recover"] => {
            RestRoute::Recover(repository_path(ns, name)?)
        }
        ["namespaces", ns, "repos", name, "events"] => {
            RestRoute::RepositoryEvents(repository_path(ns, name)?)
        }
        ["namespaces", ns, "repos", name, below @ ..]
            if matches!(
                below.first(),
                Some(&("webhooks" | "upstream" | "downstreams"))
            ) =>
        {
            parse_folder(repository_path(ns, name)?, below).ok_or(RouteError::Unknown)?
        }
        ["namespaces", ns, below @ ..] if below.first() == Some(&"webhooks") => {
            let owner = HookOwner {
                namespace: namespace(ns)?,
                repo: None,
            };
            RestRoute::Webhooks(owner, HookRoute::parse(below).ok_or(RouteError::Unknown)?)
        }
        ["namespaces", ns, "events"] => RestRoute::Events(namespace(ns)?),
        ["audit"] => RestRoute::DeploymentAudit,
        ["namespaces", ns, "audit"] => RestRoute::Audit(namespace(ns)?),
        ["namespaces", ns, "relist"] => RestRoute::Relist(namespace(ns)?),
        ["namespaces", ns, "usage"] => RestRoute::Usage(namespace(ns)?),
        ["namespaces", ns, "tokens"] => RestRoute::Tokens(namespace(ns)?),
        ["namespaces", ns, "tokens", "revoke-all"] => RestRoute::RevokeAll(namespace(ns)?),
        ["namespaces", ns, "tokens", "revoke-signed"] => RestRoute::RevokeSigned(namespace(ns)?),
        ["namespaces", ns, "tokens", token_id] if is_public_id(token_id) => {
            RestRoute::Token(namespace(ns)?, (*token_id).to_owned())
        }
        ["namespaces", ns, "repos", name, content @ ..] => {
            if let Some(write) = Write::parse(content) {
                return Ok(RestRoute::Write(repository_path(ns, name)?, write));
            }
            let content = Content::parse(content).ok_or(RouteError::Unknown)?;
            RestRoute::Content(repository_path(ns, name)?, content)
        }
        _ => return Err(RouteError::Unknown),
    })
}

/// The route of a folder of routes below a repository.
fn parse_folder(path: RepositoryPath, below: &[&str]) -> Option<RestRoute> {
    if let Some(route) = UpstreamRoute::parse(below) {
        return Some(RestRoute::Upstream(path, route));
    }
    if let Some(route) = DownstreamRoute::parse(below) {
        return Some(RestRoute::Downstreams(path, route));
    }
    let owner = HookOwner {
        namespace: path.namespace,
        repo: Some(path.name),
    };
    HookRoute::parse(below).map(|route| RestRoute::Webhooks(owner, route))
}

fn repository_path(namespace: &str, name: &str) -> Result<RepositoryPath, RouteError> {
    Ok(RepositoryPath {
        namespace: NamespaceName::parse(namespace)?,
        name: RepositoryName::parse(name)?,
    })
}

impl Route {
    /// The methods that are served there, as the `Allow` header lists them.
    #[must_use]
    pub(crate) fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::Git(_, route) => route.methods(),
            Self::Bundles(..) | Self::Metrics => &["GET"],
            Self::Lfs(_, route) => route.methods(),
            Self::Neighbour(_, neighbour) => neighbour.methods(),
            Self::FrontPage
            | Self::Health
            | Self::OpenApi
            | Self::Page(_)
            | Self::Place
            | Self::Asset(_) => &["GET", "HEAD"],
            Self::Rest(route) => route.methods(),
        }
    }
}

impl GitRoute {
    /// The body that it takes, if any.
    #[must_use]
    pub(crate) fn post(self) -> Option<GitPost> {
        match self {
            Self::UploadPack => Some(GitPost::UploadPack),
            Self::ReceivePack => Some(GitPost::ReceivePack),
            Self::InfoRefs | Self::Dumb => None,
        }
    }

    /// The methods that are served there, as the `Allow` header lists them.
    #[must_use]
    pub(crate) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::InfoRefs | Self::Dumb => &["GET"],
            Self::UploadPack | Self::ReceivePack => &["POST"],
        }
    }
}

impl RestRoute {
    /// The methods that are served there, as the `Allow` header lists them.
    #[must_use]
    pub(crate) fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::Namespaces
            | Self::Repositories(_)
            | Self::Tokens(_)
            | Self::Content(_, Content::Refs) => &["GET", "POST"],
            Self::Namespace(_) | Self::Repository(_) => &["GET", "PATCH", "DELETE"],
            Self::Write(_, Write::Blobs) => &["PUT"],
            Self::Write(..)
            | Self::Restore(_)
            | Self::Fork(_)
            | Self::Import(_)
            | Self::Rename(_)
            | Self::Maintenance(_)
            | Self::Purge(_)
            | Self::Recover(_)
            | Self::RevokeAll(_)
            | Self::RevokeSigned(_)
            | Self::Relist(_) => &["POST"],
            Self::Token(..) | Self::RepositoryToken(..) | Self::DeletedOne(..) => &["DELETE"],
            Self::Webhooks(_, route) => route.methods(),
            Self::Downstreams(_, route) => route.methods(),
            Self::Upstream(_, route) => route.methods(),
            Self::Session | Self::Content(_, Content::Notes) => &["GET", "POST", "DELETE"],
            Self::Content(_, content) if content.is_bytes() => &["GET", "HEAD"],
            Self::RepositoryTokens(_)
            | Self::RepositoryEvents(_)
            | Self::Events(_)
            | Self::Audit(_)
            | Self::DeploymentAudit
            | Self::Usage(_)
            | Self::Deleted(_)
            | Self::Stats(_)
            | Self::Bundle(_)
            | Self::Content(..) => &["GET"],
        }
    }
}

impl RestRoute {
    /// The write that a request with this method asks for, and its repository.
    #[must_use]
    pub(crate) fn write(&self, method: &str) -> Option<(&RepositoryPath, Write)> {
        match self {
            Self::Write(path, write) => Some((path, *write)),
            Self::Content(path, Content::Refs) if method == "POST" => Some((path, Write::Refs)),
            Self::Content(path, Content::Notes) if method != "GET" => Some((path, Write::Notes)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
