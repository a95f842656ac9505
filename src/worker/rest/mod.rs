//! The REST resources. Each file has one resource and its steps in the objects.

pub mod bundles;
pub mod forks;
pub mod imports;
mod making;
pub mod namespaces;
pub mod purges;
pub mod recoveries;
pub mod relisting;
pub mod repos;
pub mod tokens;

use futures::{FutureExt as _, TryStreamExt as _};
use serde::de::DeserializeOwned;
use worker::Request;

use super::admission;
use super::credentials::Identity;
use super::cross_site::check_type;
use super::names::NamespaceName;
use super::objects::Asked;
use super::parameters::{self, BODY_BYTES_MAX};
use super::reply::Reply;
use super::route::{RestRoute, RouteError};
use super::visit::Visit;
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// Answers a REST request whose method fits its route.
pub async fn answer(
    visit: &Visit,
    request: Request,
    method: &str,
    query: &str,
    route: &RestRoute,
) -> Result<Reply, ErrorReply> {
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
        (RestRoute::Repository(path), "DELETE") => repos::delete(visit, path).await,
        (RestRoute::Repository(path), _) => repos::show(visit, path).await,
        (RestRoute::Fork(path), _) => forks::create(visit, request, path).await,
        (RestRoute::Stats(path), _) => repos::stats(visit, path).await,
        (RestRoute::Maintenance(path), _) => repos::maintain(visit, request, path).await,
        (RestRoute::Purge(path), _) => purges::purge(visit, request, path).await,
        (RestRoute::Import(path), _) => imports::import(visit, request, path).await,
        (RestRoute::Recover(path), _) => recoveries::recover(visit, request, path).await,
        // Answered before: its body is no envelope.
        (RestRoute::Bundle(_), _) => Err(RouteError::Unknown.into()),
        (RestRoute::RepositoryTokens(path), _) => tokens::list(visit, query, path).await,
        (RestRoute::Relist(namespace), _) => relisting::relist(visit, request, namespace).await,
        (RestRoute::Tokens(namespace), "POST") => tokens::create(visit, request, namespace).await,
        (RestRoute::Tokens(namespace), _) => tokens::list_shared(visit, query, namespace).await,
        (RestRoute::Token(namespace, token_id), _) => {
            tokens::revoke(visit, namespace, token_id).await
        }
        (RestRoute::RepositoryToken(path, token_id), _) => {
            tokens::revoke_here(visit, path, token_id).await
        }
        // Streams: not answered by a reply.
        (RestRoute::Content(..), _) => Err(ErrorReply::new(
            ErrorCode::InternalError,
            "content is answered elsewhere",
        )),
    }
}

/// Reads a body whole, up to its bound.
async fn body<T: DeserializeOwned>(request: Request) -> Result<T, ErrorReply> {
    parameters::body(&body_bytes(request).await?)
}

/// The body of a request that makes something below a namespace. Who asks is judged before it, so
/// that strangers are refused at once, and again behind it: a body takes as long as its sender likes,
/// and a token may end or be revoked meanwhile.
async fn body_below<T: DeserializeOwned>(
    visit: &Visit,
    namespace: &NamespaceName,
    request: Request,
) -> Result<T, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let body = body(request).await?;
    if let Identity::Token(_) = visit.identity {
        admission::to_namespace(visit, namespace).await?;
    }
    Ok(body)
}

/// The bytes of a body, which is JSON if there is one.
pub fn body_bytes(mut request: Request) -> Asked<'static, Result<Vec<u8>, ErrorReply>> {
    let read = async move {
        check_encoding(&request)?;
        let mut bytes = Vec::new();
        if request.inner().body().is_some() {
            let mut stream = request.stream().map_err(|_| unreadable())?;
            while let Some(chunk) = stream.try_next().await.map_err(|_| unreadable())? {
                if bytes.len().saturating_add(chunk.len()) > BODY_BYTES_MAX {
                    return Err(parameters::body_too_large());
                }
                bytes.extend_from_slice(&chunk);
            }
        }
        if !bytes.is_empty() {
            let content_type = request.headers().get("content-type").ok().flatten();
            check_type(content_type.as_deref())?;
        }
        Ok(bytes)
    };
    read.boxed_local()
}

/// A body that is encoded twice, or otherwise than its reader thinks, has two readings.
fn check_encoding(request: &Request) -> Result<(), ErrorReply> {
    let encoding = request.headers().get("content-encoding").ok().flatten();
    match encoding.as_deref().map(str::trim) {
        None | Some("" | "identity") => Ok(()),
        Some(_) => Err(ErrorReply::new(
            ErrorCode::UnsupportedMediaType,
            "the body must not be encoded",
        )),
    }
}

fn unreadable() -> ErrorReply {
    ErrorReply::new(
        ErrorCode::InvalidInput,
        "the body could not be read to its end",
    )
}
