//! Deleted repositories: kept for some time, restored, or purged.

use serde_json::{Value, json};

use super::support::history::History;
use super::support::scratch::Scratch;
use super::{
    ALREADY_EXISTS, INVALID_INPUT, NOT_FOUND, deleted, listed, pushed, restore, secure, undeleting,
    until,
};

#[test]
fn a_deleted_repository_is_gone_and_comes_back_whole() {
    let (server, scratch) = (undeleting("1000"), Scratch::new());
    let rest = server.rest();
    let body = json!({"name": "One", "description": "mine"});
    let (made, work) = pushed(&rest, &scratch, "undelete", &body, 4);
    let hook = json!({"url": "https://example.com/hook", "events": ["*"], "active": false});
    rest.post(&made.path("/webhooks"), &hook).result(201);
    rest.post(&made.path("/fork"), &json!({"name": "fork"}))
        .result(201);
    let before = rest.get(&made.path("")).result(200);
    let refs = work.run(&["ls-remote", &made.url()]);

    let gone = rest.delete(&made.path("")).result(202);
    assert_eq!(gone["id"], before["id"]);
    assert!(gone["restorable_until"].is_string(), "{gone}");
    for path in ["", "/refs", "/events", "/tokens", "/stats"] {
        assert_eq!(
            rest.get(&made.path(path)).error_code(404),
            NOT_FOUND,
            "{path}"
        );
    }
    assert_eq!(rest.delete(&made.path("")).error_code(404), NOT_FOUND);
    let refused = work.fails(&["ls-remote", &made.url()]);
    assert!(refused.contains("Authentication failed"), "{refused}");
    assert_eq!(listed(&rest, "undelete").len(), 1, "the fork alone");
    let kept = deleted(&rest, "undelete");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["id"], before["id"]);
    assert_eq!(kept[0]["name"], "One");
    assert_eq!(kept[0]["restorable_until"], gone["restorable_until"]);

    let restored = restore(&rest, &made, &json!({})).result(200);
    for field in [
        "id",
        "name",
        "description",
        "created_at",
        "object_count",
        "remote",
    ] {
        assert_eq!(restored[field], before[field], "{field}");
    }
    assert_eq!(
        work.run(&["ls-remote", &made.url()]),
        refs,
        "by the same token"
    );
    work.run(&["push", "--quiet", &made.url(), "HEAD:refs/heads/again"]);
    scratch
        .clone(&made.url(), "clone", &["--mirror"])
        .fsck_strict();
    assert_eq!(deleted(&rest, "undelete"), [] as [Value; 0]);
    let repositories = listed(&rest, "undelete");
    assert_eq!(repositories.len(), 2);
    let one = repositories
        .iter()
        .find(|one| one["name"] == "One")
        .unwrap();
    assert_eq!(one["created_at"], before["created_at"]);
    let hooks = rest.get(&made.path("/webhooks")).result(200);
    assert_eq!(hooks.as_array().unwrap().len(), 1);
    let feed = rest.get(&made.path("/events?limit=1000")).result(200);
    let feed = feed.as_array().unwrap();
    let is_deletion = |event: &Value| event["type"] == "cairn.repo.deleted";
    let at = feed.iter().position(is_deletion).unwrap();
    assert_eq!(feed[at + 1]["type"], "cairn.repo.restored");
    assert_eq!(feed[at + 2]["type"], "cairn.repo.pushed");
    let again = restore(&rest, &made, &json!({}));
    assert_eq!(again.error_code(404), NOT_FOUND);
}

#[test]
fn a_purged_repository_leaves_nothing() {
    let (server, scratch) = (undeleting("1000"), Scratch::new());
    let rest = server.rest();
    let work = scratch.repository("work");
    History::small(5).make(&work);
    let push = |name: &str| {
        let made = rest.create_repository("purge", name);
        work.run(&["push", "--quiet", "--mirror", &made.url()]);
        secure(&rest, &made);
        made
    };
    let at_once = push("at-once");
    let later = push("later");
    assert!(server.r2_objects() > 0);
    let gone = rest.delete(&at_once.path("?purge=true")).result(202);
    assert_eq!(gone["restorable_until"], Value::Null);
    let gone = rest.delete(&later.path("")).result(202);
    assert_eq!(deleted(&rest, "purge").len(), 1);
    assert!(server.r2_objects() > 0, "it is kept");
    let path = format!(
        "/api/v1/namespaces/purge/deleted/{}",
        gone["id"].as_str().unwrap()
    );
    rest.delete(&path).result(202);
    assert_eq!(rest.delete(&path).error_code(404), NOT_FOUND);
    assert_eq!(deleted(&rest, "purge"), [] as [Value; 0]);
    let refused = restore(&rest, &later, &json!({}));
    assert_eq!(refused.error_code(404), NOT_FOUND);
    until("an empty R2", || server.r2_objects() == 0);
    assert_eq!(rest.delete("/api/v1/namespaces/purge").status, 204);
}

