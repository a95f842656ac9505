//! Emergency stops: all tokens of a namespace are revoked, a namespace is suspended or read-only, a
//! deployment takes no writes, the operator's key is replaced.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod routes;

use std::time::Duration;

use serde_json::{Value, json};
use support::databases::database_of_namespace;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, Server, server};
use support::wait::until_true;
use ureq::http::Method;

const CREDENTIALS: u64 = 10_000;
const UNAVAILABLE: u64 = 10_401;

/// A namespace tells fewer repositories than these at the same time.
const REPOSITORIES: usize = 40;

fn namespace(name: &str) -> String {
    format!("/api/v1/namespaces/{name}")
}

fn tokens(name: &str) -> String {
    format!("{}/tokens", namespace(name))
}

fn revoke_all(rest: &Rest, name: &str) -> Value {
    let path = format!("{}/revoke-all", tokens(name));
    rest.post(&path, &json!({})).result(200)
}

fn token(rest: &Rest, name: &str, scope: &str) -> String {
    rest.make_token(name, &json!({ "scope": scope })).plaintext
}

/// The status of a push's first request with this token.
fn push_status(hosted: &Hosted, token: &str) -> u16 {
    let path = hosted.git_path("info/refs?service=git-receive-pack");
    server().rest().with_bearer(token).get(&path).status
}

#[test]
fn all_tokens_of_a_namespace_die_at_once() {
    let operator = server().rest();
    let hosted: Vec<_> = (0..REPOSITORIES)
        .map(|number| operator.create_repository("Emerge-Revoke", &format!("r{number}")))
        .collect();
    let elsewhere = operator.create_repository("emerge-else", "r");
    let (write, admin) = (
        token(&operator, "emerge-revoke", "write"),
        token(&operator, "emerge-revoke", "admin"),
    );
    let platform = operator.with_bearer(&admin);
    for repository in &hosted {
        assert_eq!(push_status(repository, &repository.token), 200);
    }
    assert_eq!(push_status(&hosted[0], &write), 200);

    // The administrator's own token is one of them.
    let revoked = revoke_all(&platform, "emerge-revoke");
    assert_eq!(
        revoked["standing"],
        json!({ "version": 1, "told": REPOSITORIES, "left": 0 })
    );
    assert!(revoked["tokens_revoked_before"].is_string(), "{revoked}");
    for repository in &hosted {
        assert_eq!(push_status(repository, &repository.token), 401);
    }
    assert_eq!(push_status(&hosted[0], &write), 401);
    let refused = platform.get(&namespace("emerge-revoke"));
    assert_eq!(refused.error_code(401), CREDENTIALS);
    assert_eq!(push_status(&elsewhere, &elsewhere.token), 200);

    // The lists of tokens say so.
    let listed = operator.get(&hosted[3].path("/tokens?state=revoked"));
    assert_eq!(listed.result(200).as_array().map(Vec::len), Some(1));
    let listed = operator.get(&format!("{}?state=active", tokens("emerge-revoke")));
    assert_eq!(listed.result(200), json!([]));

    // Tokens that are made afterwards work, in old and in new repositories.
    let body = json!({ "repo": "r0", "scope": "write" });
    let made = operator.make_token("emerge-revoke", &body);
    assert_eq!(push_status(&hosted[0], &made.plaintext), 200);
    let later = operator.create_repository("emerge-revoke", "later");
    assert_eq!(push_status(&later, &later.token), 200);
    let write = token(&operator, "emerge-revoke", "write");
    assert_eq!(push_status(&later, &write), 200);
    let shown = operator.get(&namespace("emerge-revoke")).result(200);
    assert_eq!(shown["standing"]["left"], 0);
    assert_eq!(
        shown["tokens_revoked_before"],
        revoked["tokens_revoked_before"]
    );

    // A second revocation reaches the new repository too.
    assert_eq!(
        revoke_all(&operator, "emerge-revoke")["standing"]["version"],
        2
    );
    assert_eq!(push_status(&later, &later.token), 401);
}

