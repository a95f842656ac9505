//! The upstream of a repository: sets, shows and removes it; its syncs; its webhook.

use serde_json::Value;
use worker::{Method, Request};

use super::body::body;
use super::imports::allows_private;
use crate::repo_do::contract::{
    Access, Actor, ErrorCode, ErrorReply, ListSyncs, SyncPage, UPSTREAM_HOOK_HEADERS, path,
};
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::envelope;
use crate::worker::names::RepositoryPath;
use crate::worker::objects;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters;
use crate::worker::rest::parameters::upstream::{INTERVAL_SECONDS_MIN, NewUpstream, SyncQuery};
use crate::worker::rest::parameters::webhooks::{Nothing, cursor};
use crate::worker::route::upstream::UpstreamRoute;
use crate::worker::visit::Visit;

/// The variable that changes the shortest interval of syncs.
const INTERVAL_MIN: &str = "CAIRN_UPSTREAM_INTERVAL_SECONDS_MIN";

/// Answers a request of an administrator of the repository.
pub(crate) async fn answer(
    visit: &Visit,
    request: Request,
    method: &str,
    query: &str,
    (path, route): (&RepositoryPath, UpstreamRoute),
) -> Result<Reply, ErrorReply> {
    if route == UpstreamRoute::Hook {
        return hook(visit, request.inner(), path).await;
    }
    let actor = admission::to_repository(visit, path, Access::Administer).await?;
    let (status, call) = match (route, method) {
        (UpstreamRoute::Settings, "PUT") => {
            let new: NewUpstream = body(request).await?;
            let set = new.checked(allows_private(visit), interval_seconds_min(visit))?;
            (200, Call::post(path::UPSTREAM, &set)?)
        }
        (UpstreamRoute::Settings, "DELETE") => (200, Call::delete(path::UPSTREAM)),
        (UpstreamRoute::Settings, _) => (200, Call::get(path::UPSTREAM)),
        (UpstreamRoute::Sync, _) => {
            let Nothing {} = body(request).await?;
            (202, Call::post(path::UPSTREAM_SYNC, &())?)
        }
        (UpstreamRoute::Syncs | UpstreamRoute::Hook, _) => {
            return syncs(visit, query, (path, actor)).await;
        }
    };
    let answered = objects::repository(visit, path, actor, call).await?;
    let shown: Value = objects::read(answered).await?;
    envelope::success(status, &shown)
}

async fn syncs(
    visit: &Visit,
    query: &str,
    (path, actor): (&RepositoryPath, Actor),
) -> Result<Reply, ErrorReply> {
    let query: SyncQuery = parameters::query(query)?;
    let limit = query.limit()?;
    let before = query.before()?.unwrap_or((1 << 53) - 1);
    let asked = ListSyncs { before, limit };
    let call = Call::get(objects::target(path::UPSTREAM_SYNCS, &asked)?);
    let answered = objects::repository(visit, path, actor, call).await?;
    let page: SyncPage = objects::read(answered).await?;
    envelope::page(&page.syncs, limit, page.next.map(cursor))
}

/// `POST …/upstream/hook`: the signature is the credential, and the object judges it. The Worker streams
/// the body without reading it.
async fn hook(
    visit: &Visit,
    request: &web_sys::Request,
    path: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    let headers = request.headers();
    let given = UPSTREAM_HOOK_HEADERS.into_iter();
    let given = given.filter_map(|name| Some((name, headers.get(name).ok().flatten()?)));
    let call = Call::stream(path::UPSTREAM_HOOK, request.body())
        .by(Method::Post)
        .with_headers(given.collect());
    let asked = objects::repository(visit, path, Actor::Anonymous, call).await;
    let shown: Value = objects::read(asked.map_err(unsigned)?)
        .await
        .map_err(unsigned)?;
    envelope::success(202, &shown)
}

/// Gives a rejected caller and an unknown name the answer of a wrong signature, so that all three look
/// the same.
fn unsigned(error: ErrorReply) -> ErrorReply {
    match error.code {
        ErrorCode::Unauthorized | ErrorCode::NotFound => ErrorReply::new(
            ErrorCode::Forbidden,
            "the signature is not that of this repository's upstream",
        ),
        _ => error,
    }
}

fn interval_seconds_min(visit: &Visit) -> u32 {
    let set = visit.env.var(INTERVAL_MIN).ok();
    let set = set.and_then(|value| value.to_string().parse().ok());
    set.filter(|seconds| *seconds > 0)
        .unwrap_or(INTERVAL_SECONDS_MIN)
}
