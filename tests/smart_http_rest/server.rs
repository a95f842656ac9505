//! The server itself, and a repository's own figures.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::support::scratch::Scratch;
use crate::support::server::server;
use crate::{INVALID_INPUT, fields, rest};

#[test]
fn health_says_which_version_answers() {
    for client in [rest(), rest().anonymous()] {
        let answer = client.get("/healthz");
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({ "ok": true, "version": version }))
        );
        let head = client.head("/healthz");
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
}

#[test]
fn the_front_page_is_html_for_browsers_and_json_for_programs() {
    let page = rest().anonymous().send(
        Method::GET,
        "/",
        &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")],
        b"",
    );
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let text = String::from_utf8_lossy(&page.body);
    let url = server().url();
    for part in [
        format!("href=\"{url}/api/v1/openapi.json\""),
        "git clone http://x:TOKEN@127.0.0.1:".to_owned(),
    ] {
        assert!(text.contains(&part), "{text}");
    }
    let facts = rest().anonymous().get("/").result(200);
    assert_eq!(facts["openapi"], format!("{url}/api/v1/openapi.json"));
    assert_eq!(facts["version"], env!("CARGO_PKG_VERSION"));
    let head = rest().head("/");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let answer = rest().send(Method::POST, "/", &[], b"");
    assert_eq!(answer.error_code(405), INVALID_INPUT);
}

#[test]
fn the_description_is_for_everybody() {
    let answer = rest().anonymous().get("/api/v1/openapi.json");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json()["openapi"], "3.1.0");
    assert_eq!(rest().head("/api/v1/openapi.json").status, 200);
    let answer = rest().send(Method::POST, "/api/v1/openapi.json", &[], b"");
    assert_eq!(answer.error_code(405), INVALID_INPUT);
}

#[test]
fn figures_of_a_repository() {
    let hosted = rest().create_repository("rest-stats", "counted");
    let empty = rest().get(&hosted.path("/stats")).result(200);
    let kinds = |commit: u64, tree: u64, blob: u64, tag: u64| json!({ "commit": commit, "tree": tree, "blob": blob, "tag": tag });
    assert_eq!(empty["objects_by_kind"], kinds(0, 0, 0, 0));
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.write("a/b", "1\n");
    source.write("c", "2\n");
    source.commit("first");
    source.run(&["tag", "-a", "-m", "x", "v1"]);
    source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let stats = rest().get(&hosted.path("/stats")).result(200);
    assert_eq!(stats["objects_by_kind"], kinds(1, 2, 2, 1));
    assert_eq!((&stats["objects"], &stats["refs"]), (&json!(6), &json!(2)));
    assert_eq!(stats["packs"]["live"], 1);
    let some = |value: &Value| value.as_u64().unwrap() > 0;
    assert!(
        some(&stats["sqlite_bytes"]) && some(&stats["packs"]["bytes"]),
        "{stats}"
    );
    assert_eq!(stats["r2_bytes"], 0);
    assert!(some(&stats["sql"]["rows_written"]), "{stats}");
    assert!(some(&stats["isolate"]["heap_bytes"]), "{stats}");
    assert!(stats["maintenance"].is_array(), "{stats}");
    // Only the operator sees the isolate's work for others.
    let token = json!({ "scope": "admin" });
    let token = rest().make_token(&hosted.namespace, &token);
    let tenant = rest().with_bearer(&token.plaintext);
    let shown = tenant.get(&hosted.path("/stats")).result(200);
    assert!(
        shown["isolate"].is_null() && some(&shown["sqlite_bytes"]),
        "{shown}"
    );
    let run = json!({ "task": "run" });
    rest().post(&hosted.path("/maintenance"), &run).result(200);
    let all = fields(&stats).len();
    assert_eq!(
        fields(&rest().get(&hosted.path("/stats")).result(200)).len(),
        all
    );
    for body in [
        json!({}),
        json!({ "task": "x" }),
        json!({ "task": "run", "x": 1 }),
    ] {
        let answer = rest().post(&hosted.path("/maintenance"), &body);
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{body}");
    }
}
