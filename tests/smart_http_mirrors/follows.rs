//! A repository follows another one.

use serde_json::json;

use super::story::{Upstream, ask, follow, over, put, server, show, sync, told};
use super::support::git::refs_equal;
use super::support::history::History;
use super::support::remote::Rules;
use super::support::wait::until_true;

#[test]
fn a_repository_takes_over_what_changes_in_its_upstream() {
    let source = Upstream::new(&History::small(701));
    let rest = server().rest();
    let hosted = rest.create_repository("mirrors", "follows");
    let first = follow(&rest, &hosted, &source.url(), &json!({ "prune": true }));
    assert_eq!(first["state"], "updated", "{first}");
    assert_eq!(first["asked_by"], "settings");
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source.git, &mirror);

    // The upstream gets a commit, a branch and a tag object; one branch is deleted, and one is rewritten.
    let tip = source.commit("one more");
    source.git.run(&["branch", "made", &tip]);
    source.git.run(&["tag", "-a", "-m", "a tag", "v9", &tip]);
    source.git.run(&["branch", "-f", "goes", &tip]);
    sync(&rest, &hosted);
    source.git.run(&["branch", "-D", "goes"]);
    source.git.run(&["branch", "-f", "made", "main~1"]);
    let third = sync(&rest, &hosted);
    assert_eq!(
        (&third["deleted"], &third["forced"], &third["error"]),
        (&json!(1), &json!(1), &json!(null)),
        "{third}"
    );
    mirror.run(&["fetch", "--quiet", "--prune", "origin"]);
    mirror.fsck_strict();
    refs_equal(&source.git, &mirror);

    let shown = rest.get(&hosted.path("")).result(200);
    assert_eq!(shown["upstream"]["url"], source.url());
    assert_eq!(shown["upstream"]["last_error"], json!(null));
    let shown = show(&rest, &hosted);
    assert_eq!(shown["last_sync"], third);
    assert_eq!(
        (&shown["credentials"], &shown["sync"]),
        (&json!(null), &json!(null))
    );
    let reflog = rest.get(&hosted.path("/reflog?ref=goes")).result(200);
    let label = reflog[0]["actor"]["label"].as_str().unwrap();
    assert_eq!(label, format!("upstream {}", source.url()));
    let synced = told(&rest, &hosted, "cairn.repo.upstream.synced");
    assert_eq!(synced.len(), 3);
    assert_eq!(synced[2]["syncId"], third["id"]);
}

