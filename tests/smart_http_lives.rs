//! Repositories that end by themselves, over HTTP with real git.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of the host: it may wait"
)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::history::History;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::{Server, server};
use support::wait::until_true;

const INVALID_TTL: u64 = 10_103;
const NOT_FOUND: u64 = 10_200;

/// How long the server may take for its work in the background.
const BACKGROUND: Duration = Duration::from_secs(20);

fn make(rest: &Rest, namespace: &str, body: &Value) -> Hosted {
    let path = format!("/api/v1/namespaces/{namespace}/repos");
    hosted(namespace, &rest.post(&path, body))
}

fn hosted(namespace: &str, made: &Answer) -> Hosted {
    let result = made.result(201);
    let text = |field: &str| result[field].as_str().unwrap().to_owned();
    Hosted {
        namespace: namespace.to_owned(),
        name: text("name"),
        remote: text("remote"),
        token: text("token"),
    }
}

/// The types of the namespace's events about this repository, in their order.
fn events(rest: &Rest, hosted: &Hosted) -> Vec<String> {
    let path = format!("/api/v1/namespaces/{}/events?limit=1000", hosted.namespace);
    let feed = rest.get(&path).result(200);
    let all = feed.as_array().unwrap().iter();
    let here = all.filter(|event| event["source"]["repoName"] == hosted.name.as_str());
    here.map(|event| event["type"].as_str().unwrap().to_owned())
        .collect()
}

fn until(what: &str, holds: impl FnMut() -> bool) {
    until_true(what, BACKGROUND, holds);
}

#[test]
fn a_repository_deletes_itself_when_its_time_is_up() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let body = json!({"name": "short", "ttl_seconds": 3});
    let short = make(&rest, "lives-ttl", &body);
    let work = scratch.repository("work");
    History::small(1).make(&work);
    work.run(&["push", "--quiet", "--mirror", &short.url()]);
    let shown = rest.get(&short.path("")).result(200);
    assert!(shown["expires_at"].is_string(), "{shown}");
    until("its end", || rest.get(&short.path("")).status == 404);
    let refused = work.fails(&["ls-remote", &short.url()]);
    assert!(refused.contains("Authentication failed"), "{refused}");
    let last = [
        "cairn.repo.expiring",
        "cairn.repo.expired",
        "cairn.repo.deleted",
    ];
    until("its events", || {
        let mut seen = events(&rest, &short);
        seen.retain(|kind| kind != "cairn.repo.pushed");
        seen == [&["cairn.repo.created"][..], &last].concat()
    });
    // Its name is free, at once and in the list.
    until("the list", || {
        let listed = rest.get("/api/v1/namespaces/lives-ttl/repos").result(200);
        listed.as_array().unwrap().is_empty()
    });
    let again = make(&rest, "lives-ttl", &json!({"name": "short"}));
    let shown = rest.get(&again.path("")).result(200);
    assert_eq!(shown["expires_at"], Value::Null);
    assert_eq!(shown["object_count"], 0);
}

#[test]
fn a_lifetime_is_set_shown_changed_and_taken_away() {
    let rest = server().rest();
    let made = make(
        &rest,
        "lives-set",
        &json!({"name": "one", "expires_at": "2031-02-03T04:05:06Z", "idle_ttl_seconds": 600}),
    );
    let shown = rest.get(&made.path("")).result(200);
    assert_eq!(shown["expires_at"], "2031-02-03T04:05:06.000Z");
    assert_eq!(shown["idle_ttl_seconds"], 600);
    let change = json!({"expires_at": null, "idle_ttl_seconds": 700});
    let changed = rest.patch(&made.path(""), &change).result(200);
    assert_eq!(changed["expires_at"], Value::Null);
    assert_eq!(changed["idle_ttl_seconds"], 700);
    let feed = rest.get(&made.path("/events?limit=100")).result(200);
    let updated = feed.as_array().unwrap().last().unwrap().clone();
    assert_eq!(updated["type"], "cairn.repo.updated");
    assert_eq!(
        updated["payload"]["changes"],
        json!({
            "expires_at": {"from": "2031-02-03T04:05:06.000Z", "to": null},
            "idle_ttl_seconds": {"from": 600, "to": 700},
        })
    );
    let forked = rest.post(&made.path("/fork"), &json!({"name": "two", "ttl_seconds": 9000}));
    let forked = hosted("lives-set", &forked);
    let shown = rest.get(&forked.path("")).result(200);
    assert!(shown["expires_at"].is_string(), "{shown}");
    assert_eq!(shown["idle_ttl_seconds"], Value::Null, "not inherited");
}

