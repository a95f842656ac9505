//! Messages between objects, and their answers, as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::{Env, Headers, Method, Request, RequestInit};

use crate::repo_do::contract::{ErrorReply, ORIGIN};
use crate::storage::fault_log;
use crate::worker::fault::fault;
use crate::worker::reply::Reply;

/// A message that came.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorReply> {
    serde_json::from_slice(body).map_err(|error| fault("internal body", &error))
}

/// An answer.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, ErrorReply> {
    serde_json::to_string(value).map_err(|error| fault("internal answer", &error))
}

/// The answer of a request that failed; a fault of ours is logged.
pub(crate) fn refusal(error: &ErrorReply) -> Reply {
    if let Some(fault) = &error.fault {
        fault_log::error(fault.kind, &fault.cause);
    }
    let body = serde_json::to_string(error).unwrap_or_default();
    Reply::new(error.code.status(), "application/json", body)
}

/// Posts a message to an object; gives the status and the body of its answer.
pub(crate) async fn post<T: Serialize>(
    env: &Env,
    (binding, object_name): (&str, &str),
    path: &str,
    message: &T,
) -> worker::Result<(u16, Vec<u8>)> {
    post_with(env, (binding, object_name), path, message, &[]).await
}

/// The same, with headers.
pub(crate) async fn post_with<T: Serialize>(
    env: &Env,
    (binding, object_name): (&str, &str),
    path: &str,
    message: &T,
    own: &[(&str, &str)],
) -> worker::Result<(u16, Vec<u8>)> {
    let headers = Headers::new();
    for (name, value) in own {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    let body = serde_json::to_string(message)?;
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_body(Some(body.into()));
    let request = Request::new_with_init(&format!("{ORIGIN}{path}"), &init)?;
    let object = env.durable_object(binding)?.get_by_name(object_name)?;
    let mut answer = object.fetch_with_request(request).await?;
    Ok((answer.status_code(), answer.bytes().await?))
}
