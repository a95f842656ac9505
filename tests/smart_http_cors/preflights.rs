//! The preflight requests of a browser before a page sends anything.

use std::path::Path;

use ureq::http::Method;

use super::support::rest::{Answer, Rest};
use super::support::server::Server;
use super::{APP, EVIL, LOCAL, is_closed, is_readable_by, listing};

/// Paths that pages ask for, and how; no repository is there.
const ASKED: [(&str, &str); 7] = [
    (
        "GET",
        "/git/cors/none.git/info/refs?service=git-upload-pack",
    ),
    ("POST", "/git/cors/none.git/git-upload-pack"),
    ("POST", "/git/cors/none.git/git-receive-pack"),
    ("POST", "/git/cors/none.git/info/lfs/objects/batch"),
    ("POST", "/api/v1/namespaces/cors/tokens"),
    ("PATCH", "/api/v1/namespaces/cors/repos/none"),
    ("DELETE", "/api/v1/nowhere"),
];

fn preflight(rest: &Rest, origin: &str, method: &str, path: &str) -> Answer {
    let headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", method),
        (
            "Access-Control-Request-Headers",
            "authorization,git-protocol",
        ),
    ];
    rest.anonymous().send(Method::OPTIONS, path, &headers, b"")
}

#[test]
fn a_listed_page_hears_which_requests_it_may_send() {
    let server = listing();
    let rest = server.rest();
    for origin in [APP, LOCAL] {
        for (method, path) in ASKED {
            let answer = preflight(&rest, origin, method, path);
            assert_eq!(answer.status, 204, "{method} {path}");
            assert!(is_readable_by(&answer, origin), "{:?}", answer.headers);
            assert!(answer.body.is_empty());
            let has = |header: &str, value: &str| {
                let mut all = answer.header(header).split(", ");
                all.any(|one| one == value)
            };
            assert!(has("access-control-allow-methods", method));
            for name in [
                "authorization",
                "content-type",
                "git-protocol",
                "idempotency-key",
            ] {
                assert!(has("access-control-allow-headers", name), "{name}");
            }
            assert_eq!(answer.header("access-control-max-age"), "7200");
        }
    }
    // It is a line of the log like any other request.
    let is_preflight = |line: &&serde_json::Value| line["method"] == "OPTIONS";
    let lines = server.request_lines(|lines| lines.iter().filter(is_preflight).count() == 14);
    assert!(
        lines
            .iter()
            .filter(is_preflight)
            .all(|line| line["status"] == 204)
    );
    // The method alone is not a preflight.
    let path = "/api/v1/namespaces/cors/tokens";
    let answer = rest.send(Method::OPTIONS, path, &[("Origin", APP)], b"");
    assert_eq!(answer.status, 405);
    assert!(is_readable_by(&answer, APP));
}

#[test]
fn another_page_is_told_nothing() {
    let server = listing();
    for origin in [
        EVIL,
        "null",
        "https://app.example.evil.example",
        "http://localhost",
    ] {
        for (method, path) in ASKED {
            let answer = preflight(&server.rest(), origin, method, path);
            let is_known = path != "/api/v1/nowhere";
            assert_eq!(answer.status, if is_known { 405 } else { 404 }, "{path}");
            assert!(is_closed(&answer), "{origin}: {:?}", answer.headers);
        }
    }
}

/// Where each woken object leaves a file.
#[test]
fn a_preflight_wakes_no_object() {
    let origins = ("CAIRN_CORS_ORIGINS", APP);
    let server = Server::start_with(&[origins, ("CAIRN_LOOK_UP_NAMES", "false")]);
    let rest = server.rest();
    let before = files(server.state());
    for (method, path) in ASKED {
        assert_eq!(preflight(&rest, APP, method, path).status, 204);
    }
    assert_eq!(files(server.state()), before);
    let (_, path) = ASKED[0];
    assert_eq!(rest.get(path).status, 404);
    assert!(files(server.state()) > before, "an object leaves a file");
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let count = |path: &Path| if path.is_dir() { files(path) } else { 1 };
    entries.map(|entry| count(&entry.path())).sum()
}
