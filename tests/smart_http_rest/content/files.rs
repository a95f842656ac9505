//! Files by ref and path, and their readers.

use serde_json::json;
use ureq::http::Method;

use super::Shelf;
use crate::{CREDENTIALS, INVALID_INPUT, NOT_FOUND, blamed, rest};

#[test]
fn files_by_ref_and_path() {
    let shelf = Shelf::new("files", |source| {
        source.write("a/b c/\u{e9}%2F.txt", "one\n");
        source.commit("first");
        source.run(&["branch", "topic/x"]);
        source.run(&["branch", "short"]);
        source.run(&["tag", "-a", "-m", "x", "short/a"]);
        source.write("a/b c/\u{e9}%2F.txt", "two\n");
        source.commit("second");
    });
    let (first, second) = (shelf.id("main~1"), shelf.id("main"));
    let query = "a%2Fb+c%2F%C3%A9%252F.txt";
    let path = "a/b%20c/%C3%A9%252F.txt";
    for (name, content) in [
        ("main", "two\n"),
        ("HEAD", "two\n"),
        ("heads/main", "two\n"),
        ("refs/heads/main", "two\n"),
        ("topic/x", "one\n"),
        ("refs/heads/topic/x", "one\n"),
        (&first, "one\n"),
        (&second, "two\n"),
    ] {
        let file = shelf.get(&format!("/file?ref={name}&path={query}"));
        assert_eq!(
            (file.status, file.text().as_str()),
            (200, content),
            "{name}"
        );
        let raw = shelf.get(&format!("/raw/{name}/{path}"));
        assert_eq!((raw.status, raw.text().as_str()), (200, content), "{name}");
        let etag = format!(
            "\"{}\"",
            shelf
                .source
                .run_with(&["hash-object", "--stdin"], content.as_bytes(),)
        );
        assert_eq!(
            (file.header("etag"), raw.header("etag")),
            (etag.as_str(), etag.as_str())
        );
    }
    // The tag short/a is the longer ref: that tag has no file of the path's rest.
    let shadowed = shelf.get(&format!("/raw/short/{path}"));
    assert_eq!(shadowed.error_code(404), NOT_FOUND);
    let by_tag = shelf.get(&format!("/raw/short/a/{path}"));
    assert_eq!(by_tag.text(), "one\n");
    for nothing in [
        "nowhere/a",
        "main/nowhere",
        "main/",
        "topic/a",
        "%00/a",
        "main/a",
    ] {
        let answer = shelf.get(&format!("/raw/{nothing}"));
        assert!(
            [400, 404].contains(&answer.status),
            "{nothing}: {}",
            answer.text()
        );
    }
    assert_eq!(shelf.get("/raw/main").error_code(404), NOT_FOUND);
    let answer = shelf.get(&format!("/raw/main/{path}?ref=main"));
    assert_eq!(blamed(&answer, 400), (INVALID_INPUT, "/ref".to_owned()));
    let answer = shelf.get("/file?ref=nowhere&path=a");
    assert_eq!(blamed(&answer, 404), (NOT_FOUND, "/ref".to_owned()));
}

#[test]
fn raw_bytes_cannot_be_run() {
    let shelf = Shelf::new("safe", |source| {
        source.write("page.html", "<script>alert(1)</script>\n");
        source.write("image.png", b"\x89PNG\0\0");
        source.commit("first");
    });
    for (path, kind) in [
        ("page.html", "text/plain; charset=utf-8"),
        ("image.png", "application/octet-stream"),
    ] {
        for route in ["/file?path=", "/raw/main/"] {
            let answer = shelf.get(&format!("{route}{path}"));
            assert_eq!(answer.header("content-type"), kind);
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("sandbox"), "{policy}");
            assert!(policy.contains("default-src 'none'"), "{policy}");
            assert_eq!(answer.header("access-control-allow-origin"), "");
            assert_eq!(answer.header("x-request-id").len(), 16);
        }
    }
}

/// Every route of content with something to show.
fn routes(shelf: &Shelf) -> Vec<String> {
    let (commit, tree, blob) = (
        shelf.id("main"),
        shelf.id("main^{tree}"),
        shelf.id("main:a"),
    );
    vec![
        "/refs".to_owned(),
        "/log".to_owned(),
        format!("/commit/{commit}"),
        format!("/tree/{tree}"),
        format!("/blob/{blob}"),
        "/file?path=a".to_owned(),
        "/raw/main/a".to_owned(),
    ]
}

#[test]
fn content_is_open_to_those_who_may_fetch() {
    let shelf = Shelf::new("readers", |source| {
        source.write("a", "1\n");
        source.commit("first");
    });
    let other = rest().create_repository("rest-content", "others");
    let asked = json!({ "repo": "readers", "scope": "read" });
    let reader = rest().make_token("rest-content", &asked).plaintext;
    let unknown = "cairn_v1_0123456789abcdef0123456789abcdef01234567";
    for route in routes(&shelf) {
        let path = shelf.hosted.path(&route);
        for client in [rest(), shelf.client.clone(), rest().with_bearer(&reader)] {
            assert_eq!(client.get(&path).status, 200, "{route}");
        }
        for client in [
            rest().anonymous(),
            rest().with_bearer(unknown),
            rest().with_bearer("x"),
        ] {
            let answer = client.get(&path);
            assert_eq!(answer.error_code(401), CREDENTIALS, "{route}");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="cairn""#);
        }
        let answer = rest().with_bearer(&other.token).get(&path);
        assert_eq!(answer.error_code(403), CREDENTIALS, "{route}");
        let nowhere = path.replace("/repos/readers/", "/repos/nowhere/");
        assert_eq!(rest().get(&nowhere).error_code(404), NOT_FOUND);
        assert_eq!(
            rest().anonymous().get(&nowhere).error_code(401),
            CREDENTIALS
        );
        // `POST …/refs` changes refs.
        if !route.starts_with("/refs") {
            let answer = rest().send(Method::POST, &path, &[], b"");
            assert_eq!(answer.error_code(405), INVALID_INPUT, "{route}");
        }
    }
    rest()
        .patch(&shelf.hosted.path(""), &json!({ "public": true }))
        .result(200);
    for route in routes(&shelf) {
        let answer = rest().anonymous().get(&shelf.hosted.path(&route));
        assert_eq!(answer.status, 200, "{route}");
    }
}
