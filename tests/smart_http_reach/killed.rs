//! A server that is killed in the middle of a purge: after a start nothing is lost, and a repeated
//! purge finishes.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::faces::Faces;
use super::purge::files_with;
use super::rewritten::Objects;
use super::support::git::{Git, refs_equal};
use super::support::history::noise;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::{ADMIN_KEY, Server};

/// How far a purge has come when the server is killed, as the repository's database shows it; `?1` is
/// the last pack from before.
const MOMENTS: [(&str, &str); 6] = [
    ("it was asked for", "SELECT ?1 >= 0"),
    (
        "the reflog is marked",
        "SELECT purged_reflog_seq > 0 AND ?1 >= 0 FROM repository",
    ),
    (
        "a pack is begun",
        "SELECT EXISTS (SELECT 1 FROM pack WHERE pack_id > ?1)",
    ),
    (
        "a pack is replaced",
        "SELECT EXISTS (SELECT 1 FROM pack WHERE pack_id > ?1 AND state = 'live')",
    ),
    (
        "what was replaced is gone",
        "SELECT EXISTS (SELECT 1 FROM pack WHERE pack_id > ?1 AND state = 'live')
            AND NOT EXISTS (SELECT 1 FROM pack WHERE state <> 'live')",
    ),
    (
        "the ready clone is forgotten",
        "SELECT ?1 >= 0 AND NOT EXISTS (SELECT 1 FROM ready_clone)",
    ),
];

/// A repository with some packs in R2, a secret in them that no ref reaches, and a ready clone.
fn rewritten(rest: &Rest, work: &Git, name: &str) -> Hosted {
    let hosted = rest.create_repository("killed", name);
    let settings = json!({
        "settle_seconds": 0, "ready_bytes_min": 0, "cold_after_seconds": 0, "cold_bytes_min": 0,
    });
    rest.patch(&hosted.path(""), &settings).result(200);
    for refspec in ["first:main", "removed:main", "+mended:main"] {
        work.run(&["push", "--quiet", &hosted.url(), refspec]);
        task(rest, &hosted, "snapshot");
    }
    hosted
}

fn task(rest: &Rest, hosted: &Hosted, task: &str) -> Value {
    let body = json!({ "task": task });
    rest.post(&hosted.path("/maintenance"), &body).result(200)
}

/// The database of the repository of this name.
fn database(state: &Path, name: &str) -> PathBuf {
    let folder = std::fs::read_dir(state.join("data/do/-RepoDo")).unwrap();
    let files = folder.map(|file| file.unwrap().path());
    let is_its = |file: &PathBuf| {
        let found = ask::<String>(file, "SELECT name FROM repository WHERE ?1 = 0", 0);
        found.is_some_and(|found| found == name)
    };
    let mut files = files.filter(|file| file.extension().is_some_and(|end| end == "sqlite"));
    files.find(is_its).expect("it has a database")
}

/// Asks a database that the server uses; nothing if it cannot be asked now.
fn ask<T: rusqlite::types::FromSql>(file: &Path, sql: &str, number: i64) -> Option<T> {
    let tables = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    tables.query_row(sql, [number], |row| row.get(0)).ok()
}

/// Purges, and kills the server as soon as the purge has come so far; whether it was under way then.
fn kill_in_a_purge(server: &mut Server, hosted: &Hosted, moment: &str) -> bool {
    let file = database(server.state(), &hosted.name);
    let last = "SELECT max(pack_id) FROM pack WHERE ?1 = 0";
    let last: i64 = ask(&file, last, 0).expect("it has packs");
    let (url, path) = (server.url(), hosted.path("/purge-unreachable"));
    let purging = std::thread::spawn(move || {
        // The answer may be cut off, and the client then panics: nobody asks for it.
        let asked = || Rest::new(&url, Some(ADMIN_KEY)).post(&path, &json!({}));
        drop(catch_unwind(asked));
    });
    while !purging.is_finished() && ask(&file, moment, last) != Some(true) {
        std::thread::yield_now();
    }
    let is_under_way = !purging.is_finished();
    server.crash();
    purging.join().unwrap();
    is_under_way
}

#[test]
fn a_purge_that_is_killed_loses_nothing_and_finishes_when_repeated() {
    let (mut server, scratch) = (Server::start(), Scratch::new());
    let work = scratch.repository("work");
    let secret = noise(11, 300_000);
    let (before, after) = (&secret[..100_000], &secret[200_000..]);
    work.write("readme", "for everybody\n");
    work.write("kept", noise(12, 300_000));
    work.commit("first");
    work.run(&["branch", "first"]);
    work.write("config", &secret);
    work.commit("a mistake");
    let removed = Objects::at_head(&work, "config", "removed");
    work.run(&["tag", "-d", "removed"]);
    work.run(&["branch", "removed"]);
    work.run(&["reset", "--quiet", "--hard", "first"]);
    // A delta whose base has the secret.
    work.write("config", [before, after].concat());
    work.commit("mended");
    work.run(&["branch", "mended"]);
    let expected = work.run(&["rev-parse", "mended"]);

    let mut under_way = 0;
    for (number, (what, moment)) in MOMENTS.into_iter().enumerate() {
        let name = format!("repo-{number}");
        let hosted = rewritten(&server.rest(), &work, &name);
        if kill_in_a_purge(&mut server, &hosted, moment) {
            under_way += 1;
        }
        let rest = server.rest();
        let interrupted = scratch.clone(&hosted.url(), &format!("{name}-killed"), &["--mirror"]);
        interrupted.fsck_strict();
        assert_eq!(interrupted.run(&["rev-parse", "main"]), expected, "{what}");

        let path = hosted.path("/purge-unreachable");
        rest.post(&path, &json!({})).result(200);
        let verified = task(&rest, &hosted, "verify");
        assert_eq!(verified["ok"], true, "{what}: {verified}");
        let stats = rest.get(&hosted.path("/stats")).result(200);
        assert_eq!(stats["packs"]["superseded"], 0, "{what}: {stats}");
        assert_eq!(stats["packs"]["quarantined"], 0, "{what}: {stats}");
        let faces = Faces {
            rest: rest.with_bearer(&hosted.token),
            hosted: &hosted,
            url: hosted.url(),
        };
        faces.give_nothing_of(&scratch, what, &removed);
        let clone = scratch.clone(&hosted.url(), &name, &["--mirror"]);
        clone.fsck_strict();
        refs_equal(&interrupted, &clone);
    }
    assert!(under_way >= 4, "only {under_way} purges were under way");

    server.restart();
    // SQLite writes over its log in time.
    let mut left = files_with(server.state(), &secret[150_000..150_100]);
    left.retain(|path| path.extension().is_none_or(|name| name != "sqlite-wal"));
    assert!(left.is_empty(), "{left:?}");
}
