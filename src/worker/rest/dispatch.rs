//! Which resource answers a request.

use worker::Request;

use super::parameters::no_parameters;
use super::{
    audit, deleted, downstreams, forks, imports, namespaces, purges, recoveries, relisting,
    renaming, repos, signed, tokens, upstreams, usage, webhooks,
};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::worker::reply::Reply;
use crate::worker::route::downstreams::DownstreamRoute;
use crate::worker::route::upstream::UpstreamRoute;
use crate::worker::route::webhooks::HookRoute;
use crate::worker::route::{RestRoute, RouteError};
use crate::worker::visit::Visit;

/// Answers a REST request whose method fits its route.
pub(crate) async fn answer(
    visit: &Visit,
    request: Request,
    method: &str,
    query: &str,
    route: &RestRoute,
) -> Result<Reply, ErrorReply> {
    if !takes_parameters(route, method) {
        no_parameters(query)?;
    }
    match (route, method) {
        (RestRoute::Namespaces, "POST") => namespaces::create(visit, request).await,
        (RestRoute::Namespaces, _) => namespaces::list(visit, query).await,
        (RestRoute::Namespace(namespace), "PATCH") => {
            namespaces::update(visit, request, namespace).await
        }
        (RestRoute::Namespace(namespace), "DELETE") => namespaces::delete(visit, namespace).await,
        (RestRoute::Namespace(namespace), _) => namespaces::show(visit, namespace).await,
        (RestRoute::Repositories(namespace), "POST") => {
            repos::create(visit, request, namespace).await
        }
        (RestRoute::Repositories(namespace), _) => repos::list(visit, query, namespace).await,
        (RestRoute::Repository(path), "PATCH") => repos::update(visit, request, path).await,
        (RestRoute::Repository(path), "DELETE") => repos::delete(visit, query, path).await,
        (RestRoute::Repository(path), _) => repos::show(visit, path).await,
        (RestRoute::Restore(path), _) => deleted::restore(visit, request, path).await,
        (RestRoute::DeletedOne(namespace, id), _) => deleted::purge(visit, namespace, id).await,
        (RestRoute::Deleted(namespace), _) => deleted::list(visit, query, namespace).await,
        (RestRoute::Fork(path), _) => forks::create(visit, request, path).await,
        (RestRoute::Stats(path), _) => repos::stats(visit, path).await,
        (RestRoute::Maintenance(path), _) => repos::maintain(visit, request, path).await,
        (RestRoute::Purge(path), _) => purges::purge(visit, request, path).await,
        (RestRoute::Rename(path), _) => renaming::rename(visit, request, path).await,
        (RestRoute::Import(path), _) => imports::import(visit, request, path).await,
        (RestRoute::Recover(path), _) => recoveries::recover(visit, request, path).await,
        // Answered before: the one's body is not an envelope, the other's headers have a secret.
        (RestRoute::Bundle(_) | RestRoute::Session, _) => Err(RouteError::Unknown.into()),
        (RestRoute::RepositoryTokens(path), _) => tokens::list(visit, query, path).await,
        (RestRoute::Usage(namespace), _) => usage::show(visit, query, namespace).await,
        (RestRoute::Relist(namespace), _) => relisting::relist(visit, request, namespace).await,
        (RestRoute::Tokens(namespace), "POST") => tokens::create(visit, request, namespace).await,
        (RestRoute::RevokeSigned(namespace), _) => signed::revoke(visit, request, namespace).await,
        (RestRoute::Tokens(namespace), _) => tokens::list_shared(visit, query, namespace).await,
        (RestRoute::DeploymentAudit, _) => audit::list_all(visit, query).await,
        (RestRoute::Audit(namespace), _) => audit::list(visit, query, namespace).await,
        (RestRoute::RevokeAll(namespace), _) => {
            namespaces::revoke_all(visit, request, namespace).await
        }
        (RestRoute::Token(namespace, token_id), _) => {
            tokens::revoke(visit, namespace, token_id).await
        }
        (RestRoute::RepositoryToken(path, token_id), _) => {
            tokens::revoke_here(visit, path, token_id).await
        }
        (RestRoute::Webhooks(owner, route), _) => {
            webhooks::answer(visit, request, method, query, owner, route).await
        }
        (RestRoute::Downstreams(path, route), _) => {
            downstreams::answer(visit, request, method, query, (path, route)).await
        }
        (RestRoute::Upstream(path, route), _) => {
            upstreams::answer(visit, request, method, query, (path, *route)).await
        }
        // Streams: not answered by a reply.
        (
            RestRoute::Content(..)
            | RestRoute::Write(..)
            | RestRoute::Events(_)
            | RestRoute::RepositoryEvents(_),
            _,
        ) => Err(ErrorReply::new(
            ErrorCode::InternalError,
            "content is answered elsewhere",
        )),
    }
}

/// Whether the route reads its query; the others take none.
fn takes_parameters(route: &RestRoute, method: &str) -> bool {
    let lists = matches!(
        route,
        RestRoute::Webhooks(_, HookRoute::Deliveries(_))
            | RestRoute::Downstreams(_, DownstreamRoute::Pushes(_))
            | RestRoute::Upstream(_, UpstreamRoute::Syncs)
            | RestRoute::Namespaces
            | RestRoute::Audit(_)
            | RestRoute::DeploymentAudit
            | RestRoute::Usage(_)
            | RestRoute::Repositories(_)
            | RestRoute::RepositoryTokens(_)
            | RestRoute::Tokens(_)
            | RestRoute::Deleted(_)
    );
    let deletes = matches!(route, RestRoute::Repository(_)) && method == "DELETE";
    deletes || lists && method != "POST"
}