#[test]
fn a_namespace_that_ended_before_it_told_its_repositories_tells_them_when_it_wakes() {
    let mut server = Server::start();
    let operator = server.rest();
    let hosted: Vec<_> = ["a", "b"]
        .iter()
        .map(|name| operator.create_repository("emerge-crash", name))
        .collect();
    server.restart_after(|state| {
        // The object leaves this row when it ends right after writing it.
        let stopped = "UPDATE namespace SET token_epoch = 9000000000000, standing_version = 1,
            standing_told = 'a'";
        let database = database_of_namespace(state, "emerge-crash");
        assert_eq!(database.execute(stopped, []).unwrap(), 1);
    });
    let operator = server.rest();
    until_true("everybody is told", Duration::from_secs(20), || {
        let shown = operator.get(&namespace("emerge-crash")).result(200);
        shown["standing"] == json!({ "version": 1, "told": 2, "left": 0 })
    });
    let own = operator.with_bearer(&hosted[1].token);
    assert_eq!(
        own.get(&hosted[1].path("/refs")).error_code(401),
        CREDENTIALS
    );
}

#[test]
fn revoking_all_takes_no_other_field_and_no_other_caller() {
    let operator = server().rest();
    let hosted = operator.create_repository("emerge-strict", "r");
    let path = format!("{}/revoke-all", tokens("emerge-strict"));
    let answer = operator.post(&path, &json!({ "repo": "r" }));
    assert_eq!(answer.error_code(400), 10_100);
    let own = operator.with_bearer(&hosted.token);
    assert_eq!(own.post(&path, &json!({})).error_code(403), CREDENTIALS);
    let write = operator.with_bearer(&token(&operator, "emerge-strict", "write"));
    assert_eq!(write.post(&path, &json!({})).error_code(403), CREDENTIALS);
    let absent = format!("{}/revoke-all", tokens("emerge-absent"));
    assert_eq!(operator.post(&absent, &json!({})).status, 404);
    assert_eq!(push_status(&hosted, &hosted.token), 200);
}

#[test]
fn a_suspended_namespace_gives_nobody_anything_but_the_operator() {
    let operator = server().rest();
    let body = json!({ "name": "r", "public": true });
    let hosted = operator.create_repository_with("emerge-suspend", &body);
    let platform = operator.with_bearer(&token(&operator, "emerge-suspend", "admin"));
    let write = operator.with_bearer(&token(&operator, "emerge-suspend", "write"));
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    let settings = namespace("emerge-suspend");

    let own = platform.patch(&settings, &json!({ "suspended": true }));
    assert_eq!(own.error_code(403), CREDENTIALS);
    assert_eq!(own.json()["errors"][0]["source"]["pointer"], "/suspended");

    let shown = operator
        .patch(&settings, &json!({ "suspended": true }))
        .result(200);
    assert_eq!(
        (&shown["suspended"], &shown["standing"]["left"]),
        (&json!(true), &json!(0))
    );
    let says = |answer: &Answer| {
        assert_eq!(answer.error_code(403), CREDENTIALS);
        assert!(
            answer.text().contains("the namespace is suspended"),
            "{}",
            answer.text()
        );
    };
    says(&platform.get(&settings));
    says(&platform.get(&hosted.path("")));
    says(
        &operator
            .with_bearer(&hosted.token)
            .get(&hosted.path("/refs")),
    );
    says(&write.get(&hosted.path("/refs")));
    // A caller without a credential is asked for one: otherwise the operator's git would never send
    // its own.
    let anonymous = operator.anonymous().get(&hosted.path("/refs"));
    assert_eq!(anonymous.error_code(401), CREDENTIALS);
    source.commit("second");
    let said = source.fails(&["ls-remote", &hosted.url()]);
    assert!(said.contains("suspended"), "{said}");
    source.fails(&["ls-remote", &hosted.remote]);
    let said = source.fails(&["push", &hosted.url(), "main"]);
    assert!(said.contains("suspended"), "{said}");
    // The operator still reads it.
    operator.get(&hosted.path("/refs")).result(200);
    source.run(&["ls-remote", &hosted.url_with(ADMIN_KEY)]);

    operator
        .patch(&settings, &json!({ "suspended": false }))
        .result(200);
    source.run(&["push", &hosted.url(), "main"]);
    platform.get(&settings).result(200);
}

