//! Repositories whose packs are in R2: copied, cold, cloned from the ready clone.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

use serde_json::{Value, json};
use support::git::{Git, refs_equal};
use support::history::{History, noise};
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::{Server, server};

/// Settings under which everything goes to R2 at once.
fn at_once() -> Value {
    json!({ "settle_seconds": 0, "cold_after_seconds": 0, "cold_bytes_min": 0 })
}

/// A repository on the server with a history of 40 commits, and where that came from.
struct Pushed {
    scratch: Scratch,
    source: Git,
    hosted: Hosted,
    rest: Rest,
}

fn pushed(server: &Server, name: &str, change: &Value) -> Pushed {
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    History::small(7).make(&source);
    // Three packs of several chunks: noise does not deflate.
    let rest = server.rest();
    let hosted = rest.create_repository("snapshots", name);
    rest.patch(&hosted.path(""), change).result(200);
    source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    for round in 0..2 {
        source.write("noise", noise(round, 600_000));
        source.write("lines", lines(round));
        source.commit("more");
        source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    }
    Pushed {
        scratch,
        source,
        hosted,
        rest,
    }
}

/// A file whose versions are deltas of one another.
fn lines(round: u64) -> String {
    let line = |n| format!("line {n} of {}\n", if n % 50 == 0 { round } else { 0 });
    (0..4000).map(line).collect()
}

impl Pushed {
    fn maintain(&self) {
        let path = self.hosted.path("/maintenance");
        self.rest
            .post(&path, &json!({ "task": "snapshot" }))
            .result(200);
    }

    /// How long there must be no push before the alarm derives anything from the packs.
    fn settle_after(&self, seconds: u32) {
        let change = json!({ "settle_seconds": seconds });
        self.rest.patch(&self.hosted.path(""), &change).result(200);
    }

    fn stats(&self) -> Value {
        self.rest.get(&self.hosted.path("/stats")).result(200)
    }

    /// Clones with these options, checks it, and gives it.
    fn clone(&self, name: &str, options: &[&str]) -> Git {
        let clone = self.scratch.clone(&self.hosted.url(), name, options);
        clone.run(&["fsck", "--strict", "--no-dangling", "--no-progress"]);
        clone
    }

    /// The answer to a full clone in either protocol, asked for as git does.
    fn fetch(&self, version: u8) -> Answer {
        let tips = self.source.run(&["for-each-ref", "--format=%(objectname)"]);
        let tips: std::collections::BTreeSet<_> = tips.lines().collect();
        let line = |text: &str| format!("{:04x}{text}", text.len() + 4);
        let mut body = String::new();
        if version == 2 {
            body += &line("command=fetch");
            body += "0001";
            for argument in ["thin-pack", "include-tag", "ofs-delta"] {
                body += &line(argument);
            }
        }
        for (number, tip) in tips.iter().enumerate() {
            let options = " multi_ack_detailed no-done side-band-64k thin-pack ofs-delta agent=x";
            let options = if version == 2 || number > 0 {
                ""
            } else {
                options
            };
            body += &line(&format!("want {tip}{options}\n"));
        }
        body += &(match version {
            2 => line("done\n") + "0000",
            _ => "0000".to_owned() + &line("done\n"),
        });
        let token = format!("Bearer {}", self.hosted.token);
        let protocol = format!("version={version}");
        self.rest.anonymous().send(
            ureq::http::Method::POST,
            &self.hosted.git_path("git-upload-pack"),
            &[
                ("authorization", token.as_str()),
                ("git-protocol", protocol.as_str()),
                ("content-type", "application/x-git-upload-pack-request"),
            ],
            body.as_bytes(),
        )
    }
}

/// Whether an answer came from R2: only then its length is known beforehand.
fn is_ready(answer: &Answer) -> bool {
    assert_eq!(answer.status, 200);
    answer.headers.contains_key("content-length")
}

