//! The life of objects: forks, prunes, purges, checks, deletion, recovery.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Lfs, Object};
use super::killed::AT_ONCE;
use super::state::{lfs_keys, lose_lfs_objects};
use crate::support::git::Git;
use crate::support::rest::{Hosted, Rest};
use crate::support::scratch::Scratch;
use crate::support::server::{Server, server};
use crate::support::wait::{until, until_true};

/// How long the server may take for its work in the background.
const BACKGROUND: Duration = Duration::from_secs(30);

/// Commits a pointer, and pushes the branch.
fn push(work: &Git, hosted: &Hosted, branch: &str, object: &Object) {
    work.run(&["checkout", "--quiet", "-B", branch]);
    work.write("large", object.pointer());
    work.commit(branch);
    work.run(&["push", "--quiet", "--force", &hosted.url(), branch]);
}

fn fork(rest: &Rest, source: &Hosted, body: &Value) -> Hosted {
    let made = rest.post(&source.path("/fork"), body);
    Hosted::made(&source.namespace, &made)
}

fn of(rest: &Rest, hosted: &Hosted) -> Lfs {
    Lfs::of(hosted, rest.with_bearer(&hosted.token))
}

fn maintain(rest: &Rest, hosted: &Hosted, task: &str) -> Value {
    let path = hosted.path("/maintenance");
    rest.post(&path, &json!({ "task": task })).result(200)
}

/// Objects and bytes, as the repository's route and its figures say them.
fn sizes(rest: &Rest, hosted: &Hosted) -> (u64, u64) {
    let of = |path: &str| {
        let shown = rest.get(&hosted.path(path)).result(200);
        let number = |field: &str| shown[field].as_u64().unwrap();
        (number("lfs_objects"), number("lfs_bytes"))
    };
    let sizes = of("");
    assert_eq!(of("/stats"), sizes);
    sizes
}

/// Whether R2 has the bytes of an object.
fn has_key(server: &Server, object: &Object) -> bool {
    lfs_keys(server.state())
        .iter()
        .any(|key| key.ends_with(&object.oid))
}

#[test]
fn a_fork_has_what_its_own_refs_name_and_no_more() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (source, lfs) = Lfs::create("lfs-life", "source");
    let work = scratch.repository("work");
    let object = |seed| Object::of_length(5000, seed);
    let (main, side, gone, loose) = (object(1), object(2), object(3), object(4));
    for object in [&main, &side, &gone, &loose] {
        assert_eq!(lfs.put(object).status, 200);
    }
    push(&work, &source, "main", &main);
    push(&work, &source, "side", &side);
    push(&work, &source, "other", &gone);
    work.run(&["reset", "--quiet", "--hard", "main"]);
    work.run(&["push", "--quiet", "--force", &source.url(), "other"]);
    assert_eq!(sizes(&rest, &source), (4, 20_000));

    let all = fork(
        &rest,
        &source,
        &json!({ "name": "all", "default_branch_only": false }),
    );
    let one = fork(
        &rest,
        &source,
        &json!({ "name": "one", "default_branch_only": true }),
    );
    let has = |hosted: &Hosted| {
        let lfs = of(&rest, hosted);
        [&main, &side, &gone, &loose].map(|object| lfs.has(object))
    };
    assert_eq!(has(&source), [true; 4]);
    assert_eq!(has(&all), [true, true, false, false]);
    assert_eq!(has(&one), [true, false, false, false]);
    assert_eq!(
        (sizes(&rest, &all), sizes(&rest, &one)),
        ((2, 10_000), (1, 5000))
    );
    // The bytes are there once; the fork sends them again, and R2 has them once all the same.
    let forked = of(&rest, &one);
    assert!(forked.told("upload", &side)["actions"]["upload"].is_object());
    assert_eq!(forked.put(&side).status, 200);
    assert!(forked.has(&side));
    // The source goes, and the forks' objects stay.
    rest.delete(&source.path("")).result(202);
    assert_eq!(has(&all), [true, true, false, false]);
    for hosted in [&all, &one] {
        let verified = maintain(&rest, hosted, "verify");
        assert_eq!(verified["ok"], true, "{verified}");
        assert_eq!(verified["findings"]["r2"]["lfs_objects"], 2);
    }
}

#[test]
fn an_object_that_no_pointer_names_is_pruned_after_the_grace() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, lfs) = Lfs::create("lfs-life", "pruned");
    let work = scratch.repository("work");
    let (kept, dropped, early) = (
        Object::of_length(700, 11),
        Object::of_length(800, 12),
        Object::of_length(900, 13),
    );
    for object in [&kept, &dropped] {
        assert_eq!(lfs.put(object).status, 200);
    }
    push(&work, &hosted, "main", &kept);
    push(&work, &hosted, "side", &dropped);
    work.run(&["push", "--quiet", "--delete", &hosted.url(), "side"]);
    // git-lfs sends an object before it pushes the pointer.
    assert_eq!(lfs.put(&early).status, 200);
    let grace = |seconds: u32| {
        let set = json!({ "prune_grace_seconds": seconds, "reflog_retention_seconds": seconds });
        rest.patch(&hosted.path(""), &set).result(200);
    };
    grace(3600);
    maintain(&rest, &hosted, "run");
    assert_eq!(sizes(&rest, &hosted), (3, 2400), "nothing is old enough");
    work.run(&["checkout", "--quiet", "main"]);
    push(&work, &hosted, "early", &early);
    grace(0);
    let ran = maintain(&rest, &hosted, "run");
    assert!(!lfs.has(&dropped), "{ran}");
    assert!(lfs.has(&kept) && lfs.has(&early));
    assert_eq!(sizes(&rest, &hosted), (2, 1600));
    let told = ran["runs"].as_array().unwrap().iter();
    let mut told = told.filter_map(|run| run["detail"].as_str());
    assert!(
        told.any(|detail| detail == "1 lfs objects of 800 bytes"),
        "{ran}"
    );
    assert_eq!(maintain(&rest, &hosted, "verify")["ok"], true);
    // It may come back.
    assert_eq!(lfs.put(&dropped).status, 200);
    assert!(lfs.has(&dropped));
    assert_eq!(maintain(&rest, &hosted, "verify")["ok"], true);
}

