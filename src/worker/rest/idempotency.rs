//! `Idempotency-Key`: a POST that was sent before gets the first one's answer again.
//!
//! The key is noted at the object that makes the resource: that of the namespace, or
//! the registry where a namespace is made.

use js_sys::Uint8Array;
use worker::{Headers, Method, Request, RequestInit};

use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::envelope;
use crate::worker::fault::fault;
use crate::worker::names::NamespaceName;
use crate::worker::namespace::contract::{BeginOnce, Done, EndOnce, OnceBegun, REGISTRY, path};
use crate::worker::namespace::once::{Once, Seed, is_final, request_digest};
use crate::worker::objects::{self, Asked};
use crate::worker::random;
use crate::worker::reply::Reply;
use crate::worker::rest::{body, dispatch};
use crate::worker::route::RestRoute;
use crate::worker::visit::Visit;

/// When to send a request again that is being done.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Answers a REST request; one with a key once.
pub(crate) async fn answer(
    visit: &Visit,
    request: Request,
    method: &str,
    query: &str,
    route: &RestRoute,
) -> Result<Reply, ErrorReply> {
    let header = |name: &str| request.headers().get(name).ok().flatten();
    let (Some(key), "POST") = (header("idempotency-key"), method) else {
        return dispatch::answer(visit, request, method, query, route).await;
    };
    let authorization = header("authorization");
    let Some(once) = Once::new(authorization.as_deref(), &key)? else {
        return dispatch::answer(visit, request, method, query, route).await;
    };
    admit(visit, route).await?;
    let url = request.url().map_err(|error| fault("url", &error))?;
    let body = body::body_bytes(request).await?;
    let begin = BeginOnce {
        key: once.key(),
        request: request_digest(url.path(), &body),
        salt: random::bytes()?,
        may_create: may_create(route),
        now_ms: visit.now_ms,
    };
    let call = Call::post(path::ONCE_BEGIN, &begin)?;
    let seed = match ask::<OnceBegun>(visit, route, call).await? {
        OnceBegun::Yours { salt } => Some(once.seed(&salt)),
        OnceBegun::NoPlace => None,
        OnceBegun::Answered {
            salt,
            status,
            answer,
        } => {
            let answer = once.seed(&salt).open(&answer);
            let reply = envelope::verbatim(status, answer);
            return Ok(reply.with_header("idempotent-replayed", "true"));
        }
        OnceBegun::Running => return Err(running()),
        OnceBegun::AnotherRequest => return Err(another_request()),
    };
    visit.seed.set(seed);
    let again = with_body(url.as_str(), &body).map_err(|error| fault("request", &error))?;
    let answered = dispatch::answer(visit, again, method, query, route).await;
    if let Some(seed) = seed {
        end(visit, route, &once, &seed, &answered).await;
    }
    answered
}

/// Whether the caller may make anything there; the resource asks again.
async fn admit(visit: &Visit, route: &RestRoute) -> Result<(), ErrorReply> {
    match namespace(route) {
        Some(namespace) => admission::to_namespace(visit, namespace).await,
        None => admission::to_administer(visit).await,
    }
}

/// The namespace in which the route makes something; its object keeps the route's keys. The registry
/// keeps those of other routes, which are the operator's alone.
fn namespace(route: &RestRoute) -> Option<&NamespaceName> {
    match route {
        RestRoute::Repositories(namespace)
        | RestRoute::Tokens(namespace)
        | RestRoute::RevokeAll(namespace)
        | RestRoute::RevokeSigned(namespace) => Some(namespace),
        RestRoute::Webhooks(owner, _) => Some(&owner.namespace),
        RestRoute::Downstreams(path, _)
        | RestRoute::Fork(path)
        | RestRoute::Restore(path)
        | RestRoute::Import(path)
        | RestRoute::Rename(path)
        | RestRoute::Maintenance(path)
        | RestRoute::Purge(path)
        | RestRoute::Upstream(path, _) => Some(&path.namespace),
        _ => None,
    }
}

fn may_create(route: &RestRoute) -> bool {
    matches!(
        route,
        RestRoute::Namespaces | RestRoute::Repositories(_) | RestRoute::Import(_)
    )
}

async fn ask<T: serde::de::DeserializeOwned>(
    visit: &Visit,
    route: &RestRoute,
    call: Call,
) -> Result<T, ErrorReply> {
    let object_name = namespace(route).map_or_else(|| REGISTRY.to_owned(), NamespaceName::folded);
    objects::read(objects::namespace(visit, &object_name, call).await?).await
}

/// Stores the answer, or that there is none. If that fails, the same request runs again after a
/// while with the same ids, and then finds the results of its first run.
fn end<'a>(
    visit: &'a Visit,
    route: &'a RestRoute,
    once: &Once,
    seed: &Seed,
    answered: &Result<Reply, ErrorReply>,
) -> Asked<'a, ()> {
    let reply = match answered {
        Ok(reply) => Some(reply.clone()),
        Err(error) => is_final(error).then(|| envelope::failure(error)),
    };
    let answer = reply.and_then(|reply| Some((reply.status, seed.seal(&reply.body)?)));
    let end = EndOnce {
        key: once.key(),
        answer,
    };
    let told = async move {
        if let Ok(call) = Call::post(path::ONCE_END, &end) {
            let _: Result<Done, _> = ask(visit, route, call).await;
        }
    };
    Box::pin(told)
}

fn with_body(url: &str, body: &[u8]) -> worker::Result<Request> {
    let mut init = RequestInit::new();
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_body(Some(Uint8Array::from(body).into()));
    Request::new_with_init(url, &init)
}

fn running() -> ErrorReply {
    let message = "the same request is being done";
    ErrorReply {
        retry_after_seconds: Some(RETRY_AFTER_SECONDS),
        ..ErrorReply::new(ErrorCode::CreateInProgress, message)
    }
}

fn another_request() -> ErrorReply {
    let message = "the Idempotency-Key was sent with another request";
    ErrorReply::new(ErrorCode::KeyReused, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::route::{self, Route};

    #[test]
    fn administrators_of_a_namespace_may_send_a_key_wherever_they_may_post() {
        for below in [
            "repos",
            "tokens",
            "tokens/revoke-all",
            "tokens/revoke-signed",
            "webhooks",
            "repos/app/fork",
            "repos/app/import",
            "repos/app/rename",
            "repos/app/restore-deleted",
            "repos/app/maintenance",
            "repos/app/purge-unreachable",
            "repos/app/webhooks",
            "repos/app/downstreams",
            "repos/app/downstreams/0123456789abcdef/push",
        ] {
            let path = format!("/api/v1/namespaces/Acme/{below}");
            let Ok(Route::Rest(route)) = route::parse(&path) else {
                panic!("{path} is no route of REST");
            };
            let namespace = namespace(&route).map(NamespaceName::folded);
            assert_eq!(namespace.as_deref(), Some("acme"), "{path}");
        }
    }
}
