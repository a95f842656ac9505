//! The attempts of a hostile client before it has any right: paths that could reach another repository,
//! ambiguous requests, internal headers, other origins' browsers.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::json;
use support::rest::{Answer, Hosted};
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, server};
use ureq::http::Method;

/// Sends bytes as they are, and reads the answer until the connection ends or nothing more comes.
fn raw(request: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server().port())).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(3)))
        .unwrap();
    stream.write_all(request).unwrap();
    let _ = stream.shutdown(Shutdown::Write);
    let mut said = Vec::new();
    let mut piece = [0; 1 << 14];
    while let Ok(read) = stream.read(&mut piece) {
        if read == 0 {
            break;
        }
        said.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

fn statuses(said: &str) -> Vec<&str> {
    said.split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| &answer[..3])
        .collect()
}

fn bare(hosted: &Hosted) -> &str {
    hosted.token.split('?').next().unwrap()
}

#[test]
fn no_spelling_of_a_path_reaches_another_repository() {
    let rest = server().rest();
    let (own, other) = (
        rest.create_repository("sec-paths", "own"),
        rest.create_repository("sec-paths", "other"),
    );
    let scratch = Scratch::new();
    let mut tips = Vec::new();
    for hosted in [&own, &other] {
        let source = scratch.repository(&hosted.name);
        source.write("file", &hosted.name);
        source.commit(&hosted.name);
        source.run(&["push", "--quiet", &hosted.url(), "main"]);
        tips.push(source.run(&["rev-parse", "HEAD"]));
    }
    let end = "info/refs?service=git-upload-pack";
    let targets = [
        format!("/git/sec-paths/own.git/../other.git/{end}"),
        format!("/git/sec-paths/own.git/%2e%2e/other.git/{end}"),
        format!("/git/sec-paths/own.git/.%2E/other.git/{end}"),
        format!("/git/sec-paths/own.git%2f..%2fother.git/{end}"),
        format!("/git/sec-paths/own.git/..%2fother.git/{end}"),
        format!("/git/sec-paths/own.git/..;/other.git/{end}"),
        format!("/git/sec-paths/own.git\\..\\other.git/{end}"),
        format!("/git/sec-paths/own.git%5c..%5cother.git/{end}"),
        format!("/git/sec-paths/own%00/other.git/{end}"),
        format!("/git/sec-paths/other.git%00own.git/{end}"),
        format!("/git/sec-paths/%c0%ae%c0%ae/other.git/{end}"),
        format!("/git/sec-paths/%252e%252e/sec-paths/other.git/{end}"),
        format!("/git/sec-paths//other.git/{end}"),
        format!("//git/sec-paths/other.git/{end}"),
        format!("/./git/sec-paths/./other.git/./{end}"),
        format!("/git/sec-paths/OTHER.GIT/{end}"),
        format!("/git/SEC-PATHS/oth%65r/{end}"),
        format!("/git/sec-paths/other.git/{end}#/git/sec-paths/own.git"),
        format!("/git/sec-paths/own.git/{end}&service=git-upload-pack/../other.git"),
        format!("http://127.0.0.1/git/sec-paths/other.git/{end}"),
        format!("http://own@sec-paths/git/sec-paths/other.git/{end}"),
        "/api/v1/namespaces/sec-paths/repos/own/../other/refs".to_owned(),
        "/api/v1/namespaces/sec-paths/repos/own%2f..%2fother/refs".to_owned(),
        "/api/v1/namespaces/sec-paths/repos/own/file/../../other/refs".to_owned(),
    ];
    for target in targets {
        let said = raw(format!(
            "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\
             Connection: close\r\n\r\n",
            bare(&own)
        )
        .as_bytes());
        assert!(
            !said.contains(&tips[1]),
            "{target} tells of the other: {said}"
        );
        assert!(
            !statuses(&said).iter().any(|status| status.starts_with('5')),
            "{target}: {said}"
        );
    }
    // The same request with the plain path does reach its own.
    let said = raw(format!(
        "GET /git/sec-paths/own.git/{end} HTTP/1.1\r\nHost: 127.0.0.1\r\n\
         Authorization: Bearer {}\r\nConnection: close\r\n\r\n",
        bare(&own)
    )
    .as_bytes());
    assert!(said.contains(&tips[0]), "{said}");
}

#[test]
fn an_ambiguous_request_is_not_answered_as_two() {
    let hidden = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    let with = |headers: &str, body: &str| {
        format!(
            "POST /api/v1/namespaces HTTP/1.1\r\nHost: 127.0.0.1\r\n\
             Authorization: Bearer {ADMIN_KEY}\r\n{headers}\r\n\r\n{body}"
        )
    };
    let chunked = format!("0\r\n\r\n{hidden}");
    let length = chunked.len();
    let shapes = [
        with(
            &format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"),
            &chunked,
        ),
        with(
            &format!("Transfer-Encoding: chunked\r\nContent-Length: {length}"),
            &chunked,
        ),
        with(
            &format!("Content-Length: {length}\r\nTransfer-Encoding: xchunked"),
            &chunked,
        ),
        with(
            &format!("Content-Length: {length}\r\nTransfer-Encoding: chunked, identity"),
            &chunked,
        ),
        with(
            &format!("Content-Length: {length}\r\nTransfer-Encoding : chunked"),
            &chunked,
        ),
        with(
            &format!("Content-Length: 0\r\nContent-Length: {}", hidden.len()),
            hidden,
        ),
        with(
            &format!("Content-Length: {}\r\nContent-Length: 0", hidden.len()),
            hidden,
        ),
        with(&format!("Content-Length: 0, {}", hidden.len()), hidden),
        with("Content-Length: -1", hidden),
        with("Content-Length: +0", hidden),
        with("Content-Length: 0x0", hidden),
        with(
            &format!(
                "X: a\r\n Content-Length: 0\r\nContent-Length: {}",
                hidden.len()
            ),
            hidden,
        ),
        with(
            &format!("Content-Length : 0\r\nContent-Length: {}", hidden.len()),
            hidden,
        ),
    ];
    for shape in shapes {
        let said = raw(shape.as_bytes());
        let answers = statuses(&said);
        assert!(
            !answers.contains(&"200"),
            "the hidden request is answered: {shape}\n{said}"
        );
        assert!(!answers.contains(&"201"), "{shape}\n{said}");
        assert!(answers.len() <= 1, "{shape}\n{said}");
    }
}

