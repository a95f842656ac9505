//! The right to read, and the answers to wrong or late questions.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::server::ADMIN_KEY;
use crate::support::server::Server;
use crate::support::server::server;
use crate::support::sse::Stream;
use crate::support::wait::until;
use crate::{EVENTS_GONE, INVALID_INPUT, Pushed, namespace_feed, page};

#[test]
fn a_wrong_query_is_refused_by_the_name_of_its_field() {
    let rest = server().rest();
    let pushed = Pushed::new(&rest, "asked", "one");
    for feed in [pushed.feed(), namespace_feed("asked")] {
        for (query, pointer) in [
            ("after=x", "/after"),
            ("after=-1", "/after"),
            ("after=1000", "/after"),
            ("limit=0", "/limit"),
            ("limit=1001", "/limit"),
            ("wait=31", "/wait"),
            ("types=repo.exploded", "/types"),
            ("types=", "/types"),
            ("colour=red", "/colour"),
            ("limit=1&limit=1", "/limit"),
        ] {
            let refused = rest.get(&format!("{feed}?{query}"));
            assert_eq!(refused.error_code(400), INVALID_INPUT, "{query}");
            let source = &refused.json()["errors"][0]["source"];
            assert_eq!(source["pointer"], pointer, "{query}");
        }
        let path = format!("{feed}?types=repo.exploded");
        assert_eq!(Stream::open(server(), ADMIN_KEY, &path, None).status, 400);
        let late = Stream::open(server(), ADMIN_KEY, &feed, Some(1000));
        assert_eq!(late.status, 400);
        assert_eq!(rest.post(&feed, &json!({})).status, 405);
    }
    let nowhere = rest.get("/api/v1/namespaces/asked/repos/none/events");
    assert_eq!(nowhere.status, 404);
    assert_eq!(rest.get(&namespace_feed("asked-nowhere")).status, 404);
}

#[test]
fn a_feed_is_for_those_with_a_credential_that_may_read() {
    let rest = server().rest();
    let public = json!({ "name": "public", "public": true });
    let hosted = rest.create_repository_with("readers", &public);
    let other = rest.create_repository("readers", "other");
    let feed = hosted.path("/events");
    let make = |body: &Value| rest.make_token("readers", body).plaintext;
    let read = make(&json!({ "repo": "public", "scope": "read" }));
    let shared = make(&json!({ "scope": "read" }));
    let admin = make(&json!({ "scope": "admin" }));
    // Never a stranger, though the repository is public: labels of tokens are in its events.
    assert_eq!(rest.anonymous().get(&feed).status, 401);
    for token in [&read, &shared, &admin, &hosted.token] {
        rest.with_bearer(token).get(&feed).result(200);
    }
    assert_eq!(rest.with_bearer(&other.token).get(&feed).status, 403);
    let feed = namespace_feed("readers");
    assert_eq!(rest.anonymous().get(&feed).status, 401);
    for token in [&read, &shared, &other.token] {
        assert_eq!(rest.with_bearer(token).get(&feed).status, 403);
        assert_eq!(Stream::open(server(), token, &feed, None).status, 403);
    }
    let events = rest.with_bearer(&admin).get(&feed).result(200);
    // The namespace's own events are there too, and no token.
    let told = events.as_array().unwrap();
    let own = |event: &&Value| event["type"] == "cairn.namespace.token.created";
    let own: Vec<_> = told.iter().filter(own).collect();
    assert_eq!(own.len(), 2, "{events}");
    assert_eq!(own[0]["actor"], json!({ "kind": "operator" }));
    assert_eq!(
        own[0]["source"],
        json!({ "type": "cairn", "namespace": "readers" })
    );
    assert!(own[0]["metadata"]["requestId"].is_string());
    for token in [read, shared, admin] {
        assert!(!events.to_string().contains(&token));
    }
}

#[test]
fn a_reader_that_comes_too_late_is_told() {
    let server = Server::start_with(&[
        ("CAIRN_EVENTS_NAMESPACE_MAX", "3"),
        ("CAIRN_EVENTS_MAX", "3"),
    ]);
    let rest = server.rest();
    let pushed = Pushed::new(&rest, "late", "one");
    for number in 0..6 {
        pushed.push(&number.to_string());
    }
    let feed = namespace_feed("late");
    let (oldest, newest) = until("all are taken", Duration::from_secs(10), || {
        let gone = rest.get(&feed);
        if gone.status == 200 {
            return None;
        }
        assert_eq!(gone.error_code(410), EVENTS_GONE);
        let error = gone.json()["errors"][0].take();
        assert_eq!(error["source"]["pointer"], "/after");
        let number = |name: &str| error["details"][name].as_i64().unwrap();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&number("oldest").to_string()), "{message}");
        (number("newest") >= 7).then(|| (number("oldest"), number("newest")))
    });
    assert_eq!(newest - oldest, 2);
    assert_eq!(Stream::open(&server, ADMIN_KEY, &feed, Some(1)).status, 410);
    let (events, info) = page(&rest, &feed, &format!("after={}", oldest - 1));
    assert_eq!(events.len(), 3);
    assert_eq!(
        (&info["oldest"], &info["after"]),
        (&json!(oldest), &json!(newest))
    );
}
