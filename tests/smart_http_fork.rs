//! Forks and deletions against the running server, with real git on both sides.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of the host: it may wait"
)]

use cairn_test_support as support;

use std::time::Duration;

use serde_json::{Value, json};
use support::git::{Git, refs_equal};
use support::history::History;
use support::rest::{Hosted, Rest};
use support::scratch::Scratch;
use support::server::{Server, server};
use support::wait::until_true;

const INVALID_INPUT: u64 = 10_100;
const INVALID_NAME: u64 = 10_101;
const NOT_FOUND: u64 = 10_200;
const ALREADY_EXISTS: u64 = 10_201;
const FORK_IN_PROGRESS: u64 = 10_303;

/// How long the server may take for its work in the background.
const BACKGROUND: Duration = Duration::from_secs(20);

/// A repository with a small history, hosted, and the one it was pushed from.
fn hosted(rest: &Rest, scratch: &Scratch, namespace: &str, seed: u64) -> (Hosted, Git) {
    let hosted = rest.create_repository(namespace, "source");
    let work = scratch.repository("work");
    History::small(seed).make(&work);
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    (hosted, work)
}

fn fork(rest: &Rest, source: &Hosted, body: &Value) -> (Hosted, Value) {
    let made = rest.post(&source.path("/fork"), body);
    let namespace = body["namespace"].as_str().unwrap_or(&source.namespace);
    (Hosted::made(namespace, &made), made.result(201))
}

/// A mirror of a repository, found sound.
fn mirror(scratch: &Scratch, name: &str, hosted: &Hosted) -> Git {
    let clone = scratch.clone(&hosted.url(), &format!("{name}.git"), &["--mirror"]);
    clone.fsck_strict();
    clone
}

/// Waits until the server has finished its work in the background.
fn until(what: &str, is_done: impl Fn() -> bool) {
    until_true(what, BACKGROUND, is_done);
}

#[test]
fn a_fork_equals_its_source() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (source, work) = hosted(&rest, &scratch, "fork-same", 1);
    let changed = json!({ "description": "the first" });
    rest.patch(&source.path(""), &changed).result(200);
    let (forked, answer) = fork(&rest, &source, &json!({ "name": "Copy" }));
    let shown = rest.get(&forked.path("")).result(200);
    assert_eq!(shown["source"], "artifacts:fork-same/source");
    assert_eq!(shown["description"], "the first");
    assert_eq!(
        (&shown["read_only"], &shown["public"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(shown["object_count"], answer["objects"]);
    let origin = rest.get(&source.path("")).result(200);
    for same in ["default_branch", "size_bytes", "object_count"] {
        assert_eq!(shown[same], origin[same], "{same}");
    }
    assert_ne!(shown["id"], origin["id"]);
    let copy = mirror(&scratch, "copy", &forked);
    refs_equal(&copy, &mirror(&scratch, "source", &source));
    assert_eq!(copy.objects(&["--all"]), work.objects(&["--all"]));
    let listed = rest.get("/api/v1/namespaces/fork-same/repos").result(200);
    assert_eq!(listed.as_array().unwrap().len(), 2);
}

#[test]
fn a_fork_writes_few_rows() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (source, work) = hosted(&rest, &scratch, "fork-rows", 2);
    for number in 0..470 {
        work.run(&["tag", &format!("r{number}")]);
    }
    work.run(&["push", "--quiet", "--tags", &source.url()]);
    let (forked, _) = fork(&rest, &source, &json!({ "name": "copy" }));
    let stats = rest.get(&forked.path("/stats")).result(200);
    let rows = stats["sql"]["rows_written"].as_u64().unwrap();
    assert!(rows <= 200, "{rows} rows written");
    assert!(stats["refs"].as_u64().unwrap() >= 470, "{stats}");
    assert_eq!(
        stats["packs"]["chunk_rows"], 0,
        "no bytes of blobs are copied"
    );
    refs_equal(
        &mirror(&scratch, "one", &forked),
        &mirror(&scratch, "other", &source),
    );
}

#[test]
fn source_and_fork_go_their_own_ways() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (source, work) = hosted(&rest, &scratch, "fork-ways", 3);
    let elsewhere = json!({ "name": "copy", "namespace": "fork-elsewhere" });
    let (forked, _) = fork(&rest, &source, &elsewhere);
    let before = mirror(&scratch, "before", &source);

    work.write("new-in-fork", "of the fork\n");
    work.commit("in the fork");
    work.run(&["push", "--quiet", &forked.url(), "HEAD:refs/heads/main"]);
    work.run(&["push", "--quiet", &forked.url(), ":refs/heads/branch-1"]);
    work.run(&[
        "push",
        "--quiet",
        &forked.url(),
        "HEAD:refs/heads/branch-1/below",
    ]);
    refs_equal(&before, &mirror(&scratch, "after", &source));

    let in_fork = mirror(&scratch, "in-fork", &forked);
    work.run(&["reset", "--quiet", "--hard", "HEAD~1"]);
    work.write("new-in-source", "of the source\n");
    work.commit("in the source");
    work.run(&["push", "--quiet", &source.url(), "HEAD:refs/heads/main"]);
    refs_equal(&in_fork, &mirror(&scratch, "in-fork-after", &forked));
    assert_ne!(
        in_fork.refs(),
        mirror(&scratch, "in-source", &source).refs()
    );

    // A fork of the fork has the pushes to it.
    let (second, _) = fork(&rest, &forked, &json!({ "name": "second" }));
    refs_equal(&in_fork, &mirror(&scratch, "second", &second));
    let shown = rest.get(&second.path("")).result(200);
    assert_eq!(shown["source"], "artifacts:fork-elsewhere/copy");
}