#[test]
fn cold_packs_serve_every_fetch_and_take_pushes() {
    let pushed = pushed(server(), "cold", &at_once());
    pushed.maintain();
    let after = pushed.stats();
    let packs = &after["packs"];
    assert_eq!(
        (&packs["cold"], &packs["chunk_rows"]),
        (&json!(3), &json!(0)),
        "{after}"
    );
    assert_eq!(after["r2_bytes"], packs["bytes"]);
    assert!(after["sqlite_bytes"].as_u64() < Some(300_000), "{after}");
    assert!(packs["bytes"].as_u64() > Some(1_200_000), "{after}");

    let clone = pushed.clone("whole", &["--mirror"]);
    refs_equal(&clone, &pushed.source);
    pushed.clone("version-0", &["-c", "protocol.version=0"]);
    pushed.clone("shallow", &["--depth=2"]);
    for filter in [
        "blob:none",
        "tree:2",
        "blob:limit=1k",
        "sparse:oid=main:lines",
    ] {
        let name = filter.replace([':', '='], "-");
        let option = format!("--filter={filter}");
        let clone = pushed.clone(&name, &["--no-checkout", "--no-local", &option]);
        // Missing objects are fetched one at a time.
        clone.run(&["checkout", "--quiet", "main"]);
        assert_eq!(clone.run(&["status", "--porcelain"]), "");
    }

    // A thin delta on a cold base, a tag of a cold commit, a branch at an old one.
    let worker = pushed.clone("worker", &[]);
    worker.write("lines", lines(9));
    worker.commit("on cold ground");
    worker.run(&["tag", "-a", "-m", "old", "old", "HEAD~3"]);
    worker.run(&[
        "push",
        "--quiet",
        "origin",
        "HEAD",
        "old",
        "HEAD~5:refs/heads/back",
    ]);
    let again = pushed.clone("again", &["--mirror"]);
    assert_eq!(
        again.run(&["rev-parse", "main"]),
        worker.run(&["rev-parse", "HEAD"])
    );
    // Deltas on cold bases are sent whole to a client that lacks the base, and as deltas else.
    pushed
        .source
        .run(&["fetch", "--quiet", &pushed.hosted.url(), "main"]);
    pushed.source.run(&["fsck", "--no-dangling"]);
}

#[test]
fn a_ready_clone_is_served_in_both_protocols_until_refs_move_on() {
    let mut change = at_once();
    change["ready_bytes_min"] = json!(0);
    change["cold_bytes_min"] = json!(1_u64 << 40);
    change["settle_seconds"] = json!(3600);
    let pushed = pushed(server(), "ready", &change);
    let ordinary = [pushed.fetch(2), pushed.fetch(0)];
    assert!(!ordinary.iter().any(is_ready), "nothing is ready yet");
    pushed.settle_after(0);
    pushed.maintain();
    let ready = [pushed.fetch(2), pushed.fetch(0)];
    assert!(ready.iter().all(is_ready));
    assert!(ready[0].body.starts_with(b"000dpackfile\n"));
    assert!(ready[1].body.starts_with(b"0008NAK\n"));
    assert_eq!(ready[0].body[13..], ready[1].body[8..]);
    let bytes = pushed.stats()["ready_clone_bytes"].as_u64().unwrap();
    assert_eq!(ready[0].body.len() as u64, bytes + 13);
    for (name, options) in [
        ("two", ["-c", "protocol.version=2"]),
        ("none", ["-c", "protocol.version=0"]),
    ] {
        let clone = pushed.clone(name, &[&options[..], &["--mirror"]].concat());
        refs_equal(&clone, &pushed.source);
    }

    pushed.settle_after(3600);
    pushed.source.write("one", "more");
    pushed.source.commit("refs move on");
    pushed
        .source
        .run(&["push", "--quiet", "--mirror", &pushed.hosted.url()]);
    assert!(
        !is_ready(&pushed.fetch(2)),
        "what is ready is not what is asked for"
    );
    let clone = pushed.clone("newer", &["--mirror"]);
    refs_equal(&clone, &pushed.source);
    pushed.settle_after(0);
    pushed.maintain();
    assert!(is_ready(&pushed.fetch(2)));
    let clone = pushed.clone("newest", &["--mirror"]);
    refs_equal(&clone, &pushed.source);

    // Shallow and filtered clones are not the ready clone.
    let shallow = pushed.clone("shallow", &["--depth=1"]);
    assert_eq!(shallow.run(&["rev-list", "--count", "HEAD"]), "1");
}