#[test]
fn the_default_branch_is_upstreams() {
    let source = Upstream::small();
    source.git.run(&["branch", "-m", "main", "trunk"]);
    source
        .git
        .run(&["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    let rest = server().rest();
    let hosted = rest.create_repository("mirrors", "default-branch");
    follow(&rest, &hosted, &source.url(), &json!({ "prune": true }));
    let branch = || rest.get(&hosted.path("")).result(200)["default_branch"].clone();
    assert_eq!(branch(), "trunk");
    source.git.run(&["branch", "-m", "trunk", "stem"]);
    let renamed = sync(&rest, &hosted);
    assert_eq!(
        (&renamed["created"], &renamed["deleted"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(branch(), "stem");
}

#[test]
fn refs_come_under_other_names_and_some_are_left_out() {
    let source = Upstream::small();
    for branch in ["topic", "wip/a"] {
        source.git.run(&["branch", branch, "main"]);
    }
    let rest = server().rest();
    let hosted = rest.create_repository("mirrors", "refspecs");
    let refs = ["refs/heads/*:refs/remotes/up/*", "^refs/heads/wip/*"];
    follow(&rest, &hosted, &source.url(), &json!({ "refs": refs }));
    let listed = source.git.remote_refs(&hosted.url());
    let names = listed.keys().map(String::as_str);
    let names: Vec<_> = names.filter(|name| *name != "HEAD").collect();
    assert_eq!(names, ["refs/remotes/up/main", "refs/remotes/up/topic"]);
}

#[test]
fn an_old_server_and_one_that_is_cairn_are_followed_too() {
    let source = Upstream::new(&History::small(702));
    source.remote.set(Rules {
        is_old: true,
        ..Rules::default()
    });
    let rest = server().rest();
    let old = rest.create_repository("mirrors", "old");
    follow(&rest, &old, &source.url(), &json!({}));
    let tip = source.commit("more");
    let second = sync(&rest, &old);
    assert_eq!(
        (&second["updated"], &second["created"]),
        (&json!(1), &json!(0))
    );
    let body = json!({ "public": true });
    rest.patch(&old.path(""), &body).result(200);

    let next = rest.create_repository("mirrors", "of-cairn");
    follow(&rest, &next, &old.remote, &json!({}));
    let mirror = source.scratch.clone(&next.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source.git, &mirror);
    assert_eq!(mirror.run(&["rev-parse", "main"]), tip);
}

#[test]
fn syncs_come_by_interval() {
    let source = Upstream::small();
    let rest = server().rest();
    let hosted = rest.create_repository("mirrors", "interval");
    follow(
        &rest,
        &hosted,
        &source.url(),
        &json!({ "interval_seconds": 1 }),
    );
    assert!(
        !show(&rest, &hosted)["next_sync_at"].is_null() || !show(&rest, &hosted)["sync"].is_null()
    );
    let tip = source.commit("by itself");
    until_true("the commit comes by itself", super::story::PATIENCE, || {
        source.git.remote_refs(&hosted.url()).get("refs/heads/main") == Some(&tip)
    });
    let last = show(&rest, &hosted)["last_sync"].clone();
    assert_eq!(last["asked_by"], "interval", "{last}");
    assert_eq!(rest.delete(&hosted.path("/upstream")).status, 200);
}

#[test]
fn settings_are_changed_and_taken_away() {
    let source = Upstream::small();
    let rest = server().rest();
    let hosted = rest.create_repository("mirrors", "settings");
    for (method, path) in [
        ("GET", "/upstream"),
        ("POST", "/upstream/sync"),
        ("DELETE", "/upstream"),
    ] {
        let answer = rest.send(method.parse().unwrap(), &hosted.path(path), &[], b"");
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
    }
    follow(
        &rest,
        &hosted,
        &source.url(),
        &json!({ "webhook_secret": "it is secret" }),
    );
    let settings = json!({"url": source.url(), "policy": "force", "interval_seconds": 3600});
    let set = put(&rest, &hosted, &settings).result(200);
    assert_eq!(
        (
            &set["policy"],
            &set["interval_seconds"],
            &set["has_webhook_secret"]
        ),
        (&json!("force"), &json!(3600), &json!(true))
    );
    assert!(!set.to_string().contains("it is secret"));
    // A token that may push may not set the upstream; a stranger may not read it.
    let pusher = rest.with_bearer(hosted.token.split('?').next().unwrap());
    assert_eq!(put(&pusher, &hosted, &settings).status, 403);
    assert_eq!(pusher.get(&hosted.path("/upstream")).status, 403);
    let strange = json!({"url": source.url(), "mirror": true});
    let refused = put(&rest, &hosted, &strange);
    assert_eq!(refused.error_code(400), 10_100);

    let id = ask(&rest, &hosted);
    over(&rest, &hosted, id);
    rest.delete(&hosted.path("/upstream")).result(200);
    assert_eq!(rest.get(&hosted.path("/upstream/syncs")).status, 404);
    let shown = rest.get(&hosted.path("")).result(200);
    assert_eq!(shown.get("upstream"), None);
    // The refs stay, and pushes may change them again.
    let tip = source.commit("pushed");
    source
        .work
        .run(&["push", "--quiet", &hosted.url(), "HEAD:main"]);
    assert_eq!(
        source.git.remote_refs(&hosted.url())["refs/heads/main"],
        tip
    );
    let changes = told(&rest, &hosted, "cairn.repo.updated");
    let of_upstream = changes
        .iter()
        .filter(|told| told["changes"].get("upstream").is_some());
    assert_eq!(of_upstream.count(), 3, "{changes:?}");
}

#[test]
fn the_history_is_read_page_by_page() {
    let source = Upstream::small();
    let rest = server().rest();
    let hosted = rest.create_repository("mirrors", "history");
    follow(&rest, &hosted, &source.url(), &json!({}));
    for _ in 0..4 {
        assert_eq!(sync(&rest, &hosted)["state"], "unchanged");
    }
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = hosted.path(&format!("/upstream/syncs?limit=2&cursor={cursor}"));
        let answer = rest.get(&path);
        for sync in answer.result(200).as_array().unwrap() {
            ids.push(sync["id"].as_i64().unwrap());
        }
        cursor = answer.json()["result_info"]["cursor"]
            .as_str()
            .unwrap()
            .to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(ids.len(), 5);
    assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
}
