//! Repositories that were deleted: listed, restored, purged.
//!
//! A restore takes its steps as a creation does: the name is reserved at the namespace's object, led
//! to the object that has the repository, the repository restored there, and listed. Each may be
//! followed by a crash; the same request then goes on, since the namespace lists the repository
//! among the deleted until the last step.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use worker::Request;

use super::body::body;
use crate::repo_do::contract::{
    Actor, Deleted, ErrorCode, ErrorReply, ForgetKept, Forwarding, KeptAsked, KeptRepository,
    NAMESPACE_FORGET, RepositoryInfo, path,
};
use crate::worker::admission;
use crate::worker::envelope::{self, ResultInfo};
use crate::worker::names::{NamespaceName, RepositoryPath};
use crate::worker::namespace::contract::{Done, Reserve, Reserved, path as namespace_path};
use crate::worker::namespace::deleted_steps::{DeletedPage, FindDeleted, ListDeleted};
use crate::worker::namespace::directory;
use crate::worker::objects::{self, Call};
use crate::worker::reply::Reply;
use crate::worker::rest::parameters;
use crate::worker::rest::resources::Repository;
use crate::worker::time::iso_8601;
use crate::worker::visit::Visit;

/// A deleted repository as REST shows it.
#[derive(Debug, Serialize)]
struct ShownDeleted {
    id: String,
    name: String,
    deleted_at: String,
    restorable_until: String,
}

impl From<KeptRepository> for ShownDeleted {
    fn from(kept: KeptRepository) -> Self {
        Self {
            id: kept.repository_id,
            name: kept.name,
            deleted_at: iso_8601(kept.deleted_at_ms),
            restorable_until: iso_8601(kept.purge_at_ms),
        }
    }
}

/// A repository that is being deleted.
#[derive(Debug, Serialize)]
pub(super) struct BeingDeleted {
    id: String,
    /// Until when it can be restored; `null`: it cannot.
    restorable_until: Option<String>,
}

impl From<Deleted> for BeingDeleted {
    fn from(deleted: Deleted) -> Self {
        Self {
            id: deleted.repository_id,
            restorable_until: deleted.purge_at_ms.map(iso_8601),
        }
    }
}

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
    let info = ResultInfo::Cursor {
        cursor: cursor.unwrap_or_default(),
        per_page: limit,
        count: shown.len(),
    };
    envelope::list(&shown, info)
}

fn decoded(cursor: &str) -> Result<String, ErrorReply> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| {
        let message = "the cursor does not belong to this list";
        ErrorReply::at(ErrorCode::InvalidInput, "/cursor", message)
    })
}

/// Body of `POST …/repos/:name/restore-deleted`; it may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Restoring {
    /// Which of those that had the name; the last one unless given.
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
    reserve(visit, path, &kept).await?;
    let restored = restore_object(visit, path, &kept).await;
    let info = match restored {
        Ok(info) => info,
        Err(error) => {
            // Otherwise it may be restored all the same: the next request goes on, or mends the entry.
            if error.code == ErrorCode::NotFound {
                let id = &kept.repository_id;
                forget(visit, &path.namespace, id).await?;
                directory::release(visit, path, id).await?;
            }
            return Err(error);
        }
    };
    let remote = visit.remote(&info.namespace, &info.name);
    directory::relist(visit, &path.namespace, vec![info.clone()]).await?;
    envelope::success(200, &Repository::new(info, remote))
}

/// Takes the name that it gets; fails if another repository has it.
async fn reserve(
    visit: &Visit,
    path: &RepositoryPath,
    kept: &KeptRepository,
) -> Result<(), ErrorReply> {
    let reserve = Reserve {
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
    };
    let reserved = directory::post(visit, &path.namespace, namespace_path::RESERVE, &reserve);
    match reserved.await? {
        Reserved::Won { .. } => Ok(()),
        Reserved::Taken(entry) if entry.repository_id == kept.repository_id => Ok(()),
        Reserved::Taken(_) => {
            let message = "a repository of this name exists in the namespace";
            Err(ErrorReply::at(ErrorCode::AlreadyExists, "/name", message))
        }
    }
}

async fn restore_object(
    visit: &Visit,
    path: &RepositoryPath,
    kept: &KeptRepository,
) -> Result<RepositoryInfo, ErrorReply> {
    // The name may have led to a repository that was deleted later.
    let call = Call::post(path::FORWARD, &kept.home())?.repeatable();
    let response = objects::repository(visit, path, Actor::Operator, call).await?;
    let _: Forwarding = objects::read(response).await?;
    let asked = KeptAsked {
        repository_id: kept.repository_id.clone(),
        name: Some(path.name.as_str().to_owned()),
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
    };
    let path = RepositoryPath {
        namespace: namespace.clone(),
        name: parameters::repository("/name", &kept.name)?,
    };
    let call = Call::post(path::KEPT_PURGE, &asked)?.repeatable();
    let response = objects::kept_repository(visit, &path, &kept, call).await?;
    let purged = objects::read::<Deleted>(response).await;
    if !matches!(&purged, Err(error) if error.code != ErrorCode::NotFound) {
        // Gone, by this request or before.
        forget(visit, namespace, &kept.repository_id).await?;
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
) -> Result<(), ErrorReply> {
    let gone = ForgetKept {
        repository_id: repository_id.to_owned(),
    };
    let Done {} = directory::post(visit, namespace, NAMESPACE_FORGET, &gone).await?;
    Ok(())
}
