//! Repositories of several hundred thousand objects. These take minutes, so they run by name:
//! `cargo test --test smart_http_large -- --ignored --nocapture`. They print how far the heap was filled.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]
#![allow(clippy::disallowed_methods, reason = "a test may look at the clock")]
#![allow(clippy::print_stdout, reason = "the figures, for `--nocapture`")]

use cairn_test_support as support;

use std::fmt::Write as _;
use std::time::Instant;

use serde_json::json;
use support::git::Git;
use support::rest::Hosted;
use support::scratch::Scratch;
use support::server::Server;

/// Most MiB that the heap may have after a push or a clone: an isolate has 128 for everything.
const HEAP_MIB_MAX: u64 = 48;

/// The same after maintenance, which holds the index of a pack.
const MAINTAINED_MIB_MAX: u64 = 96;

/// A stream for `git fast-import`: `commits` on `branch`, each with `files` files in a folder of its own.
fn stream(branch: &str, commits: usize, files: usize) -> String {
    let mut out = String::new();
    for commit in 0..commits {
        let time = 1_700_000_000 + commit;
        let _ = write!(
            out,
            "commit refs/heads/{branch}\ncommitter A <a@example.com> {time} +0000\ndata 2\nx\n"
        );
        for file in 0..files {
            let content = format!("{branch} {commit} {file}\n");
            let length = content.len();
            let _ = write!(
                out,
                "M 100644 inline d{commit}/f{file}\ndata {length}\n{content}\n"
            );
        }
    }
    out
}

fn make(source: &Git, branch: &str, commits: usize, files: usize) {
    let stream = stream(branch, commits, files);
    source.run_with(&["fast-import", "--quiet"], stream.as_bytes());
}

/// A server over what was pushed before; `task` is done, and the heap looked at.
fn maintained(server: &mut Server, hosted: &Hosted, task: &str) {
    server.restart();
    let rest = server.rest();
    let route = hosted.path("/maintenance");
    let done = rest.post(&route, &json!({ "task": task })).result(200);
    if task == "verify" {
        assert_eq!(done["ok"], true, "{done}");
    }
    at_most(server, hosted, task, MAINTAINED_MIB_MAX);
}

fn told(server: &Server, hosted: &Hosted, what: &str) {
    at_most(server, hosted, what, HEAP_MIB_MAX);
}

fn at_most(server: &Server, hosted: &Hosted, what: &str, mib_max: u64) {
    let stats = server.rest().get(&hosted.path("/stats")).result(200);
    let mib = stats["isolate"]["heap_bytes"].as_u64().unwrap_or_default() >> 20;
    println!("{what}: heap {mib} MiB");
    assert!(mib <= mib_max, "{what}: {mib} MiB");
}

/// Pushes `refs`, says how long that took and how far the heap is filled, and clones it again.
fn pushed(source: &Git, refs: &[&str], what: &str) {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("large", "pushed");
    let begin = Instant::now();
    let url = hosted.url();
    source.run(&[&["push", "-q", url.as_str()][..], refs].concat());
    let seconds = begin.elapsed().as_secs();
    told(&server, &hosted, &format!("{what}, {seconds} s"));
    let stats = server.rest().get(&hosted.path("/stats")).result(200);
    println!("{}", stats["packs"]);
    assert_eq!(stats["packs"]["quarantined"], 0);
    server.restart();
    let scratch = Scratch::new();
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    told(&server, &hosted, "a clone of it");
    let packs = std::fs::read_dir(clone.folder().join("objects/pack")).unwrap();
    for pack in packs.map(|pack| pack.unwrap().path()) {
        if pack.extension().is_some_and(|end| end == "pack") {
            let pack = pack.to_str().unwrap();
            let index = scratch.join("again.idx");
            let index = index.to_str().unwrap();
            clone.run(&["index-pack", "--strict", "-o", index, pack]);
        }
    }
    clone.run(&["fsck", "--connectivity-only"]);
    let tips = |git: &Git| git.run(&["for-each-ref", "--format=%(objectname)"]);
    let (theirs, ours) = (tips(&clone), tips(source));
    assert!(theirs.lines().all(|tip| ours.contains(tip)));
}

#[test]
#[ignore = "takes minutes"]
fn a_push_of_400_000_objects_fills_the_heap_less_than_its_objects_would() {
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    make(&source, "main", 1_600, 248);
    pushed(&source, &["main"], "a push of 400,000 objects");
}

/// `LARGE_SOURCE` is a repository of this machine: git's own, for example.
#[test]
#[ignore = "takes minutes, and a repository"]
fn a_repository_of_this_machine_is_pushed() {
    let folder = std::env::var("LARGE_SOURCE").expect("LARGE_SOURCE");
    let scratch = Scratch::new();
    let source = scratch.clone(&folder, "source", &["--mirror", "--shared"]);
    pushed(&source, &["refs/heads/*", "refs/tags/*"], &folder);
}

#[test]
#[ignore = "takes minutes"]
fn half_a_million_objects_are_verified_and_rebuilt() {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("large", "objects");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    for branch in ["one", "two"] {
        make(&source, branch, 480, 500);
        source.run(&["push", "-q", &hosted.url(), branch]);
    }
    told(&server, &hosted, "two pushes of 241,000 objects");
    for task in ["verify", "rebuild", "verify"] {
        maintained(&mut server, &hosted, task);
    }
}

#[test]
#[ignore = "takes minutes"]
fn a_history_of_490_000_commits_is_pushed_verified_and_rebuilt() {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("large", "commits");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    make(&source, "main", 490_000, 0);
    source.run(&["push", "-q", &hosted.url(), "main"]);
    told(&server, &hosted, "a push of 490,000 commits");
    for task in ["verify", "rebuild"] {
        maintained(&mut server, &hosted, task);
    }
}
