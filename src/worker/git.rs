//! Git's smart HTTP, handed to the repository's object: bodies go through as streams, unread.

use worker::{Headers, Request, Response, ResponseBody};

use super::admission;
use super::names::RepositoryPath;
use super::objects::{Call, refusal, repository};
use super::ready;
use super::route::GitRoute;
use super::smart_http::{check_length, exchange};
use super::visit::{Visit, fault};
use crate::repo_do::contract::{ErrorReply, FORWARDED_HEADERS};

/// The variable with the most bytes that one push may have, where the platform takes no more.
const PUSH_BYTES_MAX: &str = "CAIRN_PUSH_BYTES_MAX";

/// Answers a git request whose method fits its route.
pub async fn answer(
    visit: &Visit,
    request: &Request,
    query: &str,
    path: &RepositoryPath,
    route: GitRoute,
) -> Result<Response, ErrorReply> {
    let content_type = header(request, "content-type");
    let encoding = header(request, "content-encoding");
    let exchange = exchange(route, query, content_type.as_deref(), encoding.as_deref())?;
    let actor = admission::actor(visit, exchange.access)?;
    if route == GitRoute::ReceivePack {
        let most = visit.env.var(PUSH_BYTES_MAX).ok();
        let most = most.and_then(|most| most.to_string().parse().ok());
        check_length(header(request, "content-length").as_deref(), most)?;
    }

    let call = match route {
        GitRoute::UploadPack | GitRoute::ReceivePack => {
            Call::stream(exchange.target, forwarded(request), request.inner().body())
        }
        GitRoute::InfoRefs | GitRoute::Dumb => {
            Call::get(exchange.target).with_headers(forwarded(request))
        }
    };
    // The object decides alone, and is asked first: a look-up in KV would cost as much as its
    // answer. KV only says more exactly why not.
    let response = match repository(visit, path, actor, call).await {
        Ok(response) if response.status_code() == 200 => response,
        refused => {
            admission::check_grant(visit, path).await?;
            return Err(refusal(refused?).await);
        }
    };
    let body = match ready::named(response.headers()) {
        Some(ready) => ready::body(visit, response, ready).await?,
        None => response.into_parts().1,
    };
    stream_on(body, exchange.answer_type).map_err(|error| fault("git answer", &error))
}

/// The object's body under headers of our own: Git insists on the content type, and without
/// `no-transform` the platform may compress what must pass unchanged.
pub fn stream_on(body: ResponseBody, content_type: &str) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("content-type", content_type)?;
    headers.set("cache-control", "no-cache, no-transform")?;
    headers.set("x-content-type-options", "nosniff")?;
    Ok(Response::from_body(body)?.with_headers(headers))
}

fn forwarded(request: &Request) -> Vec<(&'static str, String)> {
    FORWARDED_HEADERS
        .into_iter()
        .filter_map(|name| Some((name, header(request, name)?)))
        .collect()
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}
