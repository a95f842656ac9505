//! Permissions and the headers of answers.

use std::collections::BTreeSet;

use ureq::http::Method;

use crate::support::rest::{Hosted, Rest};
use crate::{CREDENTIALS, INVALID_INPUT, INVALID_NAME, NOT_FOUND, repos, rest, tokens};

/// Each route with a method that it serves.
fn routes(hosted: &Hosted) -> Vec<(Method, String)> {
    let namespace = format!("/api/v1/namespaces/{}", hosted.namespace);
    vec![
        (Method::POST, "/api/v1/namespaces".to_owned()),
        (Method::GET, "/api/v1/namespaces".to_owned()),
        (Method::GET, namespace.clone()),
        (Method::PATCH, namespace.clone()),
        (Method::DELETE, namespace.clone()),
        (Method::POST, format!("{namespace}/repos")),
        (Method::GET, format!("{namespace}/repos")),
        (Method::GET, hosted.path("")),
        (Method::PATCH, hosted.path("")),
        (Method::DELETE, hosted.path("")),
        (Method::POST, format!("{namespace}/tokens")),
        (Method::GET, hosted.path("/tokens")),
        (Method::GET, hosted.path("/stats")),
        (
            Method::DELETE,
            format!("{namespace}/tokens/0123456789abcdef"),
        ),
    ]
}

#[test]
fn every_route_needs_the_operator() {
    let hosted = rest().create_repository("rest-operator", "guarded");
    let other = rest().create_repository("rest-operator", "other");
    let unknown = "cairn_v1_0123456789abcdef0123456789abcdef01234567";
    for (method, path) in routes(&hosted) {
        let ask = |client: Rest| client.send(method.clone(), &path, &[], b"{}");
        for client in [
            rest().anonymous(),
            rest().with_bearer(unknown),
            rest().with_bearer("x"),
            rest().with_bearer("the-operator-of-these-test"),
            rest().with_bearer("the-operator-of-these-tests-2"),
        ] {
            let answer = ask(client);
            assert_eq!(answer.error_code(401), CREDENTIALS, "{method} {path}");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="cairn""#);
        }
        for token in [&hosted.token, &other.token] {
            let answer = ask(rest().with_bearer(token));
            assert_eq!(answer.error_code(403), CREDENTIALS, "{method} {path}");
        }
    }
    assert_eq!(rest().get(&hosted.path("")).status, 200, "nothing was done");
}

#[test]
fn paths_and_methods_that_are_not_served() {
    let hosted = rest().create_repository("rest-paths", "there");
    for path in [
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v2/namespaces",
        "/api/v1/namespace",
        "/api/v1/namespaces/",
        "/api/v1/namespaces//repos",
        "/api/v1/namespaces/ab/repos/",
        "/api/v1/namespaces/ab/repos/x/y",
        "/API/V1/namespaces",
        "/healthz/",
        "/favicon.ico",
    ] {
        let answer = rest().get(path);
        let status = answer.status;
        assert!([400, 404].contains(&status), "{path}: {status}");
        let code = answer.error_code(status);
        assert!([NOT_FOUND, INVALID_NAME].contains(&code), "{path}: {code}");
    }
    for (method, path, allow) in [
        (Method::PUT, hosted.path(""), "GET, PATCH, DELETE"),
        (Method::POST, hosted.path(""), "GET, PATCH, DELETE"),
        (Method::DELETE, repos("rest-paths"), "GET, POST"),
        (Method::PUT, tokens("rest-paths"), "GET, POST"),
        (Method::POST, "/healthz".to_owned(), "GET"),
        (Method::PUT, "/api/v1/namespaces".to_owned(), "GET, POST"),
    ] {
        let answer = rest().send(method, &path, &[], b"");
        assert_eq!(answer.error_code(405), INVALID_INPUT, "{path}");
        let served: BTreeSet<&str> = answer.header("allow").split(", ").collect();
        let expected: BTreeSet<&str> = allow.split(", ").collect();
        assert!(served.is_superset(&expected), "{path}: {served:?}");
    }
    assert_eq!(
        rest()
            .get(&format!("{}/nowhere", repos("rest-paths")))
            .error_code(404),
        NOT_FOUND
    );
    assert_eq!(
        rest()
            .get("/api/v1/namespaces/rest-nowhere")
            .error_code(404),
        NOT_FOUND
    );
}

#[test]
fn answers_are_closed_to_browsers_and_caches() {
    let hosted = rest().create_repository("rest-headers", "there");
    for (client, path) in [
        (rest(), hosted.path("")),
        (rest().anonymous(), hosted.path("")),
        (rest(), "/api/v1/nowhere".to_owned()),
    ] {
        let answer = client.send(
            Method::GET,
            &path,
            &[("Origin", "https://evil.example")],
            b"",
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        assert_eq!(answer.header("x-request-id").len(), 16, "{path}");
    }
}