#[test]
fn the_default_branch_alone() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (source, work) = hosted(&rest, &scratch, "fork-default", 4);
    let body = json!({ "name": "copy", "default_branch_only": true, "read_only": true });
    let (forked, _) = fork(&rest, &source, &body);
    let refs = mirror(&scratch, "copy", &forked).refs();
    let main = work.run(&["rev-parse", "main"]);
    assert_eq!(refs.get("refs/heads/main"), Some(&main));
    assert_eq!(refs.len(), 2, "main and HEAD: {refs:?}");
    let refused = work.fails(&["push", &forked.url(), "HEAD:refs/heads/new"]);
    assert!(refused.contains("read-only"), "{refused}");
    let nothing = rest.create_repository("fork-default", "empty");
    let (empty, answer) = fork(&rest, &nothing, &json!({ "name": "empty-copy" }));
    assert_eq!(answer["objects"], 0);
    work.run(&["push", "--quiet", &empty.url(), "main"]);
    assert_eq!(mirror(&scratch, "empty", &empty).refs(), refs);
}

#[test]
fn one_of_many_forks_to_a_name_wins() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (source, _) = hosted(&rest, &scratch, "fork-race", 5);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let one = || {
            let rest = server().rest();
            rest.post(&source.path("/fork"), &json!({ "name": "Copy" }))
        };
        let running: Vec<_> = (0..20).map(|_| scope.spawn(one)).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let made = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(made.count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        let code = answer.error_code(409);
        assert!([FORK_IN_PROGRESS, ALREADY_EXISTS].contains(&code), "{code}");
    }
    let shown = rest.get("/api/v1/namespaces/fork-race/repos/copy");
    assert_eq!(shown.result(200)["name"], "Copy");
}

