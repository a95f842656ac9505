//! The paths of Cloudflare Artifacts' API, which `wrangler artifacts` asks: the same routes as
//! below `/api/v1`, behind an account that Cairn does not have, and answers in the forms that differ.

use std::borrow::Cow;

use super::route::Content;

const OCTET_STREAM: &str = "application/octet-stream";

/// Whether the path is one of Artifacts'.
#[must_use]
pub(crate) fn is_path(path: &str) -> bool {
    behind_account(path).is_some()
}

/// The path below `/api/v1` that an Artifacts path stands for; every other path as it is. The router
/// refuses a path that only begins like one.
#[must_use]
pub(crate) fn own_path(path: &str) -> Cow<'_, str> {
    match behind_account(path) {
        Some(rest) => Cow::Owned(format!("/api/v1/{rest}")),
        None => Cow::Borrowed(path),
    }
}

fn behind_account(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/client/v4/accounts/")?;
    let (account, rest) = rest.split_once('/')?;
    let rest = rest.strip_prefix("artifacts/")?;
    (!account.is_empty()).then_some(rest)
}

/// The type of a file's bytes at Artifacts' paths, where the other face tells this one. `/raw` has the
/// type that a browser would show, which the answer's `sandbox` keeps from running.
#[must_use]
pub(crate) fn content_type<'a>(content: &Content, told: &'a str) -> &'a str {
    match content {
        Content::Blob(_) | Content::File => OCTET_STREAM,
        Content::Raw(path) if told.starts_with("text/") => {
            let name = path.rsplit('/').next().unwrap_or_default();
            let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
            match extension.to_ascii_lowercase().as_str() {
                "html" | "htm" => "text/html; charset=utf-8",
                "json" => "application/json",
                _ => told,
            }
        }
        _ => told,
    }
}

/// A token as Artifacts hands it out: programs read from it when it ends. Cairn takes it with that and
/// without.
#[must_use]
pub(crate) fn token(plaintext: &str, expires_at_ms: i64) -> String {
    format!("{plaintext}?expires={}", expires_at_ms.div_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifacts_path_is_one_of_ours_and_nothing_else_changes() {
        let below = "/client/v4/accounts/0a/artifacts";
        let rest = "namespaces/a/repos/b%2Fc";
        let path = format!("{below}/{rest}");
        assert!(is_path(&path));
        assert_eq!(own_path(&path), format!("/api/v1/{rest}"));
        for path in [
            "/",
            below,
            "/client/v4/accounts//artifacts/namespaces",
            "/client/v4/accounts/0a/r2/buckets",
            "/api/v1/namespaces",
            "/git/client/v4/info/refs",
        ] {
            assert!(!is_path(path));
            assert_eq!(own_path(path), path);
        }
    }

    #[test]
    fn types_of_files() {
        let text = "text/plain; charset=utf-8";
        let raw = |path: &str| Content::Raw(path.to_owned());
        for (content, told, shown) in [
            (Content::File, text, OCTET_STREAM),
            (Content::Blob(String::new()), text, OCTET_STREAM),
            (raw("main/a/INDEX.HTML"), text, "text/html; charset=utf-8"),
            (raw("main/package.json"), text, "application/json"),
            (raw("main/package.json"), OCTET_STREAM, OCTET_STREAM),
            (raw("v1.json/README"), text, text),
            (raw("main/json"), text, text),
            (
                Content::Archive("main.zip".to_owned()),
                "application/zip",
                "application/zip",
            ),
        ] {
            assert_eq!(content_type(&content, told), shown, "{content:?}");
        }
    }
}
