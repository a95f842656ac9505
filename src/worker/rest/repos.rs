//! Repositories: made, listed, shown, changed, deleted.

use futures::future::join_all;
use serde::Deserialize;
use serde_json::Value;
use worker::Request;

use super::body::{body, body_below};
use super::imports::{self, IMPORTED};
use super::making::Draft;
use crate::repo_do::contract::pre_receive::NewPreReceive;
use crate::repo_do::contract::{
    Access, DeleteRepository, Deleted, ErrorCode, ErrorReply, Maintain, RepositoryInfo,
    RepositoryStatus, SnapshotChange, TouchRepository, UpdateRepository, checked_ref_rules, path,
    signing,
};
use crate::storage::repository::settings::SettingsChange;
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::envelope;
use crate::worker::names::{NamespaceName, RepositoryPath};
use crate::worker::namespace::contract::Listed;
use crate::worker::namespace::directory;
use crate::worker::namespace::once::Purpose;
use crate::worker::objects;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters::{
    self, Hook, Lifetime, ListQuery, NewRepository, RepositoryChange,
};
use crate::worker::rest::resources::deleted::BeingDeleted;
use crate::worker::rest::resources::{ListedRepository, Repository};
use crate::worker::visit::Visit;

/// `POST /namespaces/:ns/repos`
pub(crate) async fn create(
    visit: &Visit,
    request: Request,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    let new: NewRepository = body_below(visit, namespace, request).await?;
    let path = RepositoryPath {
        namespace: namespace.clone(),
        name: parameters::repository("/name", &new.name)?,
    };
    visit.costs.note_made(&path);
    let lifetime = Lifetime::of_new(new.ttl_seconds, new.expires_at, new.idle_ttl_seconds);
    let lifetime = lifetime.checked(visit.now_ms)?;
    let mut draft = Draft::new(visit, &path)?;
    draft.location = parameters::location(new.location_hint.as_deref())?;
    let create = &mut draft.create;
    create.description = parameters::description(new.description)?;
    if let Some(branch) = &new.default_branch {
        parameters::branch("/default_branch", branch)?.clone_into(&mut create.default_branch);
    }
    create.read_only = new.read_only;
    create.public = new.public;
    create.fsck_strict = new.fsck.strict;
    create.lifetime = lifetime;
    create.ref_rules = checked_ref_rules("/ref_rules", new.ref_rules)?;
    draft.reserve(visit, ErrorCode::CreateInProgress).await?;
    let call = Call::post(path::INIT, &draft.create)?;
    draft.make(visit, call).await?.reply(visit, None)
}

/// `GET /namespaces/:ns/repos`
pub(crate) async fn list(
    visit: &Visit,
    query: &str,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let (limit, query) = parameters::query::<ListQuery>(query)?.checked()?;
    let listing = directory::list(visit, namespace, limit, &query).await?;
    let shown = listing.namespace.as_deref().unwrap_or(namespace.as_str());
    let statuses = listing.repositories.iter();
    let statuses = join_all(statuses.map(|listed| status(visit, namespace, listed))).await;
    let repositories: Vec<_> = listing
        .repositories
        .into_iter()
        .zip(statuses)
        .map(|(listed, status)| {
            let remote = visit.remote(shown, &listed.name);
            ListedRepository::new(listed, remote, status)
        })
        .collect();
    let (total, cursor) = (listing.total_count, listing.cursor);
    envelope::numbered_page(&repositories, limit, query.page, total, cursor)
}

/// The status of a listed repository, while it is busy. A fork is listed when it is done. Only an import may
/// still run, and until it is done the list knows of no object: only then the repository itself is asked.
/// `None` where it does not answer.
async fn status(
    visit: &Visit,
    namespace: &NamespaceName,
    listed: &Listed,
) -> Option<RepositoryStatus> {
    let source = listed.source.as_deref().unwrap_or_default();
    if listed.object_count > 0 || !source.starts_with(IMPORTED) {
        return Some(RepositoryStatus::Ready);
    }
    let path = RepositoryPath {
        namespace: namespace.clone(),
        name: parameters::repository("/name", &listed.name).ok()?,
    };
    let info = administer::<RepositoryInfo>(visit, &path, Call::get(path::INFO));
    info.await.ok().map(|info| info.status)
}

/// `GET …/repos/:name`
pub(crate) async fn show(visit: &Visit, path: &RepositoryPath) -> Result<Reply, ErrorReply> {
    let info: RepositoryInfo = administer(visit, path, Call::get(path::INFO)).await?;
    shown(visit, info)
}

