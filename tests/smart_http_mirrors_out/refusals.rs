//! Requests about downstreams that Cairn refuses.

use serde_json::json;

use super::story::{Downstream, There, VARIABLES, server, to};
use super::support::remote::Rules;
use super::support::rest::Answer;
use super::support::scratch::Scratch;
use super::support::server::Server;

fn pointer(answer: &Answer) -> String {
    let source = answer.json()["errors"][0]["source"]["pointer"].clone();
    source.as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_added() {
    let rest = server().rest();
    let (hosted, _) = Scratch::new().pushed(&rest, "out-refused", "bodies");
    let path = hosted.path("/downstreams");
    for (body, status, at) in [
        (json!({}), 400, "/url"),
        (json!({"url": "ssh://example.com/a"}), 400, "/url"),
        (json!({"url": "https://u:p@example.com/a"}), 400, "/url"),
        (
            json!({"url": "https://example.com/a", "refs": ["main"]}),
            400,
            "/refs/0",
        ),
        (
            json!({"url": "https://example.com/a", "refs": []}),
            400,
            "/refs",
        ),
        (
            json!({"url": "https://example.com/a", "push": true}),
            400,
            "/push",
        ),
        (
            json!({"url": "https://example.com/a", "force": "yes"}),
            400,
            "/force",
        ),
        (
            json!({"url": "https://example.com/a", "credentials": {"token": ""}}),
            400,
            "/credentials",
        ),
    ] {
        let answer = rest.post(&path, &body);
        assert_eq!(
            (answer.status, pointer(&answer).as_str()),
            (status, at),
            "{body}: {}",
            answer.text()
        );
    }
    assert_eq!(rest.get(&path).result(200), json!([]));
    let unknown = hosted.path("/downstreams/0123456789abcdef");
    assert_eq!(rest.get(&unknown).status, 404);
    assert_eq!(rest.patch(&unknown, &json!({"force": true})).status, 404);
    assert_eq!(rest.delete(&unknown).status, 404);
    assert_eq!(
        rest.post(&format!("{unknown}/push"), &json!({})).status,
        404
    );
    assert_eq!(rest.get(&format!("{unknown}/pushes")).status, 404);
    // A token that may push may not administer.
    let owner = rest.with_bearer(&hosted.token);
    assert_eq!(owner.get(&path).status, 403);
    assert_eq!(owner.post(&path, &to("https://example.com/a")).status, 403);
    assert_eq!(rest.anonymous().get(&path).status, 401);
}

#[test]
fn there_are_ten_and_the_same_request_adds_one() {
    let (there, rest) = (There::new(), server().rest());
    let (hosted, _) = there.scratch.pushed(&rest, "out-refused", "ten");
    let path = hosted.path("/downstreams");
    let off = json!({"url": there.url(), "active": false});
    let headers = [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "one"),
    ];
    let ids: Vec<_> = (0..2)
        .map(|_| {
            let method = ureq::http::Method::POST;
            let answer = rest.send(method, &path, &headers, off.to_string().as_bytes());
            answer.result(201)["id"].clone()
        })
        .collect();
    assert_eq!(ids[0], ids[1]);
    for _ in 1..10 {
        rest.post(&path, &off).result(201);
    }
    let refused = rest.post(&path, &off);
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("10 downstreams at most"));
    assert_eq!(rest.get(&path).result(200).as_array().unwrap().len(), 10);
    assert!(there.remote.seen().is_empty());
}

#[test]
fn credentials_are_kept_sealed_and_go_with_the_url() {
    let (there, rest) = (There::new(), server().rest());
    let (hosted, work) = there.scratch.pushed(&rest, "out-refused", "secret");
    there.remote.set(Rules {
        credentials: Some("someone:hunter2".to_owned()),
        ..Rules::default()
    });
    let downstream = Downstream::add(&rest, &hosted, &to(&there.url()));
    let first = downstream.pushed(1);
    assert!(
        first["error"].as_str().unwrap().contains("credentials"),
        "{first}"
    );
    let given = json!({"credentials": {"username": "someone", "password": "hunter2"}});
    let changed = rest.patch(&downstream.path(""), &given).result(200);
    assert_eq!(changed["credentials"], "basic");
    there.until("refs/heads/main", &work.run(&["rev-parse", "main"]));
    // A user who changes the URL cannot send the credentials elsewhere.
    let elsewhere = json!({"url": There::new().url()});
    let refused = rest.patch(&downstream.path(""), &elsewhere);
    assert_eq!(
        (refused.status, pointer(&refused).as_str()),
        (422, "/credentials")
    );
    let without = json!({"url": There::new().url(), "credentials": null});
    let changed = rest.patch(&downstream.path(""), &without).result(200);
    assert_eq!(changed["credentials"], json!(null));
    let told = rest.get(&hosted.path("/events?limit=100")).text();
    assert!(!told.contains("hunter2"));
    assert!(!server().log().contains("hunter2"));
}

#[test]
fn without_the_operators_key_no_credentials_are_kept() {
    let server = Server::start_with(&VARIABLES[..1]);
    let rest = server.rest();
    let (hosted, _) = Scratch::new().pushed(&rest, "out-refused", "keyless");
    let body = json!({"url": "https://example.com/a", "credentials": {"token": "x"}});
    let refused = rest.post(&hosted.path("/downstreams"), &body);
    assert_eq!(
        (refused.status, pointer(&refused).as_str()),
        (422, "/credentials"),
        "{}",
        refused.text()
    );
}