/// The answers to the fetches of a repository as the log tells them, in order: whether each came from the
/// ready clone. (Requests for refs alone look at no pack.)
fn answered_ready(server: &Server, repository: &str, fetches: usize) -> Vec<bool> {
    let of = |lines: &[Value]| -> Vec<bool> {
        let fetches = lines.iter().filter(|line| {
            line["repository"] == repository
                && line["route"] == "/git/:ns/:repo/git-upload-pack"
                && (line["ready"] == true || line["packs"] != 0)
        });
        fetches.map(|line| line["ready"] == true).collect()
    };
    of(&server.request_lines(|lines| of(lines).len() >= fetches))
}

/// Commands that people type: each gets the ready clone, in any form that git sends for it.
#[test]
fn git_gets_the_ready_clone_however_it_clones() {
    let server = Server::start();
    let mut change = at_once();
    change["ready_bytes_min"] = json!(0);
    let pushed = pushed(&server, "typed", &change);
    let url = pushed.hosted.url();
    // Refs that lead to nothing new, as those of merged pull requests do.
    let pull = "main~1:refs/pull/1/head";
    pushed.source.run(&["push", "--quiet", &url, pull]);
    pushed.maintain();
    let ways: [&[&str]; 6] = [
        &[],
        &["--bare"],
        &["--mirror"],
        &["--no-checkout", "--progress"],
        &["--no-tags", "--no-checkout"],
        &["--no-checkout", "--origin=upstream"],
    ];
    let mut clones = 0;
    let mut got_ready = |what: &str| {
        clones += 1;
        let answers = answered_ready(&server, "typed", clones);
        assert!(answers.iter().all(|ready| *ready), "{what}: {answers:?}");
    };
    for version in ["2", "0"] {
        let protocol = format!("protocol.version={version}");
        for (number, options) in ways.iter().enumerate() {
            let options = [&["-c", protocol.as_str()], *options].concat();
            let clone = pushed.clone(&format!("clone-{number}-v{version}"), &options);
            got_ready(&format!("{options:?}"));
            let commits = |git: &Git| git.run(&["rev-list", "--all", "--count"]);
            assert_eq!(commits(&clone), commits(&pushed.source), "{options:?}");
        }
        // As CI does it.
        let empty = pushed.scratch.repository(&format!("empty-v{version}"));
        let empty = empty.config("protocol.version", version);
        empty.run(&["remote", "add", "origin", &url]);
        empty.run(&["fetch", "--quiet", "origin"]);
        got_ready("a fetch into an empty repository");
        empty.fsck_strict();
        let tags = |git: &Git| git.run(&["tag", "--list"]);
        assert_eq!(tags(&empty), tags(&pushed.source), "tags follow");
    }
}

/// One branch of several is less than the ready clone, and the only branch there is is all of it.
#[test]
fn a_clone_of_one_branch_is_ready_if_there_is_no_other() {
    let server = Server::start();
    let mut change = at_once();
    change["ready_bytes_min"] = json!(0);
    let pushed = pushed(&server, "several", &change);
    pushed.maintain();
    pushed.clone("one-of-several", &["--single-branch"]);
    assert_eq!(answered_ready(&server, "several", 1), [false]);

    let only = pushed.rest.create_repository("snapshots", "only");
    pushed.rest.patch(&only.path(""), &change).result(200);
    let source = &pushed.source;
    source.run(&["tag", "-a", "-m", "a tag", "on-main", "main~1"]);
    source.run(&["push", "--quiet", &only.url(), "main", "on-main"]);
    let snapshot = json!({ "task": "snapshot" });
    pushed
        .rest
        .post(&only.path("/maintenance"), &snapshot)
        .result(200);
    let clone = pushed
        .scratch
        .clone(&only.url(), "only", &["--single-branch"]);
    clone.fsck_strict();
    assert_eq!(clone.run(&["tag", "--list"]), "on-main");
    assert_eq!(answered_ready(&server, "only", 1), [true]);
    // A branch with a history of its own, which nobody else has.
    source.run(&["checkout", "--quiet", "--orphan", "apart"]);
    source.commit("apart");
    source.run(&["push", "--quiet", &only.url(), "apart"]);
    pushed
        .rest
        .post(&only.path("/maintenance"), &snapshot)
        .result(200);
    pushed.scratch.clone(
        &only.url(),
        "main-only",
        &["--single-branch", "--branch=main"],
    );
    pushed.scratch.clone(&only.url(), "everything", &[]);
    assert_eq!(answered_ready(&server, "only", 3), [true, false, true]);
}

