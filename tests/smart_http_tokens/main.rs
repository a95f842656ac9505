//! Tokens that administer a namespace, and how soon any token starts and stops working. Those that
//! read or write repositories of a namespace are in [`shared`], those of a lost namespace in [`lost`].

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod lost;
mod shared;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::{Server, server};
use ureq::http::Method;

const INVALID_INPUT: u64 = 10_100;
const CREDENTIALS: u64 = 10_000;
const NOT_FOUND: u64 = 10_200;

/// Rounds of the story; the whole number is run by hand.
const ROUNDS: usize = 50;

fn namespace(name: &str) -> String {
    format!("/api/v1/namespaces/{name}")
}

fn tokens(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/tokens")
}

/// A token of the namespace, and its id.
fn admin(rest: &Rest, namespace: &str) -> (String, String) {
    let body = json!({ "scope": "admin", "label": "a platform" });
    let made = rest.make_token(namespace, &body);
    (made.plaintext, made.id)
}

fn made(answer: &Answer) -> (String, String) {
    let result = answer.result(201);
    let text = |field: &str| result[field].as_str().unwrap().to_owned();
    (text("plaintext"), text("id"))
}

fn advertisement(client: &Rest, namespace: &str, name: &str) -> u16 {
    let path = format!("/git/{namespace}/{name}.git/info/refs?service=git-receive-pack");
    client.get(&path).status
}

