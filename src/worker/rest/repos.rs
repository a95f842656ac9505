//! Repositories: made, listed, shown, changed, deleted.

use serde_json::Value;
use worker::Request;

use super::body;
use crate::repo_do::contract::{
    Access, Actor, CreateRepository, Deleted, ErrorCode, ErrorReply, Maintain, RepositoryInfo,
    RepositoryStatus, Scope, SnapshotChange, TouchRepository, UpdateRepository, path,
};
use crate::worker::admission;
use crate::worker::directory;
use crate::worker::envelope::{self, ResultInfo};
use crate::worker::grant::Grant;
use crate::worker::id;
use crate::worker::names::{NamespaceName, RepositoryPath};
use crate::worker::namespace_contract::{Entry, Reserved};
use crate::worker::objects::{self, Call};
use crate::worker::once::Purpose;
use crate::worker::parameters::{self, ListQuery, NewRepository, RepositoryChange};
use crate::worker::reply::Reply;
use crate::worker::resources::{CreatedRepository, Gone, ListedRepository, Repository};
use crate::worker::rest::tokens::{FreshToken, draw};
use crate::worker::visit::Visit;

/// The default branch unless another is named.
pub const DEFAULT_BRANCH: &str = "main";

/// `POST /namespaces/:ns/repos`
///
/// Three steps, each of which a crash may follow: the name is reserved at the namespace's object,
/// the repository made at its own, the entry confirmed. An entry left behind is mended by the
/// next request for the name ([`reserve`]).
pub async fn create(
    visit: &Visit,
    request: Request,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let new: NewRepository = body(request).await?;
    let path = RepositoryPath {
        namespace: namespace.clone(),
        name: parameters::repository("/name", &new.name)?,
    };
    let branch = new.default_branch.as_deref().unwrap_or(DEFAULT_BRANCH);
    let repository_id = id::repository_id(visit.entropy(Purpose::Repository)?);
    let ttl_seconds = parameters::ttl(None)?;
    let first_token = draw(visit, &repository_id, Scope::Write, ttl_seconds, None)?;
    let mut create = CreateRepository {
        repository_id,
        namespace: path.namespace.as_str().to_owned(),
        name: path.name.as_str().to_owned(),
        description: parameters::description(new.description)?,
        default_branch: parameters::branch("/default_branch", branch)?.to_owned(),
        read_only: new.read_only,
        public: new.public,
        source: None,
        token: first_token.record.clone(),
        now_ms: visit.now_ms,
    };
    create.namespace = reserve(visit, &path, &create, ErrorCode::CreateInProgress).await?;
    let call = Call::post(path::INIT, &create)?;
    let info = init(visit, &path, &create.repository_id, call).await?;
    settle(visit, &path, &info, &first_token).await;
    created(visit, info, first_token, None)
}

/// Makes a repository that exists now known where it is looked for.
pub(super) async fn settle(
    visit: &Visit,
    path: &RepositoryPath,
    info: &RepositoryInfo,
    first_token: &FreshToken,
) {
    let grant = Grant::new(path, &info.repository_id, &first_token.record);
    // An entry that cannot be confirmed now is mended later: the caller must get the token.
    let _ = futures::join!(
        admission::remember(visit, &first_token.record.sha256, &grant),
        directory::confirm(visit, path, info, &info.repository_id)
    );
}

/// The answer to whoever made a repository.
pub(super) fn created(
    visit: &Visit,
    info: RepositoryInfo,
    first_token: FreshToken,
    objects: Option<u64>,
) -> Result<Reply, ErrorReply> {
    let remote = visit.remote(&info.namespace, &info.name);
    envelope::success(
        201,
        &CreatedRepository {
            id: info.repository_id,
            name: info.name,
            description: info.description,
            default_branch: info.default_branch,
            remote,
            token: first_token.plaintext,
            objects,
        },
    )
}