#[test]
fn extensions_of_fetch_do_not_prevent_the_ready_clone() {
    let extensions = ("CAIRN_FETCH_EXTENSIONS", "ref-in-want, sideband-all");
    let server = Server::start_with(&[extensions]);
    let mut change = at_once();
    change["ready_bytes_min"] = json!(0);
    let pushed = pushed(&server, "extended", &change);
    pushed.maintain();
    let clone = pushed.clone("clone", &["--mirror"]);
    refs_equal(&clone, &pushed.source);
    assert_eq!(answered_ready(&server, "extended", 1), [true]);
}

#[test]
fn a_ready_clone_is_made_of_cold_packs_too() {
    let mut change = at_once();
    change["ready_bytes_min"] = json!(0);
    let pushed = pushed(server(), "ready-cold", &change);
    pushed.maintain();
    assert_eq!(pushed.stats()["packs"]["cold"], 3);
    assert!(is_ready(&pushed.fetch(2)));
    let clone = pushed.clone("clone", &["--mirror"]);
    refs_equal(&clone, &pushed.source);
}

#[test]
fn a_pack_that_r2_has_lost_is_named_and_nothing_is_corrupt() {
    let mut server = Server::start();
    let mut change = at_once();
    change["ready_bytes_min"] = json!(0);
    let mut pushed = pushed(&server, "lost", &change);
    pushed.maintain();
    assert!(is_ready(&pushed.fetch(2)));
    server.restart_after(|state| std::fs::remove_dir_all(state.join("data/r2")).unwrap());
    pushed.rest = server.rest();

    // The ready clone is derived: without it the ordinary way is tried.
    let said = pushed.fetch(2).text();
    assert!(
        said.contains("ERR upload-pack: r2: object packs/"),
        "{said}"
    );
    assert_eq!(pushed.stats()["ready_clone_bytes"], Value::Null);
    let git = pushed.scratch.git();
    let url = pushed.hosted.url();
    for version in ["2", "0"] {
        let protocol = format!("protocol.version={version}");
        let clone = ["-c", &protocol, "clone", "--quiet", &url, "broken"];
        let said = git.fails(&clone);
        assert!(said.contains("r2: object packs/"), "{said}");
        assert!(said.contains("is missing"), "{said}");
    }
    let said = git.fails(&["clone", "--quiet", "--filter=tree:2", &url, "broken"]);
    assert!(said.contains("is missing"), "{said}");

    // A push that needs the bytes is refused; one that does not is taken.
    let source = &pushed.source;
    source.write("lines", lines(5));
    source.commit("a thin delta");
    let said = source.fails(&["push", "--quiet", &url, "main"]);
    assert!(said.contains("is missing"), "{said}");
    source.run(&["push", "--quiet", &url, "main~1:refs/heads/known"]);
}

#[test]
fn maintenance_and_its_settings_are_checked() {
    let rest = server().rest();
    let hosted = rest.create_repository("snapshots", "checked");
    let path = hosted.path("/maintenance");
    let task = json!({ "task": "snapshot" });
    assert_eq!(rest.post(&path, &task).result(200), json!({}));
    rest.post(&path, &json!({ "task": "nonsense" }))
        .error_code(400);
    rest.with_bearer(&hosted.token)
        .post(&path, &task)
        .error_code(403);
    rest.patch(&hosted.path(""), &json!({ "settle_seconds": -1 }))
        .error_code(400);
    rest.patch(&hosted.path(""), &json!({ "cold_bytes_min": "1" }))
        .error_code(400);
    let secured = rest.post(&path, &json!({ "task": "secure" })).result(200);
    assert_eq!(secured, json!({ "packs": [], "bytes": 0, "objects": 0 }));
}
