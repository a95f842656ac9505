//! Answers of every kind, as a page may read them.

use serde_json::json;
use ureq::http::Method;

use super::support::rest::{Answer, Rest};
use super::support::scratch::Scratch;
use super::{APP, EVIL, LOCAL, is_closed, is_readable_by, listing};

/// Asks as pages of a listed origin, of another one and of none do, and as no page does: the answers differ
/// only in the headers of CORS. Gives the listed page's answers.
fn asked(rest: &Rest, status: u16, path: &str, headers: &[(&str, &str)]) -> Answer {
    let from = |origin: Option<&str>| {
        let origin = origin.map(|origin| ("Origin", origin));
        let headers: Vec<_> = headers.iter().copied().chain(origin).collect();
        let answer = rest.send(Method::GET, path, &headers, b"");
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        answer
    };
    let plain = from(None);
    for origin in [EVIL, "null"] {
        let other = from(Some(origin));
        assert_eq!(
            other.header("access-control-allow-origin"),
            "",
            "{origin} {path}"
        );
        assert_eq!(other.header("vary"), plain.header("vary"));
    }
    let listed = from(Some(APP));
    assert!(is_readable_by(&listed, APP), "{path}: {:?}", listed.headers);
    let same = |name: &str| assert_eq!(listed.header(name), plain.header(name), "{path}: {name}");
    for name in [
        "content-type",
        "content-length",
        "content-disposition",
        "etag",
        "location",
        "cache-control",
        "www-authenticate",
        "x-content-type-options",
    ] {
        same(name);
    }
    if status == 200 {
        assert_eq!(listed.body, plain.body, "{path}");
    }
    listed
}

#[test]
fn every_answer_is_readable_by_a_listed_page() {
    let (server, scratch) = (listing(), Scratch::new());
    let rest = server.rest();
    let hosted = rest.create_repository("cors", "repo");
    let clone = scratch.repository("clone");
    clone.write("file", "a line\n");
    clone.commit("first");
    clone.run(&["push", "--quiet", &hosted.url(), "HEAD:refs/heads/main"]);
    let rest = rest.with_bearer(&hosted.token);

    // REST: a result, content, an archive, and a request whose entity tag still holds.
    asked(&rest, 200, &hosted.path("/refs"), &[]);
    let raw = hosted.path("/raw/main/file");
    let answer = asked(&rest, 200, &raw, &[]);
    assert_eq!(answer.text(), "a line\n");
    let etag = answer.header("etag").to_owned();
    let exposed = answer.header("access-control-expose-headers");
    for name in [
        "etag",
        "retry-after",
        "www-authenticate",
        "content-disposition",
        "location",
    ] {
        assert!(
            exposed.split(", ").any(|one| one == name),
            "{name}: {exposed}"
        );
    }
    asked(&rest, 304, &raw, &[("If-None-Match", &etag)]);
    asked(&rest, 206, &raw, &[("Range", "bytes=2-5")]);
    for format in ["tar.gz", "tar", "zip"] {
        let archive = hosted.path(&format!("/archive/main.{format}"));
        asked(&rest, 200, &archive, &[]);
    }
    let head = rest.send(Method::HEAD, &raw, &[("Origin", APP)], b"");
    assert_eq!((head.status, head.header("content-length")), (200, "7"));
    assert!(is_readable_by(&head, APP));

    // Refusals, of REST and of Git.
    asked(&rest, 404, &hosted.path("/raw/main/none"), &[]);
    asked(&rest, 404, "/nowhere", &[]);
    asked(&rest.anonymous(), 401, &hosted.path(""), &[]);
    let refs = hosted.git_path("info/refs?service=git-upload-pack");
    let answer = asked(&rest.anonymous(), 401, &refs, &[]);
    assert!(answer.header("www-authenticate").starts_with("Basic"));
    asked(&rest, 200, "/healthz", &[]);

    // Git's own streams, which the object answers.
    asked(&rest, 200, &refs, &[]);
    asked(&rest, 200, &refs, &[("Git-Protocol", "version=2")]);
    let ls_refs = b"0014command=ls-refs\n00010000";
    let headers = [
        ("Origin", LOCAL),
        ("Git-Protocol", "version=2"),
        ("Content-Type", "application/x-git-upload-pack-request"),
    ];
    let path = hosted.git_path("git-upload-pack");
    let answer = rest.send(Method::POST, &path, &headers, ls_refs);
    assert_eq!(answer.status, 200);
    assert!(
        answer.text().contains("refs/heads/main"),
        "{}",
        answer.text()
    );
    assert!(is_readable_by(&answer, LOCAL));

    // A batch of Git LFS.
    let headers = [
        ("Origin", APP),
        ("Accept", "application/vnd.git-lfs+json"),
        ("Content-Type", "application/vnd.git-lfs+json"),
    ];
    let batch =
        json!({ "operation": "download", "objects": [{ "oid": "0".repeat(64), "size": 1 }] });
    let path = hosted.git_path("info/lfs/objects/batch");
    let answer = rest.send(Method::POST, &path, &headers, batch.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(is_readable_by(&answer, APP));

    // A stream of events, from its head on.
    let headers = [("Origin", APP), ("Accept", "text/event-stream")];
    let stream = rest.try_open(Method::GET, &hosted.path("/events"), &headers, b"");
    let (head, _) = stream.unwrap().into_parts();
    assert_eq!(head.headers["content-type"], "text/event-stream");
    assert_eq!(head.headers["access-control-allow-origin"], APP);
}

#[test]
fn a_listed_page_makes_conflicts_and_follows_new_names() {
    let server = listing();
    let rest = server.rest();
    let hosted = rest.create_repository("cors", "old");
    let page = [("Origin", APP), ("Sec-Fetch-Site", "cross-site")];
    let make = |name: &str| {
        let body = json!({ "name": name }).to_string();
        let path = "/api/v1/namespaces/cors/repos";
        let answer = rest.send(Method::POST, path, &page, body.as_bytes());
        assert!(is_readable_by(&answer, APP));
        answer
    };
    assert_eq!(make("made").status, 201);
    assert_eq!(make("made").status, 409);
    let renamed = json!({ "name": "new" });
    rest.post(&hosted.path("/rename"), &renamed).result(200);
    let moved = asked(&rest, 301, &hosted.path(""), &[]);
    assert!(moved.header("location").ends_with("/repos/new"));
    let refs = hosted.git_path("info/refs?service=git-upload-pack");
    asked(&rest, 301, &refs, &[]);
    let unlisted = rest.send(Method::GET, &refs, &[("Origin", EVIL)], b"");
    assert!(is_closed(&unlisted));
}
