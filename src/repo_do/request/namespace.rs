//! Messages to a namespace's object.

use serde::de::DeserializeOwned;
use worker::{Env, Headers, Method, Request, RequestInit, Response};

use crate::repo_do::contract::{ErrorCode, ErrorReply, ORIGIN, header};
use crate::storage::db::sql_error::lasting;

/// When to try again after the namespace's object could not be asked.
const NAMESPACE_RETRY_SECONDS: u32 = 2;

/// Sends a message to a namespace's object.
pub(crate) async fn tell_namespace<T: serde::Serialize>(
    env: &Env,
    namespace: &str,
    path: &str,
    message: &T,
) -> worker::Result<()> {
    let sent = send_to_namespace(env, namespace, path, serde_json::to_string(message)?);
    sent.await.map(|_| ())
}

/// Asks a namespace's object. The namespace's refusal is this one's; asking again may help only where there
/// is no answer.
pub(crate) async fn ask_namespace<T: serde::Serialize, A: DeserializeOwned>(
    env: &Env,
    namespace: &str,
    path: &str,
    question: &T,
) -> Result<A, ErrorReply> {
    let asked = async {
        let body = serde_json::to_string(question)?;
        let mut response = send_to_namespace(env, namespace, path, body).await?;
        let status = response.status_code();
        Ok::<_, worker::Error>((status, response.bytes().await?))
    };
    let (status, bytes) = asked.await.map_err(|error| no_answer(&error.to_string()))?;
    let answer = match status {
        200 => serde_json::from_slice(&bytes).map(Ok),
        _ => serde_json::from_slice(&bytes).map(Err),
    };
    answer.unwrap_or_else(|error| Err(no_answer(&format!("status {status}: {error}"))))
}

fn no_answer(cause: &str) -> ErrorReply {
    let refusal = match lasting(cause) {
        Some(fault) => ErrorReply::new(ErrorCode::InternalError, fault.told()),
        None => ErrorReply::busy(
            NAMESPACE_RETRY_SECONDS,
            "the namespace did not answer, try again",
        ),
    };
    refusal.caused_by("namespace", &cause)
}

async fn send_to_namespace(
    env: &Env,
    namespace: &str,
    path: &str,
    body: String,
) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set(header::BODY_BYTES, &body.len().to_string())?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_body(Some(body.into()));
    let request = Request::new_with_init(&format!("{ORIGIN}{path}"), &init)?;
    let stub = env
        .durable_object("NAMESPACE")?
        .get_by_name(&namespace.to_ascii_lowercase())?;
    stub.fetch_with_request(request).await
}
