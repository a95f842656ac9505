//! A repository gets another name, perhaps in another namespace.
//!
//! The name is reserved at its namespace's object, then the repository's own object takes it in one
//! write, then the entry is confirmed, as for a repository that is made. After a crash the steps that
//! are left follow from the event, which the repository's object hands over to the namespace's. So do
//! the steps at a namespace that the repository leaves.

use serde::Deserialize;
use worker::Request;

use super::body::body;
use super::making;
use crate::repo_do::contract::{
    Access, ErrorCode, ErrorReply, RenameRepository, RepositoryInfo, Standing, path,
};
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::names::RepositoryPath;
use crate::worker::namespace::contract::Reserve;
use crate::worker::namespace::directory;
use crate::worker::objects;
use crate::worker::reply::Reply;
use crate::worker::rest::{parameters, places, repos};
use crate::worker::visit::Visit;

/// Body of `POST …/repos/:name/rename`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewName {
    /// The name that it gets.
    name: String,
    /// The namespace that it gets; its own unless given.
    namespace: Option<String>,
}

/// `POST …/repos/:name/rename`. Only the operator transfers to another namespace: a token is of one.
pub(crate) async fn rename(
    visit: &Visit,
    request: Request,
    from: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    let actor = admission::to_repository(visit, from, Access::Administer).await?;
    let new: NewName = body(request).await?;
    let namespace = match &new.namespace {
        Some(given) => parameters::namespace("/namespace", given)?,
        None => from.namespace.clone(),
    };
    if namespace.folded() != from.namespace.folded() {
        admission::to_operate(visit, &from.namespace).await?;
    }
    let to = RepositoryPath {
        namespace,
        name: parameters::repository("/name", &new.name)?,
    };
    places::check_same(visit, &from.namespace, &to.namespace).await?;
    let response = objects::repository(visit, from, actor, Call::get(path::INFO)).await?;
    let before: RepositoryInfo = objects::read(response).await?;
    let is_new = to.object_name() != from.object_name();
    let (namespace, standing) = if is_new {
        let wanted = Reserve {
            namespace: to.namespace.as_str().to_owned(),
            name: to.name.as_str().to_owned(),
            comes_with_bytes: Some(before.size_bytes.saturating_add(before.lfs_bytes)),
            ..Reserve::again(&before, visit.now_ms)
        };
        let place = making::reserve(visit, &to, &wanted, ErrorCode::CreateInProgress).await?;
        (place.namespace, place.standing)
    } else {
        (before.namespace.clone(), Standing::default())
    };
    let asked = RenameRepository {
        namespace,
        name: new.name,
        standing,
    };
    let call = Call::post(path::RENAME, &asked)?;
    let answer = match objects::repository(visit, from, actor, call).await {
        Ok(response) => objects::read(response).await,
        Err(error) => Err(error),
    };
    let info: RepositoryInfo = match answer {
        Ok(info) => info,
        Err(error) => settle(visit, &to, &before.repository_id, is_new, error).await?,
    };
    // The hand-over of the event repeats a step that fails here.
    let _ = directory::confirm(visit, &to, &info, &info.repository_id).await;
    repos::shown(visit, info)
}

/// Finds out the effect of a request without a good answer. Gives the repository if it has the new name.
/// Otherwise frees that name, unless the object does not answer.
async fn settle(
    visit: &Visit,
    to: &RepositoryPath,
    repository_id: &str,
    is_new: bool,
    error: ErrorReply,
) -> Result<RepositoryInfo, ErrorReply> {
    if !is_new {
        return Err(error);
    }
    match making::existing(visit, to).await {
        Ok(Some(info)) if info.repository_id == repository_id => return Ok(info),
        Ok(_) => {
            let _ = directory::release(visit, to, repository_id).await;
        }
        Err(_) => {}
    }
    Err(error)
}
