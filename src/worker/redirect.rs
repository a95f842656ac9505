//! Sends the client of a repository that has another name by now to the same path under that name.

use super::reply::Reply;
use super::route::without_git_suffix;
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// The answer of [`ErrorCode::Moved`], with the place; other answers as they are. A read gets 301, as
/// people and Git expect. Everything else gets 308, which keeps the method and the body.
#[must_use]
pub(crate) fn to_new_name(
    reply: Reply,
    error: &ErrorReply,
    (method, public_url, path, query): (&str, &str, &str, &str),
) -> Reply {
    if error.code != ErrorCode::Moved {
        return reply;
    }
    let details = error.details.as_deref();
    let name = |field| details.and_then(|details| details.get(field)?.as_str());
    let names = name("namespace").zip(name("name"));
    let Some(path) = names.and_then(|(namespace, name)| under(path, namespace, name)) else {
        // The name stood in the body.
        let status = ErrorCode::NotFound.status();
        return Reply { status, ..reply };
    };
    let query = match query {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let status = match method {
        "GET" | "HEAD" => ErrorCode::Moved.status(),
        _ => 308,
    };
    let location = format!("{public_url}{path}{query}");
    Reply { status, ..reply }.with_header("location", location)
}

/// The path with these names in place of its own; `None` if it names no repository.
fn under(path: &str, namespace: &str, name: &str) -> Option<String> {
    let mut segments: Vec<&str> = path.split('/').collect();
    let (at_namespace, at_name) = match *segments.as_slice() {
        ["", "git" | "r", _, _, ..] => (2, 3),
        ["", "api", "v1", "namespaces", _, "repos", _, ..] => (4, 6),
        [
            "",
            "client",
            "v4",
            "accounts",
            _,
            "artifacts",
            "namespaces",
            _,
            "repos",
            _,
            ..,
        ] => (7, 9),
        _ => return None,
    };
    let former = *segments.get(at_name)?;
    let suffix = former.strip_prefix(without_git_suffix(former))?;
    let name = format!("{name}{suffix}");
    *segments.get_mut(at_namespace)? = namespace;
    *segments.get_mut(at_name)? = &name;
    Some(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn moved(method: &str, path: &str, query: &str) -> (u16, Option<String>) {
        let details = json!({"namespace": "acme", "name": "new"});
        let error = ErrorReply::new(ErrorCode::Moved, "moved").with_details(details);
        let reply = Reply::new(301, "text/plain", String::new());
        let public_url = "https://git.example/cairn";
        let reply = to_new_name(reply, &error, (method, public_url, path, query));
        let location = reply.header("location").map(|url| {
            url.strip_prefix(public_url)
                .expect("it is under the public URL")
                .to_owned()
        });
        (reply.status, location)
    }

    #[test]
    fn the_same_path_under_the_new_name() {
        let cases = [
            ("/git/a/old/info/refs", "service=git-upload-pack"),
            ("/git/a/OLD.git/info/refs", ""),
            ("/git/a/old.Git/info/lfs/objects/batch", ""),
            ("/api/v1/namespaces/a/repos/old", ""),
            ("/api/v1/namespaces/a/repos/old/raw/main/a%2Fb", "x=1&y"),
            (
                "/client/v4/accounts/0/artifacts/namespaces/a/repos/old/log",
                "",
            ),
        ];
        let expected = [
            "/git/acme/new/info/refs?service=git-upload-pack",
            "/git/acme/new.git/info/refs",
            "/git/acme/new.Git/info/lfs/objects/batch",
            "/api/v1/namespaces/acme/repos/new",
            "/api/v1/namespaces/acme/repos/new/raw/main/a%2Fb?x=1&y",
            "/client/v4/accounts/0/artifacts/namespaces/acme/repos/new/log",
        ];
        for ((path, query), expected) in cases.into_iter().zip(expected) {
            let expected = Some(expected.to_owned());
            assert_eq!(moved("GET", path, query), (301, expected.clone()));
            assert_eq!(moved("POST", path, query), (308, expected));
        }
    }

    #[test]
    fn a_name_in_a_body_is_not_found() {
        assert_eq!(
            moved("POST", "/api/v1/namespaces/a/tokens", ""),
            (404, None)
        );
    }
}
