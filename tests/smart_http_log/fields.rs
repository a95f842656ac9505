//! The fields of a request's line.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::rest::Answer;
use super::support::scratch::Scratch;
use super::support::server::Server;
use super::{id_of, line_of, with_id};

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
        "session",
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
    // One line for each: the Worker writes no second line for a request that it hands through.
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

/// A write by REST is a push too.
#[test]
fn the_log_says_which_refs_a_write_by_rest_changed() {
    let server = Server::start();
    let operator = server.rest();
    let hosted = operator.create_repository("logged", "written");
    let files = json!([{ "path": "a", "content": "a\n" }]);
    let commit = json!({ "branch": "main", "message": "first", "files": files });
    let made = operator.post(&hosted.path("/commits"), &commit).result(201);
    let secret = format!("refs/heads/{}", hosted.token);
    let updates = json!({ "updates": [
        { "name": "refs/heads/more", "new": made["commit"] },
        { "name": secret, "new": made["commit"] },
    ] });
    operator.post(&hosted.path("/refs"), &updates).result(200);
    let refused = json!({ "updates": [{ "name": "refs/heads/none", "new": "1".repeat(40) }] });
    operator.post(&hosted.path("/refs"), &refused);
    let changed = |lines: &[Value]| -> Vec<Value> {
        let written = lines.iter().filter(|line| {
            let route = line["route"].as_str().unwrap_or_default();
            line["method"] == "POST" && route.starts_with("/api/v1/namespaces/:ns/repos/:name/")
        });
        written.map(|line| line["refs_changed"].clone()).collect()
    };
    let lines = server.request_lines(|lines| changed(lines).len() == 3);
    let expected = [
        json!({ "count": 1, "first": ["refs/heads/main"] }),
        json!({ "count": 2, "first": ["refs/heads/more", "(resembles a token)"] }),
        Value::Null,
    ];
    assert_eq!(changed(&lines), expected);
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
        let line = line_of(&server, &answer);
        assert_eq!(line["packs"], 2, "{rest_of_path}: {line}");
    }
}