/// Takes the name and gives the namespace's as shown, or says who has it. Of requests at the same
/// time exactly one wins: the namespace's object answers them one after the other. `in_progress`
/// is what the others hear while the repository is being made.
pub(super) async fn reserve(
    visit: &Visit,
    path: &RepositoryPath,
    create: &CreateRepository,
    in_progress: ErrorCode,
) -> Result<String, ErrorReply> {
    let entry = match directory::reserve(visit, path, create, None).await? {
        Reserved::Won { namespace, .. } => return Ok(namespace),
        Reserved::Taken(entry) => entry,
    };
    if entry.repository_id == create.repository_id {
        // This very request, which was begun before and broke off: it goes on.
        let namespace = directory::show_namespace(visit, &path.namespace).await?;
        return Ok(namespace.namespace);
    }
    if entry.in_progress(visit.now_ms) {
        return Err(being_made(in_progress));
    }
    if let Some(info) = existing(visit, path).await? {
        if !entry.confirmed {
            directory::confirm(visit, path, &info, &entry.repository_id).await?;
        }
        return Err(taken_by(&info));
    }
    // Nothing is there: whoever made the entry died before the repository was made, or while it
    // was deleted.
    match directory::reserve(visit, path, create, Some(entry.repository_id)).await? {
        Reserved::Won { namespace, .. } => Ok(namespace),
        Reserved::Taken(Entry {
            confirmed: true, ..
        }) => Err(taken()),
        Reserved::Taken(_) => Err(being_made(in_progress)),
    }
}

/// Makes the repository under a name that is reserved.
pub(super) async fn init(
    visit: &Visit,
    path: &RepositoryPath,
    repository_id: &str,
    call: Call,
) -> Result<RepositoryInfo, ErrorReply> {
    let answer = match objects::repository(visit, path, Actor::Operator, call).await {
        Ok(response) => objects::read(response).await,
        Err(error) => Err(error),
    };
    let error = match answer {
        Ok(info) => return Ok(info),
        Err(error) => error,
    };
    // A repository may be here all the same: made by this request although its answer was lost,
    // or by one that was taken for dead. The entry follows what the object says; when the object
    // says nothing, the entry stays as it is until it is old enough to be taken over.
    match existing(visit, path).await {
        Ok(Some(info)) if info.repository_id == repository_id => return Ok(info),
        Ok(Some(info)) => {
            let _ = directory::confirm(visit, path, &info, repository_id).await;
        }
        Ok(None) => {
            let _ = directory::release(visit, path, repository_id).await;
        }
        Err(_) => {}
    }
    Err(error)
}

