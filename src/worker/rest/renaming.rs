//! A repository gets another name, perhaps in another namespace.
//!
//! The name is reserved at its namespace's object, then the repository's own object takes it in one
//! write, then the entry is confirmed, as for a repository that is made. After a crash the event that the
//! repository's object hands over to the namespace's does what is left.

use serde::Deserialize;
use worker::Request;

use super::body::body;
use super::making;
use crate::repo_do::contract::{
    Access, ErrorCode, ErrorReply, RenameRepository, RepositoryInfo, Standing, path,
};
use crate::storage::fault_log;
use crate::worker::admission;
use crate::worker::names::RepositoryPath;
use crate::worker::namespace::contract::{Reserve, path as contract};
use crate::worker::namespace::directory;
use crate::worker::namespace::webhooks::{Make, Webhook, Which};
use crate::worker::objects::{self, Call};
use crate::worker::reply::Reply;
use crate::worker::rest::{parameters, repos};
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

/// `POST …/repos/:name/rename`. To another namespace it is the operator's alone: a token is of one
/// namespace.
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
    let transfers = namespace.folded() != from.namespace.folded();
    if transfers {
        admission::to_operate(visit, &from.namespace).await?;
    }
    let to = RepositoryPath {
        namespace,
        name: parameters::repository("/name", &new.name)?,
    };
    let response = objects::repository(visit, from, actor, Call::get(path::INFO)).await?;
    let before: RepositoryInfo = objects::read(response).await?;
    let is_new = to.object_name() != from.object_name();
    let (namespace, standing) = if is_new {
        let wanted = wanted(visit, &to, &before);
        let place = making::reserve(visit, &to, &wanted, ErrorCode::CreateInProgress).await?;
        (place.namespace, place.standing)
    } else {
        (before.namespace.clone(), Standing::default())
    };
    let webhooks = if transfers {
        webhooks(visit, from).await?
    } else {
        Vec::new()
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
    // What fails here is done when the repository's object hands its event over.
    let _ = directory::confirm(visit, &to, &info, &info.repository_id).await;
    if transfers {
        bring(visit, &to, webhooks).await;
        let _ = directory::leave(visit, from, &info.repository_id).await;
    }
    repos::shown(visit, info)
}

/// The webhooks of a repository.
async fn webhooks(visit: &Visit, path: &RepositoryPath) -> Result<Vec<Webhook>, ErrorReply> {
    let whose = Which {
        id: String::new(),
        repo: Some(path.name.as_str().to_owned()),
    };
    directory::get(visit, &path.namespace.folded(), contract::WEBHOOKS, &whose).await
}

/// Makes a repository's webhooks again in the namespace that it has now, under the same ids. One that
/// cannot be made is logged, and is for the operator to make.
async fn bring(visit: &Visit, to: &RepositoryPath, webhooks: Vec<Webhook>) {
    for webhook in webhooks {
        let definition = webhook.definition;
        let make = Make {
            which: Which {
                id: definition.id,
                repo: Some(to.name.as_str().to_owned()),
            },
            url: definition.url,
            events: webhook.events,
            refs: webhook.refs,
            secret: definition.secret,
            active: definition.active,
        };
        let answer: Result<Webhook, _> =
            directory::post(visit, &to.namespace, contract::WEBHOOK_MAKE, &make).await;
        if let Err(error) = answer {
            fault_log::warning("transfer", &format!("webhook {}: {error}", make.which.id));
        }
    }
}

/// The entry that the repository gets.
fn wanted(visit: &Visit, to: &RepositoryPath, info: &RepositoryInfo) -> Reserve {
    Reserve {
        namespace: to.namespace.as_str().to_owned(),
        name: to.name.as_str().to_owned(),
        repository_id: info.repository_id.clone(),
        replaces: None,
        description: info.description.clone(),
        default_branch: info.default_branch.clone(),
        read_only: info.settings.read_only,
        public: info.settings.public,
        source: info.source.clone(),
        comes_with_bytes: Some(info.size_bytes.saturating_add(info.lfs_bytes)),
        now_ms: visit.now_ms,
    }
}

/// What became of a request whose answer was lost or a refusal: the repository, if it has the name.
/// Otherwise the name is given back, unless nobody knows.
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
