//! Removes objects that no ref reaches, for good.

use serde::Serialize;
use worker::Request;

use super::body::body_bytes;
use crate::repo_do::contract::{Access, Actor, ErrorCode, ErrorReply, Holder, Purged, path};
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::envelope;
use crate::worker::names::{NamespaceName, RepositoryName, RepositoryPath};
use crate::worker::objects;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters::{self, PurgeOptions};
use crate::worker::visit::Visit;

/// Repositories of a network purged by one request at most: each is a request of its own. Asked again,
/// the next ones follow, since those that are done hold nothing more.
const NETWORK_MAX: usize = 200;

/// The objects that were removed.
#[derive(Debug, Serialize)]
struct Shown {
    objects: u64,
    bytes: u64,
    packs_rewritten: u64,
    /// Objects of Git LFS, and their bytes.
    lfs_objects: u64,
    lfs_bytes: u64,
    r2_objects: u64,
    /// Repositories that may still hold it, as far as the caller may know of them.
    holders: Vec<ShownHolder>,
    /// How many there are beside those.
    other_holders: u64,
}

#[derive(Debug, Serialize)]
struct ShownHolder {
    id: String,
    namespace: Option<String>,
    name: Option<String>,
    /// For one that was purged as well: the objects that went there.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<u64>,
    /// Why it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl ShownHolder {
    fn of(holder: Holder) -> Self {
        let (namespace, name) = holder.path.unzip();
        Self {
            id: holder.repository_id,
            namespace,
            name,
            objects: None,
            error: None,
        }
    }

    fn is_in(&self, namespace: &NamespaceName) -> bool {
        let own = self.namespace.as_deref();
        own.is_some_and(|own| own.eq_ignore_ascii_case(namespace.as_str()))
    }
}

/// `POST …/repos/:name/purge-unreachable`: `{"network": true}` purges the holders as well, and is the
/// operator's to ask.
pub(crate) async fn purge(
    visit: &Visit,
    request: Request,
    path: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    let actor = admission::to_repository(visit, path, Access::Administer).await?;
    let bytes = body_bytes(request).await?;
    let options: PurgeOptions = if bytes.is_empty() {
        PurgeOptions::default()
    } else {
        parameters::body(&bytes)?
    };
    let is_operator = actor == Actor::Operator;
    if options.network && !is_operator {
        let message = "only the operator purges a whole fork network";
        return Err(ErrorReply::at(ErrorCode::Forbidden, "/network", message));
    }
    let purged = purge_one(visit, path, actor).await?;
    let mut holders: Vec<_> = purged.holders.into_iter().map(ShownHolder::of).collect();
    if options.network {
        for holder in holders.iter_mut().take(NETWORK_MAX) {
            match purge_holder(visit, holder).await {
                Ok(objects) => holder.objects = Some(objects),
                Err(error) => holder.error = Some(error.message),
            }
        }
    }
    let all = holders.len();
    if !is_operator {
        holders.retain(|holder| holder.is_in(&path.namespace));
    }
    envelope::success(
        200,
        &Shown {
            objects: purged.objects,
            bytes: purged.bytes,
            packs_rewritten: purged.packs_rewritten,
            lfs_objects: purged.lfs_objects,
            lfs_bytes: purged.lfs_bytes,
            r2_objects: purged.r2_objects,
            other_holders: all.saturating_sub(holders.len()) as u64,
            holders,
        },
    )
}

async fn purge_one(
    visit: &Visit,
    path: &RepositoryPath,
    actor: Actor,
) -> Result<Purged, ErrorReply> {
    let response = objects::repository(visit, path, actor, Call::post(path::PURGE, &())?).await?;
    objects::read(response).await
}

async fn purge_holder(visit: &Visit, holder: &ShownHolder) -> Result<u64, ErrorReply> {
    let unknown = || {
        let message = "its name is not known: purge it by its own route";
        ErrorReply::new(ErrorCode::NotFound, message)
    };
    let (namespace, name) = holder
        .namespace
        .as_ref()
        .zip(holder.name.as_ref())
        .ok_or_else(unknown)?;
    let path = RepositoryPath {
        namespace: NamespaceName::parse(namespace).map_err(|_| unknown())?,
        name: RepositoryName::parse(name).map_err(|_| unknown())?,
    };
    Ok(purge_one(visit, &path, Actor::Operator).await?.objects)
}
