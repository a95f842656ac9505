//! Repositories that leave as bundles, and repositories that are recovered from R2.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of the host: it may wait"
)]

use cairn_test_support as support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use support::git::{Git, refs_equal};
use support::history::{History, Random};
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::{Server, server};
use support::wait::{until, until_true};

const INVALID_INPUT: u64 = 10_100;
const NOT_FOUND: u64 = 10_200;
const ALREADY_EXISTS: u64 = 10_201;
const CREATE_IN_PROGRESS: u64 = 10_301;

/// How long the server may take for its work in the background.
const BACKGROUND: Duration = Duration::from_secs(30);

/// A repository of three pushes, and where they came from.
fn pushed(rest: &Rest, scratch: &Scratch, namespace: &str) -> (Hosted, Git) {
    let hosted = rest.create_repository(namespace, "source");
    let work = scratch.repository(&format!("work-{namespace}"));
    History::small(5).make(&work);
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    for round in 0..2 {
        work.write("lines", lines(round));
        work.commit("more");
        work.run(&["tag", "-a", "-m", "a tag", &format!("tag-{round}")]);
        work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    }
    work.run(&["notes", "add", "-m", "a note"]);
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    (hosted, work)
}

/// A file whose versions are deltas of one another, and noise enough to need several chunks.
fn lines(round: u64) -> Vec<u8> {
    let mut random = Random(round << 32);
    let line = |n| format!("line {n} of {}\n", if n % 50 == 0 { round } else { 0 });
    let lines = (0..4000).map(line).collect::<String>().into_bytes();
    let noise = (0..40_000).flat_map(|_| random.next().to_le_bytes());
    lines.into_iter().chain(noise).collect()
}

/// Copies all of it to R2 at once, and makes it cold.
fn to_r2(rest: &Rest, hosted: &Hosted) {
    let at_once = json!({ "settle_seconds": 0, "cold_after_seconds": 0, "cold_bytes_min": 0 });
    rest.patch(&hosted.path(""), &at_once).result(200);
    let task = json!({ "task": "snapshot" });
    rest.post(&hosted.path("/maintenance"), &task).result(200);
}

fn id_of(rest: &Rest, hosted: &Hosted) -> String {
    let shown = rest.get(&hosted.path("")).result(200);
    shown["id"].as_str().unwrap().to_owned()
}

/// Deletes the data of every object of a class.
fn lose(state: &Path, class: &str) {
    std::fs::remove_dir_all(state.join("data/do").join(format!("-{class}"))).unwrap();
}

fn recover(rest: &Rest, namespace: &str, name: &str, lost_id: &str) -> Answer {
    let path = format!("/api/v1/namespaces/{namespace}/repos/{name}/recover");
    rest.post(&path, &json!({ "repository_id": lost_id }))
}

fn recovering(rest: &Rest, namespace: &str, name: &str, lost_id: &str) -> Hosted {
    Hosted::made(namespace, &recover(rest, namespace, name, lost_id))
}

/// Waits until the recovery is over; gives the answer of the repository's route.
fn settled(rest: &Rest, hosted: &Hosted) -> Answer {
    until("the end of a recovery", BACKGROUND, || {
        let shown = rest.get(&hosted.path(""));
        let is_over = shown.status != 200 || shown.json()["result"]["status"] != "recovering";
        is_over.then_some(shown)
    })
}