#[test]
fn a_read_only_namespace_takes_no_push_by_any_face() {
    let operator = server().rest();
    let hosted = operator.create_repository("emerge-read", "r");
    let platform = operator.with_bearer(&token(&operator, "emerge-read", "admin"));
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    let settings = namespace("emerge-read");
    let shown = platform
        .patch(&settings, &json!({ "read_only": true }))
        .result(200);
    assert_eq!(shown["read_only"], true);

    source.commit("second");
    let said = source.fails(&["push", &hosted.url(), "main"]);
    // Git is told before it packs anything.
    let line = "fatal: remote error: repository is read-only";
    assert!(said.contains(line), "{said}");
    let commit = json!({ "branch": "main", "message": "m", "files": [
        { "path": "a", "content": "b" }] });
    let answer = operator.post(&hosted.path("/commits"), &commit);
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert!(answer.text().contains("read-only"), "{}", answer.text());
    let refs = json!({ "updates": [{ "name": "refs/heads/x", "new": "main" }] });
    let refused = operator.post(&hosted.path("/refs"), &refs);
    assert!(refused.text().contains("read-only"), "{}", refused.text());
    // A repository that is made meanwhile takes no push either, though its own setting allows it.
    let later = operator.create_repository("emerge-read", "later");
    let said = source.fails(&["push", &later.url(), "main"]);
    assert!(said.contains(line), "{said}");
    assert_eq!(
        operator.get(&later.path("")).result(200)["read_only"],
        false
    );
    scratch.clone(&hosted.url(), "clone", &[]).fsck_strict();

    platform
        .patch(&settings, &json!({ "read_only": false }))
        .result(200);
    source.run(&["push", &hosted.url(), "main"]);
    source.run(&["push", &later.url(), "main"]);
}

#[test]
fn a_read_only_deployment_takes_no_writes_but_revocations() {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("emerge-frozen", "r");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    source.commit("second");

    server.restart_with(&[("CAIRN_READ_ONLY", "true")]);
    let operator = server.rest();
    let said = source.fails(&["push", &hosted.url(), "main"]);
    let line = "fatal: remote error: repository is read-only";
    assert!(said.contains(line), "{said}");
    // A caller whose token is wrong does not learn of it.
    let said = source.fails(&["push", &hosted.url_with("nothing"), "main"]);
    assert!(!said.contains("read-only"), "{said}");
    let writes = [
        (
            Method::POST,
            format!("{}/repos", namespace("emerge-frozen")),
            json!({ "name": "s" }),
        ),
        (
            Method::POST,
            tokens("emerge-frozen"),
            json!({ "scope": "write" }),
        ),
        (Method::PATCH, hosted.path(""), json!({ "public": true })),
        (Method::DELETE, hosted.path(""), json!({})),
        (Method::POST, hosted.path("/commits"), json!({})),
        (Method::PUT, hosted.path("/blobs"), json!({})),
    ];
    for (method, path, body) in writes {
        let refused = operator.send(method, &path, &[], body.to_string().as_bytes());
        assert_eq!(refused.error_code(503), UNAVAILABLE, "{path}");
        assert!(
            refused.text().contains("read-only"),
            "{path}: {}",
            refused.text()
        );
        assert_eq!(refused.header("retry-after"), "60");
    }
    operator.get(&hosted.path("")).result(200);
    source.run(&["ls-remote", &hosted.url()]);
    assert_eq!(
        revoke_all(&operator, "emerge-frozen")["standing"]["left"],
        0
    );
    source.fails(&["ls-remote", &hosted.url()]);

    server.restart_with(&[]);
    let body = json!({ "repo": "r", "scope": "write" });
    let made = server.rest().make_token("emerge-frozen", &body);
    source.run(&["push", &hosted.url_with(&made.plaintext), "main"]);
}

#[test]
fn the_operators_key_is_replaced_without_downtime() {
    const OLD: &str = "the-operator-until-now";
    let mut server = Server::start_with(&[("CAIRN_ADMIN_KEY_PREVIOUS", OLD)]);
    let (new, old) = (server.rest(), server.rest().with_bearer(OLD));
    let hosted = old.create_repository("emerge-key", "r");
    new.get(&hosted.path("")).result(200);
    old.get("/api/v1/namespaces").result(200);
    let scratch = Scratch::new();
    scratch.git().run(&["ls-remote", &hosted.url_with(OLD)]);

    server.restart_with(&[]);
    let (new, old) = (server.rest(), server.rest().with_bearer(OLD));
    new.get(&hosted.path("")).result(200);
    assert_eq!(old.get(&hosted.path("")).error_code(401), CREDENTIALS);
}
