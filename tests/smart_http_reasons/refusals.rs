//! Refusals after the advertisement: Git shows no body of a POST that is not 200.

use serde_json::json;
use ureq::http::Method;

use super::support::history::noise;
use super::support::rest::{Answer, Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::{Server, server};

const NULL: &str = "0000000000000000000000000000000000000000";

fn pkt(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// The commands of a push that deletes two refs, as git sends them.
fn deletions(more: &str) -> String {
    let old = "1".repeat(40);
    let first =
        format!("{old} {NULL} refs/heads/a\0 report-status side-band-64k{more} object-format=sha1");
    format!(
        "{}{}0000",
        pkt(&first),
        pkt(&format!("{old} {NULL} refs/heads/b"))
    )
}

fn post(client: &Rest, hosted: &Hosted, service: &str, body: &[u8]) -> Answer {
    let path = hosted.git_path(service);
    let content_type = format!("application/x-{service}-request");
    let headers = [
        ("Content-Type", content_type.as_str()),
        ("Git-Protocol", "version=2"),
    ];
    client.send(Method::POST, &path, &headers, body)
}

/// Checks that a push was refused for this reason, in the report of each ref and on band 2.
fn told_in_the_report(answer: &Answer, reason: &str) {
    let text = answer.text();
    assert_eq!(answer.status, 200, "{text}");
    assert_eq!(
        answer.header("content-type"),
        "application/x-git-receive-pack-result"
    );
    for line in [
        format!("\u{2}error: {reason}"),
        format!("unpack {reason}"),
        format!("ng refs/heads/a {reason}"),
        format!("ng refs/heads/b {reason}"),
    ] {
        assert!(text.contains(&line), "{line:?} is not in {text:?}");
    }
}

fn told_as_an_error(answer: &Answer, reason: &str) {
    let text = answer.text();
    assert_eq!(answer.status, 200, "{text}");
    assert_eq!(
        answer.header("content-type"),
        "application/x-git-upload-pack-result"
    );
    let error = format!("ERR {reason}");
    assert_eq!(text.get(4..4 + error.len()), Some(error.as_str()), "{text}");
}

const LS_REFS: &[u8] = b"0014command=ls-refs\n0000";

#[test]
fn a_push_that_is_too_large_is_told_why_whether_its_length_is_told_or_not() {
    let server = Server::start_with(&[("CAIRN_PUSH_BYTES_MAX", "1000000")]);
    let hosted = server.rest().create_repository("reasons", "large");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.write("small", "small");
    source.commit("small");
    source.run(&["branch", "small"]);
    source.write("noise", noise(7, 3 << 20));
    source.commit("large");
    // All at once, as CI has it, and in pieces, as git does by itself.
    for (buffer, reason) in [
        ("100000000", "at most 1000000 are taken at once"),
        ("65536", "exceeds the maximum size of 1000000 bytes"),
    ] {
        let pusher = source.clone().config("http.postBuffer", buffer);
        let said = pusher.fails(&["push", &hosted.url(), "main"]);
        assert!(said.contains("remote: error: "), "{said}");
        assert!(said.contains("error: remote unpack failed: "), "{said}");
        assert!(said.contains(reason), "{said}");
        assert!(said.contains("push the history in parts"), "{said}");
        assert!(said.contains("! [remote rejected] main -> main"), "{said}");
        assert!(!said.contains("hung up"), "{said}");
    }
    assert_eq!(scratch.git().run(&["ls-remote", &hosted.url()]), "");
    source.run(&["push", &hosted.url(), "small"]);
    // The log has the code, and that it was told in-band.
    let refused = |lines: &[serde_json::Value]| {
        let is = |line: &&serde_json::Value| line["error"] == "MEMORY_LIMIT";
        lines
            .iter()
            .filter(is)
            .map(|line| line["status"].clone())
            .next()
    };
    let lines = server.request_lines(|lines| refused(lines).is_some());
    assert_eq!(refused(&lines), Some(json!(200)));
}

#[test]
fn too_many_requests_are_told_in_band() {
    let few = [
        ("CAIRN_RATE_REQUESTS", "12"),
        ("CAIRN_RATE_SECONDS", "3600"),
    ];
    let server = Server::start_with(&few);
    let hosted = server.rest().create_repository("reasons", "busy");
    let holder = server.rest().with_bearer(&hosted.token);
    for asked in 0.. {
        assert!(asked < 100, "there is no bound");
        if post(&holder, &hosted, "git-upload-pack", LS_REFS)
            .text()
            .contains("ERR ")
        {
            break;
        }
    }
    let reason = "too many requests to the repository: at most 12 in 3600";
    let fetched = post(&holder, &hosted, "git-upload-pack", LS_REFS);
    told_as_an_error(&fetched, reason);
    let pushed = post(
        &holder,
        &hosted,
        "git-receive-pack",
        deletions("").as_bytes(),
    );
    told_in_the_report(&pushed, reason);
    // Git shows the text that comes with the status of an advertisement.
    let said = Scratch::new().git().fails(&["ls-remote", &hosted.url()]);
    assert!(said.contains(&format!("remote: {reason}")), "{said}");
}

#[test]
fn a_token_that_is_revoked_between_two_requests_is_told_in_band() {
    let operator = server().rest();
    let hosted = operator.create_repository("reasons", "revoked");
    let path = "/api/v1/namespaces/reasons/tokens";
    let made = operator
        .post(path, &json!({ "repo": "revoked" }))
        .result(201);
    let holder = operator.with_bearer(made["plaintext"].as_str().unwrap());
    assert_eq!(
        post(&holder, &hosted, "git-upload-pack", LS_REFS).status,
        200
    );
    let id = made["id"].as_str().unwrap();
    operator.delete(&format!("{path}/{id}")).result(200);
    let reason = "the token is not valid, has expired or was revoked";
    let commands = deletions("");
    told_as_an_error(&post(&holder, &hosted, "git-upload-pack", LS_REFS), reason);
    told_in_the_report(
        &post(&holder, &hosted, "git-receive-pack", commands.as_bytes()),
        reason,
    );
    // Git asks its user for a token after 401; so a request without one gets that.
    for service in ["git-upload-pack", "git-receive-pack"] {
        let answer = post(&operator.anonymous(), &hosted, service, commands.as_bytes());
        assert_eq!(answer.status, 401, "{service}");
    }
}

#[test]
fn a_push_with_a_read_token_is_refused_in_band() {
    let operator = server().rest();
    let hosted = operator.create_repository("reasons", "reading");
    let asked = json!({ "repo": "reading", "scope": "read" });
    let made = operator
        .post("/api/v1/namespaces/reasons/tokens", &asked)
        .result(201);
    let reader = operator.with_bearer(made["plaintext"].as_str().unwrap());
    let answer = post(
        &reader,
        &hosted,
        "git-receive-pack",
        deletions("").as_bytes(),
    );
    told_in_the_report(&answer, "the token does not allow pushing");
}

#[test]
fn a_read_only_repository_says_so_before_anything_is_packed() {
    let operator = server().rest();
    let hosted = operator.create_repository("reasons", "read-only");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    operator
        .patch(&hosted.path(""), &json!({ "read_only": true }))
        .result(200);
    for version in [0, 2] {
        let said = source
            .clone()
            .protocol(version)
            .fails(&["push", &hosted.url(), "main:x"]);
        assert!(
            said.contains("fatal: remote error: repository is read-only"),
            "{said}"
        );
    }
    // Fetches go on.
    scratch.clone(&hosted.url(), "clone", &[]).fsck_strict();
}

#[test]
fn push_options_beyond_their_bound_are_refused_with_the_reason() {
    let operator = server().rest();
    let hosted = operator.create_repository("reasons", "options");
    let holder = operator.with_bearer(&hosted.token);
    let push = |options: &[String]| {
        let options: String = options.iter().map(|option| pkt(option)).collect();
        let body = format!("{}{options}0000", deletions(" push-options"));
        post(&holder, &hosted, "git-receive-pack", body.as_bytes())
    };
    // 15 MB of them.
    let many = vec!["o".repeat(60_000); 250];
    told_in_the_report(
        &push(&many),
        "push option 1 of 60000 bytes: a push may have 100 options",
    );
    told_in_the_report(
        &push(&vec!["o".to_owned(); 101]),
        "push option 101 of 1 bytes",
    );
    told_in_the_report(
        &push(&vec!["o".repeat(16_000); 5]),
        "push option 5 of 16000 bytes",
    );
    let answer = push(&vec!["ci.skip".to_owned(); 100]);
    assert!(answer.text().contains("unpack ok"), "{}", answer.text());
}