#[test]
fn a_purge_removes_objects_that_no_ref_names_at_once() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, lfs) = Lfs::create("lfs-life", "purged");
    let work = scratch.repository("work");
    let (kept, secret) = (Object::of_length(600, 21), Object::of_length(500, 22));
    for object in [&kept, &secret] {
        assert_eq!(lfs.put(object).status, 200);
    }
    push(&work, &hosted, "main", &kept);
    push(&work, &hosted, "side", &secret);
    let forked = fork(
        &rest,
        &hosted,
        &json!({ "name": "purged-fork", "default_branch_only": false }),
    );
    work.run(&["push", "--quiet", "--delete", &hosted.url(), "side"]);
    assert!(lfs.has(&secret), "the reflog names it");
    let purge = |hosted: &Hosted| {
        rest.post(&hosted.path("/purge-unreachable"), &json!({}))
            .result(200)
    };
    let purged = purge(&hosted);
    assert_eq!(
        (&purged["lfs_objects"], &purged["lfs_bytes"]),
        (&json!(1), &json!(500))
    );
    assert_eq!(purged["holders"][0]["name"], "purged-fork", "{purged}");
    assert!(!lfs.has(&secret) && lfs.has(&kept));
    assert!(has_key(server(), &secret), "the fork has it");
    work.run(&["push", "--quiet", "--delete", &forked.url(), "side"]);
    assert_eq!(purge(&forked)["lfs_objects"], 1);
    assert!(!has_key(server(), &secret));
    assert!(lfs.has(&kept));
    for hosted in [&hosted, &forked] {
        assert_eq!(maintain(&rest, hosted, "verify")["ok"], true);
    }
}

#[test]
fn a_lost_repository_has_its_objects_again_and_a_deleted_one_leaves_none() {
    let scratch = Scratch::new();
    let mut server = Server::start_with(&AT_ONCE);
    let rest = server.rest();
    let hosted = rest.create_repository("lfs-lost", "source");
    let lfs = of(&rest, &hosted);
    let work = scratch.repository("work");
    let (one, two) = (Object::of_length(4000, 31), Object::of_length(3000, 32));
    assert_eq!(lfs.put(&one).status, 200);
    push(&work, &hosted, "main", &one);
    let at_once = json!({ "settle_seconds": 0 });
    rest.patch(&hosted.path(""), &at_once).result(200);
    maintain(&rest, &hosted, "snapshot");
    // An upload makes the record due: nothing else changes.
    assert_eq!(lfs.put(&two).status, 200);
    maintain(&rest, &hosted, "snapshot");
    let id = rest.get(&hosted.path("")).result(200)["id"].clone();
    server.restart_after(|state| {
        std::fs::remove_dir_all(state.join("data/do/-RepoDo")).unwrap();
    });
    let rest = server.rest();
    let path = "/api/v1/namespaces/lfs-lost/repos/again/recover";
    let made = rest.post(path, &json!({ "repository_id": id }));
    let again = Hosted::made("lfs-lost", &made);
    until("the end of a recovery", BACKGROUND, || {
        let shown = rest.get(&again.path("")).result(200);
        (shown["status"] != "recovering").then_some(())
    });
    let lfs = of(&rest, &again);
    assert!(lfs.has(&one) && lfs.has(&two));
    assert_eq!(sizes(&rest, &again), (2, 7000));
    let verified = maintain(&rest, &again, "verify");
    assert_eq!(verified["ok"], true, "{verified}");
    rest.delete(&again.path("")).result(202);
    until_true("the removal of objects", BACKGROUND, || {
        lfs_keys(server.state()).is_empty()
    });
}

#[test]
fn a_check_names_the_object_that_r2_lost() {
    let mut server = Server::start();
    let rest = server.rest();
    let hosted = rest.create_repository("lfs-checked", "source");
    let lfs = of(&rest, &hosted);
    let object = Object::of_length(2000, 41);
    assert_eq!(lfs.put(&object).status, 200);
    let digests = json!({ "task": "verify", "lfs_digests": true });
    let verify = |rest: &Rest| {
        rest.post(&hosted.path("/maintenance"), &digests)
            .result(200)
    };
    assert_eq!(verify(&rest)["ok"], true);
    server.restart_after(lose_lfs_objects);
    let verified = verify(&server.rest());
    assert_eq!(verified["ok"], false, "{verified}");
    let told = verified["findings"]["problems"][0].as_str().unwrap();
    assert!(
        told.contains(&object.oid) && told.ends_with("is missing"),
        "{told}"
    );
}
