//! A push may take long, and permission is judged when it takes effect: each of these began while it
//! was allowed, and ends when it is not.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::held::{PATIENCE, Story, main_to};
use super::raw::NULL;
use super::support::databases::database_of_namespace;
use super::support::server::server;

#[test]
fn a_push_that_began_before_its_token_was_revoked_changes_nothing() {
    let story = Story::begin("perm-revoked");
    let new = story.commit("second");
    let push = main_to(&story, &new);
    let tokens = story.rest.get(&story.hosted.path("/tokens")).result(200);
    let id = tokens[0]["id"].as_str().unwrap().to_owned();
    let report = story.push(&story.hosted.token, &push, |rest| {
        rest.delete(&format!("/api/v1/namespaces/perm-revoked/tokens/{id}"))
            .result(200);
    });
    assert!(
        report.contains("ng refs/heads/main the token is not valid, has expired or was revoked"),
        "{report}"
    );
    story.assert_unchanged();
}

#[test]
fn a_push_that_began_before_its_namespaces_token_was_revoked_changes_nothing() {
    let story = Story::begin("perm-vouched");
    let new = story.commit("second");
    let push = main_to(&story, &new);
    let tokens = "/api/v1/namespaces/perm-vouched/tokens";
    let admin = json!({ "scope": "admin" });
    let made = story.rest.make_token("perm-vouched", &admin);
    let report = story.push(&made.plaintext, &push, |rest| {
        rest.delete(&format!("{tokens}/{}", made.id)).result(200);
    });
    assert!(
        report.contains("ng refs/heads/main the token is not valid, has expired or was revoked"),
        "{report}"
    );
    story.assert_unchanged();
}

#[test]
fn a_push_with_a_namespaces_token_that_began_before_all_were_revoked_changes_nothing() {
    let story = Story::begin("perm-all-shared");
    let new = story.commit("second");
    let push = main_to(&story, &new);
    let scope = json!({ "scope": "write", "repos": ["held"] });
    let made = story.rest.make_token("perm-all-shared", &scope);
    let report = story.push(&made.plaintext, &push, |rest| {
        let path = "/api/v1/namespaces/perm-all-shared/tokens/revoke-all";
        rest.post(path, &json!({})).result(200);
    });
    assert!(
        report.contains("ng refs/heads/main the token is not valid, has expired or was revoked"),
        "{report}"
    );
    story.assert_unchanged();
}

#[test]
fn a_push_that_began_before_its_namespace_was_stopped_changes_nothing() {
    let cases = [
        (
            "perm-all",
            None,
            "the token is not valid, has expired or was revoked",
        ),
        (
            "perm-suspended",
            Some("suspended"),
            "the namespace is suspended",
        ),
        ("perm-frozen", Some("read_only"), "repository is read-only"),
    ];
    for (namespace, setting, reason) in cases {
        let story = Story::begin(namespace);
        let new = story.commit("second");
        let push = main_to(&story, &new);
        let report = story.push(&story.hosted.token, &push, |rest| {
            let path = format!("/api/v1/namespaces/{namespace}");
            if let Some(setting) = setting {
                rest.patch(&path, &json!({ (setting): true })).result(200);
            } else {
                let path = format!("{path}/tokens/revoke-all");
                rest.post(&path, &json!({})).result(200);
            }
        });
        let line = format!("ng refs/heads/main {reason}");
        assert!(report.contains(&line), "{report}");
        story.assert_unchanged();
    }
}

#[test]
fn a_push_whose_namespace_fails_at_its_end_changes_nothing_and_may_come_again() {
    let story = Story::begin("perm-silent");
    let new = story.commit("second");
    let push = main_to(&story, &new);
    let scope = json!({ "scope": "admin" });
    let token = &story.rest.make_token("perm-silent", &scope).plaintext;
    let database = database_of_namespace(server().state(), "perm-silent");
    let report = story.push(token, &push, |_| {
        let hide = "ALTER TABLE token RENAME TO hidden_token";
        database.execute(hide, []).unwrap();
    });
    assert!(
        report.contains("ng refs/heads/main internal error"),
        "{report}"
    );
    story.assert_unchanged();
    let show = "ALTER TABLE hidden_token RENAME TO token";
    database.execute(show, []).unwrap();
    let report = story.push(token, &push, |_| {});
    assert!(report.contains("ok refs/heads/main"), "{report}");
}

