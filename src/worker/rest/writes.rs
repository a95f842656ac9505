//! Changes of a repository, handed through to its object: bodies are streamed, unread.

use worker::{Method, Response};

use super::parameters::no_parameters;
use super::{other_repository, sync_fork};
use crate::repo_do::contract::write::{self, is_ndjson, path};
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply, header};
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::cross_site::check_type;
use crate::worker::fault::fault;
use crate::worker::names::RepositoryPath;
use crate::worker::namespace::once::Once;
use crate::worker::objects::{refusal, repository};
use crate::worker::route::Write;
use crate::worker::visit::{Visit, rest_headers};

/// Answers a request that writes. The object is asked first and decides: a caller that may push may do this,
/// and nobody else.
pub(crate) async fn answer(
    visit: &Visit,
    request: &web_sys::Request,
    method: &str,
    query: &str,
    path: &RepositoryPath,
    write: Write,
) -> Result<Response, ErrorReply> {
    no_parameters(query)?;
    let actor = admission::actor(visit, Access::Push)?;
    let headers = request.headers();
    let given = |name: &str| headers.get(name).ok().flatten();
    let content_type = given("content-type");
    let encoding = given("content-encoding");
    if !matches!(write, Write::SyncFork) {
        check_body(write, content_type.as_deref(), encoding.as_deref())?;
    }
    let forwarded = write::FORWARDED_HEADERS.into_iter();
    let mut forwarded: Vec<_> = forwarded
        .filter_map(|name| Some((name, given(name)?)))
        .collect();
    if let (Some(key), "POST" | "DELETE") = (given("idempotency-key"), method)
        && let Some(once) = Once::new(given("authorization").as_deref(), &key)?
    {
        forwarded.push((header::ONCE, faster_hex::hex_string(&once.key())));
    }
    let method = match method {
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        _ => Method::Post,
    };
    if matches!(write, Write::Merge) {
        forwarded.extend(other_repository::header(visit, path, request).await?);
    }
    let call = match write {
        Write::SyncFork => sync_fork::call(visit, (path, actor), request, forwarded).await?,
        _ => Call::stream(target(write), request.body())
            .by(method)
            .with_headers(forwarded),
    };
    match repository(visit, path, actor, call).await {
        Ok(response) if [200, 201].contains(&response.status_code()) => {
            passed_on(response).map_err(|error| fault("write", &error))
        }
        refused => {
            let refused = refusal(refused?).await;
            Err(match write {
                Write::SyncFork => sync_fork::refused(refused),
                _ => refused,
            })
        }
    }
}

/// The path at the repository's object.
fn target(write: Write) -> &'static str {
    match write {
        Write::Commits => path::COMMITS,
        Write::Blobs => path::BLOBS,
        Write::Refs => path::REFS,
        Write::Merge | Write::SyncFork => path::MERGE,
        Write::CherryPick => path::CHERRY_PICK,
        Write::Revert => path::REVERT,
        Write::Restore => path::RESTORE,
        Write::Notes => path::NOTES,
        Write::RulesTest => path::RULES_TEST,
    }
}

/// Refuses a body that is encoded, or of a type that a form can have. A blob is bytes of any type:
/// no form can send a `PUT`.
fn check_body(
    write: Write,
    content_type: Option<&str>,
    encoding: Option<&str>,
) -> Result<(), ErrorReply> {
    if !matches!(encoding.map(str::trim), None | Some("" | "identity")) {
        let message = "the body must not be encoded";
        return Err(ErrorReply::new(ErrorCode::UnsupportedMediaType, message));
    }
    match write {
        Write::Blobs => Ok(()),
        Write::Commits if is_ndjson(content_type) => Ok(()),
        _ => check_type(content_type),
    }
}

/// An envelope that the object wrote.
fn passed_on(response: Response) -> worker::Result<Response> {
    let headers = rest_headers()?;
    headers.set("content-type", "application/json")?;
    if let Some(replayed) = response.headers().get(header::REPLAYED)? {
        headers.set(header::REPLAYED, &replayed)?;
    }
    let status = response.status_code();
    let body = response.into_parts().1;
    let response = Response::from_body(body)?;
    Ok(response.with_headers(headers).with_status(status))
}
