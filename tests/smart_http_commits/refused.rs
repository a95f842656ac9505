//! Commits that are refused, each with its fault, and without a trace.

use serde_json::{Value, json};

use crate::support::server::server;
use crate::{CONFLICT, Desk, INVALID_INPUT, NO_CHANGE, NOT_FOUND, REF_REFUSED, TOO_LARGE};

fn body(more: &Value) -> Value {
    let mut body = json!({"branch": "main", "message": "m"});
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

#[test]
fn what_is_asked_wrongly_is_named_by_a_pointer() {
    let desk = Desk::new("pointers");
    desk.commit("main", &[("a", "1"), ("d/b", "2")]);
    let null_id = "0".repeat(40);
    let file = |file: Value| json!({ "files": [{"path": "ok", "content": ""}, file] });
    for (more, pointer) in [
        (json!({"unknown": 1}), "/unknown"),
        (json!({"branch": "a..b"}), "/branch"),
        (json!({"expected_head": "abc"}), "/expected_head"),
        (json!({"base": "main"}), "/base"),
        (file(json!({"path": "x"})), "/files/1"),
        (file(json!({"content": "x"})), "/files/1/path"),
        (
            file(json!({"path": "x", "content": "", "colour": 1})),
            "/files/1/colour",
        ),
        (
            file(json!({"path": "x", "content": "", "blob": null_id})),
            "/files/1/blob",
        ),
        (
            file(json!({"path": "x", "content_base64": "*"})),
            "/files/1/content_base64",
        ),
        (
            file(json!({"path": "x", "content_id": "c"})),
            "/files/1/content_id",
        ),
        (
            file(json!({"path": "x", "content": "", "mode": "100664"})),
            "/files/1/mode",
        ),
        (
            file(json!({"path": "x", "blob": "1".repeat(40)})),
            "/files/1/blob",
        ),
        (file(json!({"path": "ok", "content": ""})), "/files/1/path"),
        (
            file(json!({"path": "ok/x", "content": ""})),
            "/files/1/path",
        ),
        (
            file(json!({"path": "gone", "delete": true})),
            "/files/1/path",
        ),
        (
            file(json!({"path": "x", "move_from": "gone"})),
            "/files/1/move_from",
        ),
        (
            file(json!({"path": "../x", "content": ""})),
            "/files/1/path",
        ),
        (
            file(json!({"path": ".git/x", "content": ""})),
            "/files/1/path",
        ),
        (
            file(json!({"path": ".GIT", "content": ""})),
            "/files/1/path",
        ),
        (
            file(json!({"path": "git~1/x", "content": ""})),
            "/files/1/path",
        ),
        (
            file(json!({"path": "a//b", "content": ""})),
            "/files/1/path",
        ),
        (file(json!({"path": "x\0", "content": ""})), "/files/1/path"),
        (
            file(json!({"path": "x".repeat(4097), "content": ""})),
            "/files/1/path",
        ),
    ] {
        let what = format!("{pointer} {more:.80}");
        let error = desk.refused(&what, 400, |desk| desk.post(&body(&more)));
        assert_eq!(error["code"], INVALID_INPUT, "{what}: {error}");
        assert_eq!(error["source"]["pointer"], pointer, "{what}: {error}");
    }
    let base = json!({"branch": "new", "base": "nowhere"});
    let error = desk.refused("base", 404, |desk| desk.post(&body(&base)));
    assert_eq!(
        (error["code"].as_u64(), &error["source"]["pointer"]),
        (Some(NOT_FOUND), &json!("/base"))
    );
}

#[test]
fn a_head_that_moved_is_told() {
    let desk = Desk::new("moved");
    let first = desk.commit("main", &[("a", "1")]);
    let second = desk.commit("main", &[("a", "2")]);
    let guarded = |branch: &str, guard: Value| {
        body(&json!({"branch": branch, "expected_head": guard,
            "files": [{"path": "a", "content": "3"}]}))
    };
    let is_at = second["commit"].clone();
    for (branch, guard, actual) in [
        ("main", first["commit"].clone(), is_at.clone()),
        ("main", json!(null), is_at.clone()),
        ("topic", is_at.clone(), json!(null)),
    ] {
        let error = desk.refused("a guard", 409, |desk| desk.post(&guarded(branch, guard)));
        assert_eq!(error["code"], CONFLICT, "{error}");
        assert_eq!(error["source"]["pointer"], "/expected_head");
        assert_eq!(error["details"], json!({ "actual": actual }));
    }
    desk.post(&guarded("main", is_at)).result(201);
    // Another ref's name is in the way.
    let below = body(&json!({"branch": "main/x", "files": [{"path": "z", "content": "3"}]}));
    let error = desk.refused("a name in the way", 409, |desk| desk.post(&below));
    assert_eq!(
        error["details"],
        json!({"with": "refs/heads/main"}),
        "{error}"
    );
}

#[test]
fn a_commit_without_a_change_is_refused_unless_it_is_wanted() {
    let desk = Desk::new("no-change");
    let first = desk.commit("main", &[("a", "1")]);
    let same = json!({"files": [{"path": "a", "content": "1"}]});
    let error = desk.refused("no change", 409, |desk| desk.post(&body(&same)));
    assert_eq!(error["code"], NO_CHANGE);
    assert_eq!(
        error["details"],
        json!({"head": first["commit"], "tree": first["tree"]})
    );
    let wanted = json!({"allow_empty": true});
    let made = desk.post(&body(&wanted)).result(201);
    assert_eq!(
        (&made["tree"], &made["filesChanged"]),
        (&first["tree"], &json!(0))
    );
    desk.clone("clone");
}

#[test]
fn who_may_not_push_may_not_commit() {
    let desk = Desk::new("rules");
    desk.commit("main", &[("a", "1")]);
    let ask = json!({"repo": desk.hosted.name, "scope": "read"});
    let token = server().rest().make_token("commits", &ask);
    let reader = server().rest().with_bearer(&token.plaintext);
    let path = desk.hosted.path("/commits");
    let change = body(&json!({"files": [{"path": "a", "content": "2"}]}));
    desk.refused("a reader", 403, |_| reader.post(&path, &change));
    desk.refused("a stranger", 401, |_| {
        server().rest().anonymous().post(&path, &change)
    });
    let settings = |settings: Value| {
        server()
            .rest()
            .patch(&desk.hosted.path(""), &settings)
            .result(200);
    };
    settings(json!({"read_only": true}));
    let error = desk.refused("read-only", 403, |desk| desk.post(&change));
    assert_eq!(error["code"], REF_REFUSED);
    assert_eq!(error["details"], json!({"rule": "read_only"}));
    let blob = desk.client.send(
        ureq::http::Method::PUT,
        &desk.hosted.path("/blobs"),
        &[],
        b"never written",
    );
    assert_eq!(blob.status, 403, "{}", blob.text());
    let error = blob.json()["errors"][0].clone();
    assert_eq!(error["source"]["pointer"], "/repo");
    assert_eq!(error["details"], json!({"rule": "read_only"}));
    settings(json!({"read_only": false}));
    desk.post(&change).result(201);
}

#[test]
fn a_commit_above_a_bound_is_refused() {
    let desk = Desk::new("bounds");
    desk.commit("main", &[("a", "1")]);
    let files: Vec<Value> = (0..100_001)
        .map(|number| json!({"path": format!("{number}"), "content": ""}))
        .collect();
    let many = body(&json!({ "files": files }));
    let error = desk.refused("100,001 files", 413, |desk| desk.post(&many));
    assert_eq!(error["code"], TOO_LARGE);
    assert_eq!(error["source"]["pointer"], "/files");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("100001 files, at most 100000"),
        "{error}"
    );

    let bytes = 5_u64 << 30;
    let files = json!([{"path": "a", "content_id": "a", "size": bytes}]);
    let metadata = body(&json!({ "files": files }));
    let lines = crate::lines(&metadata, &[crate::chunk("a", b"x", false)]);
    let error = desk.refused("a file of 5 GiB", 413, |desk| desk.post_lines(&lines));
    assert_eq!(
        error["source"]["pointer"], "/0/metadata/files/0/size",
        "{error}"
    );
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("5368709120 bytes, at most"),
        "{error}"
    );

    let large = body(&json!({"files": [{"path": "a", "content": "x".repeat(16 << 20)}]}));
    let error = desk.refused("a body of 16 MiB", 413, |desk| desk.post(&large));
    assert_eq!(error["code"], TOO_LARGE);
}
