//! A server that is killed while commits, merges and cherry-picks are made by REST: each of them is
//! done whole or not at all, and the broken ones leave nothing.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection;
use ureq::http::Method;

use super::support::databases::database_of;
use super::support::git::Git;
use super::support::history::noise;
use super::support::server::Server;
use super::support::wait::{until, until_true};
use super::{Hosted, Rest, Scratch, Value, json};

/// Branches that are merged and picked, each with a change of its own.
const TOPICS: usize = 5;

/// Writes to each branch.
const WRITES: usize = TOPICS;

/// Writes of one small file, which are over before anything can be seen of them.
const SMALL_WRITES: usize = 30;

const KILLS: usize = 4;

/// The time within which a server that was killed must answer again.
const PATIENCE: Duration = Duration::from_secs(90);

/// Lines that are hardly compressed, so that a pack with the text is longer than a chunk and is seen
/// in quarantine before its ref moves.
fn lines(seed: u64, count: usize) -> Vec<String> {
    let bytes = noise(seed, count * 48);
    let line = |bytes: &[u8]| STANDARD.encode(bytes) + "\n";
    bytes.chunks(48).map(line).collect()
}

/// `main` with a text, and `topic-N` with another line of it each, pushed.
fn push_topics(work: &Git, hosted: &Hosted) {
    let mut text = lines(1, 10_000);
    work.write("text", text.concat());
    work.commit("first");
    for topic in 0..TOPICS {
        let name = format!("topic-{topic}");
        work.run(&["checkout", "--quiet", "-b", &name, "main"]);
        let before = std::mem::replace(&mut text[topic * 1000], format!("of {name}\n"));
        work.write("text", text.concat());
        work.commit(&name);
        text[topic * 1000] = before;
    }
    work.run(&["push", "--quiet", "--all", &hosted.url()]);
    for branch in ["merged", "picked", "written", "small"] {
        let refspec = format!("main:refs/heads/{branch}");
        work.run(&["push", "--quiet", &hosted.url(), &refspec]);
    }
}

/// A fork with a chain of commits; each brings noise.
fn push_chain(work: &Git, fork: &Hosted) {
    work.run(&["checkout", "--quiet", "-b", "chain", "main"]);
    for number in 0..WRITES {
        work.write("brought", noise(100 + number as u64, 400_000));
        work.commit(&format!("brought {number}"));
        let refspec = format!("chain:refs/heads/chain-{number}");
        work.run(&["push", "--quiet", &fork.url(), &refspec]);
    }
}

/// One request, to be sent until it is answered.
struct Write {
    route: &'static str,
    content_type: &'static str,
    body: Vec<u8>,
}

impl Write {
    fn json(route: &'static str, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        let content_type = "application/json";
        Self {
            route,
            content_type,
            body,
        }
    }

    /// A commit of half a megabyte, line by line.
    fn of_lines(number: usize) -> Self {
        let content = STANDARD.encode(noise(200 + number as u64, 500_000));
        let metadata = json!({"metadata": {"branch": "written", "message": format!("written {number}"),
            "files": [{"path": "noise", "content_id": "1"}]}});
        let chunk = json!({"chunk": {"content_id": "1", "data": content, "eof": true}});
        Self {
            route: "/commits",
            content_type: "application/x-ndjson",
            body: format!("{metadata}\n{chunk}\n").into_bytes(),
        }
    }
}

/// The writes to each branch, in order.
fn writes(fork: &Hosted) -> Vec<(&'static str, Vec<Write>)> {
    let of = |count: usize, write: &dyn Fn(usize) -> Write| (0..count).map(write).collect();
    let merge = |number| {
        let topic = format!("topic-{number}");
        let message = format!("merged {number}");
        Write::json(
            "/merge",
            &json!({"into": "merged", "from": topic, "message": message}),
        )
    };
    let pick = |number| {
        let commits = [format!("topic-{number}")];
        Write::json(
            "/cherry-pick",
            &json!({"commits": commits, "onto": "picked"}),
        )
    };
    let bring = |number| {
        let repository = format!("{}/{}", fork.namespace, fork.name);
        let from = json!({"repository": repository, "ref": format!("chain-{number}")});
        Write::json(
            "/merge",
            &json!({"into": "main", "from": from, "strategy": "ff_only"}),
        )
    };
    let small = |number| {
        let files = json!([{"path": format!("f{number}"), "content": "x"}]);
        let message = format!("small {number}");
        Write::json(
            "/commits",
            &json!({"branch": "small", "message": message, "files": files}),
        )
    };
    vec![
        ("merged", of(WRITES, &merge)),
        ("picked", of(WRITES, &pick)),
        ("main", of(WRITES, &bring)),
        ("written", of(WRITES, &Write::of_lines)),
        ("small", of(SMALL_WRITES, &small)),
    ]
}

/// The state that the threads share.
struct Shared<'a> {
    client: Rest,
    hosted: &'a Hosted,
    done: AtomicUsize,
    /// Requests that were done although their first answer was lost.
    replayed: AtomicUsize,
    is_over: AtomicBool,
}

