//! Git's smart HTTP, handed to the repository's object: bodies go through as streams, unread.

use super::admission;
use super::credentials::Identity;
use super::names::RepositoryPath;
use super::objects::{Call, refusal, repository_as_it_is};
use super::ready;
use super::route::GitRoute;
use super::smart_http::exchange;
use super::visit::Visit;
use crate::repo_do::contract::header::GIT_PROTOCOL;
use crate::repo_do::contract::{ErrorReply, FORWARDED_HEADERS, Refusal};

/// Answers a git request whose method fits its route. What the object answers well passes as it is:
/// it has the headers that Git wants, and writes the log line.
pub async fn answer(
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
    let forwarded = forwarded.iter();
    let forwarded = forwarded.filter_map(|name| Some((*name, header(name)?)));
    let call = call.with_headers(forwarded.collect());
    // The object decides alone, and is asked first: a look-up in KV would cost as much as its
    // answer. KV only says more exactly why not.
    let response = match repository_as_it_is(visit, path, actor, call).await {
        Ok(response) if response.status() == 200 => response,
        // Git asks everything once without its token; there is nothing to read of that.
        Ok(response) if response.status() == 401 && visit.identity == Identity::Anonymous => {
            return Err(Refusal::CredentialRequired.into());
        }
        refused => {
            admission::check_grant(visit, path).await?;
            return Err(refusal(refused?.into()).await);
        }
    };
    match ready::named(&response) {
        Some(ready) => ready::answer(visit, response, ready).await,
        None => Ok(response),
    }
}