#[test]
fn a_deleted_repository_goes_when_its_time_is_up() {
    let (server, scratch) = (undeleting("2"), Scratch::new());
    let rest = server.rest();
    let body = json!({"name": "one"});
    let (made, _) = pushed(&rest, &scratch, "kept-time", &body, 6);
    secure(&rest, &made);
    rest.delete(&made.path("")).result(202);
    assert!(server.r2_objects() > 0);
    until("an empty R2", || server.r2_objects() == 0);
    until("an empty list", || deleted(&rest, "kept-time").is_empty());
    let refused = restore(&rest, &made, &json!({}));
    assert_eq!(refused.error_code(404), NOT_FOUND);
}

#[test]
fn a_name_that_was_taken_again_keeps_both_repositories_apart() {
    let (server, scratch) = (undeleting("1000"), Scratch::new());
    let rest = server.rest();
    let (old, work) = pushed(&rest, &scratch, "again", &json!({"name": "one"}), 7);
    let old_refs = work.run(&["ls-remote", &old.url()]);
    let old_id = rest.delete(&old.path("")).result(202)["id"].clone();
    let new = rest.create_repository("again", "one");
    let shown = rest.get(&new.path("")).result(200);
    assert_ne!(shown["id"], old_id);
    assert_eq!(shown["object_count"], 0);
    let refused = work.fails(&["ls-remote", &old.url()]);
    assert!(refused.contains("Authentication failed"), "{refused}");
    work.run(&["push", "--quiet", &new.url(), "HEAD:refs/heads/new"]);
    let taken = restore(&rest, &old, &json!({}));
    assert_eq!(taken.error_code(409), ALREADY_EXISTS);
    assert_eq!(rest.get(&new.path("")).result(200)["id"], shown["id"]);
    let other = json!({"name": "two"});
    let two = restore(&rest, &old, &other).result(200);
    assert_eq!((&two["id"], &two["name"]), (&old_id, &json!("two")));
    let at_two = old.url().replace("/one.git", "/two.git");
    assert_eq!(work.run(&["ls-remote", &at_two]), old_refs);
    assert_eq!(rest.get(&new.path("")).result(200)["id"], shown["id"]);
    assert_eq!(listed(&rest, "again").len(), 2);
    rest.delete("/api/v1/namespaces/again/repos/two")
        .result(202);
    let one = json!({"name": "one"});
    let taken = "/api/v1/namespaces/again/repos/two/restore-deleted";
    assert_eq!(rest.post(taken, &one).error_code(409), ALREADY_EXISTS);
    rest.post(taken, &json!({"name": "three"})).result(200);
    rest.delete("/api/v1/namespaces/again/repos/three")
        .result(202);

    let new_id = rest.delete(&new.path("")).result(202)["id"].clone();
    assert_eq!(deleted(&rest, "again").len(), 2);
    // The older one comes back by its id under another name; then it is deleted, and the newer one
    // comes back by its id.
    let three = "/api/v1/namespaces/again/repos/three/restore-deleted";
    let back = json!({"id": old_id, "name": "one"});
    assert_eq!(rest.post(three, &back).result(200)["id"], old_id);
    assert_eq!(work.run(&["ls-remote", &old.url()]), old_refs);
    rest.delete(&old.path("")).result(202);
    let body = json!({"id": new_id});
    let restored = restore(&rest, &old, &body).result(200);
    assert_eq!(restored["id"], new_id);
    let refs = work.run(&["ls-remote", &new.url()]);
    assert!(refs.contains("refs/heads/new"), "{refs}");
    scratch
        .clone(&new.url(), "clone", &["--mirror"])
        .fsck_strict();
}

#[test]
fn a_deletion_and_a_restore_survive_a_crash_after_each() {
    let (mut server, scratch) = (undeleting("1000"), Scratch::new());
    let rest = server.rest();
    let body = json!({"name": "one"});
    let (made, work) = pushed(&rest, &scratch, "undelete-crash", &body, 8);
    for _ in 0..2 {
        rest.delete(&made.path("")).result(202);
        server.crash();
        assert_eq!(rest.get(&made.path("")).error_code(404), NOT_FOUND);
        assert_eq!(deleted(&rest, "undelete-crash").len(), 1);
        restore(&rest, &made, &json!({})).result(200);
        server.crash();
        assert_eq!(rest.get(&made.path("")).status, 200);
        assert_eq!(listed(&rest, "undelete-crash").len(), 1);
    }
    work.run(&["ls-remote", &made.url()]);
}

