//! Passes on the feeds of events from the objects: JSON, or a stream that lasts minutes.

use worker::{Request, Response};

use crate::repo_do::contract::{Access, Actor, EVENT_HEADERS, ErrorReply, Refusal, path};
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::fault::fault;
use crate::worker::names::{NamespaceName, RepositoryPath};
use crate::worker::objects;
use crate::worker::visit::{Visit, rest_headers};

/// `GET /namespaces/:ns/events`: for those who administer the namespace.
pub(crate) async fn of_namespace(
    visit: &Visit,
    request: &Request,
    query: &str,
    namespace: &NamespaceName,
) -> Result<Response, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let call = call(request, query);
    shown(objects::namespace(visit, &namespace.folded(), call).await?).await
}

/// `GET …/repos/:name/events`: for those who may read the repository, by a credential.
pub(crate) async fn of_repository(
    visit: &Visit,
    request: &Request,
    query: &str,
    path: &RepositoryPath,
) -> Result<Response, ErrorReply> {
    let actor = admission::to_repository(visit, path, Access::Read).await?;
    if actor == Actor::Anonymous {
        return Err(Refusal::CredentialRequired.into());
    }
    shown(objects::repository(visit, path, actor, call(request, query)).await?).await
}

fn call(request: &Request, query: &str) -> Call {
    let headers = EVENT_HEADERS
        .iter()
        .copied()
        .filter_map(|name| Some((name, request.headers().get(name).ok()??)))
        .collect();
    Call::get(format!("{}?{query}", path::EVENTS)).with_headers(headers)
}

async fn shown(response: Response) -> Result<Response, ErrorReply> {
    if response.status_code() != 200 {
        return Err(objects::refusal(response).await);
    }
    passed_on(response).map_err(|error| fault("events", &error))
}

fn passed_on(response: Response) -> worker::Result<Response> {
    let headers = rest_headers()?;
    // A proxy that compresses a stream holds its events back.
    headers.set("cache-control", "no-store, no-transform")?;
    if let Some(kind) = response.headers().get("content-type")? {
        headers.set("content-type", &kind)?;
    }
    let body = response.into_parts().1;
    Ok(Response::from_body(body)?.with_headers(headers))
}