fn ids(answer: &Answer) -> Vec<String> {
    let listed = answer.result(200);
    let ids = listed.as_array().unwrap().iter();
    ids.map(|token| token["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_namespace_token_does_everything_below_its_namespace() {
    let operator = server().rest();
    operator.create_repository("Tok-Below", "first");
    let answer = operator.post(
        &tokens("tok-below"),
        &json!({ "scope": "admin", "ttl": 600 }),
    );
    let result = answer.result(201);
    assert_eq!(
        (&result["scope"], &result["label"]),
        (&json!("admin"), &Value::Null)
    );
    let plaintext = result["plaintext"].as_str().unwrap();
    assert!(plaintext.starts_with("cairn_"), "not a token's form");
    let platform = operator.with_bearer(plaintext);

    assert_eq!(
        platform.get(&namespace("tok-below")).result(200)["repo_count"],
        1
    );
    let hosted = platform.create_repository("tok-below", "second");
    let listed = platform
        .get(&format!("{}/repos", namespace("Tok-Below")))
        .result(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    assert_eq!(platform.get(&hosted.path("")).result(200)["name"], "second");
    platform
        .patch(&hosted.path(""), &json!({ "description": "changed" }))
        .result(200);
    platform.get(&hosted.path("/stats")).result(200);
    let body = json!({ "repo": "second", "scope": "read" });
    let (read, read_id) = made(&platform.post(&tokens("tok-below"), &body));
    assert_eq!(ids(&platform.get(&hosted.path("/tokens"))).len(), 2);

    // Git takes it like any other.
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url_with(plaintext), "main"]);
    for version in ["0", "2"] {
        let protocol = format!("protocol.version={version}");
        scratch
            .clone(&hosted.url_with(plaintext), version, &["-c", &protocol])
            .fsck_strict();
    }
    scratch.clone(&hosted.url_with(&read), "read", &[]);

    let one = format!("{}/{read_id}", tokens("tok-below"));
    assert_eq!(platform.delete(&one).result(200)["id"], read_id);
    platform
        .post(&hosted.path("/fork"), &json!({ "name": "third" }))
        .result(201);
    platform.delete(&hosted.path("")).result(202);
    assert_eq!(platform.get(&hosted.path("")).error_code(404), NOT_FOUND);
    assert_eq!(advertisement(&platform, "tok-below", "second"), 404);
}

#[test]
fn a_namespace_token_does_nothing_else() {
    let operator = server().rest();
    let own = operator.create_repository("tok-own", "mine");
    let other = operator.create_repository("tok-other", "theirs");
    let (plaintext, token_id) = admin(&operator, "tok-own");
    let client = operator.with_bearer(&plaintext);
    let refused = |method: Method, path: &str, body: &Value| {
        let answer = client.send(method, path, &[], body.to_string().as_bytes());
        assert_eq!(answer.error_code(403), CREDENTIALS, "{path}");
    };
    let none = json!({});
    // Only the operator may do these, in the token's own namespace too.
    refused(Method::GET, "/api/v1/namespaces", &none);
    refused(
        Method::POST,
        "/api/v1/namespaces",
        &json!({ "namespace": "tok-more" }),
    );
    refused(Method::DELETE, &namespace("tok-own"), &none);
    refused(
        Method::POST,
        &tokens("tok-own"),
        &json!({ "scope": "admin" }),
    );
    let itself = format!("{}/{token_id}", tokens("tok-own"));
    assert_eq!(client.delete(&itself).error_code(404), NOT_FOUND);
    // These belong to another namespace.
    refused(Method::GET, &namespace("tok-other"), &none);
    refused(
        Method::GET,
        &format!("{}/repos", namespace("tok-other")),
        &none,
    );
    refused(
        Method::POST,
        &format!("{}/repos", namespace("tok-other")),
        &json!({ "name": "x" }),
    );
    refused(
        Method::POST,
        &tokens("tok-other"),
        &json!({ "repo": "theirs" }),
    );
    refused(Method::GET, &other.path(""), &none);
    refused(Method::PATCH, &other.path(""), &json!({ "public": true }));
    refused(Method::DELETE, &other.path(""), &none);
    refused(
        Method::POST,
        &other.path("/fork"),
        &json!({ "name": "x", "namespace": "tok-own" }),
    );
    refused(
        Method::POST,
        &own.path("/fork"),
        &json!({ "name": "x", "namespace": "tok-other" }),
    );
    assert_eq!(advertisement(&client, "tok-other", "theirs"), 403);
    assert_eq!(advertisement(&client, "tok-own", "mine"), 200);
    // A repository's token is not a namespace's.
    let holder = operator.with_bearer(&own.token);
    let path = format!("{}/repos", namespace("tok-own"));
    assert_eq!(holder.get(&path).error_code(403), CREDENTIALS);
}

#[test]
fn namespace_tokens_are_listed_revoked_and_die_with_their_namespace() {
    let operator = server().rest();
    operator
        .post("/api/v1/namespaces", &json!({ "namespace": "tok-life" }))
        .result(201);
    let (first, first_id) = admin(&operator, "tok-life");
    let (second, second_id) = admin(&operator, "TOK-life");
    let list = |query: &str| operator.get(&format!("{}{query}", tokens("tok-life")));
    let listed = list("");
    assert_eq!(ids(&listed).len(), 2);
    assert!(!listed.text().contains("cairn_"), "{}", listed.text());
    assert_eq!(listed.json()["result_info"]["total_count"], 2);
    assert_eq!(ids(&list("?per_page=1&page=2")).len(), 1);
    assert_eq!(list("?state=dead").error_code(400), INVALID_INPUT);

    let client = operator.with_bearer(&first);
    client.get(&namespace("tok-life")).result(200);
    let used = list("").result(200);
    let used = used
        .as_array()
        .unwrap()
        .iter()
        .find(|token| token["id"] == first_id.as_str());
    assert!(used.unwrap()["last_used_at"].is_string());
    let one = format!("{}/{first_id}", tokens("tok-life"));
    for _ in 0..2 {
        assert_eq!(operator.delete(&one).result(200)["id"], first_id);
        assert_eq!(
            client.get(&namespace("tok-life")).error_code(401),
            CREDENTIALS
        );
    }
    assert_eq!(ids(&list("")), std::slice::from_ref(&second_id));
    assert_eq!(ids(&list("?state=revoked")), [first_id]);
    assert_eq!(ids(&list("?state=all")).len(), 2);

    let client = operator.with_bearer(&second);
    client.get(&namespace("tok-life")).result(200);
    assert_eq!(operator.delete(&namespace("tok-life")).status, 204);
    assert_eq!(
        client.get(&namespace("tok-life")).error_code(401),
        CREDENTIALS
    );
    let hosted = operator.create_repository("tok-life", "again");
    assert_eq!(
        client.get(&namespace("tok-life")).error_code(401),
        CREDENTIALS
    );
    assert_eq!(client.get(&hosted.path("")).error_code(401), CREDENTIALS);
    assert_eq!(advertisement(&client, "tok-life", "again"), 401);
    assert_eq!(ids(&list("?state=all")).len(), 0);
}

/// Makes, uses and revokes tokens: each works on the request after it was made, and fails on the
/// request after it was revoked.
fn holds_at_once_and_ceases_at_once(server: &Server, name: &str, rounds: usize) {
    let operator = server.rest();
    let hosted = operator.create_repository("tok-soon", name);
    for round in 0..rounds {
        let body = match round % 3 {
            0 => json!({ "scope": "admin" }),
            1 => json!({ "repo": name }),
            _ => json!({ "repo": name, "ttl": 60 }),
        };
        let (plaintext, token_id) = made(&operator.post(&tokens("tok-soon"), &body));
        let client = operator.with_bearer(&plaintext);
        assert_eq!(
            advertisement(&client, "tok-soon", name),
            200,
            "round {round}"
        );
        if round % 3 == 0 {
            client.get(&hosted.path("")).result(200);
        }
        let one = format!("{}/{token_id}", tokens("tok-soon"));
        operator.delete(&one).result(200);
        assert_eq!(
            advertisement(&client, "tok-soon", name),
            401,
            "round {round}"
        );
        assert_eq!(client.get(&hosted.path("")).status, 401, "round {round}");
    }
}

#[test]
fn a_token_works_and_stops_with_the_next_request() {
    holds_at_once_and_ceases_at_once(server(), "soon", ROUNDS);
}

#[test]
fn a_token_works_and_stops_with_the_next_request_a_thousand_times() {
    // More than a deployment takes in ten seconds.
    let server = Server::start_with(&[("CAIRN_RATE_REQUESTS", "0")]);
    holds_at_once_and_ceases_at_once(&server, "thousand", 1000);
}

#[test]
fn tokens_work_when_kv_misses_everything() {
    let server = Server::start_with(&[("CONFIG", "tests/support/bindings.toml")]);
    holds_at_once_and_ceases_at_once(&server, "missed", 15);
}

#[test]
fn a_revoked_token_fails_although_kv_still_has_it() {
    let mut server = Server::start();
    let operator = server.rest();
    let hosted = operator.create_repository("tok-lag", "held");
    let (of_namespace, namespace_id) = admin(&operator, "tok-lag");
    let body = json!({ "repo": "held" });
    let (of_repository, repository_id) = made(&operator.post(&tokens("tok-lag"), &body));
    // KV as it is now is put back after the revocation: so does a cache that lags.
    let saved = Scratch::new();
    server.restart_after(|state| copy(&kv(state), &saved.join("kv")));
    for token_id in [&namespace_id, &repository_id] {
        operator
            .delete(&format!("{}/{token_id}", tokens("tok-lag")))
            .result(200);
    }
    server.restart_after(|state| {
        let kv = kv(state);
        std::fs::remove_dir_all(&kv).unwrap();
        copy(&saved.join("kv"), &kv);
    });
    for plaintext in [&of_namespace, &of_repository] {
        let client = server.rest().with_bearer(plaintext);
        assert_eq!(advertisement(&client, "tok-lag", "held"), 401);
    }
    let client = server.rest().with_bearer(&of_namespace);
    assert_eq!(client.get(&hosted.path("")).error_code(401), CREDENTIALS);
    assert_eq!(
        client.get(&namespace("tok-lag")).error_code(401),
        CREDENTIALS
    );
}

#[test]
fn a_namespace_token_ends_at_its_time() {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("tok-end", "held");
    let (plaintext, token_id) = admin(&server.rest(), "tok-end");
    let client = server.rest().with_bearer(&plaintext);
    client.get(&hosted.path("")).result(200);
    server.restart_after(|state| expire(state, &token_id));
    // The address is the same, the connections are new.
    let client = server.rest().with_bearer(&plaintext);
    assert_eq!(client.get(&hosted.path("")).error_code(401), CREDENTIALS);
    assert_eq!(
        client.get(&namespace("tok-end")).error_code(401),
        CREDENTIALS
    );
    assert_eq!(advertisement(&client, "tok-end", "held"), 401);
    let expired = server
        .rest()
        .get(&format!("{}?state=expired", tokens("tok-end")));
    assert_eq!(ids(&expired), [token_id]);
}

/// Moves a token's end into the past, in whichever database holds it.
fn expire(state: &Path, token_id: &str) {
    let mut changed = 0;
    for file in files(state)
        .into_iter()
        .filter(|file| file.extension().is_some_and(|e| e == "sqlite"))
    {
        let database = rusqlite::Connection::open(&file).expect("a database opens");
        let sql = "UPDATE token SET created_at = 1, expires_at = 1000 WHERE id = ?1";
        // Other objects have other tables.
        changed += database.execute(sql, [token_id]).unwrap_or(0);
    }
    assert_eq!(changed, 1, "the token is kept in one place");
}

/// The folder of KV in a server's state.
fn kv(state: &Path) -> PathBuf {
    let found = folders(state)
        .into_iter()
        .find(|folder| folder.ends_with("kv"));
    found.expect("kv is kept somewhere")
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let below = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir());
    below
        .flat_map(|path| [vec![path.clone()], folders(&path)].concat())
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let all = [vec![folder.to_owned()], folders(folder)].concat();
    let entries = all
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten());
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect()
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file, &target).unwrap();
    }
}

#[test]
fn a_push_with_a_namespace_token_is_logged_under_it() {
    let operator = server().rest();
    let hosted: Hosted = operator.create_repository("tok-logged", "pushed");
    let (plaintext, token_id) = admin(&operator, "tok-logged");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url_with(&plaintext), "main"]);
    let is_push = |line: &&Value| {
        line["route"] == "/git/:ns/:repo/git-receive-pack" && line["token_id"] == token_id.as_str()
    };
    let lines = server().request_lines(|lines| lines.iter().any(|line| is_push(&line)));
    let push = lines.iter().find(is_push);
    assert_eq!(push.unwrap()["repository"], "pushed");
}
