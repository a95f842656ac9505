//! The list of bundles in R2, and the bytes of one: the object says where they are and who may have
//! them, and the runtime pumps them from R2 to the client.

use futures::FutureExt as _;
use worker::{Headers, Response, ResponseBody};

use super::admission;
use super::call::Call;
use super::fault::fault;
use super::names::RepositoryPath;
use super::objects::{self, Asked};
use super::ready;
use super::visit::Visit;
use crate::repo_do::contract::conditions::{self, Wanted, content_range};
use crate::repo_do::contract::{Access, Actor, BundlePlace, ErrorCode, ErrorReply, path, unopened};
use crate::storage::fault_log;

/// A bundle that everybody may have is kept by caches between for so long. It never changes, but may have
/// to go: after a purge, or when the repository is no longer public.
const PUBLIC: &str = "public, max-age=600, immutable, no-transform";

/// Any other bundle, and every list.
const PRIVATE: &str = "private, no-store, no-transform";

/// Answers a request for the list or, where it names one, for a bundle.
pub(crate) fn answer<'a>(
    visit: &'a Visit,
    client: &'a web_sys::Request,
    query: &'a str,
    path: &'a RepositoryPath,
    made_at: Option<i64>,
) -> Asked<'a, Result<Response, ErrorReply>> {
    let answered = async move {
        match made_at {
            None => list(visit, path).await,
            Some(made_at) => bundle(visit, client, query, (path, made_at)).await,
        }
    };
    answered.boxed_local()
}

async fn list(visit: &Visit, path: &RepositoryPath) -> Result<Response, ErrorReply> {
    let actor = admission::to_repository(visit, path, Access::Read).await?;
    let asked = objects::repository(visit, path, actor, Call::get(path::BUNDLES));
    let list = objects::accept(asked.await?).await?;
    let made = headers("text/plain; charset=utf-8", PRIVATE).and_then(|headers| {
        let response = Response::from_bytes(list)?;
        Ok(response.with_headers(headers))
    });
    made.map_err(|error| fault("list of bundles", &error))
}

/// The bundle, or the part that the request's conditions leave. A query counts in place of a credential: a
/// request with both is judged by the query.
async fn bundle(
    visit: &Visit,
    client: &web_sys::Request,
    query: &str,
    (path, made_at): (&RepositoryPath, i64),
) -> Result<Response, ErrorReply> {
    let mut target = path::bundle(made_at);
    let actor = if query.is_empty() {
        admission::to_repository(visit, path, Access::Read).await?
    } else {
        target.push('?');
        target.push_str(query);
        Actor::Anonymous
    };
    let asked = objects::repository(visit, path, actor, Call::get(target)).await;
    let asked = asked.map_err(|error| match error.code {
        // Where the names of a deployment are looked up first, this one is free.
        ErrorCode::Unauthorized if !query.is_empty() => unopened(),
        _ => error,
    });
    let place: BundlePlace = objects::read(asked?).await?;
    let headers_given = client.headers();
    let given = |name| headers_given.get(name).ok().flatten();
    let (etag, size) = (format!("\"{}\"", place.etag), place.bytes);
    let (status, part) = match conditions::wanted(given, &etag, size) {
        Wanted::Whole => (200, 0..size),
        Wanted::Part(part) => (206, part),
        Wanted::NotModified => (304, 0..0),
        Wanted::Unsatisfiable => return Err(conditions::unsatisfiable(size).0),
    };
    let length = part.end.saturating_sub(part.start);
    let body = if length == 0 {
        ResponseBody::Empty
    } else {
        let bucket = objects::bucket(visit, &path.namespace).await?;
        let stream = bucket.open_part(&place.r2_key, part.clone()).await;
        let stream = stream.map_err(|error| unavailable(&error))?;
        ready::of_length(stream, length).map_err(|error| fault("bundle", &error))?
    };
    let kept = if place.is_public { PUBLIC } else { PRIVATE };
    let made = headers("application/x-git-bundle", kept).and_then(|headers| {
        headers.set("etag", &etag)?;
        headers.set("accept-ranges", "bytes")?;
        if status != 304 {
            headers.set("content-length", &length.to_string())?;
        }
        if status == 206 {
            headers.set("content-range", &content_range(&part, size))?;
        }
        let response = Response::from_body(body)?;
        Ok(response.with_headers(headers).with_status(status))
    });
    made.map_err(|error| fault("bundle", &error))
}

fn headers(content_type: &str, cache_control: &str) -> worker::Result<Headers> {
    let headers = Headers::new();
    headers.set("content-type", content_type)?;
    headers.set("cache-control", cache_control)?;
    headers.set("x-content-type-options", "nosniff")?;
    Ok(headers)
}

fn unavailable(cause: &dyn std::fmt::Display) -> ErrorReply {
    fault_log::error("bundle", cause);
    let message = "the storage did not give the bundle: clone without it";
    ErrorReply::new(ErrorCode::UpstreamUnavailable, message)
}
