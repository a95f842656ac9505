//! The repository's object asked, and the bodies of clients read.

use futures::{FutureExt as _, TryStreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::Request;

use super::told::MEDIA_TYPE;
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply};
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::names::RepositoryPath;
use crate::worker::objects::{Asked, read, repository};
use crate::worker::visit::Visit;

/// Asks the repository's object a question that may be repeated.
pub(super) async fn ask<T: DeserializeOwned>(
    visit: &Visit,
    path: &RepositoryPath,
    access: Access,
    target: &'static str,
    question: &impl Serialize,
) -> Result<T, ErrorReply> {
    ask_by(
        visit,
        path,
        access,
        Call::post(target, question)?.repeatable(),
    )
    .await
}

/// Asks the repository's object for a change that a second time would be another one.
pub(super) async fn ask_once<T: DeserializeOwned>(
    visit: &Visit,
    path: &RepositoryPath,
    access: Access,
    target: &'static str,
    question: &impl Serialize,
) -> Result<T, ErrorReply> {
    ask_by(visit, path, access, Call::post(target, question)?).await
}

/// The object decides alone.
async fn ask_by<T: DeserializeOwned>(
    visit: &Visit,
    path: &RepositoryPath,
    access: Access,
    call: Call,
) -> Result<T, ErrorReply> {
    let actor = admission::actor(visit, access)?;
    read(repository(visit, path, actor, call).await?).await
}

/// Reads a body of JSON, which a page of another site cannot make a browser send as such.
pub(super) fn body_bytes(
    request: web_sys::Request,
    bytes_max: usize,
) -> Asked<'static, Result<Vec<u8>, ErrorReply>> {
    let read = async move {
        let headers = request.headers();
        let given = |name| headers.get(name).ok().flatten();
        check_type(given("content-type").as_deref())?;
        check_encoding(given("content-encoding").as_deref())?;
        let mut bytes = Vec::new();
        if request.body().is_some() {
            let mut request = Request::from(request);
            let mut stream = request.stream().map_err(|_| unreadable())?;
            while let Some(chunk) = stream.try_next().await.map_err(|_| unreadable())? {
                if bytes.len().saturating_add(chunk.len()) > bytes_max {
                    let message = format!("the body has more than {bytes_max} bytes");
                    return Err(ErrorReply::new(ErrorCode::MemoryLimit, message));
                }
                bytes.extend_from_slice(&chunk);
            }
        }
        Ok(bytes)
    };
    read.boxed_local()
}

fn check_type(content_type: Option<&str>) -> Result<(), ErrorReply> {
    let essence = content_type.and_then(|given| given.split(';').next());
    let essence = essence.unwrap_or_default().trim();
    let is_json = [MEDIA_TYPE, "application/json"];
    if is_json
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known))
    {
        return Ok(());
    }
    let message = format!("the content type of the body must be {MEDIA_TYPE}, not '{essence}'");
    Err(ErrorReply::new(ErrorCode::UnsupportedMediaType, message))
}

/// Refuses a body that is encoded: the digest of an object is that of its bytes as they come.
pub(super) fn check_encoding(encoding: Option<&str>) -> Result<(), ErrorReply> {
    match encoding.map(str::trim) {
        None | Some("") => Ok(()),
        Some(encoding) if encoding.eq_ignore_ascii_case("identity") => Ok(()),
        Some(encoding) => {
            let message = format!("the body must not be encoded, and its encoding is '{encoding}'");
            Err(ErrorReply::new(ErrorCode::UnsupportedMediaType, message))
        }
    }
}

fn unreadable() -> ErrorReply {
    let message = "the body could not be read to its end";
    ErrorReply::new(ErrorCode::InvalidInput, message)
}