#[test]
fn a_lifetime_out_of_bounds_is_refused_and_leaves_nothing() {
    let rest = server().rest();
    let made = make(&rest, "lives-bounds", &json!({"name": "one"}));
    for (field, value) in [
        ("ttl_seconds", json!(0)),
        ("ttl_seconds", json!(315_360_001)),
        ("idle_ttl_seconds", json!(0)),
        ("expires_at", json!("2001-01-01T00:00:00Z")),
        ("expires_at", json!("soon")),
    ] {
        let new = rest.post(
            "/api/v1/namespaces/lives-bounds/repos",
            &json!({"name": "two", field: value}),
        );
        let fork = rest.post(&made.path("/fork"), &json!({"name": "two", field: value}));
        let import = json!({"url": "https://localhost/a.git", field: value});
        let import = rest.post("/api/v1/namespaces/lives-bounds/repos/two/import", &import);
        let patch = rest.patch(&made.path(""), &json!({field: value}));
        for answer in [new, fork, import, patch] {
            assert_eq!(answer.error_code(400), INVALID_TTL, "{field} {value}");
            let error = &answer.json()["errors"][0];
            assert_eq!(error["source"]["pointer"], format!("/{field}"));
        }
    }
    let two = rest.get("/api/v1/namespaces/lives-bounds/repos/two");
    assert_eq!(two.error_code(404), NOT_FOUND);
}

#[test]
fn use_keeps_an_idle_repository_and_idleness_ends_it() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let idle = make(
        &rest,
        "lives-idle",
        &json!({"name": "idle", "idle_ttl_seconds": 4}),
    );
    let work = scratch.repository("work");
    History::small(2).make(&work);
    work.run(&["push", "--quiet", "--mirror", &idle.url()]);
    let begun = std::time::Instant::now();
    until("twice its idle time in use", || {
        work.run(&["ls-remote", &idle.url()]);
        begun.elapsed() > Duration::from_secs(8)
    });
    // Nobody but an administrator looks, which is no use.
    until("its end", || rest.get(&idle.path("")).status == 404);
}

#[test]
fn expired_forks_leave_nothing_in_r2() {
    let server = Server::start_with(&[("CAIRN_R2_GRACE_SECONDS", "0")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let source = make(
        &rest,
        "lives-forks",
        &json!({"name": "source", "ttl_seconds": 12}),
    );
    let work = scratch.repository("work");
    History::small(3).make(&work);
    work.run(&["push", "--quiet", "--mirror", &source.url()]);
    let at = rest.get(&source.path("")).result(200)["expires_at"].clone();
    for number in 0..10 {
        let body = json!({"name": format!("fork-{number}"), "expires_at": at});
        rest.post(&source.path("/fork"), &body).result(201);
    }
    assert!(server.r2_objects() > 0);
    until("an empty R2", || server.r2_objects() == 0);
    let namespace = "/api/v1/namespaces/lives-forks";
    until("an empty list", || {
        let listed = rest.get(&format!("{namespace}/repos")).result(200);
        listed.as_array().unwrap().is_empty()
    });
    assert_eq!(rest.delete(namespace).status, 204);
}

#[test]
fn an_end_that_came_while_nothing_ran_is_made_up_for() {
    let mut server = Server::start();
    let rest = server.rest();
    let made = make(&rest, "lives-down", &json!({"name": "one", "ttl_seconds": 1}));
    server.crash();
    until("its end", || rest.get(&made.path("")).status == 404);
    // Whoever wants the name need not wait for the alarm.
    let again = make(&rest, "lives-down", &json!({"name": "one"}));
    assert_eq!(rest.get(&again.path("")).status, 200);
}
