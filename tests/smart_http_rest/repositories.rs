//! Repositories: made, shown, changed, deleted.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use ureq::http::Method;

use crate::support::rest::Answer;
use crate::support::scratch::Scratch;
use crate::support::server::server;
use crate::{
    ALREADY_EXISTS, CREATE_IN_PROGRESS, INVALID_INPUT, INVALID_NAME, NOT_FOUND, TOO_LARGE, blamed,
    fields, is_public_id, repos, rest,
};

#[test]
fn create_answers_as_documented() {
    let answer = rest().post(
        &repos("Rest-Create"),
        &json!({
            "name": "First.Repo", "description": "what it is for", "default_branch": "trunk/x",
            "read_only": false, "public": true,
        }),
    );
    let envelope = answer.json();
    assert_eq!(
        fields(&envelope),
        BTreeSet::from(["result", "success", "errors", "messages"])
    );
    assert_eq!(
        (&envelope["errors"], &envelope["messages"]),
        (&json!([]), &json!([]))
    );
    let result = answer.result(201);
    let expected = [
        "id",
        "name",
        "description",
        "default_branch",
        "read_only",
        "remote",
        "token",
        "expires_at",
        "clone_url",
    ];
    assert_eq!(fields(&result), expected.into());
    assert!(is_public_id(&result["id"]), "{result}");
    assert_eq!(result["name"], "First.Repo");
    assert_eq!(result["description"], "what it is for");
    assert_eq!(result["default_branch"], "trunk/x");
    assert_eq!(result["read_only"], false);
    let remote = format!("{}/git/Rest-Create/First.Repo.git", server().url());
    assert_eq!(result["remote"], remote);
    let token = result["token"].as_str().unwrap();
    let digits = token.strip_prefix("cairn_").unwrap();
    assert!(
        digits.len() == 33 && digits.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{token}"
    );
    let expires_at = result["expires_at"].as_str().unwrap();
    assert!(expires_at.contains(".000Z"), "{expires_at}");
    let clone_url = remote.replacen("://", &format!("://x:{token}@"), 1);
    assert_eq!(result["clone_url"], clone_url);
    assert_eq!(
        answer.header("content-type").split(';').next(),
        Some("application/json")
    );
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn get_shows_the_repository_after_create_and_push() {
    let hosted = rest().create_repository("rest-get", "shown");
    let shown = rest().get(&hosted.path("")).result(200);
    let expected = [
        "id",
        "name",
        "description",
        "default_branch",
        "created_at",
        "updated_at",
        "last_push_at",
        "source",
        "read_only",
        "public",
        "remote",
        "size_bytes",
        "object_count",
        "deny_deletes",
        "deny_non_fast_forwards",
        "fsck",
        "prune_grace_seconds",
        "reflog_retention_seconds",
        "superseded_grace_seconds",
        "settle_seconds",
        "cold_after_seconds",
        "cold_bytes_min",
        "ready_bytes_min",
        "fetch_events",
        "push_protection",
        "ref_rules",
        "pre_receive",
        "expires_at",
        "idle_ttl_seconds",
        "bytes_max",
        "downstreams",
        "lfs_objects",
        "lfs_bytes",
        "status",
    ];
    assert_eq!(fields(&shown), expected.into());
    assert_eq!(shown["default_branch"], "main");
    for null in ["description", "last_push_at", "source"] {
        assert_eq!(shown[null], Value::Null, "{null}");
    }
    assert_eq!(
        (&shown["read_only"], &shown["public"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(shown["remote"], hosted.remote.as_str());
    // What holds is shown, also where nobody has set it.
    assert!(shown["cold_after_seconds"].is_u64(), "{shown}");
    let set = json!({ "settle_seconds": 7, "cold_bytes_min": 1_u64 << 40 });
    let changed = rest().patch(&hosted.path(""), &set).result(200);
    for (field, value) in [
        ("settle_seconds", &json!(7)),
        ("cold_bytes_min", &json!(1_u64 << 40)),
        ("ready_bytes_min", &shown["ready_bytes_min"]),
    ] {
        assert_eq!(&changed[field], value, "{field}");
    }
    assert_eq!(
        (&shown["size_bytes"], &shown["object_count"]),
        (&json!(0), &json!(0))
    );

    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.write("a", "a\n");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    let pushed = rest().get(&hosted.path("")).result(200);
    assert_eq!(pushed["object_count"], 3);
    assert!(pushed["size_bytes"].as_u64().unwrap() > 0);
    assert!(pushed["last_push_at"].is_string(), "{pushed}");
    assert_eq!(pushed["created_at"], shown["created_at"]);
    // Names are matched without regard to case, and shown as created.
    let shouted = rest()
        .get("/api/v1/namespaces/REST-GET/repos/SHOWN")
        .result(200);
    assert_eq!(shouted["name"], "shown");
    assert_eq!(shouted["remote"], hosted.remote.as_str());
}

#[test]
fn a_name_is_taken_in_any_case_of_letters() {
    rest().create_repository("rest-taken", "Widget");
    for name in ["Widget", "widget", "WIDGET"] {
        for namespace in ["rest-taken", "Rest-Taken"] {
            let answer = rest().post(&repos(namespace), &json!({ "name": name }));
            assert_eq!(
                blamed(&answer, 409),
                (ALREADY_EXISTS, "/name".to_owned()),
                "{name}"
            );
        }
    }
    rest().create_repository("rest-taken", "widget2");
    rest().create_repository("rest-taken-2", "widget");
}

#[test]
fn names_that_break_the_rules_are_refused() {
    let long = "n".repeat(101);
    let names = [
        "", ".", "..", ".a", "-a", "_a", "a/b", "a b", "a\0", "é", "a.git", "a.GIT", "a.lock",
        "a\n", "a%2fb", "a\\b", "a:b", "ａ", &long,
    ];
    for name in names {
        let answer = rest().post(&repos("rest-names"), &json!({ "name": name }));
        assert_eq!(
            blamed(&answer, 400),
            (INVALID_NAME, "/name".to_owned()),
            "{name:?}"
        );
    }
    for namespace in ["a", ".ab", "a%2Fb", "a%20b", "ab.git", &"n".repeat(64)] {
        let answer = rest().post(&repos(namespace), &json!({ "name": "fine" }));
        assert_eq!(answer.error_code(400), INVALID_NAME, "{namespace}");
    }
    for namespace in ["a", ".ab", "a/b", "ab.lock", ""] {
        let answer = rest().post("/api/v1/namespaces", &json!({ "namespace": namespace }));
        assert_eq!(
            blamed(&answer, 400),
            (INVALID_NAME, "/namespace".to_owned()),
            "{namespace}"
        );
    }
    let listed = rest().get(&repos("rest-names")).result(200);
    assert_eq!(listed, json!([]), "a refused request makes nothing");
    for name in ["a", "9", "Hello-World_1.0", "a..b", &"n".repeat(100)] {
        rest().create_repository("rest-names", name);
    }
}

#[test]
fn bodies_are_read_strictly() {
    let path = repos("rest-bodies");
    let branch = "b".repeat(256);
    let text = "d".repeat(1025);
    let cases = [
        (json!({ "name": "a", "colour": "red" }), "/colour"),
        (json!({ "name": "a", "Name": "b" }), "/Name"),
        (json!({ "name": 1 }), "/name"),
        (json!({ "name": null }), "/name"),
        (json!({ "name": ["a"] }), "/name"),
        (json!({ "name": "a", "public": "yes" }), "/public"),
        (json!({ "name": "a", "read_only": 1 }), "/read_only"),
        (json!({ "name": "a", "description": 5 }), "/description"),
        (json!({ "name": "a", "description": text }), "/description"),
        (
            json!({ "name": "a", "default_branch": "" }),
            "/default_branch",
        ),
        (
            json!({ "name": "a", "default_branch": "a..b" }),
            "/default_branch",
        ),
        (
            json!({ "name": "a", "default_branch": "a b" }),
            "/default_branch",
        ),
        (
            json!({ "name": "a", "default_branch": "-a" }),
            "/default_branch",
        ),
        (
            json!({ "name": "a", "default_branch": "HEAD" }),
            "/default_branch",
        ),
        (
            json!({ "name": "a", "default_branch": "a.lock" }),
            "/default_branch",
        ),
        (
            json!({ "name": "a", "default_branch": "a/" }),
            "/default_branch",
        ),
        (
            json!({ "name": "a", "default_branch": branch }),
            "/default_branch",
        ),
        (json!({}), ""),
        (json!([]), ""),
        (json!("a"), ""),
        (json!(null), ""),
    ];
    for (body, pointer) in cases {
        let answer = rest().post(&path, &body);
        let (code, found) = blamed(&answer, 400);
        assert_eq!(code, INVALID_INPUT, "{body}");
        assert!(pointer.is_empty() || found == pointer, "{body}: {found}");
    }
    let raw: [&[u8]; 7] = [
        b"",
        b"{",
        b"{\"name\":\"a\"} {}",
        b"name=a",
        b"\xff\xfe",
        b"{\"name\":\"a\",\"name\":\"b\"}",
        b"[[[[[[[[",
    ];
    for body in raw {
        let answer = rest().send(Method::POST, &path, &[], body);
        assert_eq!(
            answer.error_code(400),
            INVALID_INPUT,
            "{}",
            body.escape_ascii()
        );
    }
    let nested = "[".repeat(60_000);
    let answer = rest().send(Method::POST, &path, &[], nested.as_bytes());
    assert_eq!(answer.error_code(400), INVALID_INPUT);
    let large = format!(
        "{{\"name\":\"a\",\"description\":\"{}\"}}",
        "d".repeat(70_000)
    );
    let answer = rest().send(Method::POST, &path, &[], large.as_bytes());
    assert_eq!(answer.error_code(413), TOO_LARGE);
    assert_eq!(rest().get(&path).result(200), json!([]));
}

#[test]
fn one_of_many_simultaneous_creates_wins() {
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let create = || rest().post(&repos("rest-race"), &json!({ "name": "wanted" }));
        let threads: Vec<_> = (0..50).map(|_| scope.spawn(create)).collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .map(|answer| answer.expect("the request is answered"))
            .collect()
    });
    let (won, lost): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.status == 201);
    assert_eq!((won.len(), lost.len()), (1, 49));
    for answer in lost {
        let code = answer.error_code(409);
        assert!(
            [ALREADY_EXISTS, CREATE_IN_PROGRESS].contains(&code),
            "{code}"
        );
    }
    let won = won[0].result(201);
    let shown = rest()
        .get(&format!("{}/wanted", repos("rest-race")))
        .result(200);
    assert_eq!(shown["id"], won["id"]);
    let listed = rest().get(&repos("rest-race")).result(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    // The winner's token works; nobody else has one.
    let client = rest().with_bearer(won["token"].as_str().unwrap());
    let path = "/git/rest-race/wanted.git/info/refs?service=git-receive-pack";
    assert_eq!(client.get(path).status, 200);
    let tokens = rest().get(&format!("{}/wanted/tokens?state=all", repos("rest-race")));
    assert_eq!(tokens.result(200).as_array().map(Vec::len), Some(1));
}

#[test]
fn creates_and_deletes_at_once_leave_all_or_nothing() {
    let path = format!("{}/churn", repos("rest-churn"));
    std::thread::scope(|scope| {
        for number in 0..12 {
            let path = path.as_str();
            scope.spawn(move || {
                let answer = if number % 2 == 0 {
                    rest().post(&repos("rest-churn"), &json!({ "name": "churn" }))
                } else {
                    rest().delete(path)
                };
                let honest = [201, 202, 404, 409].contains(&answer.status);
                assert!(honest, "{}: {}", answer.status, answer.text());
            });
        }
    });
    let there = rest().get(&path).status == 200;
    if !there {
        rest().create_repository("rest-churn", "churn");
    }
    assert_eq!(rest().delete(&path).status, 202);
    assert_eq!(rest().get(&path).error_code(404), NOT_FOUND);
    rest().create_repository("rest-churn", "churn");
}

#[test]
fn patch_changes_the_fields_it_names() {
    let hosted = rest().create_repository("rest-patch", "changed");
    let path = hosted.path("");
    let change = json!({ "description": "new", "default_branch": "trunk", "public": true });
    let changed = rest().patch(&path, &change).result(200);
    assert_eq!(changed["description"], "new");
    assert_eq!(changed["default_branch"], "trunk");
    assert_eq!(
        (&changed["public"], &changed["read_only"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(rest().get(&path).result(200), changed);
    let listed = rest().get(&repos("rest-patch")).result(200);
    assert_eq!(listed[0]["description"], "new");

    let cleared = rest()
        .patch(&path, &json!({ "description": null }))
        .result(200);
    assert_eq!(cleared["description"], Value::Null);
    assert_eq!(cleared["default_branch"], "trunk");
    let same = rest().patch(&path, &json!({})).result(200);
    assert_eq!(same["default_branch"], "trunk");

    for (body, pointer) in [
        (json!({ "name": "other" }), "/name"),
        (json!({ "colour": "red" }), "/colour"),
        (json!({ "public": null }), "/public"),
        (json!({ "read_only": "no" }), "/read_only"),
        (json!({ "default_branch": null }), "/default_branch"),
        (json!({ "default_branch": "a..b" }), "/default_branch"),
        (json!({ "description": "d".repeat(1025) }), "/description"),
        (json!({ "cold_bytes_min": 1_u64 << 57 }), "/cold_bytes_min"),
        (json!({ "ready_bytes_min": u64::MAX }), "/ready_bytes_min"),
    ] {
        let answer = rest().patch(&path, &body);
        assert_eq!(
            blamed(&answer, 400),
            (INVALID_INPUT, pointer.to_owned()),
            "{body}"
        );
    }
    let nowhere = format!("{}/nowhere", repos("rest-patch"));
    let answer = rest().patch(&nowhere, &json!({ "public": true }));
    assert_eq!(answer.error_code(404), NOT_FOUND);
}

#[test]
fn delete_frees_the_name_and_the_storage() {
    let hosted = rest().create_repository("rest-delete", "gone");
    let before = rest().get(&hosted.path("")).result(200);
    let answer = rest().delete(&hosted.path(""));
    let result = answer.result(202);
    assert_eq!(
        result,
        json!({ "id": before["id"], "restorable_until": null })
    );
    assert_eq!(rest().get(&hosted.path("")).error_code(404), NOT_FOUND);
    assert_eq!(rest().delete(&hosted.path("")).error_code(404), NOT_FOUND);
    assert_eq!(
        rest().get(&hosted.path("/tokens")).error_code(404),
        NOT_FOUND
    );
    assert_eq!(
        rest().get(&hosted.path("/stats")).error_code(404),
        NOT_FOUND
    );
    assert_eq!(rest().get(&repos("rest-delete")).result(200), json!([]));
    let again = rest().create_repository("rest-delete", "gone");
    let after = rest().get(&again.path("")).result(200);
    assert_ne!(after["id"], before["id"]);
}
