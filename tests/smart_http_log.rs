//! What the log says about each request, what the client learns, and what neither ever contains.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

use std::collections::BTreeSet;

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

/// The request's name in what git shows.
fn told(said: &str) -> String {
    let (_, rest) = said
        .split_once("(request ")
        .unwrap_or_else(|| panic!("no name in {said}"));
    rest.split_once(')').unwrap().0.to_owned()
}

#[test]
fn each_request_has_one_line() {
    let server = Server::start();
    let operator = server.rest();
    let hosted = operator.create_repository("Logged", "Repo");
    let shown = operator.get(&hosted.path(""));
    let missing = operator.get("/api/v1/namespaces/Logged/repos/Nothing");
    let odd = operator.get("/some/where?else=1");
    let challenged = operator
        .anonymous()
        .get("/git/logged/repo.git/info/refs?service=git-upload-pack");
    let ids: Vec<String> = [&shown, &missing, &odd, &challenged].map(id_of).to_vec();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 4);
    let lines = server.request_lines(|lines| ids.iter().all(|id| !with_id(lines, id).is_empty()));
    let line = |answer: &Answer| {
        let found = with_id(&lines, &id_of(answer));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    };

    let line_shown = line(&shown);
    let fields: BTreeSet<&str> = line_shown
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "event",
        "request_id",
        "method",
        "route",
        "namespace",
        "repository",
        "actor",
        "token_id",
        "status",
        "error",
        "bytes_in",
        "bytes_out",
        "wall_ms",
        "rows_read",
        "rows_written",
        "packs",
        "refs_changed",
        "ready",
    ];
    assert_eq!(fields, expected.into());
    assert_eq!(line_shown["route"], "/api/v1/namespaces/:ns/repos/:name");
    assert_eq!(
        (&line_shown["namespace"], &line_shown["repository"]),
        (&json!("logged"), &json!("repo"))
    );
    assert_eq!(
        (&line_shown["method"], &line_shown["status"]),
        (&json!("GET"), &json!(200))
    );
    assert_eq!(line_shown["bytes_out"], shown.body.len());
    // The rows that every request reads are kept from the request before.
    assert!(line_shown["rows_read"].is_u64(), "{line_shown}");
    assert_eq!(line_shown["rows_written"], 0);
    assert_eq!(line_shown["error"], Value::Null);
    assert_eq!(
        (&line(&missing)["status"], &line(&missing)["error"]),
        (&json!(404), &json!("NOT_FOUND"))
    );
    // A path that is not served may hold anything: it is not told.
    assert_eq!(
        (&line(&odd)["route"], &line(&odd)["namespace"]),
        (&json!("unknown"), &Value::Null)
    );
    // Git sends no credential before it is asked for one.
    assert_eq!(
        (&line(&challenged)["status"], &line(&challenged)["error"]),
        (&json!(401), &Value::Null)
    );
}

#[test]
fn fetches_and_pushes_are_logged_when_they_end() {
    let server = Server::start();
    let hosted = server.rest().create_repository("logged", "git");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.write("file", "x".repeat(100_000));
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    scratch.clone(&hosted.url(), "clone", &[]);
    let of = |lines: &[Value], service: &str| -> Vec<Value> {
        let route = format!("/git/:ns/:repo/git-{service}");
        lines
            .iter()
            .filter(|line| line["route"] == route.as_str())
            .cloned()
            .collect()
    };
    // Protocol 2 asks for the refs by POST as well.
    let lines = server.request_lines(|lines| {
        of(lines, "upload-pack").len() >= 2 && !of(lines, "receive-pack").is_empty()
    });
    let push = of(&lines, "receive-pack").pop().unwrap();
    assert_eq!(
        (&push["repository"], &push["status"]),
        (&json!("git"), &json!(200))
    );
    assert_eq!(push["error"], Value::Null, "{push}");
    assert!(push["bytes_in"].as_u64().unwrap() > 200, "{push}");
    assert!(push["rows_written"].as_u64().unwrap() >= 5, "{push}");
    let id = push["token_id"].as_str().unwrap();
    let listed = server.rest().get(&hosted.path("/tokens")).result(200);
    assert_eq!(listed[0]["id"], id, "{listed}");
    let route = "/git/:ns/:repo/info/refs";
    let mut advertised = lines
        .iter()
        .filter(|line| line["route"] == route && line["status"] == 200);
    assert!(advertised.next().unwrap()["bytes_out"].as_u64().unwrap() > 100);
    let fetches = of(&lines, "upload-pack");
    let packed = fetches
        .iter()
        .find(|line| line["packs"] == 1)
        .expect("a fetch looked at the pack");
    assert!(packed["bytes_out"].as_u64().unwrap() > 200, "{packed}");
    assert_eq!(packed["rows_written"], 0, "{packed}");
    // One line for each: what the Worker hands through it does not log again.
    let all: Vec<&str> = lines
        .iter()
        .map(|line| line["request_id"].as_str().unwrap())
        .collect();
    assert_eq!(
        all.iter().collect::<BTreeSet<_>>().len(),
        all.len(),
        "{all:?}"
    );
}

/// The line of the answer.
fn line_of(server: &Server, answer: &Answer) -> Value {
    let id = id_of(answer);
    let lines = server.request_lines(|lines| !with_id(lines, &id).is_empty());
    with_id(&lines, &id)[0].clone()
}