#[test]
fn who_restores_and_what_is_asked_for() {
    let server = undeleting("1000");
    let rest = server.rest();
    let made = rest.create_repository("undelete-who", "one");
    let admin = rest.make_token("undelete-who", &json!({"scope": "admin"}));
    let admin = rest.with_bearer(&admin.plaintext);
    let own = rest.with_bearer(&made.token);
    let id = rest.delete(&made.path("")).result(202)["id"].clone();
    let one = format!(
        "/api/v1/namespaces/undelete-who/deleted/{}",
        id.as_str().unwrap()
    );
    let (all, restore) = (
        "/api/v1/namespaces/undelete-who/deleted",
        made.path("/restore-deleted"),
    );
    for (caller, status) in [(&own, 403), (&rest.anonymous(), 401)] {
        assert_eq!(caller.get(all).status, status);
        assert_eq!(caller.delete(&one).status, status);
        assert_eq!(caller.post(&restore, &json!({})).status, status);
    }
    for body in [json!({"id": "short"}), json!({"nothing": 1})] {
        assert_eq!(admin.post(&restore, &body).error_code(400), INVALID_INPUT);
    }
    for query in ["limit=0", "cursor=!"] {
        let refused = admin.get(&format!("{all}?{query}"));
        assert_eq!(refused.error_code(400), INVALID_INPUT, "{query}");
    }
    let other = json!({"id": "0123456789abcdef"});
    assert_eq!(admin.post(&restore, &other).error_code(404), NOT_FOUND);
    let page = admin.get(&format!("{all}?limit=1")).result(200);
    assert_eq!(page[0]["id"], id);
    assert_eq!(admin.post(&restore, &json!({})).result(200)["id"], id);
    assert_eq!(own.get(&made.path("/refs")).status, 200);
}

#[test]
fn an_expired_repository_cannot_be_restored() {
    let server = undeleting("3600");
    let rest = server.rest();
    let body = json!({ "name": "short", "ttl_seconds": 1 });
    let made = rest.create_repository_with("lives-expired", &body);
    until("its end", || rest.get(&made.path("")).status == 404);
    until("the list", || listed(&rest, "lives-expired").is_empty());
    let refused = rest.post(&made.path("/restore-deleted"), &json!({}));
    assert_eq!(refused.error_code(404), NOT_FOUND);
    let deleted = rest.get("/api/v1/namespaces/lives-expired/deleted");
    assert_eq!(deleted.result(200), json!([]));
}

#[test]
fn a_restored_repository_knows_revocations_while_it_was_deleted() {
    let (server, scratch) = (undeleting("1000"), Scratch::new());
    let rest = server.rest();
    let (made, _) = pushed(
        &rest,
        &scratch,
        "undelete-epoch",
        &json!({"name": "one"}),
        6,
    );
    rest.delete(&made.path("")).result(202);
    let namespace = "/api/v1/namespaces/undelete-epoch";
    rest.post(&format!("{namespace}/tokens/revoke-all"), &json!({}))
        .result(200);
    rest.patch(namespace, &json!({"read_only": true}))
        .result(200);
    restore(&rest, &made, &json!({})).result(200);
    let holder = rest.with_bearer(&made.token);
    assert_eq!(holder.get(&made.path("/refs")).status, 401);
    let again = json!({"repo": "one", "scope": "write"});
    let again = rest.make_token("undelete-epoch", &again).plaintext;
    let commit =
        json!({"branch": "main", "message": "m", "files": [{"path": "a", "content": "b"}]});
    let refused = rest
        .with_bearer(&again)
        .post(&made.path("/commits"), &commit);
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("read-only"), "{}", refused.text());
}

#[test]
fn a_repository_is_restored_where_its_bytes_have_room() {
    let (server, scratch) = (undeleting("1000"), Scratch::new());
    let rest = server.rest();
    let (made, _) = pushed(&rest, &scratch, "undelete-room", &json!({"name": "one"}), 6);
    let size = rest.get(&made.path("")).result(200)["size_bytes"].clone();
    let size = size.as_u64().unwrap();
    rest.delete(&made.path("")).result(202);
    let namespace = "/api/v1/namespaces/undelete-room";
    let bound = |most: u64| rest.patch(namespace, &json!({"bytes_max": most}));
    bound(size - 1).result(200);
    let refused = restore(&rest, &made, &json!({}));
    assert_eq!(refused.error_code(403), 10_404);
    let said = refused.text();
    let expected = format!("would add {size}; at most {}", size - 1);
    assert!(said.contains(&expected), "{said}");
    assert_eq!(deleted(&rest, "undelete-room").len(), 1, "it is kept on");
    assert_eq!(rest.get(&made.path("")).status, 404);
    bound(size).result(200);
    restore(&rest, &made, &json!({})).result(200);
    let namespace = rest.get(namespace).result(200);
    assert_eq!(namespace["size_bytes"], size, "{namespace}");
}
