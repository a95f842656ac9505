//! Push protection: pushes and writes with secrets are refused, or let in by an override.

use serde_json::{Value, json};
use ureq::http::Method;

use super::support::git::Git;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::server;

/// A token of GitHub's form, in two parts so that no other search finds it here.
pub fn github_token() -> String {
    ["ghp_", "Ab7dE9fGhJ2kLm4NpQ6rSt8UvWxYz3Cb5Dc1"].concat()
}

/// A repository that is protected, with one commit, and where that was pushed from.
pub fn protected(rest: &Rest, scratch: &Scratch, name: &str) -> (Hosted, Git) {
    let (hosted, work) = scratch.pushed(rest, "protection", name);
    let on = json!({ "push_protection": true });
    let changed = rest.patch(&hosted.path(""), &on).result(200);
    assert_eq!(changed["push_protection"], true);
    (hosted, work)
}

pub fn commit(work: &Git, path: &str, content: &str) {
    work.write(path, content);
    work.run(&["add", "."]);
    work.commit("more");
}

/// The payloads of the repository's events of this kind.
fn told(rest: &Rest, hosted: &Hosted, kind: &str) -> Vec<Value> {
    let path = hosted.path(&format!("/events?types={kind}"));
    let events = rest.get(&path).result(200);
    let events = events.as_array().cloned().unwrap_or_default();
    events
        .iter()
        .map(|event| event["payload"].clone())
        .collect()
}

#[test]
fn a_push_with_a_secret_is_refused_with_its_path_and_line_and_leaves_nothing() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, work) = protected(&rest, &scratch, "refused");
    let before = work.remote_refs(&hosted.url());
    let secret = github_token();
    commit(
        &work,
        "src/deep/config.rs",
        &format!("// a\n\nconst T: &str = \"{secret}\";\n"),
    );
    // A later commit takes it out again, but the history would keep it.
    commit(&work, "src/deep/config.rs", "// a\n");
    let said = work.fails(&["push", &hosted.url(), "main"]);
    assert!(
        said.contains("secret: github-token in src/deep/config.rs:3"),
        "{said}"
    );
    assert!(said.contains("git push -o cairn.allow-secret"), "{said}");
    assert!(!said.contains(&secret), "{said}");
    assert_eq!(work.remote_refs(&hosted.url()), before);
    assert!(told(&rest, &hosted, "repo.overridden").is_empty());

    // Without protection the same push is taken. Then protection is on again, and a secret that the
    // repository already has refuses no push.
    let off = json!({ "push_protection": false });
    rest.patch(&hosted.path(""), &off).result(200);
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    rest.patch(&hosted.path(""), &json!({ "push_protection": true }))
        .result(200);
    commit(&work, "other", "nothing secret\n");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    work.run(&["push", "--quiet", &hosted.url(), "main~2:refs/heads/old"]);
    let whole = scratch.clone(&hosted.url(), "whole", &[]);
    commit(
        &whole,
        "again/config.rs",
        &format!("// a\n\nconst T: &str = \"{secret}\";\n"),
    );
    // The same blob under another name is not new.
    whole.run(&["push", "--quiet", &hosted.url(), "main"]);
}

#[test]
fn our_own_token_and_a_key_block_are_found_among_deltas() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, work) = protected(&rest, &scratch, "kinds");
    let lines: Vec<_> = (0..400)
        .map(|line| format!("line {line} of it\n"))
        .collect();
    let lines = lines.concat();
    commit(&work, "long.txt", &lines);
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    // The file with the token is pushed as a thin delta.
    commit(
        &work,
        "long.txt",
        &format!("{lines}token = {}\n", hosted.token),
    );
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    let block = ["-----BEGIN PRIV", "ATE KEY-----\n", body, "\n-----END\n"].concat();
    commit(&work, "key.pem", &format!("\n{block}"));
    let said = work.fails(&["push", &hosted.url(), "main"]);
    assert!(said.contains("push protection found 2 secrets:"), "{said}");
    assert!(
        said.contains("secret: cairn-token in long.txt:401"),
        "{said}"
    );
    assert!(said.contains("secret: private-key in key.pem:2"), "{said}");

    let one = [
        "push",
        "-o",
        "cairn.allow-secret=private-key",
        &hosted.url(),
        "main",
    ];
    let said = work.fails(&one);
    assert!(said.contains("push protection found 1 secret:"), "{said}");
    assert!(said.contains("cairn-token"), "{said}");
}

#[test]
fn an_override_lets_secrets_in_and_is_told() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, work) = protected(&rest, &scratch, "overridden");
    commit(&work, "config", &format!("a\n{}\n", github_token()));
    let option = "cairn.allow-secret=github-token";
    work.run(&["push", "--quiet", "-o", option, &hosted.url(), "main"]);
    let told = told(&rest, &hosted, "repo.overridden");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["protection"], "push_protection");
    assert_eq!(told[0]["secretsCount"], 1);
    let blob = work.run(&["rev-parse", "main:config"]);
    let secret = json!({ "kind": "github-token", "path": "config", "line": 2, "blob": blob });
    assert_eq!(told[0]["secrets"], json!([secret]));
    let events = rest.get(&hosted.path("/events")).result(200);
    let last = events.as_array().unwrap().last().unwrap();
    assert_eq!(last["type"], "cairn.repo.overridden");
    assert_eq!(last["actor"]["kind"], "token");
}

#[test]
fn writes_by_rest_are_searched_as_pushes_are() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, _) = protected(&rest, &scratch, "rest");
    let commit = |options: Value| {
        let file = json!({ "path": "a/b.env", "content": format!("KEY={}\n", github_token()) });
        let body = json!({
            "branch": "main",
            "message": "more",
            "files": [file],
            "push_options": options,
        });
        rest.post(&hosted.path("/commits"), &body)
    };
    let refused = commit(json!([]));
    assert_eq!(refused.error_code(403), 10_320);
    let error = &refused.json()["errors"][0];
    assert_eq!(error["details"]["rule"], "push_protection", "{error}");
    let secret = &error["details"]["secrets"][0];
    assert_eq!(
        (&secret["path"], &secret["line"]),
        (&json!("a/b.env"), &json!(1))
    );

    let blobs = hosted.path("/blobs");
    let put = |content: &[u8]| {
        let headers = [("Content-Type", "application/octet-stream")];
        rest.send(Method::PUT, &blobs, &headers, content)
    };
    assert_eq!(put(github_token().as_bytes()).error_code(403), 10_320);
    put(b"nothing secret").result(201);

    let made = commit(json!(["cairn.allow-secret"]));
    assert!(made.status < 300, "{}", made.text());
    assert_eq!(told(&rest, &hosted, "repo.overridden").len(), 1);
}

#[test]
fn a_purge_is_told_with_its_counts() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, work) = scratch.pushed(&rest, "protection", "purged");
    commit(&work, "config", &github_token());
    work.run(&["push", "--quiet", &hosted.url(), "main:leak"]);
    work.run(&["push", "--quiet", &hosted.url(), ":leak"]);
    let purged = rest
        .post(&hosted.path("/purge-unreachable"), &json!({}))
        .result(200);
    let told = told(&rest, &hosted, "repo.purged");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["objects"], purged["objects"]);
    assert_eq!(told[0]["packsRewritten"], purged["packs_rewritten"]);
    assert_eq!(told[0]["holders"], 0);
    assert!(told[0]["objects"].as_u64().unwrap() >= 3, "{told:?}");
}
