//! A repository's content, handed through from its object: bodies are streamed, unread.

use worker::{Request, Response, ResponseBody};

use super::{content_query, media_type, other_repository};
use crate::repo_do::contract::archive::ArchiveFormat;
use crate::repo_do::contract::{Access, CONDITION_HEADERS, ErrorReply, compare, header};
use crate::worker::admission;
use crate::worker::artifacts;
use crate::worker::call::Call;
use crate::worker::compression::compressed;
use crate::worker::envelope;
use crate::worker::fault::fault;
use crate::worker::names::RepositoryPath;
use crate::worker::objects::{self, refusal, repository};
use crate::worker::ready;
use crate::worker::route::Content;
use crate::worker::visit::{Visit, respond, rest_headers};

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
    if visit.is_artifacts {
        headers.push((header::ARTIFACTS, "true".to_owned()));
    }
    if matches!(content, Content::Compare(_) | Content::Diff) {
        headers.extend(head_repository(visit, path, query).await?);
    }
    let call = Call::get(target).with_headers(headers);
    // The object is asked first, as by git requests.
    let response = match repository(visit, path, actor, call).await {
        Ok(response) if [200, 206, 304].contains(&response.status_code()) => response,
        refused => return refuse(refused?).await,
    };
    let shown = if let Content::Archive(file) = content {
        let accept = request.headers().get("accept").ok().flatten();
        archive(response, file, accept.as_deref(), is_head)
    } else if content.is_bytes() {
        let large = large_file(visit, path, &response).await?;
        bytes(response, large, is_head).and_then(|shown| typed(visit, content, shown))
    } else if content.is_compared() {
        compared(response)
    } else {
        json(response)
    };
    shown.map_err(|error| fault("content", &error))
}

/// What the object is told of the repository that the head of a comparison is in. It reads the query
/// again and refuses what is wrong with it.
async fn head_repository(
    visit: &Visit,
    path: &RepositoryPath,
    query: &str,
) -> Result<Option<(&'static str, String)>, ErrorReply> {
    let mut fields = form_urlencoded::parse(query.as_bytes());
    let named = fields.find(|(name, _)| name == compare::HEAD_REPOSITORY);
    match named {
        Some((_, named)) => other_repository::of(visit, path, named.into_owned()).await,
        None => Ok(None),
    }
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
    let headers = rest_headers()?;
    headers.set("content-type", "application/json")?;
    if let Some(next) = response.headers().get(header::NEXT)? {
        headers.set(header::NEXT, &next)?;
    }
    let body = response.into_parts().1;
    Ok(Response::from_body(body)?.with_headers(headers))
}

/// The object's answer to a comparison: an envelope or bytes, of the type that it says.
fn compared(response: Response) -> worker::Result<Response> {
    let headers = rest_headers()?;
    for name in ["etag", "content-type", "vary", header::NEXT] {
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

/// An archive, which the runtime compresses here if need be: none of its bytes comes into this wasm.
fn archive(
    response: Response,
    file: &str,
    accept: Option<&str>,
    is_head: bool,
) -> worker::Result<Response> {
    let headers = rest_headers()?;
    headers.set("cache-control", "private, no-cache, no-transform")?;
    headers.set("vary", "accept")?;
    for name in ["etag", "content-disposition"] {
        if let Some(value) = response.headers().get(name)? {
            headers.set(name, &value)?;
        }
    }
    if let Some(own) = response.headers().get("content-type")? {
        headers.set("content-type", media_type::wanted(accept, &own))?;
    }
    let status = response.status_code();
    let is_gzip = matches!(ArchiveFormat::split(file), Some((_, ArchiveFormat::TarGz)));
    let body = match response.into_parts().1 {
        ResponseBody::Stream(stream) if !is_head && status == 200 => {
            ResponseBody::Stream(if is_gzip { compressed(stream)? } else { stream })
        }
        _ => ResponseBody::Empty,
    };
    let response = Response::from_body(body)?;
    Ok(response.with_headers(headers).with_status(status))
}

/// The bytes of a large file that the answer names, from R2.
async fn large_file(
    visit: &Visit,
    path: &RepositoryPath,
    response: &Response,
) -> Result<Option<ResponseBody>, ErrorReply> {
    let given = |name: &str| response.headers().get(name).ok().flatten();
    let number = |name: &str| given(name).and_then(|number| number.parse::<u64>().ok());
    let (Some(key), Some(start)) = (given(header::R2_KEY), number(header::R2_START)) else {
        return Ok(None);
    };
    let bytes = number(header::BODY_BYTES).unwrap_or(0);
    let part = start..start.saturating_add(bytes);
    let bucket = objects::bucket(visit, &path.namespace).await?;
    let stream = bucket.open_part(&key, part).await;
    let stream = stream.map_err(|error| fault("large file", &error))?;
    Ok(Some(ResponseBody::Stream(stream)))
}

/// The same answer with the type that Cloudflare Artifacts has for it, if it was asked for at one of
/// Artifacts' paths.
fn typed(visit: &Visit, content: &Content, shown: Response) -> worker::Result<Response> {
    let headers = shown.headers();
    if visit.is_artifacts
        && let Some(told) = headers.get("content-type")?
    {
        headers.set("content-type", artifacts::content_type(content, &told))?;
    }
    Ok(shown)
}

/// A blob's bytes, or those of a large file, under headers that keep a browser from running them.
fn bytes(
    response: Response,
    large: Option<ResponseBody>,
    is_head: bool,
) -> worker::Result<Response> {
    let headers = rest_headers()?;
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
    let body = match large.unwrap_or_else(|| response.into_parts().1) {
        ResponseBody::Stream(stream) if !is_head && status != 304 => {
            let bytes = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            ready::of_length(stream, bytes)?
        }
        _ => ResponseBody::Empty,
    };
    let response = Response::from_body(body)?;
    Ok(response.with_headers(headers).with_status(status))
}
