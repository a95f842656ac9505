//! A request's JSON, and its answer.

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use worker::{Request, Response};

use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// A response, or the reason for a refusal.
pub(crate) type Answer = Result<Response, ErrorReply>;

/// The body of a request of the Worker's or of another object.
pub(crate) async fn body<T: DeserializeOwned>(request: Request) -> Result<T, ErrorReply> {
    let bytes = body_bytes(request).await;
    let body =
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
    body.map_err(|error| {
        let message = format!("the worker sent a body that the object does not know: {error}");
        ErrorReply::new(ErrorCode::InternalError, message)
    })
}

fn body_bytes(mut request: Request) -> LocalBoxFuture<'static, Result<Vec<u8>, String>> {
    let read = async move { request.bytes().await.map_err(|error| error.to_string()) };
    read.boxed_local()
}