/// `PATCH …/repos/:name`
pub(crate) async fn update(
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
    let description = change
        .description
        .map(parameters::description)
        .transpose()?;
    let kept = parameters::kept;
    let settings = SettingsChange {
        read_only: change.read_only,
        public: change.public,
        deny_non_fast_forwards: change.deny_non_fast_forwards,
        deny_deletes: change.deny_deletes,
        prune_grace_seconds: kept("prune_grace_seconds", change.prune_grace_seconds)?,
        reflog_retention_seconds: kept(
            "reflog_retention_seconds",
            change.reflog_retention_seconds,
        )?,
        superseded_grace_seconds: kept(
            "superseded_grace_seconds",
            change.superseded_grace_seconds,
        )?,
        fetch_events: change.fetch_events,
        push_protection: change.push_protection,
    };
    let lifetime = Lifetime {
        ttl_seconds: change.ttl_seconds,
        expires_at: change.expires_at,
        idle_ttl_seconds: change.idle_ttl_seconds,
    };
    let update = UpdateRepository {
        description,
        default_branch,
        settings,
        fsck_strict: change.fsck.strict,
        snapshots: SnapshotChange {
            settle_seconds: change.settle_seconds,
            cold_after_seconds: change.cold_after_seconds,
            cold_bytes_min: parameters::threshold("cold_bytes_min", change.cold_bytes_min)?,
            ready_bytes_min: parameters::threshold("ready_bytes_min", change.ready_bytes_min)?,
        },
        ref_rules: change
            .ref_rules
            .map(|rules| checked_ref_rules("/ref_rules", rules))
            .transpose()?,
        bytes_max: parameters::bytes_max(change.bytes_max)?,
        pre_receive: match change.pre_receive {
            Some(Some(hook)) => Some(Some(hook_of(visit, hook)?)),
            Some(None) => Some(None),
            None => None,
        },
        lifetime: lifetime.checked(visit.now_ms)?,
    };
    let call = Call::post(path::UPDATE, &update)?;
    let response = objects::repository(visit, path, actor, call).await?;
    let info: RepositoryInfo = objects::read(response).await?;
    // The list is derived: when it misses this, the next change brings it up to date. It shows no
    // hook, and learns no secret.
    let listed = RepositoryInfo {
        pre_receive: None,
        downstreams: Vec::new(),
        upstream: None,
        ..info.clone()
    };
    let _ = directory::touch(visit, path, &TouchRepository { info: listed }).await;
    shown(visit, info)
}

fn hook_of(visit: &Visit, hook: Hook) -> Result<NewPreReceive, ErrorReply> {
    let made = signing::secret_of(visit.entropy(Purpose::WebhookSecret)?);
    hook.checked(made, imports::allows_private(visit))
}

/// Query of `DELETE …/repos/:name`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteQuery {
    /// Whether nothing is kept to restore.
    #[serde(default)]
    purge: bool,
}

/// `DELETE …/repos/:name`
///
/// The object goes first: it decides whether the repository exists, and the next request for the name repairs
/// an entry left over.
pub(crate) async fn delete(
    visit: &Visit,
    query: &str,
    path: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    let DeleteQuery { purge } = parameters::query(query)?;
    let call = Call::post(path::DELETE, &DeleteRepository { purge })?;
    match administer::<Deleted>(visit, path, call).await {
        Ok(deleted) => {
            if deleted.purge_at_ms.is_none() {
                let _ = directory::release(visit, path, &deleted.repository_id).await;
            }
            envelope::success(202, &BeingDeleted::from(deleted))
        }
        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Moved) => {
            forget_leftover(visit, path).await;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Frees the name of a repository that is not there, unless a request is making it.
async fn forget_leftover(visit: &Visit, path: &RepositoryPath) {
    if let Ok(entry) = directory::entry(visit, path).await
        && !entry.in_progress(visit.now_ms)
    {
        let _ = directory::release(visit, path, &entry.repository_id).await;
    }
}

/// The repository, as its object has just told it.
pub(super) fn shown(visit: &Visit, info: RepositoryInfo) -> Result<Reply, ErrorReply> {
    let remote = visit.remote(&info.namespace, &info.name);
    envelope::success(200, &Repository::new(info, remote))
}

/// `GET …/repos/:name/stats`
pub(crate) async fn stats(visit: &Visit, path: &RepositoryPath) -> Result<Reply, ErrorReply> {
    let stats: Value = administer(visit, path, Call::get(path::STATS)).await?;
    envelope::success(200, &stats)
}

/// `POST …/repos/:name/maintenance`: `{"task": "run" | "verify" | "rebuild" | "secure" | "snapshot"}`.
pub(crate) async fn maintain(
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