impl Shared<'_> {
    /// Sends each write with a key of its own until it is answered; the heads that were acknowledged.
    fn write_all(&self, branch: &str, writes: &[Write]) -> Vec<String> {
        let heads = writes.iter().enumerate();
        heads
            .map(|(number, write)| self.write(&format!("{branch}-{number}"), write))
            .collect()
    }

    fn write(&self, key: &str, write: &Write) -> String {
        let path = self.hosted.path(write.route);
        let headers = [
            ("Content-Type", write.content_type),
            ("Idempotency-Key", key),
        ];
        until(&format!("an answer to {key}"), PATIENCE, || {
            assert!(!self.is_over.load(Ordering::SeqCst), "another one failed");
            let sent = self
                .client
                .try_send(Method::POST, &path, &headers, &write.body);
            let answer = match sent {
                Ok(answer) if answer.status < 500 => answer,
                _ => return None,
            };
            let made = answer.result(201);
            if !answer.header("idempotent-replayed").is_empty() {
                self.replayed.fetch_add(1, Ordering::SeqCst);
            }
            self.done.fetch_add(1, Ordering::SeqCst);
            let head = made.get("newHead").unwrap_or(&made["commit"]);
            Some(head.as_str().unwrap().to_owned())
        })
    }
}

/// Whether a pack of an unfinished write is there now.
fn is_in_quarantine(database: &Connection) -> bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM pack WHERE state = 'quarantine')";
    database
        .query_row(sql, (), |row| row.get(0))
        .unwrap_or(false)
}

/// Kills the server now and then, every other time as soon as something is in quarantine; how often
/// that was so.
fn kill_now_and_then(shared: &Shared<'_>, server: &mut Server, all: usize) -> usize {
    let mut met = 0;
    for kill in 0..KILLS {
        let enough = all * (kill + 1) / (KILLS + 2);
        until_true("the writers go on", PATIENCE, || {
            shared.done.load(Ordering::SeqCst) >= enough
        });
        if kill.is_multiple_of(2) {
            let database = database(server, shared.hosted);
            let has_ended = || shared.done.load(Ordering::SeqCst) >= all;
            while !is_in_quarantine(&database) && !has_ended() {
                thread::yield_now();
            }
            met += usize::from(!has_ended());
        }
        server.crash();
    }
    met
}

fn database(server: &Server, hosted: &Hosted) -> Connection {
    let find = "SELECT 1 FROM repository WHERE name = ?1";
    database_of(server.state(), "RepoDo", find, &hosted.name)
}

/// Sends everything while the server is killed; gives the acknowledged writes, by branch, and the number of
/// kills that met a pack in quarantine.
fn storm(
    shared: &Shared<'_>,
    server: &mut Server,
    writes: &[(&'static str, Vec<Write>)],
) -> (Vec<(&'static str, Vec<String>)>, usize) {
    let all = writes.iter().map(|(_, writes)| writes.len()).sum();
    thread::scope(|scope| {
        let threads: Vec<_> = writes
            .iter()
            .map(|(branch, writes)| {
                scope.spawn(move || (*branch, shared.write_all(branch, writes)))
            })
            .collect();
        let killed = catch_unwind(AssertUnwindSafe(|| kill_now_and_then(shared, server, all)));
        shared.is_over.store(killed.is_err(), Ordering::SeqCst);
        let heads = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        let met = killed.unwrap_or_else(|failure| resume_unwind(failure));
        (heads, met)
    })
}

/// Rows that belong to no pack, as the database itself has them.
fn orphans(database: &Connection) -> i64 {
    let sql = "SELECT
        (SELECT count(*) FROM pack_chunk WHERE (chunk_key >> 20) NOT IN (SELECT pack_id FROM pack)) +
        (SELECT count(*) FROM pack_part WHERE (part_key >> 20) NOT IN (SELECT pack_id FROM pack))";
    database.query_row(sql, (), |row| row.get(0)).unwrap()
}

#[test]
fn every_acknowledged_write_survives_kills_and_is_done_once() {
    let mut server = Server::start_with(&[("CAIRN_RATE_REQUESTS", "0")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let hosted = rest.create_repository("killed", "repository");
    let work = scratch.repository("work");
    push_topics(&work, &hosted);
    let fork = rest.post(&hosted.path("/fork"), &json!({"name": "fork"}));
    let fork = Hosted::made("killed", &fork);
    push_chain(&work, &fork);
    let reflog_rows = |server: &Server| {
        let stats = server.rest().get(&hosted.path("/stats")).result(200);
        stats["reflog_rows"].as_u64().unwrap()
    };
    let rows_before = reflog_rows(&server);

    let writes = writes(&fork);
    let shared = Shared {
        client: rest,
        hosted: &hosted,
        done: AtomicUsize::new(0),
        replayed: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
    };
    let (acknowledged, met) = storm(&shared, &mut server, &writes);
    let replayed = shared.replayed.load(Ordering::SeqCst);
    println!("{met} kills met a pack in quarantine, {replayed} writes were done without an answer");
    assert!(
        met >= KILLS / 3,
        "only {met} kills met a pack in quarantine"
    );

    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    let mut made = 0;
    for (branch, heads) in &acknowledged {
        let history = clone.run(&["rev-list", "--first-parent", "--reverse", branch]);
        let history: Vec<_> = history.lines().collect();
        // The first is from before. The others are those that were asked for, in order and once.
        assert_eq!(history[1..], *heads, "{branch}");
        made += heads.len();
    }
    assert_eq!(reflog_rows(&server), rows_before + made as u64);

    let maintain = |task: &str| {
        let path = hosted.path("/maintenance");
        let answer = server.rest().post(&path, &json!({ "task": task }));
        answer.result(200)
    };
    maintain("run");
    let verified = maintain("verify");
    assert_eq!(verified["ok"], true, "{verified}");
    let stats = server.rest().get(&hosted.path("/stats")).result(200);
    assert_eq!(stats["packs"]["quarantined"], 0, "{stats}");
    assert_eq!(orphans(&database(&server, &hosted)), 0);
    let after = scratch.clone(&hosted.url(), "after", &["--mirror"]);
    after.fsck_strict();
    super::support::git::refs_equal(&clone, &after);
}
