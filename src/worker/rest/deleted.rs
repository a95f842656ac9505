//! Repositories that were deleted: listed, restored, purged.
//!
//! A restore takes steps as a creation does: it reserves the name at the namespace's object, points the
//! name at the object that has the repository, restores the repository there, and lists it. A crash may
//! follow each step. The same request then goes on, because the namespace lists the repository among
//! the deleted until the last step.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use worker::Request;

use super::body::body;
use super::making;
use crate::repo_do::contract::{
    Actor, Deleted, ErrorCode, ErrorReply, ForgetKept, Forwarding, KeptAsked, KeptRepository,
    NAMESPACE_FORGET, RepositoryInfo, Standing, path,
};
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::envelope;
use crate::worker::names::{NamespaceName, RepositoryPath};
use crate::worker::namespace::contract::{Done, Reserve, path as namespace_path};
use crate::worker::namespace::deleted_steps::{DeletedPage, FindDeleted, ListDeleted};
use crate::worker::namespace::directory;
use crate::worker::objects;
use crate::worker::reply::Reply;
use crate::worker::rest::resources::deleted::{BeingDeleted, ShownDeleted};
use crate::worker::rest::{parameters, repos};
use crate::worker::visit::Visit;

/// Query of `GET /namespaces/:ns/deleted`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `GET /namespaces/:ns/deleted`
pub(crate) async fn list(
    visit: &Visit,
    query: &str,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let asked: PageQuery = parameters::query(query)?;
    let limit = parameters::page_limit(asked.limit)?;
    let cursor = parameters::cursor(asked.cursor)?;
    let behind = cursor.map(|cursor| decoded(&cursor)).transpose()?;
    let asked = ListDeleted { limit, behind };
    let page: DeletedPage =
        directory::get(visit, &namespace.folded(), namespace_path::DELETED, &asked).await?;
    let shown: Vec<_> = page
        .repositories
        .into_iter()
        .map(ShownDeleted::from)
        .collect();
    let cursor = page.behind.map(|behind| URL_SAFE_NO_PAD.encode(behind));
    envelope::page(&shown, limit, cursor)
}

fn decoded(cursor: &str) -> Result<String, ErrorReply> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(parameters::foreign_cursor)
}

/// Body of `POST …/repos/:name/restore-deleted`; it may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Restoring {
    /// Picks one of those that had the name; the last one unless given.
    id: Option<String>,
    /// The name that it gets; the one that it had unless given.
    name: Option<String>,
}

/// `POST …/repos/:name/restore-deleted`
pub(crate) async fn restore(
    visit: &Visit,
    request: Request,
    path: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, &path.namespace).await?;
    let asked: Restoring = body(request).await?;
    let name = asked.name.as_deref();
    let name = name.map(|name| parameters::repository("/name", name));
    let name = name.transpose()?;
    let id = asked
        .id
        .as_deref()
        .map(|id| parameters::public_id("/id", id));
    let asked = FindDeleted {
        id: id.transpose()?.map(str::to_owned),
        name: Some(path.name.as_str().to_owned()),
    };
    let kept = find(visit, &path.namespace, &asked).await?;
    let path = &RepositoryPath {
        namespace: path.namespace.clone(),
        name: match name {
            Some(name) => name,
            None => parameters::repository("/name", &kept.name)?,
        },
    };
    let wanted = wanted(visit, path, &kept);
    let reserving = making::reserve(visit, path, &wanted, ErrorCode::CreateInProgress);
    let standing = reserving.await?.standing;
    let info = match restore_object(visit, path, &kept, standing).await {
        Ok(info) => info,
        Err(error) => {
            // Behind any other error it may be restored: the next request goes on, or repairs the entry.
            let id = &kept.repository_id;
            if error.code == ErrorCode::NotFound {
                forget(visit, &path.namespace, id, None).await?;
            }
            if matches!(error.code, ErrorCode::NotFound | ErrorCode::QuotaExceeded) {
                directory::release(visit, path, id).await?;
            }
            return Err(error);
        }
    };
    directory::relist(visit, &path.namespace, vec![info.clone()], None).await?;
    repos::shown(visit, info)
}

/// The entry that it gets. Only its own object knows the rest, and lists it when it is restored.
fn wanted(visit: &Visit, path: &RepositoryPath, kept: &KeptRepository) -> Reserve {
    Reserve {
        namespace: path.namespace.as_str().to_owned(),
        name: path.name.as_str().to_owned(),
        repository_id: kept.repository_id.clone(),
        replaces: None,
        description: None,
        default_branch: String::new(),
        read_only: false,
        public: false,
        source: None,
        comes_with_bytes: None,
        now_ms: visit.now_ms,
    }
}

async fn restore_object(
    visit: &Visit,
    path: &RepositoryPath,
    kept: &KeptRepository,
    standing: Standing,
) -> Result<RepositoryInfo, ErrorReply> {
    // The name may have led to a repository that was deleted later.
    let call = Call::post(path::FORWARD, &kept.home())?.repeatable();
    let response = objects::repository(visit, path, Actor::Operator, call).await?;
    let _: Forwarding = objects::read(response).await?;
    let asked = KeptAsked {
        repository_id: kept.repository_id.clone(),
        name: Some(path.name.as_str().to_owned()),
        standing: Some(standing),
    };
    let call = Call::post(path::KEPT_RESTORE, &asked)?.repeatable();
    let response = objects::kept_repository(visit, path, kept, call).await?;
    objects::read(response).await
}

/// `DELETE /namespaces/:ns/deleted/:id`
pub(crate) async fn purge(
    visit: &Visit,
    namespace: &NamespaceName,
    repository_id: &str,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let asked = FindDeleted {
        id: Some(repository_id.to_owned()),
        name: None,
    };
    let kept = find(visit, namespace, &asked).await?;
    let asked = KeptAsked {
        repository_id: kept.repository_id.clone(),
        name: None,
        standing: None,
    };
    let path = RepositoryPath {
        namespace: namespace.clone(),
        name: parameters::repository("/name", &kept.name)?,
    };
    let call = Call::post(path::KEPT_PURGE, &asked)?.repeatable();
    let response = objects::kept_repository(visit, &path, &kept, call).await?;
    let purged = objects::read::<Deleted>(response).await;
    // By this request or before.
    let is_gone = match &purged {
        Ok(_) => true,
        Err(error) => error.code == ErrorCode::NotFound,
    };
    if is_gone {
        forget(visit, namespace, &kept.repository_id, Some(kept.name)).await?;
    }
    envelope::success(202, &BeingDeleted::from(purged?))
}

async fn find(
    visit: &Visit,
    namespace: &NamespaceName,
    asked: &FindDeleted,
) -> Result<KeptRepository, ErrorReply> {
    let object_name = namespace.folded();
    directory::get(visit, &object_name, namespace_path::DELETED_ONE, asked).await
}

async fn forget(
    visit: &Visit,
    namespace: &NamespaceName,
    repository_id: &str,
    purged_name: Option<String>,
) -> Result<(), ErrorReply> {
    let gone = ForgetKept {
        repository_id: repository_id.to_owned(),
        purged_name,
    };
    let Done {} = directory::post(visit, namespace, NAMESPACE_FORGET, &gone).await?;
    Ok(())
}
