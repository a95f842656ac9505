//! Git's smart HTTP, handed to the repository's object: bodies go through as streams, unread.

use super::admission;
use super::call::Call;
use super::credentials::Identity;
use super::grants;
use super::names::RepositoryPath;
use super::objects::{bucket, is_unauthorized, refusal, repository_as_it_is};
use super::ready;
use super::route::GitRoute;
use super::smart_http::exchange;
use super::visit::Visit;
use crate::repo_do::contract::header::{GIT_PROTOCOL, KNOWN_TOKEN, REMOTE};
use crate::repo_do::contract::{ErrorReply, FORWARDED_HEADERS, Refusal, path};

/// Answers a git request whose method fits its route. A good answer of the object passes as it is:
/// it has the headers that Git wants, and writes the log line.
pub(crate) async fn answer(
    visit: &Visit,
    request: &web_sys::Request,
    query: &str,
    path: &RepositoryPath,
    route: GitRoute,
) -> Result<web_sys::Response, ErrorReply> {
    let headers = request.headers();
    let header = |name| headers.get(name).ok().flatten();
    let has_body = matches!(route, GitRoute::UploadPack | GitRoute::ReceivePack);
    let exchange = if has_body {
        let (content_type, encoding) = (header("content-type"), header("content-encoding"));
        exchange(route, query, content_type.as_deref(), encoding.as_deref())?
    } else {
        exchange(route, query, None, None)?
    };
    let actor = admission::actor(visit, exchange.access)?;

    let (call, forwarded) = if has_body {
        let call = Call::stream(exchange.target, request.body());
        (call, FORWARDED_HEADERS.as_slice())
    } else {
        (Call::get(exchange.target), [GIT_PROTOCOL].as_slice())
    };
    let protocol = header(GIT_PROTOCOL).filter(|_| !has_body);
    let forwarded = forwarded.iter();
    let forwarded = forwarded.filter_map(|name| Some((*name, header(name)?)));
    let mut forwarded: Vec<_> = forwarded.collect();
    if route == GitRoute::UploadPack {
        let remote = visit.remote(path.namespace.as_str(), path.name.as_str());
        forwarded.push((REMOTE, remote));
    }
    let call = call.with_headers(forwarded);
    // The object decides alone, and is asked first: a look-up in KV would cost as much as its
    // answer. KV only says more exactly why not.
    let mut response = repository_as_it_is(visit, path, actor, call).await;
    if let Some(call) = once_more(visit, path, exchange.target, &response, protocol).await {
        response = repository_as_it_is(visit, path, actor, call).await;
    }
    let response = match response {
        Ok(response) if response.status() == 200 => response,
        // Git asks everything once without its token; there is nothing to read of that.
        Ok(response) if response.status() == 401 && visit.identity == Identity::Anonymous => {
            return Err(Refusal::CredentialRequired.into());
        }
        refused => {
            if is_unauthorized(&refused) {
                admission::check_grant(visit, path).await?;
            }
            return Err(refusal(refused?.into()).await);
        }
    };
    match ready::named(&response) {
        Some(ready) => {
            let bucket = bucket(visit, &path.namespace).await;
            ready::answer(bucket, response, ready).await
        }
        None => Ok(response),
    }
}

/// The same request once more, when strangers have used up their share and the caller has a token
/// that KV knows for one of the namespace's: the object counts it with the owners'. Requests with a body
/// cannot be sent again; Git sends one without first.
async fn once_more(
    visit: &Visit,
    path: &RepositoryPath,
    target: &'static str,
    response: &Result<web_sys::Response, ErrorReply>,
    protocol: Option<String>,
) -> Option<Call> {
    let is_turned_away = matches!(response, Ok(response) if response.status() == 429);
    let Identity::Token(hash) = visit.identity else {
        return None;
    };
    if !is_turned_away || !target.starts_with(path::INFO_REFS) {
        return None;
    }
    let grant = grants::find(visit, &hash).await?;
    grant.check(path, visit.now_ms).ok()?;
    let protocol = protocol.map(|protocol| (GIT_PROTOCOL, protocol));
    let headers = protocol.into_iter().chain([(KNOWN_TOKEN, "1".to_owned())]);
    Some(Call::get(target).with_headers(headers.collect()))
}