#[test]
fn a_body_in_an_unknown_encoding_is_refused() {
    let rest = server().rest();
    let hosted = rest.create_repository("sec-encoding", "repo");
    let upload = "/git/sec-encoding/repo.git/git-upload-pack";
    for encoding in [
        "br",
        "deflate",
        "zstd",
        "gzip, gzip",
        "gzip,identity",
        "chunked",
    ] {
        let headers = [
            ("Content-Encoding", encoding),
            ("Content-Type", "application/x-git-upload-pack-request"),
        ];
        let answer = rest.send(Method::POST, upload, &headers, b"0000");
        assert_eq!(answer.status, 415, "{encoding}");
        let headers = [
            ("Content-Encoding", encoding),
            ("Content-Type", "application/json"),
        ];
        let answer = rest.send(
            Method::PATCH,
            &hosted.path(""),
            &headers,
            b"{\"public\":true}",
        );
        assert_eq!(answer.error_code(415), 10_100, "{encoding}");
    }
    assert_eq!(rest.get(&hosted.path("")).result(200)["public"], false);
}

#[test]
fn internal_headers_are_neither_taken_from_clients_nor_given_to_them() {
    let rest = server().rest();
    let hosted = rest.create_repository("sec-internal", "repo");
    let path = "/git/sec-internal/repo.git/info/refs?service=git-upload-pack";
    for actor in ["operator", "namespace-admin"] {
        let headers = [
            ("X-Cairn-Actor", actor),
            ("X-Cairn-Repository", "sec-internal/repo"),
        ];
        for path in [path, &hosted.path("")] {
            let answer = rest.anonymous().send(Method::GET, path, &headers, b"");
            assert_eq!(answer.status, 401, "{path}");
        }
    }
    let namespace = "/api/v1/namespaces/sec-internal";
    for answer in [
        rest.get(path),
        rest.get(&hosted.path("")),
        rest.get(&hosted.path("/stats")),
        rest.get(namespace),
        rest.get("/api/v1/namespaces/sec-nowhere"),
        rest.get("/git/sec-internal/none.git/info/refs?service=git-upload-pack"),
    ] {
        let internal = answer
            .headers
            .keys()
            .find(|name| name.as_str().starts_with("x-cairn"));
        assert_eq!(internal, None);
    }
}

#[test]
fn no_answer_lets_other_origins_in() {
    let rest = server().rest();
    let hosted = rest.create_repository("sec-cors", "repo");
    let origin = ("Origin", "https://evil.example");
    let preflight = [
        origin,
        ("Access-Control-Request-Method", "DELETE"),
        ("Access-Control-Request-Headers", "authorization"),
    ];
    for path in [
        hosted.path(""),
        "/api/v1/namespaces".to_owned(),
        "/git/sec-cors/repo.git/git-receive-pack".to_owned(),
    ] {
        let answer = rest
            .anonymous()
            .send(Method::OPTIONS, &path, &preflight, b"");
        assert_eq!(answer.status, 405, "{path}");
        closed(&answer, &path);
    }
    for path in [
        hosted.path(""),
        "/healthz".to_owned(),
        "/git/sec-cors/repo.git/info/refs?service=git-upload-pack".to_owned(),
    ] {
        let answer = rest.send(Method::GET, &path, &[origin], b"");
        assert_eq!(answer.status, 200, "{path}");
        closed(&answer, &path);
    }
}

fn closed(answer: &Answer, path: &str) {
    let open = answer
        .headers
        .keys()
        .find(|name| name.as_str().starts_with("access-control"));
    assert_eq!(open, None, "{path}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
}

#[test]
fn every_rest_answer_has_the_security_headers() {
    let rest = server().rest();
    let hosted = rest.create_repository("sec-headers", "repo");
    let namespaces = "/api/v1/namespaces";
    let answers = [
        (200, rest.get(&hosted.path(""))),
        (200, rest.get("/healthz")),
        (
            201,
            rest.post(namespaces, &json!({ "namespace": "sec-headers-2" })),
        ),
        (204, rest.delete("/api/v1/namespaces/sec-headers-2")),
        (400, rest.post(namespaces, &json!({ "namespace": 1 }))),
        (401, rest.anonymous().get(namespaces)),
        (403, rest.with_bearer(&hosted.token).get(namespaces)),
        (404, rest.get("/api/v1/nothing")),
        (405, rest.send(Method::PUT, namespaces, &[], b"")),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status);
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{status}");
        }
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'"),
            "{status}: {policy}"
        );
        assert!(!answer.header("x-request-id").is_empty(), "{status}");
    }
}
