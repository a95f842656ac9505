//! A request's JSON, and its answer.

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::{Request, Response};

use crate::repo_do::contract::content::{ENVELOPE_OPEN, envelope_close};
use crate::repo_do::contract::{ErrorCode, ErrorReply, header};

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

/// One result in an envelope.
pub(crate) fn enveloped(result: &impl Serialize) -> worker::Result<Response> {
    json(envelope(result)?)
}

/// The bytes of an envelope with one result.
pub(crate) fn envelope(result: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::from(ENVELOPE_OPEN);
    serde_json::to_writer(&mut out, result)?;
    out.extend_from_slice(envelope_close(None).as_bytes());
    Ok(out)
}

/// JSON that was written.
pub(crate) fn json(body: Vec<u8>) -> worker::Result<Response> {
    let builder = Response::builder().with_header("content-type", "application/json")?;
    // `from_bytes` would say that it is of no type.
    Ok(builder.fixed(body))
}

/// A page of a list, as JSON that was written, and the cursor of the next one; empty at the end.
pub(crate) fn page(body: Vec<u8>, cursor: &str) -> worker::Result<Response> {
    let response = json(body)?;
    response.headers().set(header::NEXT, cursor)?;
    Ok(response)
}

/// The object has no such route.
pub(crate) fn no_route() -> ErrorReply {
    ErrorReply::new(ErrorCode::NotFound, "the object has no such route")
}

fn body_bytes(mut request: Request) -> LocalBoxFuture<'static, Result<Vec<u8>, String>> {
    let read = async move { request.bytes().await.map_err(|error| error.to_string()) };
    read.boxed_local()
}
