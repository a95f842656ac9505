//! The REST face against the running server: repositories, namespaces and tokens, and what is
//! said when something is wrong.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::server;
use ureq::http::Method;

const INVALID_INPUT: u64 = 10_100;
const INVALID_NAME: u64 = 10_101;
const INVALID_TTL: u64 = 10_103;
const NOT_FOUND: u64 = 10_200;
const ALREADY_EXISTS: u64 = 10_201;
const CREATE_IN_PROGRESS: u64 = 10_301;
const CREDENTIALS: u64 = 10_000;
const TOO_LARGE: u64 = 10_402;

fn rest() -> Rest {
    server().rest()
}

fn repos(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/repos")
}

fn tokens(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/tokens")
}

/// The fields of a JSON object.
fn fields(value: &Value) -> BTreeSet<&str> {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"));
    object.keys().map(String::as_str).collect()
}

/// The error's code and the field that it blames.
fn blamed(answer: &Answer, status: u16) -> (u64, String) {
    let code = answer.error_code(status);
    let pointer = answer.json()["errors"][0]["source"]["pointer"].clone();
    (code, pointer.as_str().unwrap_or("").to_owned())
}

fn is_public_id(value: &Value) -> bool {
    let text = value.as_str().unwrap_or("");
    text.len() == 16
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z'))
}

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
        "remote",
        "token",
    ];
    assert_eq!(fields(&result), expected.into());
    assert!(is_public_id(&result["id"]), "{result}");
    assert_eq!(result["name"], "First.Repo");
    assert_eq!(result["description"], "what it is for");
    assert_eq!(result["default_branch"], "trunk/x");
    let remote = format!("{}/git/Rest-Create/First.Repo.git", server().url());
    assert_eq!(result["remote"], remote);
    let token = result["token"].as_str().unwrap();
    let (secret, expires) = token.split_once("?expires=").unwrap();
    let digits = secret.strip_prefix("cairn_v1_").unwrap();
    assert!(
        digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{token}"
    );
    assert!(expires.parse::<u64>().is_ok(), "{token}");
    assert_eq!(
        answer.header("content-type").split(';').next(),
        Some("application/json")
    );
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn get_shows_what_create_and_push_made() {
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
        "prune_grace_seconds",
        "reflog_retention_seconds",
        "superseded_grace_seconds",
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
fn a_name_is_taken_whatever_its_case() {
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
    let text = "d".repeat(1001);
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
fn of_many_creates_at_once_one_wins() {
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
fn patch_changes_what_it_names() {
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
        (json!({ "description": "d".repeat(1001) }), "/description"),
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
    assert_eq!(result, json!({ "id": before["id"] }));
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

#[test]
fn lists_are_paged_sorted_and_searched() {
    let names = ["delta", "Alpha", "charlie", "Bravo", "echo"];
    for name in names {
        let body = json!({ "name": name, "description": format!("about {}", name.to_lowercase()) });
        rest().create_repository_with("rest-list", &body);
    }
    let page = |query: &str| {
        let answer = rest().get(&format!("{}?{query}", repos("rest-list")));
        let result = answer.result(200);
        let listed: Vec<String> = result
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect();
        (listed, answer.json()["result_info"].clone())
    };
    let (all, info) = page("");
    assert_eq!(all.len(), 5);
    assert_eq!(info, json!({ "cursor": "", "per_page": 50, "count": 5 }));
    assert_eq!(
        page("sort=name").0,
        ["Alpha", "Bravo", "charlie", "delta", "echo"]
    );
    let reversed = ["echo", "delta", "charlie", "Bravo", "Alpha"];
    assert_eq!(page("sort=name&direction=desc").0, reversed);
    for sort in ["created_at", "updated_at", "last_push_at", "name"] {
        for direction in ["asc", "desc"] {
            let query = format!("sort={sort}&direction={direction}&limit=2");
            let (mut seen, mut info) = page(&query);
            let mut pages = 1;
            while let Some(cursor) = info["cursor"].as_str().filter(|cursor| !cursor.is_empty()) {
                let (more, next) = page(&format!("{query}&cursor={cursor}"));
                seen.extend(more);
                (info, pages) = (next, pages + 1);
                assert!(pages < 9, "{query} has no end");
            }
            let whole = page(&format!("sort={sort}&direction={direction}")).0;
            assert_eq!(seen, whole, "{query}");
        }
    }
    assert_eq!(page("search=ALPH").0, ["Alpha"]);
    assert_eq!(page("search=about").0, [""; 0]);
    assert_eq!(page("search=%25").0, [""; 0]);
    assert_eq!(page("search=_").0, [""; 0]);
    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=-1",
        "limit=1e3",
        "sort=size",
        "direction=up",
        "cursor=%00",
        "cursor=nonsense",
        "colour=red",
        "limit=1&limit=2",
        &format!("search={}", "s".repeat(101)),
        &format!("cursor={}", "c".repeat(513)),
    ] {
        let answer = rest().get(&format!("{}?{query}", repos("rest-list")));
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{query}");
    }
    assert_eq!(page("limit=200").0.len(), 5);
}

#[test]
fn namespaces_live_and_die() {
    let created = rest().post("/api/v1/namespaces", &json!({ "namespace": "Rest-Spaces" }));
    let created = created.result(201);
    assert_eq!(
        fields(&created),
        ["namespace", "repo_count", "created_at"].into()
    );
    assert_eq!(
        (&created["namespace"], &created["repo_count"]),
        (&json!("Rest-Spaces"), &json!(0))
    );
    let again = rest().post("/api/v1/namespaces", &json!({ "namespace": "rest-spaces" }));
    assert_eq!(again.error_code(409), ALREADY_EXISTS);
    let hosted = rest().create_repository("rest-spaces", "one");
    assert!(
        hosted.remote.contains("/git/Rest-Spaces/one.git"),
        "{}",
        hosted.remote
    );
    let path = "/api/v1/namespaces/rest-spaces";
    assert_eq!(rest().get(path).result(200)["repo_count"], 1);
    let listed = rest().get("/api/v1/namespaces?limit=200").result(200);
    let listed = listed.as_array().unwrap();
    assert!(
        listed
            .iter()
            .any(|entry| entry["namespace"] == "Rest-Spaces"),
        "{listed:?}"
    );
    assert_eq!(rest().delete(path).status, 409);
    rest().delete(&hosted.path("")).result(202);
    let answer = rest().delete(path);
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    assert_eq!(rest().get(path).error_code(404), NOT_FOUND);
    assert_eq!(rest().delete(path).error_code(404), NOT_FOUND);
    let unknown = rest().post("/api/v1/namespaces", &json!({ "namespace": "ok", "x": 1 }));
    assert_eq!(unknown.error_code(400), INVALID_INPUT);
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let hosted = rest().create_repository("rest-tokens", "held");
    let body = json!({ "repo": "held", "scope": "read", "ttl": 60, "label": "a robot" });
    let made = rest().post(&tokens("rest-tokens"), &body).result(201);
    assert_eq!(
        fields(&made),
        ["id", "plaintext", "scope", "label", "expires_at"].into()
    );
    assert!(is_public_id(&made["id"]), "{made}");
    assert_eq!(
        (&made["scope"], &made["label"]),
        (&json!("read"), &json!("a robot"))
    );
    let default = rest()
        .post(&tokens("rest-tokens"), &json!({ "repo": "HELD" }))
        .result(201);
    assert_eq!(
        (&default["scope"], &default["label"]),
        (&json!("write"), &Value::Null)
    );

    let list = |query: &str| {
        let answer = rest().get(&hosted.path(&format!("/tokens{query}")));
        let ids: Vec<Value> = answer
            .result(200)
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token["id"].clone())
            .collect();
        (ids, answer.json())
    };
    let (ids, envelope) = list("");
    assert_eq!(ids.len(), 3, "{envelope}");
    let expected = [
        "id",
        "scope",
        "label",
        "state",
        "created_at",
        "expires_at",
        "last_used_at",
    ];
    assert_eq!(fields(&envelope["result"][0]), expected.into());
    assert!(!envelope.to_string().contains("cairn_v1_"), "{envelope}");
    let info = json!({ "page": 1, "per_page": 50, "total_pages": 1, "count": 3, "total_count": 3 });
    assert_eq!(envelope["result_info"], info);
    let (first, _) = list("?per_page=2&page=1");
    let (second, envelope) = list("?per_page=2&page=2");
    assert_eq!((first.len(), second.len()), (2, 1));
    assert_eq!(envelope["result_info"]["total_pages"], 2);
    assert_eq!(list("?per_page=2&page=3").0.len(), 0);

    let client = rest().with_bearer(made["plaintext"].as_str().unwrap());
    let path = "/git/rest-tokens/held.git/info/refs?service=git-upload-pack";
    assert_eq!(client.get(path).status, 200);
    let (_, envelope) = list("");
    let used = envelope["result"]
        .as_array()
        .unwrap()
        .iter()
        .find(|token| token["id"] == made["id"]);
    assert!(used.unwrap()["last_used_at"].is_string(), "{envelope}");

    let one = format!("{}/{}", tokens("rest-tokens"), made["id"].as_str().unwrap());
    assert_eq!(rest().delete(&one).result(200), json!({ "id": made["id"] }));
    assert_eq!(client.get(path).status, 401);
    assert_eq!(list("").0.len(), 2);
    assert_eq!(list("?state=revoked").0, [made["id"].clone()]);
    assert_eq!(list("?state=expired").0.len(), 0);
    assert_eq!(list("?state=all").0.len(), 3);
    // Revoking again changes nothing; another namespace does not reach it.
    assert!([200, 404].contains(&rest().delete(&one).status));
    rest().create_repository("rest-tokens-2", "held");
    let id = default["id"].as_str().unwrap();
    let elsewhere = format!("{}/{id}", tokens("rest-tokens-2"));
    assert_eq!(rest().delete(&elsewhere).error_code(404), NOT_FOUND);
    let client = rest().with_bearer(default["plaintext"].as_str().unwrap());
    assert_eq!(client.get(path).status, 200);
}

#[test]
fn token_requests_are_read_strictly() {
    let hosted = rest().create_repository("rest-token-input", "held");
    let path = tokens("rest-token-input");
    for (ttl, status) in [
        (59, 400),
        (60, 201),
        (31_536_000, 201),
        (31_536_001, 400),
        (0, 400),
    ] {
        let answer = rest().post(&path, &json!({ "repo": "held", "ttl": ttl }));
        assert_eq!(answer.status, status, "{ttl}: {}", answer.text());
        if status == 400 {
            assert_eq!(
                blamed(&answer, 400),
                (INVALID_TTL, "/ttl".to_owned()),
                "{ttl}"
            );
        }
    }
    let label = "l".repeat(101);
    for (body, code) in [
        (json!({ "repo": "held", "ttl": -1 }), None),
        (json!({ "repo": "held", "ttl": "60" }), None),
        (json!({ "repo": "held", "ttl": 1.5 }), None),
        (json!({ "repo": "held", "ttl": 1e300 }), None),
        (
            json!({ "repo": "held", "scope": "root" }),
            Some(INVALID_INPUT),
        ),
        (
            json!({ "repo": "held", "scope": "READ" }),
            Some(INVALID_INPUT),
        ),
        (
            json!({ "repo": "held", "label": label }),
            Some(INVALID_INPUT),
        ),
        (json!({ "repo": "held", "label": 1 }), Some(INVALID_INPUT)),
        (
            json!({ "repo": "held", "colour": "red" }),
            Some(INVALID_INPUT),
        ),
        (json!({ "repo": "a/b" }), Some(INVALID_NAME)),
        (json!({ "repo": "" }), Some(INVALID_NAME)),
        (json!({ "scope": "read" }), Some(INVALID_INPUT)),
        (json!({}), Some(INVALID_INPUT)),
    ] {
        let answer = rest().post(&path, &body);
        let found = answer.error_code(400);
        match code {
            Some(code) => assert_eq!(found, code, "{body}"),
            None => assert!([INVALID_INPUT, INVALID_TTL].contains(&found), "{body}"),
        }
    }
    let answer = rest().post(&path, &json!({ "repo": "nowhere" }));
    assert_eq!(answer.error_code(404), NOT_FOUND);
    for query in [
        "state=dead",
        "page=0",
        "per_page=0",
        "per_page=201",
        "page=x",
        "token=x",
        "token=",
        "colour=red",
    ] {
        let answer = rest().get(&hosted.path(&format!("/tokens?{query}")));
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{query}");
    }
    for id in ["0123456789abcdef", "zzzzzzzzzzzzzzzz"] {
        assert_eq!(
            rest().delete(&format!("{path}/{id}")).error_code(404),
            NOT_FOUND,
            "{id}"
        );
    }
    for id in [
        "x",
        "0123456789ABCDEF",
        "0123456789abcde%2F",
        "..%2f",
        "%00",
    ] {
        let status = rest().delete(&format!("{path}/{id}")).status;
        assert!([400, 404, 405].contains(&status), "{id}: {status}");
    }
}

/// Each route with a method that it serves.
fn routes(hosted: &Hosted) -> Vec<(Method, String)> {
    let namespace = format!("/api/v1/namespaces/{}", hosted.namespace);
    vec![
        (Method::POST, "/api/v1/namespaces".to_owned()),
        (Method::GET, "/api/v1/namespaces".to_owned()),
        (Method::GET, namespace.clone()),
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
fn every_route_wants_the_operator() {
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
        "/",
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
        (Method::GET, tokens("rest-paths"), "POST"),
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
