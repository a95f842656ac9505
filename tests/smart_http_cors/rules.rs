//! The requests that a listed page may send, and the values that the setting may have.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use ureq::http::Method;

use super::support::rest::{Hosted, Rest};
use super::support::server::{ADMIN_KEY, Server};
use super::support::wait::until_true;
use super::{APP, EVIL, is_closed, is_readable_by, listing};

/// The status of a change that a form can send, from a page of this origin.
fn change(rest: &Rest, hosted: &Hosted, origin: &str, authorization: Option<&str>) -> u16 {
    let authorization = authorization.map(|value| ("Authorization", value));
    let page = [("Origin", origin), ("Sec-Fetch-Site", "cross-site")];
    let headers: Vec<_> = page.into_iter().chain(authorization).collect();
    let path = hosted.path("/maintenance");
    let answer = rest
        .anonymous()
        .send(Method::POST, &path, &headers, br#"{"task":"verify"}"#);
    let is_listed = is_readable_by(&answer, origin) || is_readable_by(&answer, "*");
    assert_eq!(is_closed(&answer), !is_listed);
    answer.status
}

/// A browser adds a Basic credential that its user once typed, and no other.
#[test]
fn a_listed_page_changes_something_with_a_token_and_a_form_on_it_nothing() {
    let mut server = listing();
    let hosted = server.rest().create_repository("cors", "rules");
    let bearer = format!("Bearer {ADMIN_KEY}");
    let basic = format!("Basic {}", STANDARD.encode(format!("x:{ADMIN_KEY}")));
    let status = |server: &Server, origin: &str, authorization: Option<&str>| {
        change(&server.rest(), &hosted, origin, authorization)
    };
    assert_eq!(status(&server, APP, Some(&bearer)), 200);
    for authorization in [None, Some(&*basic)] {
        assert_eq!(status(&server, APP, authorization), 403);
    }
    for origin in [
        EVIL,
        "null",
        "https://app.example:8443",
        "http://app.example",
    ] {
        for authorization in [None, Some(&*bearer), Some(&*basic)] {
            assert_eq!(status(&server, origin, authorization), 403, "{origin}");
        }
    }

    // Every page is listed, also one without an origin; the rule about forms stays.
    server.restart_with(&[("CAIRN_CORS_ORIGINS", "*")]);
    for origin in [APP, EVIL, "null"] {
        assert_eq!(status(&server, origin, Some(&bearer)), 200, "{origin}");
        for authorization in [None, Some(&*basic)] {
            assert_eq!(status(&server, origin, authorization), 403, "{origin}");
        }
    }
    let headers = [("Origin", "null"), ("Access-Control-Request-Method", "PUT")];
    let preflight = server
        .rest()
        .anonymous()
        .send(Method::OPTIONS, "/nowhere", &headers, b"");
    assert_eq!(preflight.status, 204);
    assert!(is_readable_by(&preflight, "*"));
}

#[test]
fn a_wrong_setting_is_told_and_closes() {
    let server = Server::start_with(&[(
        "CAIRN_CORS_ORIGINS",
        "https://app.example,https://app.example/path",
    )]);
    let hosted = server.rest().create_repository("cors", "misset");
    let headers = [("Origin", APP), ("Access-Control-Request-Method", "GET")];
    let preflight = server
        .rest()
        .send(Method::OPTIONS, &hosted.path(""), &headers, b"");
    assert_eq!(preflight.status, 405);
    assert!(is_closed(&preflight));
    let answer = server
        .rest()
        .send(Method::GET, &hosted.path(""), &headers[..1], b"");
    assert_eq!(answer.result(200)["name"], json!("misset"));
    assert!(is_closed(&answer));
    until_true(
        "the log tells of the setting",
        Duration::from_secs(10),
        || {
            let lines = server.json_lines();
            let mut told = lines.iter().filter(|line| line["kind"] == "configuration");
            told.any(|line| {
                let message = line["message"].as_str().unwrap();
                message.starts_with("CAIRN_CORS_ORIGINS") && message.contains("app.example/path")
            })
        },
    );
}