fn message(answer: &Answer) -> String {
    answer.json()["errors"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn verified(rest: &Rest, hosted: &Hosted) -> Value {
    let task = json!({ "task": "verify" });
    let answer = rest.post(&hosted.path("/maintenance"), &task).result(200);
    assert_eq!(answer["ok"], true, "{answer}");
    answer
}

/// The files of R2's emulation that hold bytes of objects.
fn blobs(state: &Path) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.components().any(|part| part.as_os_str() == "blobs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&state.join("data/r2"), &mut found);
    found
}

#[test]
fn a_bundle_equals_gits() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, work) = pushed(&rest, &scratch, "bundles");
    let theirs = scratch.join("theirs.bundle");
    work.run(&[
        "bundle",
        "create",
        "--quiet",
        theirs.to_str().unwrap(),
        "--all",
    ]);
    let theirs = std::fs::read(theirs).unwrap();
    let reader = rest.with_bearer(&hosted.token);
    for (name, client) in [("warm", &reader), ("cold", &rest)] {
        if name == "cold" {
            to_r2(&rest, &hosted);
            let stats = rest.get(&hosted.path("/stats")).result(200);
            assert_eq!(stats["packs"]["chunk_rows"], 0, "{stats}");
        }
        let answer = client.get(&hosted.path("/bundle"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), "application/x-git-bundle");
        let disposition = "attachment; filename=\"source.bundle\"";
        assert_eq!(answer.header("content-disposition"), disposition);
        let head = |bundle: &[u8]| {
            let end = bundle.windows(6).position(|six| six == b"\n\nPACK");
            String::from_utf8_lossy(&bundle[..end.unwrap()]).into_owned()
        };
        assert_eq!(head(&answer.body), head(&theirs));

        let file = scratch.join(format!("{name}.bundle"));
        std::fs::write(&file, &answer.body).unwrap();
        let file = file.to_str().unwrap();
        work.run(&["bundle", "verify", "--quiet", file]);
        let clone = scratch.clone(file, &format!("{name}.git"), &["--mirror"]);
        clone.fsck_strict();
        refs_equal(&clone, &work);
        scratch.clone(file, name, &[]).run(&["status"]);
    }
}

#[test]
fn a_bundle_is_open_to_any_token_that_may_fetch() {
    let rest = server().rest();
    let hosted = rest.create_repository("bundles-asked", "empty");
    let other = rest.create_repository("bundles-asked", "other");
    let path = hosted.path("/bundle");
    let empty = rest.get(&path);
    assert_eq!(empty.error_code(400), INVALID_INPUT);
    assert!(message(&empty).contains("is empty"), "{}", empty.text());
    rest.anonymous().get(&path).error_code(401);
    rest.with_bearer(&other.token).get(&path).error_code(403);
    rest.get(&hosted.path("x/bundle")).error_code(404);
    assert_eq!(rest.post(&path, &json!({})).status, 405);
}

