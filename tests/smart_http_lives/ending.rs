//! Repositories that end by themselves: at a time, or when nobody has used them for long.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::{Server, server};
use super::{INVALID_TTL, NOT_FOUND, listed, pushed, until};

/// The types of the namespace's events about this repository, in their order.
fn events(rest: &Rest, hosted: &Hosted) -> Vec<String> {
    let path = format!("/api/v1/namespaces/{}/events?limit=1000", hosted.namespace);
    let feed = rest.get(&path).result(200);
    let all = feed.as_array().unwrap().iter();
    let here = all.filter(|event| event["source"]["repoName"] == hosted.name.as_str());
    here.map(|event| event["type"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_repository_deletes_itself_when_its_time_is_up() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let body = json!({"name": "short", "ttl_seconds": 8});
    let (short, work) = pushed(&rest, &scratch, "lives-ttl", &body, 1);
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
    // Its name is free again.
    until("the list", || listed(&rest, "lives-ttl").is_empty());
    let again = rest.create_repository("lives-ttl", "short");
    let shown = rest.get(&again.path("")).result(200);
    assert_eq!(shown["expires_at"], Value::Null);
    assert_eq!(shown["object_count"], 0);
}

#[test]
fn a_lifetime_is_set_shown_changed_and_taken_away() {
    let rest = server().rest();
    let lifetime =
        json!({"name": "one", "expires_at": "2031-02-03T04:05:06Z", "idle_ttl_seconds": 600});
    let made = rest.create_repository_with("lives-set", &lifetime);
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
    let two = json!({"name": "two", "ttl_seconds": 9000});
    let forked = Hosted::made("lives-set", &rest.post(&made.path("/fork"), &two));
    let shown = rest.get(&forked.path("")).result(200);
    assert!(shown["expires_at"].is_string(), "{shown}");
    assert_eq!(shown["idle_ttl_seconds"], Value::Null, "not inherited");
}

#[test]
fn a_lifetime_out_of_bounds_is_refused_and_leaves_nothing() {
    let rest = server().rest();
    let made = rest.create_repository("lives-bounds", "one");
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
        let import = json!({"url": "https://git.example.com/a.git", field: value});
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
    let body = json!({"name": "idle", "idle_ttl_seconds": 5});
    let (idle, work) = pushed(&rest, &scratch, "lives-idle", &body, 2);
    let begun = Instant::now();
    until("more than its idle time in use", || {
        work.run(&["ls-remote", &idle.url()]);
        begun.elapsed() > Duration::from_secs(8)
    });
    // From now on only the operator looks, and that does not count as use.
    until("its end", || rest.get(&idle.path("")).status == 404);
}

#[test]
fn expired_forks_leave_nothing_in_r2() {
    let server = Server::start_with(&[("CAIRN_R2_GRACE_SECONDS", "0")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let body = json!({"name": "source"});
    let (source, _) = pushed(&rest, &scratch, "lives-forks", &body, 3);
    let forks = (0..10).map(|number| {
        let body = json!({"name": format!("fork-{number}"), "ttl_seconds": 3600});
        Hosted::made("lives-forks", &rest.post(&source.path("/fork"), &body))
    });
    let forks: Vec<_> = forks.collect();
    assert!(server.r2_objects() > 0);
    for one in forks.iter().chain([&source]) {
        rest.patch(&one.path(""), &json!({"ttl_seconds": 1}))
            .result(200);
    }
    until("an empty R2", || server.r2_objects() == 0);
    until("an empty list", || listed(&rest, "lives-forks").is_empty());
    let namespace = rest.delete("/api/v1/namespaces/lives-forks");
    assert_eq!(namespace.status, 204);
}

#[test]
fn an_end_that_came_while_nothing_ran_is_made_up_for() {
    let mut server = Server::start();
    let rest = server.rest();
    let body = json!({"name": "one", "ttl_seconds": 1});
    let made = rest.create_repository_with("lives-down", &body);
    server.crash();
    until("its end", || rest.get(&made.path("")).status == 404);
    // Its name is free, even before the alarm has run.
    let again = rest.create_repository("lives-down", "one");
    assert_eq!(rest.get(&again.path("")).status, 200);
}