#[test]
fn forks_that_are_refused() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (source, _) = hosted(&rest, &scratch, "fork-errors", 6);
    let path = source.path("/fork");
    let code = |body: &Value, status| rest.post(&path, body).error_code(status);
    assert_eq!(code(&json!({ "name": "source" }), 409), ALREADY_EXISTS);
    assert_eq!(code(&json!({ "name": "a b" }), 400), INVALID_NAME);
    assert_eq!(
        code(&json!({ "name": "a", "namespace": "x" }), 400),
        INVALID_NAME
    );
    assert_eq!(code(&json!({}), 400), INVALID_INPUT);
    assert_eq!(
        code(&json!({ "name": "a", "public": true }), 400),
        INVALID_INPUT
    );
    let nowhere = "/api/v1/namespaces/fork-errors/repos/nowhere/fork";
    let answer = rest.post(nowhere, &json!({ "name": "a" }));
    assert_eq!(answer.error_code(404), NOT_FOUND);
    let token = Rest::new(&server().url(), Some(&source.token));
    let answer = token.post(&path, &json!({ "name": "a" }));
    assert_eq!(answer.status, 403, "{}", answer.text());
    // None of that took the name.
    fork(&rest, &source, &json!({ "name": "a" }));
}

#[test]
fn a_repository_made_again_shares_nothing_with_the_old_one() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (old, work) = hosted(&rest, &scratch, "fork-again", 7);
    let (forked, _) = fork(&rest, &old, &json!({ "name": "copy" }));
    let before = rest.get(&old.path("")).result(200);
    let gone = rest.delete(&old.path("")).result(202);
    assert_eq!(gone["id"], before["id"]);
    assert_eq!(rest.get(&old.path("")).error_code(404), NOT_FOUND);
    assert_eq!(rest.delete(&old.path("")).error_code(404), NOT_FOUND);

    let new = rest.create_repository("fork-again", "source");
    let after = rest.get(&new.path("")).result(200);
    assert_ne!(after["id"], before["id"]);
    assert_eq!(after["object_count"], 0);
    let refused = work.fails(&["ls-remote", &old.url()]);
    assert!(refused.contains("Authentication failed"), "{refused}");
    assert_eq!(work.run(&["ls-remote", &new.url()]), "");
    // Pushes to the new repository cannot build on objects of the old one.
    let tip = work.run(&["rev-parse", "main"]);
    let nothing = scratch.repository("nothing");
    let missing = nothing.fails(&["fetch", &new.url(), &tip]);
    assert!(missing.contains("not our ref"), "{missing}");
    work.run(&["push", "--quiet", "--mirror", &new.url()]);
    mirror(&scratch, "again", &new);
    mirror(&scratch, "copy", &forked);
}

