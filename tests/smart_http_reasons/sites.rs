//! The requests that pages of other sites may make a browser send, and the URL under which the server is
//! known.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use ureq::http::Method;

use super::support::server::{ADMIN_KEY, Server, server};
use super::support::wait::until_true;

#[test]
fn a_form_of_another_site_changes_nothing() {
    let rest = server().rest();
    let hosted = rest.create_repository("sites", "repo");
    let path = hosted.path("");
    let body = b"{\"public\":true}";
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let headers = [("Content-Type", content_type)];
        let answer = rest.send(Method::PATCH, &path, &headers, body);
        assert_eq!(answer.error_code(415), 10_100, "{content_type}");
        let making = rest.send(
            Method::POST,
            "/api/v1/namespaces/sites/tokens",
            &headers,
            b"{\"repo\":\"repo\"}",
        );
        assert_eq!(making.error_code(415), 10_100, "{content_type}");
    }
    for header in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Origin", "https://evil.example"),
    ] {
        let headers = [("Content-Type", "application/json"), header];
        assert_eq!(
            rest.send(Method::PATCH, &path, &headers, body)
                .error_code(403),
            10_000
        );
        // Nor by a form without a field.
        let answer = rest.send(Method::POST, &hosted.path("/maintenance"), &[header], b"");
        assert_eq!(answer.error_code(403), 10_000, "{header:?}");
    }
    assert_eq!(rest.get(&path).result(200)["public"], false);
    // A body is not needed where everything has a default, and a page of its own may send one.
    rest.send(Method::PATCH, &path, &[], b"").result(200);
    let own = server().url();
    let headers = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("Origin", &*own),
    ];
    let changed = rest.send(Method::PATCH, &path, &headers, body).result(200);
    assert_eq!(changed["public"], true);
}

/// The remote in the server's answer to a caller that uses another name.
fn remote_for_host(server: &Server, host: &str) -> String {
    let hosted = server.rest().create_repository("sites", "named");
    let mut socket = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    write!(
        socket,
        "GET {} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        hosted.path(""),
        ADMIN_KEY
    )
    .unwrap();
    let mut said = String::new();
    socket.read_to_string(&mut said).unwrap();
    let (_, rest) = said.split_once("\"remote\":\"").expect("a remote");
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn links_begin_with_the_public_url() {
    let server = Server::start_with(&[("CAIRN_PUBLIC_URL", "https://git.example:8443/cairn/")]);
    let remote = remote_for_host(&server, "evil.example");
    assert_eq!(remote, "https://git.example:8443/cairn/git/sites/named.git");
    let made = server
        .rest()
        .post("/api/v1/namespaces/sites/repos", &json!({ "name": "made" }))
        .result(201);
    assert_eq!(
        made["remote"],
        "https://git.example:8443/cairn/git/sites/made.git"
    );
}

#[test]
fn without_a_public_url_links_begin_with_the_host_that_was_asked() {
    let server = Server::start_with(&[("CAIRN_PUBLIC_URL", "git.example")]);
    let remote = remote_for_host(&server, "other.example");
    assert_eq!(remote, "http://other.example/git/sites/named.git");
    // The line may come after the answer.
    until_true("the log says so", Duration::from_secs(10), || {
        server.log().contains("CAIRN_PUBLIC_URL must be")
    });
}