#[test]
fn a_push_that_began_before_the_repository_was_read_only_changes_nothing() {
    let story = Story::begin("perm-readonly");
    let new = story.commit("second");
    let push = main_to(&story, &new);
    let report = story.push(&story.hosted.token, &push, |rest| {
        rest.patch(&story.hosted.path(""), &json!({ "read_only": true }))
            .result(200);
    });
    assert!(
        report.contains("ng refs/heads/main repository is read-only"),
        "{report}"
    );
    story.assert_unchanged();
}

/// Moves `main` to an unrelated commit while the repository gets this setting, which refuses it.
fn forced_push_meets(namespace: &str, setting: &Value, reason: &str) {
    let story = Story::begin(namespace);
    let work = &story.work;
    work.run(&["checkout", "--quiet", "--orphan", "elsewhere"]);
    let new = story.commit("unrelated");
    let push = main_to(&story, &new);
    let report = story.push(&story.hosted.token, &push, |rest| {
        rest.patch(&story.hosted.path(""), setting).result(200);
    });
    let refusal = format!("ng refs/heads/main {reason}");
    assert!(report.contains(&refusal), "{report}");
    story.assert_unchanged();
}

#[test]
fn a_push_that_began_before_force_pushes_were_denied_changes_nothing() {
    let setting = json!({ "deny_non_fast_forwards": true });
    forced_push_meets("perm-forced", &setting, "non-fast-forward");
}

#[test]
fn a_push_that_began_before_a_rule_came_that_forbids_it_changes_nothing() {
    for (name, rule) in [
        ("perm-rule", "no-push"),
        ("perm-rule-forced", "no-force-push"),
    ] {
        let setting = json!({ "ref_rules": [["refs/heads/*", [rule]]] });
        forced_push_meets(name, &setting, &format!("protected: {rule}"));
    }
}

#[test]
fn a_deletion_that_was_sent_before_deletions_were_denied_is_refused() {
    let story = Story::begin("perm-deleted");
    let new = story.commit("second");
    let push = main_to(&story, &new)
        .update(&story.first, NULL, "refs/heads/other")
        .with("delete-refs")
        .with("atomic");
    let report = story.push(&story.hosted.token, &push, |rest| {
        rest.patch(&story.hosted.path(""), &json!({ "deny_deletes": true }))
            .result(200);
    });
    assert!(
        report.contains("ng refs/heads/other deletion prohibited"),
        "{report}"
    );
    assert!(
        report.contains("ng refs/heads/main atomic push failure"),
        "{report}"
    );
    story.assert_unchanged();
}

#[test]
fn a_request_whose_body_outlasts_its_token_makes_nothing() {
    let story = Story::begin("perm-rest");
    let tokens = "/api/v1/namespaces/perm-rest/tokens";
    let made = story
        .rest
        .post(tokens, &json!({ "scope": "admin" }))
        .result(201);
    let body = json!({ "repo": "held", "scope": "write" }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", server().port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST {tokens} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{}",
        made["plaintext"].as_str().unwrap(),
        body.len(),
        &body[..5],
    );
    stream.write_all(head.as_bytes()).unwrap();
    // Others are answered meanwhile, so this one was looked at as well.
    for _ in 0..20 {
        story.stats();
    }
    story
        .rest
        .delete(&format!("{tokens}/{}", made["id"].as_str().unwrap()))
        .result(200);
    stream.write_all(&body.as_bytes()[5..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let listed = story.rest.get(&story.hosted.path("/tokens")).result(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
}