#[test]
fn a_lost_repository_is_recovered_from_r2() {
    let mut server = Server::start_with(&[("CAIRN_R2_GRACE_SECONDS", "0")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let (hosted, work) = pushed(&rest, &scratch, "lost");
    let settings = json!({
        "description": "not to be lost",
        "deny_deletes": true,
        "fsck": { "strict": true },
        "ref_rules": [["refs/tags/*", ["no-delete", "no-force-push"]]],
    });
    rest.patch(&hosted.path(""), &settings).result(200);
    to_r2(&rest, &hosted);
    let (lost_id, before) = (id_of(&rest, &hosted), server.r2_objects());

    // It is there: nobody needs another one.
    let refused = recover(&rest, "lost", "other", &lost_id);
    assert_eq!(refused.error_code(409), ALREADY_EXISTS);
    assert!(message(&refused).contains("is not lost: it is lost/source"));
    recover(&rest, "lost", "source", &lost_id).error_code(409);

    server.restart_after(|state| lose(state, "RepoDo"));
    let rest = server.rest();
    rest.get(&hosted.path("")).error_code(404);
    let again = recovering(&rest, "lost", "source", &lost_id);
    // Half of it is never shown.
    let refs = rest.get(&again.path("/refs"));
    if refs.status == 409 {
        assert_eq!(refs.error_code(409), CREATE_IN_PROGRESS);
    } else {
        assert_ne!(refs.result(200), json!([]));
    }
    let shown = settled(&rest, &again).result(200);
    assert_eq!(shown["description"], "not to be lost");
    assert_eq!(shown["fsck"]["strict"], true);
    assert_eq!(shown["ref_rules"], settings["ref_rules"]);
    assert_ne!(shown["id"], lost_id.as_str());
    let clone = scratch.clone(&again.url(), "again.git", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(&clone, &work);
    verified(&rest, &again);

    // The old tokens are gone with it, and the settings are there.
    let said = work.fails(&["push", "--quiet", &hosted.url(), "main"]);
    assert!(said.contains("Authentication failed"), "{said}");
    work.write("lines", lines(7));
    work.commit("goes on");
    work.run(&["push", "--quiet", &again.url(), "main", "main:side"]);
    let denied = work.fails(&["push", "--quiet", &again.url(), ":side"]);
    assert!(denied.contains("deletion"), "{denied}");
    let clone = scratch.clone(&again.url(), "on", &[]);
    clone.fsck_strict();
    assert_eq!(
        clone.run(&["rev-parse", "HEAD"]),
        work.run(&["rev-parse", "main"])
    );

    // It has a record of its own, the old one is gone, and so is everything in the end.
    to_r2(&rest, &again);
    assert_eq!(server.r2_objects(), before + 1, "one more pack");
    let unknown = recover(&rest, "lost", "another", &lost_id);
    assert_eq!(unknown.error_code(404), NOT_FOUND);
    rest.delete(&again.path("")).result(202);
    until_true("an empty R2", BACKGROUND, || server.r2_objects() == 0);
}

#[test]
fn recovery_needs_r2_alone_and_survives_a_crash() {
    let mut server = Server::start();
    let (rest, scratch) = (server.rest(), Scratch::new());
    let (hosted, work) = pushed(&rest, &scratch, "alone");
    to_r2(&rest, &hosted);
    let lost_id = id_of(&rest, &hosted);
    server.restart_after(|state| {
        for class in ["RepoDo", "NamespaceDo", "NetworkDo"] {
            lose(state, class);
        }
        std::fs::remove_dir_all(state.join("data/kv")).unwrap();
    });
    // To another place; and again and again interrupted.
    let again = recovering(&server.rest(), "elsewhere", "found", &lost_id);
    server.crash();
    server.rest().get(&again.path("")).result(200);
    server.crash();
    let rest = server.rest();
    let shown = settled(&rest, &again).result(200);
    assert_eq!(shown["status"], "ready", "{shown}");
    let clone = scratch.clone(&again.url(), "found.git", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(&clone, &work);
    verified(&rest, &again);
    let listed = rest.get("/api/v1/namespaces/elsewhere/repos").result(200);
    assert_eq!(listed[0]["name"], "found", "{listed}");
}

#[test]
fn a_recovery_names_objects_that_r2_lacks_and_frees_its_name() {
    let mut server = Server::start_with(&[("CAIRN_R2_GRACE_SECONDS", "0")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let (hosted, work) = pushed(&rest, &scratch, "broken");
    to_r2(&rest, &hosted);
    let lost_id = id_of(&rest, &hosted);
    // The largest is a pack.
    let size = |path: &PathBuf| std::fs::metadata(path).unwrap().len();
    let pack = blobs(server.state()).into_iter().max_by_key(size).unwrap();
    let whole = std::fs::read(&pack).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    for (wrong, said) in [(Some(damaged), "is not what was written"), (None, "r2: ")] {
        server.restart_after(|state| {
            lose(state, "RepoDo");
            match &wrong {
                Some(bytes) => std::fs::write(&pack, bytes).unwrap(),
                None => std::fs::remove_file(&pack).unwrap(),
            }
        });
        let rest = server.rest();
        let failed = recovering(&rest, "broken", "source", &lost_id);
        let over = settled(&rest, &failed);
        assert_eq!(over.error_code(404), NOT_FOUND);
        let why = message(&over);
        assert!(why.contains("its recovery failed: "), "{why}");
        assert!(why.contains(said), "{why}");
    }
    // The failures took nothing away.
    server.restart_after(|_| std::fs::write(&pack, &whole).unwrap());
    let rest = server.rest();
    let again = recovering(&rest, "broken", "source", &lost_id);
    settled(&rest, &again).result(200);
    let clone = scratch.clone(&again.url(), "mended.git", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(&clone, &work);
}

#[test]
fn only_the_operator_recovers() {
    let rest = server().rest();
    let hosted = rest.create_repository("recover-asked", "here");
    let lost_id = id_of(&rest, &hosted);
    let token = rest.with_bearer(&hosted.token);
    recover(&token, "recover-asked", "new", &lost_id).error_code(403);
    recover(&rest.anonymous(), "recover-asked", "new", &lost_id).error_code(401);
    let wrong = recover(&rest, "recover-asked", "new", "../records/x");
    assert_eq!(wrong.error_code(400), INVALID_INPUT);
    let unknown = recover(&rest, "recover-asked", "new", "0000000000000000");
    assert_eq!(unknown.error_code(404), NOT_FOUND);
    assert!(message(&unknown).contains("r2 has no record"));
    // The name stays free.
    rest.create_repository("recover-asked", "new");
}
