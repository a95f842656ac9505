//! Conditions of requests for archives, and refused requests.

use serde_json::json;

use super::support::scratch::Scratch;
use super::support::server::server;
use super::{get, odd};

#[test]
fn an_archive_that_the_client_has_is_not_sent_again() {
    let scratch = Scratch::new();
    let (hosted, _) = odd(&scratch, "kept");
    let rest = server().rest().with_bearer(&hosted.token);
    let path = hosted.path("/archive/main.zip?prefix=a/");
    let first = rest.get(&path);
    let etag = first.header("etag").to_owned();
    assert_eq!(
        first.header("cache-control"),
        "private, no-cache, no-transform"
    );
    let known = [("If-None-Match", etag.as_str())];
    let again = rest.send(ureq::http::Method::GET, &path, &known, b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    let head = rest.head(&path);
    assert_eq!((head.status, head.header("etag")), (200, etag.as_str()));
    for other in ["main.tar?prefix=a/", "main.zip?prefix=b/", "main.zip"] {
        assert_ne!(get(&hosted, other).header("etag"), etag, "{other}");
    }
}

#[test]
fn a_wrong_request_names_its_field() {
    let scratch = Scratch::new();
    let (hosted, _) = odd(&scratch, "refused");
    for (file, status, pointer) in [
        ("main", 400, "/ref"),
        (".zip", 400, "/ref"),
        ("main.rar", 400, "/ref"),
        ("nowhere.zip", 404, "/ref"),
        ("main.zip?path=nowhere", 404, "/path"),
        ("main.zip?prefix=../", 400, "/prefix"),
        ("main.zip?prefix=/x", 400, "/prefix"),
        ("main.zip?colour=red", 400, "/colour"),
        ("main.zip?lfs=maybe", 400, "/lfs"),
    ] {
        let answer = get(&hosted, file);
        assert_eq!(answer.status, status, "{file}: {}", answer.text());
        let error = &answer.json()["errors"][0];
        assert_eq!(error["source"]["pointer"], pointer, "{file}: {error}");
    }
}

#[test]
fn a_stranger_gets_archives_of_public_repositories_only() {
    let scratch = Scratch::new();
    let (hosted, _) = odd(&scratch, "public");
    let path = hosted.path("/archive/main.tar.gz");
    assert_eq!(server().rest().anonymous().get(&path).status, 401);
    let opened = server()
        .rest()
        .patch(&hosted.path(""), &json!({"public": true}));
    assert_eq!(opened.status, 200, "{}", opened.text());
    assert_eq!(server().rest().anonymous().get(&path).status, 200);
}
