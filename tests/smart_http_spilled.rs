//! Pushes of more entries than memory keeps: the others go to scratch rows of the database.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

use cairn_test_support as support;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use support::databases::database_of;
use support::git::{Git, refs_equal};
use support::rest::Hosted;
use support::scratch::Scratch;
use support::server::Server;
use support::wait::until_true;

/// Commits, and files of each. With trees these are 170,680 objects; 131,072 entries stay in memory.
const COMMITS: usize = 340;
const FILES: usize = 500;

/// How long a push may take until it needs scratch.
const PATIENCE: Duration = Duration::from_mins(2);

/// A history of many small files, a new folder in each commit.
fn history(scratch: &Scratch) -> Git {
    let source = scratch.repository("source");
    let mut stream = String::new();
    for commit in 0..COMMITS {
        let time = 1_700_000_000 + commit;
        let _ = write!(
            stream,
            "commit refs/heads/main\ncommitter A <a@example.com> {time} +0000\ndata 2\nx\n"
        );
        for file in 0..FILES {
            // Long enough that git makes it a delta of another.
            let words = "the same words stand in every file of this history, ".repeat(2);
            let content = format!("{words}and behind them {commit} {file}\n");
            let length = content.len();
            let _ = write!(
                stream,
                "M 100644 inline d{commit}/f{file}\ndata {length}\n{content}\n"
            );
        }
    }
    source.run_with(&["fast-import", "--quiet"], stream.as_bytes());
    source
}

fn database(state: &Path, name: &str) -> Connection {
    let find = "SELECT 1 FROM repository WHERE name = ?1";
    database_of(state, "RepoDo", find, name)
}

fn count(database: &Connection, sql: &str) -> i64 {
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn packs(server: &Server, hosted: &Hosted) -> Value {
    let stats = server.rest().get(&hosted.path("/stats")).result(200);
    stats["packs"].clone()
}

fn maintain(server: &Server, hosted: &Hosted, task: &str) -> Value {
    let route = hosted.path("/maintenance");
    let done = server.rest().post(&route, &json!({ "task": task }));
    done.result(200)
}

/// A history of one line with so many commits, all of which have the empty tree.
fn line(scratch: &Scratch, commits: usize) -> Git {
    let source = scratch.repository("source");
    let mut stream = String::new();
    for commit in 0..commits {
        let time = 1_700_000_000 + commit;
        let _ = write!(
            stream,
            "commit refs/heads/main\ncommitter A <a@example.com> {time} +0000\ndata 2\nx\n"
        );
    }
    source.run_with(&["fast-import", "--quiet"], stream.as_bytes());
    source
}

/// Pushes, and ends the server once there are so many packs in quarantine: the pack and scratch. Nobody sees
/// any part of the push, and its rows go with the next maintenance.
fn kill_a_push(server: &mut Server, (hosted, name): (&Hosted, &str), source: &Git) {
    let database = database(server.state(), name);
    let mut push = source
        .command(&["push", "-q", &hosted.url(), "main"])
        .spawn()
        .unwrap();
    let quarantined = "SELECT count(*) FROM pack WHERE state = 'quarantine'";
    until_true("scratch", PATIENCE, || count(&database, quarantined) == 2);
    drop(database);
    server.crash();
    assert!(!push.wait().unwrap().success());

    assert_eq!(source.run(&["ls-remote", &hosted.url()]), "");
    assert_eq!(packs(server, hosted)["live"], 0);
    maintain(server, hosted, "run");
    let left = packs(server, hosted);
    assert_eq!(
        (&left["quarantined"], &left["chunk_rows"]),
        (&json!(0), &json!(0))
    );
}

/// Pushes, verifies and clones.
fn push_whole(server: &Server, hosted: &Hosted, (scratch, source): (&Scratch, &Git)) {
    source.run(&["push", "-q", &hosted.url(), "main"]);
    let done = packs(server, hosted);
    assert_eq!(
        (&done["live"], &done["quarantined"]),
        (&json!(1), &json!(0))
    );
    let verified = maintain(server, hosted, "verify");
    assert_eq!(verified["ok"], true, "{verified}");
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(source, &clone);
}

#[test]
fn a_push_that_is_killed_leaves_no_scratch_that_counts_and_succeeds_the_second_time() {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("spilled", "killed");
    let scratch = Scratch::new();
    let source = history(&scratch);
    kill_a_push(&mut server, (&hosted, "killed"), &source);
    push_whole(&server, &hosted, (&scratch, &source));
}

/// More commits than the tables of a graph keep in memory, and fewer objects than entries stay there: the
/// scratch is that of the check.
#[test]
fn a_push_of_very_many_commits_is_killed_made_again_told_verified_and_rebuilt() {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("spilled", "commits");
    let scratch = Scratch::new();
    let source = line(&scratch, 120_000);
    kill_a_push(&mut server, (&hosted, "commits"), &source);
    push_whole(&server, &hosted, (&scratch, &source));

    // The event was told from the graph that was not stored yet.
    let events = server.rest().get(&hosted.path("/events?limit=100"));
    let events = events.result(200);
    let of_push = |event: &&Value| event["payload"]["totalCommitsCount"] == 120_000;
    let event = events.as_array().unwrap().iter().find(of_push).unwrap();
    let told = event["payload"]["commits"].as_array().unwrap();
    let newest = source.run(&["rev-list", "-20", "--reverse", "main"]);
    let told: Vec<&str> = told
        .iter()
        .filter_map(|commit| commit["id"].as_str())
        .collect();
    assert_eq!(told, newest.lines().collect::<Vec<_>>());

    // The parts that are made again equal the stored ones.
    let rebuilt = maintain(&server, &hosted, "rebuild");
    assert_eq!(rebuilt["bytes"], 0, "{rebuilt}");
    let left = packs(&server, &hosted);
    assert_eq!(
        (&left["live"], &left["quarantined"]),
        (&json!(1), &json!(0))
    );
}
