//! `Idempotency-Key`: a request that is sent again is not done again.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::support::rest::{Answer, Rest};
use crate::{ALREADY_EXISTS, CREATE_IN_PROGRESS, CREDENTIALS, INVALID_INPUT};
use crate::{NOT_FOUND, repos, rest, tokens};

fn post(client: &Rest, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [("Idempotency-Key", key)];
    client.send(Method::POST, path, &headers, body.to_string().as_bytes())
}

fn same(one: &Answer, other: &Answer) {
    assert_eq!((one.status, one.text()), (other.status, other.text()));
    assert_eq!(one.header("idempotent-replayed"), "");
    assert_eq!(other.header("idempotent-replayed"), "true");
}

#[test]
fn a_repository_is_made_once() {
    let (path, body) = (repos("rest-once"), json!({ "name": "made" }));
    let first = post(&rest(), &path, "key 1", &body);
    let made = first.result(201);
    same(&first, &post(&rest(), &path, "key 1", &body));
    // The token that is drawn again is the one that works.
    let again = post(&rest(), &path, "key 1", &body).result(201);
    let client = rest().with_bearer(again["token"].as_str().unwrap());
    let advertised = "/git/rest-once/made.git/info/refs?service=git-receive-pack";
    assert_eq!(client.get(advertised).status, 200);
    let held = rest().get(&format!("{path}/made/tokens?state=all"));
    assert_eq!(held.result(200).as_array().map(Vec::len), Some(1));

    let other = post(&rest(), &path, "key 2", &body);
    assert_eq!(other.error_code(409), ALREADY_EXISTS);
    same(&other, &post(&rest(), &path, "key 2", &body));
    let reused = post(&rest(), &path, "key 1", &json!({ "name": "other" }));
    assert_eq!(reused.error_code(422), INVALID_INPUT);
    let elsewhere = post(&rest(), &tokens("rest-once"), "key 1", &body);
    assert_eq!(elsewhere.error_code(422), INVALID_INPUT);
    let listed = rest().get(&path).result(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));

    // A repository that was deleted since stays deleted when its creation is sent again.
    rest().delete(&format!("{path}/made")).result(202);
    assert_eq!(post(&rest(), &path, "key 1", &body).result(201), made);
    assert_eq!(
        rest().get(&format!("{path}/made")).error_code(404),
        NOT_FOUND
    );
}

#[test]
fn every_route_that_makes_something() {
    rest().create_repository("rest-once-all", "source");
    let source = format!("{}/source", repos("rest-once-all"));
    let cases = [
        (
            "/api/v1/namespaces".to_owned(),
            json!({ "namespace": "rest-once-space" }),
        ),
        (
            tokens("rest-once-all"),
            json!({ "repo": "source", "label": "x" }),
        ),
        (format!("{source}/fork"), json!({ "name": "forked" })),
        (format!("{source}/maintenance"), json!({ "task": "run" })),
    ];
    for (path, body) in cases {
        // A key is the namespace's, by any route.
        let key = &path;
        let first = post(&rest(), &path, key, &body);
        assert!(
            [200, 201].contains(&first.status),
            "{path}: {}",
            first.text()
        );
        same(&first, &post(&rest(), &path, key, &body));
        let other = json!({ "name": "another" });
        assert_eq!(
            post(&rest(), &path, key, &other).error_code(422),
            INVALID_INPUT
        );
    }
    let held = rest()
        .get(&format!("{source}/tokens?state=all"))
        .result(200);
    assert_eq!(held.as_array().map(Vec::len), Some(2));
    let bad = format!("{}/imported/import", repos("rest-once-all"));
    let first = post(&rest(), &bad, "i", &json!({ "url": "ftp://example.com/x" }));
    assert_eq!(first.status, 400);
    same(
        &first,
        &post(&rest(), &bad, "i", &json!({ "url": "ftp://example.com/x" })),
    );
}

#[test]
fn one_of_many_equal_requests_is_done() {
    let (path, body) = (repos("rest-once-race"), json!({ "name": "wanted" }));
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let send = || post(&rest(), &path, "race", &body);
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(send)).collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.map(|answer| answer.expect("an answer")).collect()
    });
    let last = post(&rest(), &path, "race", &body);
    let mut done = 0;
    for answer in &answers {
        if answer.status == 201 {
            assert_eq!(answer.text(), last.text());
            done += usize::from(answer.header("idempotent-replayed").is_empty());
        } else {
            assert_eq!(answer.error_code(409), CREATE_IN_PROGRESS);
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
    assert_eq!(done, 1);
    let listed = rest().get(&path).result(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
}

#[test]
fn idempotency_keys_need_permission() {
    let hosted = rest().create_repository("rest-once-who", "there");
    let (path, body) = (repos("rest-once-who"), json!({ "name": "x" }));
    let stranger = rest().with_bearer("x");
    for (client, status) in [
        (rest().anonymous(), 401),
        (stranger, 401),
        (rest().with_bearer(&hosted.token), 403),
    ] {
        let answer = post(&client, &path, "k", &body);
        assert_eq!(answer.error_code(status), CREDENTIALS);
    }
    for key in ["", &"k".repeat(256), "a\tb"] {
        let answer = post(&rest(), &path, key, &body);
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{key:?}");
    }
    let nowhere = tokens("rest-once-nowhere");
    let answer = post(&rest(), &nowhere, "k", &json!({ "repo": "x" }));
    assert_eq!(answer.error_code(404), NOT_FOUND);
}
