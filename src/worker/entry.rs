//! The fetch handler: one request in, one answer out, whatever happens in between.

use worker::{Context, Date, Env, Request, Response, Url, event};

use super::reply::{Reply, git_error};
use super::route::{self, Face, RestRoute, Route, RouteError};
use super::visit::{Visit, fault, respond};
use super::{content, envelope, git, idempotency, openapi, random};
use crate::repo_do::contract::{ErrorCode, ErrorReply};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> worker::Result<Response> {
    let face = route::face(&request.path());
    let request_id = random::bytes::<8>().map_or_else(
        |_| "0000000000000000".to_owned(),
        |bytes| faster_hex::hex_string(&bytes),
    );
    match answer(request, env, &request_id).await {
        Ok(response) => Ok(response),
        Err(error) => respond(shown(face, &error).with_header("x-request-id", request_id)),
    }
}

fn shown(face: Face, error: &ErrorReply) -> Reply {
    match face {
        Face::Git => git_error(error),
        Face::Rest => envelope::failure(error),
    }
}

async fn answer(request: Request, env: Env, request_id: &str) -> Result<Response, ErrorReply> {
    let url = request
        .url()
        .map_err(|_| malformed("the URL is malformed"))?;
    let route = route::parse(&request.path())?;
    let methods = route.methods();
    // Not `Request::method`, which takes a method that it does not know for GET.
    let method = request.inner().method();
    if !methods.contains(&method.as_str()) {
        return reply_with_id(method_not_allowed(&route, methods), request_id);
    }
    let visit = visit(&request, &url, env, request_id)?;
    let query = url.query().unwrap_or("");
    match &route {
        Route::Health => reply_with_id(health(), request_id),
        Route::OpenApi => reply_with_id(openapi::answer(), request_id),
        Route::Git(path, route) => git::answer(&visit, &request, query, path, *route).await,
        Route::Rest(RestRoute::Content(path, content)) => {
            content::answer(&visit, &request, &method, query, path, content).await
        }
        Route::Rest(route) => {
            let reply = idempotency::answer(&visit, request, &method, query, route).await?;
            reply_with_id(reply, request_id)
        }
    }
}

fn visit(request: &Request, url: &Url, env: Env, request_id: &str) -> Result<Visit, ErrorReply> {
    let authorization = request
        .headers()
        .get("authorization")
        .map_err(|_| malformed("the Authorization header is malformed"))?;
    let now_ms = i64::try_from(Date::now().as_millis()).map_err(|error| fault("clock", &error))?;
    let origin = url.origin().ascii_serialization();
    Ok(Visit::new(
        env,
        now_ms,
        request_id.to_owned(),
        origin,
        authorization.as_deref(),
    ))
}

fn reply_with_id(reply: Reply, request_id: &str) -> Result<Response, ErrorReply> {
    respond(reply.with_header("x-request-id", request_id)).map_err(|error| fault("answer", &error))
}

fn method_not_allowed(route: &Route, methods: &[&str]) -> Reply {
    let allowed = methods.join(", ");
    let message = format!("this path serves {allowed} only");
    let error = ErrorReply::new(ErrorCode::MethodNotAllowed, message);
    let face = if matches!(route, Route::Git(..)) {
        Face::Git
    } else {
        Face::Rest
    };
    shown(face, &error).with_header("allow", allowed)
}

fn health() -> Reply {
    let body = format!(r#"{{"ok":true,"version":"{}"}}"#, env!("CARGO_PKG_VERSION"));
    Reply::new(200, "application/json", body).with_header("cache-control", "no-store")
}

fn malformed(message: &str) -> ErrorReply {
    ErrorReply::new(ErrorCode::InvalidInput, message)
}

impl From<RouteError> for ErrorReply {
    fn from(error: RouteError) -> Self {
        let code = match error {
            RouteError::Unknown => ErrorCode::NotFound,
            RouteError::Name(_) => ErrorCode::InvalidRepoName,
            RouteError::Encoding => ErrorCode::InvalidInput,
        };
        Self::new(code, error.to_string())
    }
}