/// What the repository's own object says, if it is there.
async fn existing(
    visit: &Visit,
    path: &RepositoryPath,
) -> Result<Option<RepositoryInfo>, ErrorReply> {
    let response = objects::repository(visit, path, Actor::Operator, Call::get(path::INFO)).await?;
    match objects::read(response).await {
        Ok(info) => Ok(Some(info)),
        Err(error) if error.code == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn taken() -> ErrorReply {
    let message = "a repository of this name exists in the namespace";
    ErrorReply::at(ErrorCode::AlreadyExists, "/name", message)
}

fn taken_by(info: &RepositoryInfo) -> ErrorReply {
    if info.status != RepositoryStatus::Importing {
        return taken();
    }
    let message = "a repository of this name is being imported";
    ErrorReply::at(ErrorCode::ImportInProgress, "/name", message)
}

fn being_made(code: ErrorCode) -> ErrorReply {
    let message = "another request is making a repository of this name";
    ErrorReply::at(code, "/name", message)
}

/// `GET /namespaces/:ns/repos`
pub async fn list(
    visit: &Visit,
    query: &str,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let (limit, query) = parameters::query::<ListQuery>(query)?.checked()?;
    let listing = directory::list(visit, namespace, limit, &query).await?;
    let shown = listing.namespace.as_deref().unwrap_or(namespace.as_str());
    let repositories: Vec<_> = listing
        .repositories
        .into_iter()
        .map(|listed| {
            let remote = visit.remote(shown, &listed.name);
            ListedRepository::new(listed, remote)
        })
        .collect();
    let info = ResultInfo::Cursor {
        cursor: listing.cursor.unwrap_or_default(),
        per_page: limit,
        count: repositories.len(),
    };
    envelope::list(&repositories, info)
}

/// `GET …/repos/:name`
pub async fn show(visit: &Visit, path: &RepositoryPath) -> Result<Reply, ErrorReply> {
    let info: RepositoryInfo = administer(visit, path, Call::get(path::INFO)).await?;
    shown(visit, info)
}

/// `PATCH …/repos/:name`
pub async fn update(
    visit: &Visit,
    request: Request,
    path: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    let actor = admission::to_repository(visit, path, Access::Administer).await?;
    let change: RepositoryChange = body(request).await?;
    let default_branch = change
        .default_branch
        .as_deref()
        .map(|branch| parameters::branch("/default_branch", branch))
        .transpose()?
        .map(str::to_owned);
    let update = UpdateRepository {
        description: change
            .description
            .map(parameters::description)
            .transpose()?,
        default_branch,
        read_only: change.read_only,
        public: change.public,
        deny_non_fast_forwards: change.deny_non_fast_forwards,
        deny_deletes: change.deny_deletes,
        prune_grace_seconds: parameters::kept("prune_grace_seconds", change.prune_grace_seconds)?,
        reflog_retention_seconds: parameters::kept(
            "reflog_retention_seconds",
            change.reflog_retention_seconds,
        )?,
        superseded_grace_seconds: parameters::kept(
            "superseded_grace_seconds",
            change.superseded_grace_seconds,
        )?,
        snapshots: SnapshotChange {
            settle_seconds: change.settle_seconds,
            cold_after_seconds: change.cold_after_seconds,
            cold_bytes_min: parameters::threshold("cold_bytes_min", change.cold_bytes_min)?,
            ready_bytes_min: parameters::threshold("ready_bytes_min", change.ready_bytes_min)?,
        },
    };
    let call = Call::post(path::UPDATE, &update)?;
    let response = objects::repository(visit, path, actor, call).await?;
    let info: RepositoryInfo = objects::read(response).await?;
    // The list is derived: when it misses this, the next change brings it up to date.
    let _ = directory::touch(visit, path, &TouchRepository { info: info.clone() }).await;
    shown(visit, info)
}

/// `DELETE …/repos/:name`
///
/// The object goes first: it decides whether the repository exists, and an entry left over is
/// mended by the next request for the name.
pub async fn delete(visit: &Visit, path: &RepositoryPath) -> Result<Reply, ErrorReply> {
    let call = Call::post(path::DELETE, &Value::Null)?;
    match administer::<Deleted>(visit, path, call).await {
        Ok(deleted) => {
            let _ = directory::release(visit, path, &deleted.repository_id).await;
            envelope::success(
                202,
                &Gone {
                    id: deleted.repository_id,
                },
            )
        }
        Err(error) if error.code == ErrorCode::NotFound => {
            forget_leftover(visit, path).await;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Frees the name of a repository that is not there, unless somebody is making it.
async fn forget_leftover(visit: &Visit, path: &RepositoryPath) {
    if let Ok(entry) = directory::entry(visit, path).await
        && !entry.in_progress(visit.now_ms)
    {
        let _ = directory::release(visit, path, &entry.repository_id).await;
    }
}

fn shown(visit: &Visit, info: RepositoryInfo) -> Result<Reply, ErrorReply> {
    let remote = visit.remote(&info.namespace, &info.name);
    envelope::success(200, &Repository::new(info, remote))
}

/// `GET …/repos/:name/stats`
pub async fn stats(visit: &Visit, path: &RepositoryPath) -> Result<Reply, ErrorReply> {
    let stats: Value = administer(visit, path, Call::get(path::STATS)).await?;
    envelope::success(200, &stats)
}

/// `POST …/repos/:name/maintenance`: `{"task": "run" | "verify" | "rebuild" | "secure" | "snapshot"}`.
pub async fn maintain(
    visit: &Visit,
    request: Request,
    path: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    let actor = admission::to_repository(visit, path, Access::Administer).await?;
    let asked: Maintain = body(request).await?;
    let call = Call::post(path::MAINTENANCE, &asked)?;
    let response = objects::repository(visit, path, actor, call).await?;
    let done: Value = objects::read(response).await?;
    envelope::success(200, &done)
}

async fn administer<T: serde::de::DeserializeOwned>(
    visit: &Visit,
    path: &RepositoryPath,
    call: Call,
) -> Result<T, ErrorReply> {
    let actor = admission::to_repository(visit, path, Access::Administer).await?;
    let response = objects::repository(visit, path, actor, call).await?;
    objects::read(response).await
}
