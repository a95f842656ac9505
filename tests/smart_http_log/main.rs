//! The log's words about each request, the client's answer, and the secrets that neither ever contains.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod fields;

use serde_json::{Value, json};
use support::rest::Answer;
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, Server, server};
use ureq::http::Method;

fn with_id<'a>(lines: &'a [Value], id: &str) -> Vec<&'a Value> {
    lines
        .iter()
        .filter(|line| line["request_id"] == id)
        .collect()
}

fn id_of(answer: &Answer) -> String {
    answer.header("x-request-id").to_owned()
}

/// The line of the answer.
fn line_of(server: &Server, answer: &Answer) -> Value {
    let id = id_of(answer);
    let lines = server.request_lines(|lines| !with_id(lines, &id).is_empty());
    with_id(&lines, &id)[0].clone()
}

/// The request's name in git's output.
fn told(said: &str) -> String {
    let (_, rest) = said
        .split_once("(request ")
        .unwrap_or_else(|| panic!("no name in {said}"));
    rest.split_once(')').unwrap().0.to_owned()
}

#[test]
fn a_request_keeps_the_id_that_its_client_gave() {
    let rest = server().rest();
    let ask = |name: &str, id: &str| id_of(&rest.send(Method::GET, "/healthz", &[(name, id)], b""));
    assert_eq!(
        ask("X-Request-Id", "from-the-client.1"),
        "from-the-client.1"
    );
    assert_eq!(
        ask("CF-Ray", "8f0c9e7d6a5b4c3d-FRA"),
        "8f0c9e7d6a5b4c3d-FRA"
    );
    for odd in [
        "short",
        "a b c d e f g h",
        "\"quoted-name\"",
        &"x".repeat(100),
    ] {
        let made = ask("X-Request-Id", odd);
        assert_eq!(made.len(), 16, "{made}");
    }
}

#[test]
fn the_request_id_that_git_shows_is_in_the_log() {
    let server = Server::start();
    let operator = server.rest();
    let hosted = operator.create_repository("logged", "refusing");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    let first = source.run(&["rev-parse", "HEAD"]);
    operator
        .patch(&hosted.path(""), &json!({ "read_only": true }))
        .result(200);
    source.commit("second");
    let pushed = source.fails(&["push", &hosted.url(), "main"]);
    assert!(pushed.contains("repository is read-only"), "{pushed}");
    // A refusal in a fetch: the commit is nobody's.
    let nothing = first.replace(|digit: char| digit.is_ascii_hexdigit(), "1");
    let fetched = source.fails(&["-c", "protocol.version=2", "fetch", &hosted.url(), &nothing]);
    // And one by status.
    let token = hosted.token.split('?').next().unwrap();
    let other = operator
        .create_repository("logged", "other")
        .url_with(token);
    let forbidden = source.fails(&["ls-remote", &other]);
    let names: Vec<String> = [&pushed, &fetched, &forbidden]
        .map(|said| told(said))
        .to_vec();
    let lines =
        server.request_lines(|lines| names.iter().all(|name| !with_id(lines, name).is_empty()));
    let error = |at: usize| with_id(&lines, &names[at])[0]["error"].clone();
    assert_eq!([error(0), error(1)], ["REFUSED_IN_BAND", "REFUSED_IN_BAND"]);
    assert_eq!(error(2), "FORBIDDEN");
}

#[test]
fn rest_tells_how_long_it_took() {
    let hosted = server().rest().create_repository("logged", "timed");
    let answer = server().rest().get(&hosted.path(""));
    let timing = answer.header("server-timing");
    let parts: Vec<(&str, &str)> = timing
        .split(", ")
        .filter_map(|part| part.split_once(";dur="))
        .collect();
    assert_eq!(
        parts.iter().map(|part| part.0).collect::<Vec<_>>(),
        ["total", "objects"],
        "{timing}"
    );
    assert!(
        parts.iter().all(|part| part.1.parse::<u32>().is_ok()),
        "{timing}"
    );
}

#[test]
fn a_data_point_is_written_where_the_binding_is() {
    let server = Server::start_with(&[("CONFIG", "tests/support/bindings.toml")]);
    let hosted = server.rest().create_repository("logged", "counted");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    server.request_lines(|lines| {
        lines
            .iter()
            .any(|line| line["route"] == "/git/:ns/:repo/git-receive-pack")
    });
    let log = server.log();
    assert!(!log.contains("data point not written"), "{log}");
}

#[test]
fn the_log_of_a_whole_story_has_no_secret() {
    let server = Server::start();
    let operator = server.rest();
    let hosted = operator.create_repository("secrets", "repo");
    let path = "/api/v1/namespaces/secrets/tokens";
    let mut secrets = vec![ADMIN_KEY.to_owned(), hosted.token.clone()];
    for body in [
        json!({ "repo": "repo", "scope": "read" }),
        json!({ "scope": "admin" }),
    ] {
        let made = operator.post(path, &body).result(201);
        secrets.push(made["plaintext"].as_str().unwrap().to_owned());
        let id = made["id"].as_str().unwrap().to_owned();
        if body["repo"].is_string() {
            operator.delete(&format!("{path}/{id}")).result(200);
        }
    }
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    for secret in &secrets {
        // Where it is right, where it is wrong, and where no secret belongs.
        let client = operator.with_bearer(secret);
        let bare = secret.split('?').next().unwrap();
        let mut answers = vec![
            client.get(&hosted.path("")),
            client.get("/git/secrets/repo.git/info/refs?service=git-upload-pack"),
            client.get("/git/secrets/none.git/info/refs?service=git-receive-pack"),
            client.get(&format!("/{bare}")),
            client.get(&format!("/api/v1/namespaces/secrets/tokens/{bare}")),
            client.get(&format!("/api/v1/namespaces/secrets/repos?search={bare}")),
        ];
        // The operator's key could be a name; a token could not be anything else.
        if bare.starts_with("cairn_") {
            let path = format!("/git/{bare}/repo.git/info/refs?service=git-upload-pack");
            answers.push(client.get(&path));
            answers.push(client.send(Method::GET, "/healthz", &[("X-Request-Id", bare)], b""));
        }
        let body = format!("{{\"name\":\"{bare}");
        answers.push(client.send(
            Method::POST,
            "/api/v1/namespaces/secrets/repos",
            &[],
            body.as_bytes(),
        ));
        for answer in answers {
            assert!(!answer.text().contains(bare), "told: {}", answer.text());
            let headers = format!("{:?}", answer.headers);
            assert!(!headers.contains(bare), "told: {headers}");
        }
    }
    // Credentials of an import, in the URL and beside it, to where nobody listens.
    for body in [
        json!({ "url": "https://someone:hunter2-in-url@127.0.0.1:1/x.git" }),
        json!({ "url": "https://git.invalid/x.git", "username": "someone", "password": "hunter2-beside" }),
    ] {
        let answer = operator.post("/api/v1/namespaces/secrets/repos/imported/import", &body);
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    }
    secrets.push("hunter2".to_owned());
    let last = operator.get("/healthz");
    server.request_lines(|lines| !with_id(lines, &id_of(&last)).is_empty());
    let log = server.log();
    for secret in &secrets {
        let bare = secret.split('?').next().unwrap();
        assert!(!log.contains(bare), "a secret is in the log");
        assert!(
            !log.contains(bare.trim_start_matches("cairn_")),
            "a secret is in the log"
        );
    }
    assert!(!log.contains("cairn_"), "a token is in the log");
}