#[test]
fn a_line_says_whose_credential_was_accepted() {
    let server = Server::start();
    let operator = server.rest();
    let hosted = operator.create_repository("logged", "asked");
    let path = "/api/v1/namespaces/logged/tokens";
    let token = |body: &Value| {
        let made = operator.post(path, body).result(201);
        made["plaintext"].as_str().unwrap().to_owned()
    };
    let admin = operator.with_bearer(&token(&json!({ "scope": "admin" })));
    let reader = operator.with_bearer(&token(&json!({ "scope": "read" })));
    let own = operator.with_bearer(&token(&json!({ "repo": "asked", "scope": "read" })));
    let unknown = operator.with_bearer("cairn_v1_0123456789abcdef0123456789abcdef01234567");
    let actor = |answer: &Answer| line_of(&server, answer)["actor"].clone();
    let (of_repository, of_namespace) = (hosted.path(""), "/api/v1/namespaces/logged/repos");
    let advertised = "/git/logged/asked.git/info/refs?service=git-upload-pack";
    let log = hosted.path("/log");
    for (asked, expected) in [
        (operator.get(&of_repository), "operator"),
        (operator.get(of_namespace), "operator"),
        (admin.get(&of_repository), "namespace_token"),
        (admin.get(of_namespace), "namespace_token"),
        (admin.get(advertised), "namespace_token"),
        (reader.get(&log), "namespace_token"),
        (reader.get(advertised), "namespace_token"),
        (own.get(&log), "token"),
        (own.get(advertised), "token"),
        (unknown.get(&of_repository), "anonymous"),
        (unknown.get(advertised), "anonymous"),
        (operator.anonymous().get(advertised), "anonymous"),
        (operator.anonymous().get("/healthz"), "anonymous"),
    ] {
        assert_eq!(actor(&asked), expected, "{}", asked.text());
    }
}

#[test]
fn a_creation_is_logged_with_its_repository() {
    let server = Server::start();
    let operator = server.rest();
    let path = "/api/v1/namespaces/logged/repos";
    let made = operator.post(path, &json!({ "name": "Made" }));
    let again = operator.post(path, &json!({ "name": "made" }));
    let refused = operator.post(path, &json!({ "name": "no name" }));
    assert_eq!([made.status, again.status, refused.status], [201, 409, 400]);
    let repository = |answer: &Answer| line_of(&server, answer)["repository"].clone();
    assert_eq!([repository(&made), repository(&again)], ["made", "made"]);
    assert_eq!(repository(&refused), Value::Null);
}

#[test]
fn a_push_is_logged_with_the_refs_that_it_changed() {
    let server = Server::start();
    let operator = server.rest();
    let hosted = operator.create_repository("logged", "changed");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    let branches: Vec<String> = (0..7)
        .map(|number| format!("main:refs/heads/b{number}"))
        .collect();
    let url = hosted.url();
    let mut push = vec!["push", &url];
    push.extend(branches.iter().map(String::as_str));
    source.run(&push);
    source.run(&["checkout", "--quiet", "--orphan", "other"]);
    source.commit("another");
    // The server refuses one of the two.
    operator
        .patch(
            &hosted.path(""),
            &json!({ "ref_rules": [["refs/heads/b0", ["no-push"]]] }),
        )
        .result(200);
    source.fails(&[
        "push",
        "--force",
        &url,
        "other:refs/heads/b0",
        "other:refs/heads/new",
    ]);
    let pushes = |lines: &[Value]| -> Vec<Value> {
        let route = "/git/:ns/:repo/git-receive-pack";
        let mut found = lines.to_vec();
        found.retain(|line| line["route"] == route && line["status"] == 200);
        found
    };
    let lines = server.request_lines(|lines| pushes(lines).len() == 2);
    let changed: Vec<Value> = pushes(&lines)
        .iter()
        .map(|line| line["refs_changed"].clone())
        .collect();
    let first: Vec<String> = (0..5)
        .map(|number| format!("refs/heads/b{number}"))
        .collect();
    assert_eq!(changed[0], json!({ "count": 7, "first": first }));
    assert_eq!(
        changed[1],
        json!({ "count": 1, "first": ["refs/heads/new"] })
    );
    let others = lines
        .iter()
        .filter(|line| line["route"] == "/git/:ns/:repo/info/refs");
    assert!(others.map(|line| &line["refs_changed"]).all(Value::is_null));
}

#[test]
fn the_log_says_how_many_packs_a_content_request_looked_at() {
    let server = Server::start();
    let rest = server.rest();
    let hosted = rest.create_repository("logged", "content");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    for round in 0..2 {
        source.write("file", format!("{round}\n"));
        source.commit("a round");
        source.run(&["push", "--quiet", &hosted.url(), "main"]);
    }
    let id = |of: &str| source.run(&["rev-parse", of]);
    let (commit, tree, blob) = (id("main"), id("main^{tree}"), id("main:file"));
    let asked = [
        format!("/commit/{commit}"),
        format!("/tree/{tree}"),
        format!("/blob/{blob}"),
        "/raw/main/file".to_owned(),
        "/file?path=file".to_owned(),
        "/log".to_owned(),
        "/bundle".to_owned(),
    ];
    for rest_of_path in asked {
        let answer = rest.get(&hosted.path(&rest_of_path));
        assert_eq!(answer.status, 200, "{rest_of_path}: {}", answer.text());
        let (id, named) = (id_of(&answer), |line: &Value, id: &str| {
            line["request_id"] == id
        });
        let lines = server.request_lines(|lines| lines.iter().any(|line| named(line, &id)));
        let line = lines.iter().find(|line| named(line, &id)).unwrap();
        assert_eq!(line["packs"], 2, "{rest_of_path}: {line}");
    }
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