#[test]
fn the_last_repository_of_a_network_empties_r2() {
    let server = Server::start_with(&[("CAIRN_R2_GRACE_SECONDS", "0")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let emptied = |what: &str| until(what, || server.r2_objects() == 0);
    for (round, first_is_source) in [(0, true), (1, false)] {
        let scratch_of_round = Scratch::new();
        let namespace = format!("fork-end-{round}");
        let (source, _) = hosted(&rest, &scratch_of_round, &namespace, 8);
        let (forked, _) = fork(&rest, &source, &json!({ "name": "copy" }));
        let (second, _) = fork(&rest, &forked, &json!({ "name": "second" }));
        assert!(server.r2_objects() > 0);
        let order = if first_is_source {
            [&source, &forked, &second]
        } else {
            [&second, &forked, &source]
        };
        let last = mirror(&scratch, &format!("before-{round}"), order[2]);
        for goes in &order[..2] {
            rest.delete(&goes.path("")).result(202);
            let after = format!("after-{round}-{}", goes.name);
            refs_equal(&last, &mirror(&scratch, &after, order[2]));
        }
        rest.delete(&order[2].path("")).result(202);
        emptied("the network's packs go");
        let namespace = rest.delete(&format!("/api/v1/namespaces/{namespace}"));
        assert_eq!(namespace.status, 204, "{}", namespace.text());
    }
}

#[test]
fn an_interrupted_fork_is_undone_or_complete() {
    let mut server = Server::start_with(&[("CAIRN_R2_GRACE_SECONDS", "0")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let (source, work) = hosted(&rest, &scratch, "fork-crash", 9);
    for (number, wait_ms) in [5, 20, 60, 150].into_iter().enumerate() {
        let name = format!("copy-{number}");
        let (url, path) = (server.url(), source.path("/fork"));
        let body = json!({ "name": name });
        let asking = std::thread::spawn(move || {
            // The answer may be cut off, and the client then panics: nobody asks for it.
            let asked = || Rest::new(&url, Some(support::server::ADMIN_KEY)).post(&path, &body);
            let _ = std::panic::catch_unwind(asked);
        });
        // Only the moment of the crash varies here, and nothing outside shows how far a fork is.
        std::thread::sleep(Duration::from_millis(wait_ms));
        server.crash();
        asking.join().unwrap();
        let forked = Hosted {
            name: name.clone(),
            namespace: source.namespace.clone(),
            remote: source
                .remote
                .replace("/source.git", &format!("/{name}.git")),
            token: String::new(),
        };
        let shown = rest.get(&forked.path(""));
        match shown.status {
            200 => {
                let token = json!({ "repo": name });
                let token = rest.make_token("fork-crash", &token).plaintext;
                let forked = Hosted { token, ..forked };
                let copy = mirror(&scratch, &name, &forked);
                refs_equal(&copy, &mirror(&scratch, &format!("of-{name}"), &source));
            }
            409 => assert_eq!(shown.error_code(409), FORK_IN_PROGRESS),
            _ => assert_eq!(shown.error_code(404), NOT_FOUND),
        }
    }
    work.run(&[
        "push",
        "--quiet",
        &source.url(),
        "HEAD:refs/heads/still-there",
    ]);
    mirror(&scratch, "still-there", &source);
    // Interrupted forks undo themselves: the rest goes with its owners.
    let listed = rest.get("/api/v1/namespaces/fork-crash/repos").result(200);
    for one in listed.as_array().unwrap() {
        let name = one["name"].as_str().unwrap();
        let path = format!("/api/v1/namespaces/fork-crash/repos/{name}");
        rest.delete(&path).result(202);
    }
    for number in 0..4 {
        // Those whose maker died before they were listed.
        rest.delete(&format!(
            "/api/v1/namespaces/fork-crash/repos/copy-{number}"
        ));
    }
    until("interrupted forks let go", || server.r2_objects() == 0);
}

#[test]
fn an_unfinished_fork_answers_that_it_is_in_progress() {
    let server = Server::start();
    let (rest, scratch) = (server.rest(), Scratch::new());
    let source = rest.create_repository("fork-slow", "source");
    let work = scratch.repository("work");
    // Bytes that do not compress: the first fork copies them to R2.
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    });
    work.write("noise", noise.take(64 << 20).collect::<Vec<u8>>());
    work.commit("much");
    work.run(&["push", "--quiet", &source.url(), "main"]);

    let path = source.path("/fork");
    let operator = server.rest();
    let growing = std::thread::spawn(move || operator.post(&path, &json!({ "name": "copy" })));
    let copy = "/api/v1/namespaces/fork-slow/repos/copy";
    until("the fork has begun", || rest.get(copy).status != 404);
    let answer = rest.get(copy);
    assert_eq!(answer.error_code(409), FORK_IN_PROGRESS, "it was too fast");
    let again = rest.post(&source.path("/fork"), &json!({ "name": "COPY" }));
    assert_eq!(again.error_code(409), FORK_IN_PROGRESS);
    assert_eq!(rest.delete(copy).error_code(409), FORK_IN_PROGRESS);
    let git = rest.get("/git/fork-slow/copy.git/info/refs?service=git-upload-pack");
    assert_eq!(git.status, 503, "{}", git.text());
    assert!(!git.header("retry-after").is_empty());
    // The source serves meanwhile.
    work.run(&["ls-remote", &source.url()]);
    assert_eq!(growing.join().unwrap().status, 201);
    assert_eq!(rest.get(copy).status, 200);
}
