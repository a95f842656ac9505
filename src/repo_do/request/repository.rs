//! Requests of the operator's to the object of another repository, or of a name.

use worker::{Env, Headers, Method, Request, RequestInit, Response};

use crate::repo_do::contract::{Actor, LocationHint, ORIGIN, header, path};

/// The binding of the repositories' objects.
const REPOSITORIES: &str = "REPO";

/// Asks which repository goes by the name that an object has.
pub(crate) fn info_of(object_name: &str) -> worker::Result<Request> {
    request(object_name, path::INFO, None)
}

/// Posts a body to the object of a name.
pub(crate) async fn post<T: serde::Serialize>(
    env: &Env,
    object_name: &str,
    path: &str,
    body: &T,
) -> worker::Result<Response> {
    let body = serde_json::to_string(body)?;
    send(env, object_name, request(object_name, path, Some(body))?).await
}

/// Sends a request to an object.
pub(crate) async fn send(
    env: &Env,
    object_name: &str,
    request: Request,
) -> worker::Result<Response> {
    let objects = env.durable_object(REPOSITORIES)?;
    let hint = request.headers().get(header::LOCATION)?;
    let object = match hint.as_deref().and_then(LocationHint::named) {
        Some(hint) => objects.get_by_name_with_location_hint(object_name, hint.name())?,
        None => objects.get_by_name(object_name)?,
    };
    object.fetch_with_request(request).await
}

/// The object reads from the request which name is meant: an object is called as its repository is, in
/// lower case.
fn request(object_name: &str, path: &str, body: Option<String>) -> worker::Result<Request> {
    let headers = Headers::new();
    headers.set(header::ACTOR, &Actor::Operator.to_string())?;
    headers.set(header::REPOSITORY, object_name)?;
    let mut init = RequestInit::new();
    init.with_headers(headers);
    if let Some(body) = body {
        init.with_method(Method::Post).with_body(Some(body.into()));
    }
    Request::new_with_init(&format!("{ORIGIN}{path}"), &init)
}
