//! This version serves the data of 0.1 from the first request on, with its tokens and with new features.

use serde_json::json;

use super::old_state::{NAMESPACE, Old};
use super::support::git::refs_equal;
use super::support::receiver::Receiver;

const NOT_FOUND: u64 = 10_200;

#[test]
fn everything_that_0_1_acknowledged_is_served() {
    let old = Old::serve(|_, _| {});
    let names = old.names();
    assert!(names.len() >= 6, "{names:?}");
    for name in &names {
        old.is_whole(name);
    }
    let rest = old.rest();
    for name in ["gone", "forgotten"] {
        let hosted = old.hosted_with(name, "");
        assert_eq!(rest.get(&hosted.path("")).error_code(404), NOT_FOUND);
    }
    let mut listed = rest.repository_names(NAMESPACE, "sort=name");
    listed.retain(|name| name != "importing");
    assert_eq!(listed, names);
    let shown = rest.get(&old.hosted("history").path("")).result(200);
    assert_eq!(shown["description"], "from 0.1");
    assert_eq!(shown["id"], old.id("history"));
    // A second start finds a database of this version.
    let mut old = old;
    old.server.restart();
    for name in ["history", "cold", "fork"] {
        assert_eq!(
            old.scratch.git().remote_refs(&old.hosted(name).url()),
            old.refs(name)
        );
    }
}

#[test]
fn tokens_of_0_1_may_what_they_might() {
    let old = Old::serve(|_, _| {});
    let work = old.scratch.repository("work");
    work.commit("by a token");
    let push = |token: &str| {
        let url = old.hosted_with("history", token).url();
        let ended = work.try_run(&["push", "--quiet", &url, "HEAD:refs/heads/new"], b"");
        let seen = work.try_run(&["ls-remote", "--quiet", &url], b"");
        (seen.ok, ended.ok)
    };
    assert_eq!(push(old.token("read")), (true, false));
    assert_eq!(push(old.token("revoked")), (false, false));
    assert_eq!(push(old.token("admin")), (true, true));
    let platform = old.rest().with_bearer(old.token("admin"));
    let made = platform.create_repository(NAMESPACE, "made-by-the-platform");
    work.run(&["push", "--quiet", &made.url(), "HEAD:main"]);
    // An admin token revokes the reader's token.
    let history = old.hosted("history");
    let tokens = platform.get(&history.path("/tokens")).result(200);
    let reader = tokens.as_array().unwrap().iter();
    let reader = reader.filter(|token| token["label"] == "reader");
    let ids: Vec<_> = reader.map(|token| token["id"].as_str().unwrap()).collect();
    let path = format!("/api/v1/namespaces/{NAMESPACE}/tokens/{}", ids[0]);
    platform.delete(&path).result(200);
    assert_eq!(push(old.token("read")), (false, false));
}

#[test]
fn repositories_of_0_1_take_pushes_and_what_is_new() {
    let old = Old::serve(|_, _| {});
    let rest = old.rest();
    for name in ["history", "cold", "fork", "orphan"] {
        let hosted = old.hosted(name);
        let work = old.scratch.clone(&hosted.url(), name, &[]);
        work.write("new", "by this version\n");
        work.commit("pushed");
        work.run(&["push", "--quiet", "origin", "HEAD"]);
        for task in ["run", "rebuild", "snapshot"] {
            old.maintain(&hosted, task);
        }
        let verified = old.maintain(&hosted, "verify");
        assert_eq!(verified["ok"], true, "{name}: {verified}");
        let mirror = old
            .scratch
            .clone(&hosted.url(), &format!("{name}-again"), &["--mirror"]);
        mirror.fsck_strict();
    }
    let receiver = Receiver::start();
    let hosted = old.hosted("history");
    let hook = json!({"url": receiver.url("/hook"), "events": ["*"]});
    rest.post(&hosted.path("/webhooks"), &hook).result(201);
    let branch = json!({"updates": [{"name": "refs/heads/by-rest", "new": "main"}]});
    rest.post(&hosted.path("/refs"), &branch).result(200);
    receiver.wait_for(1);
    let renamed = json!({"name": "renamed"});
    rest.post(&hosted.path("/rename"), &renamed).result(200);
    let moved = old.hosted_with("renamed", &hosted.token);
    let before = old.scratch.clone(&hosted.url(), "before", &["--mirror"]);
    let after = old.scratch.clone(&moved.url(), "after", &["--mirror"]);
    refs_equal(&before, &after);
    let forked = json!({"name": "forked-anew"});
    rest.post(&moved.path("/fork"), &forked).result(201);
    let life = json!({"ttl_seconds": 86_400});
    rest.patch(&moved.path(""), &life).result(200);
}
