//! The other repository that the body of a merge names. The object of the one that is merged into asks
//! the other's; whether there is anything to wake, the Worker knows
//! ([ADR 63](../../../docs/adr/0063-names-looked-up-before-objects-are-woken.md)).

use futures::TryStreamExt as _;
use serde::Deserialize;
use wasm_bindgen::JsValue;
use worker::Request;

use crate::repo_do::contract::write::MERGE_BODY_BYTES_MAX;
use crate::repo_do::contract::{ErrorCode, ErrorReply, header};
use crate::worker::fault::fault;
use crate::worker::names::{NamespaceName, RepositoryName, RepositoryPath};
use crate::worker::objects::Asked;
use crate::worker::rest::places;
use crate::worker::visit::Visit;
use crate::worker::wake;

/// The header that tells the object of the other repository; `None` where the body names none, or not
/// as a repository is named. The object reads the body again and refuses its faults.
pub(super) fn header<'a>(
    visit: &'a Visit,
    into: &'a RepositoryPath,
    request: &'a web_sys::Request,
) -> Asked<'a, Result<Option<(&'static str, String)>, ErrorReply>> {
    let found = async move {
        let Some(named) = named(&beginning(request).await?) else {
            return Ok(None);
        };
        of(visit, into, named).await
    };
    Box::pin(found)
}

/// The same header for a repository that is named `namespace/name`.
pub(super) async fn of(
    visit: &Visit,
    into: &RepositoryPath,
    named: String,
) -> Result<Option<(&'static str, String)>, ErrorReply> {
    let Some(path) = parse(&named) else {
        return Ok(None);
    };
    let is_near = places::is_same(visit, &into.namespace, &path.namespace).await?;
    let named = match wake::check(visit, &path).await {
        // No object here knows of a repository that is kept elsewhere.
        Ok(()) if !is_near => header::ABSENT.to_owned(),
        Ok(()) => named,
        Err(refused) if is_absence(refused.code) => header::ABSENT.to_owned(),
        Err(fault) => return Err(fault),
    };
    Ok(Some((header::OTHER, named)))
}

/// Whether the reply means that nobody has taken the name; its code depends on the caller.
fn is_absence(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::NotFound | ErrorCode::Unauthorized | ErrorCode::Forbidden
    )
}

/// A copy of the body, as far as the object would read it. The platform keeps the bytes read here for the
/// object.
async fn beginning(request: &web_sys::Request) -> Result<Vec<u8>, ErrorReply> {
    let mut bytes = Vec::new();
    let told = request.headers().get("content-length").ok().flatten();
    let told = told.and_then(|told| told.parse::<usize>().ok());
    if request.body().is_none() || told.is_some_and(|told| told > MERGE_BODY_BYTES_MAX) {
        return Ok(bytes);
    }
    let copy = request.clone().map_err(|thrown| unreadable(&thrown))?;
    let mut copy = Request::from(copy);
    let mut stream = copy.stream().map_err(|error| fault("body", &error))?;
    while let Ok(Some(piece)) = stream.try_next().await {
        if bytes.len().saturating_add(piece.len()) > MERGE_BODY_BYTES_MAX {
            // The object refuses it.
            return Ok(Vec::new());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn unreadable(thrown: &JsValue) -> ErrorReply {
    fault("body", &format!("{thrown:?}"))
}

/// The repository that the body names.
fn named(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        from: From,
    }
    #[derive(Deserialize)]
    struct From {
        repository: String,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    Some(body.from.repository)
}

fn parse(text: &str) -> Option<RepositoryPath> {
    let (namespace, name) = text.split_once('/')?;
    Some(RepositoryPath {
        namespace: NamespaceName::parse(namespace).ok()?,
        name: RepositoryName::parse(name).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_body_with_a_repository_names_one() {
        let body = br#"{"into": "main", "from": {"repository": "a/b", "ref": "x"}, "y": 1}"#;
        assert_eq!(named(body).as_deref(), Some("a/b"));
        for other in [
            &br#"{"into": "main", "from": "x"}"#[..],
            br#"{"from": {"ref": "x"}}"#,
            br#"{"from": {"repository": 1}}"#,
            b"",
            b"[]",
            b"{",
        ] {
            assert_eq!(named(other), None);
        }
    }

    #[test]
    fn a_repository_is_named_with_its_namespace() {
        let parsed = |text: &str| parse(text).map(|path| path.to_string());
        assert_eq!(parsed("Demo/App").as_deref(), Some("Demo/App"));
        for other in [
            "app",
            "demo/",
            "/app",
            "demo/a/b",
            "demo/app.git",
            "../app",
            "d/app",
        ] {
            assert_eq!(parsed(other), None, "{other}");
        }
    }
}
