//! The body of a REST request, read whole up to its bound.

use futures::{FutureExt as _, TryStreamExt as _};
use serde::de::DeserializeOwned;
use worker::Request;

use super::parameters::{self, BODY_BYTES_MAX};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::worker::admission;
use crate::worker::credentials::Identity;
use crate::worker::cross_site::check_type;
use crate::worker::names::NamespaceName;
use crate::worker::objects::Asked;
use crate::worker::visit::Visit;

/// Reads a body whole, up to its bound.
pub(super) async fn body<T: DeserializeOwned>(request: Request) -> Result<T, ErrorReply> {
    parameters::body(&body_bytes(request).await?)
}

/// The body of a request that makes something below a namespace. The caller is judged before the body, so
/// that strangers are refused at once, and again behind it: a body takes as long as its sender likes,
/// and a token may end or be revoked meanwhile.
pub(super) async fn body_below<T: DeserializeOwned>(
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
pub(crate) fn body_bytes(mut request: Request) -> Asked<'static, Result<Vec<u8>, ErrorReply>> {
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
