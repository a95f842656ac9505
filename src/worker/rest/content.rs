//! A repository's content, handed through from its object: bodies are streamed, unread.

use worker::{Headers, Request, Response, ResponseBody};

use super::content_query;
use crate::repo_do::contract::{Access, CONDITION_HEADERS, ErrorReply, compare, header};
use crate::worker::admission;
use crate::worker::envelope;
use crate::worker::fault::fault;
use crate::worker::names::RepositoryPath;
use crate::worker::objects::{Call, refusal, repository};
use crate::worker::ready;
use crate::worker::route::Content;
use crate::worker::visit::{Visit, respond};

/// The headers of a blob's bytes that the object decides about.
const BLOB_HEADERS: [&str; 4] = ["etag", "content-type", "content-range", "accept-ranges"];

/// Answers a request for content.
pub(crate) async fn answer(
    visit: &Visit,
    request: &Request,
    method: &str,
    query: &str,
    path: &RepositoryPath,
    content: &Content,
) -> Result<Response, ErrorReply> {
    let target = content_query::target(content, query)?;
    let actor = admission::actor(visit, Access::Read)?;
    let is_head = method == "HEAD";
    let forwarded = if content.is_compared() {
        compare::FORWARDED_HEADERS.as_slice()
    } else {
        CONDITION_HEADERS.as_slice()
    };
    let mut headers: Vec<_> = forwarded
        .iter()
        .copied()
        .filter_map(|name| Some((name, request.headers().get(name).ok()??)))
        .collect();
    if is_head {
        headers.push((header::HEAD, "true".to_owned()));
    }
    let call = Call::get(target).with_headers(headers);
    // The object is asked first, as by git requests.
    let response = match repository(visit, path, actor, call).await {
        Ok(response) if [200, 206, 304].contains(&response.status_code()) => response,
        refused => {
            admission::check_grant(visit, path).await?;
            return refuse(refused?).await;
        }
    };
    let shown = if content.is_bytes() {
        bytes(response, is_head)
    } else if content.is_compared() {
        compared(response)
    } else {
        json(response)
    };
    shown.map_err(|error| fault("content", &error))
}

async fn refuse(response: Response) -> Result<Response, ErrorReply> {
    let range = response.headers().get("content-range").ok().flatten();
    let error = refusal(response).await;
    let Some(range) = range else {
        return Err(error);
    };
    let reply = envelope::failure(&error).with_header("content-range", range);
    respond(reply).map_err(|error| fault("content", &error))
}

/// An envelope that the object wrote.
fn json(response: Response) -> worker::Result<Response> {
    let headers = Headers::new();
    for (name, value) in envelope::HEADERS {
        headers.set(name, value)?;
    }
    headers.set("content-type", "application/json")?;
    let body = response.into_parts().1;
    Ok(Response::from_body(body)?.with_headers(headers))
}

/// The object's answer to a comparison: an envelope or bytes, of the type that it says.
fn compared(response: Response) -> worker::Result<Response> {
    let headers = Headers::new();
    for (name, value) in envelope::HEADERS {
        headers.set(name, value)?;
    }
    for name in ["etag", "content-type", "vary"] {
        if let Some(value) = response.headers().get(name)? {
            headers.set(name, &value)?;
        }
    }
    if headers.get("etag")?.is_some() {
        headers.set("cache-control", "private, no-cache, no-transform")?;
    }
    let status = response.status_code();
    let body = response.into_parts().1;
    let response = Response::from_body(body)?;
    Ok(response.with_headers(headers).with_status(status))
}

/// A blob's bytes, under headers that keep a browser from running them.
fn bytes(response: Response, is_head: bool) -> worker::Result<Response> {
    let headers = Headers::new();
    for (name, value) in envelope::HEADERS {
        headers.set(name, value)?;
    }
    // To be kept, and asked about before each use: a token may be revoked.
    headers.set("cache-control", "private, no-cache, no-transform")?;
    for name in BLOB_HEADERS {
        if let Some(value) = response.headers().get(name)? {
            headers.set(name, &value)?;
        }
    }
    let status = response.status_code();
    let length = response.headers().get(header::BODY_BYTES)?;
    if let Some(length) = length.as_deref() {
        headers.set("content-length", length)?;
    }
    let body = match response.into_parts().1 {
        ResponseBody::Stream(stream) if !is_head && status != 304 => {
            let bytes = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            ready::of_length(stream, bytes)?
        }
        _ => ResponseBody::Empty,
    };
    let response = Response::from_body(body)?;
    Ok(response.with_headers(headers).with_status(status))
}
