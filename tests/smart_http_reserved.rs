//! An operation holds no more memory than it reserved. Else many of them would each be let in, and fill the isolate together.
//!
//! The heap never shrinks, so each operation meets a server that was just started. Then the heap shows the most that was
//! held, and `reserved_bytes_peak` the most that was reserved.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]
#![allow(clippy::print_stdout, reason = "the figures, for `--nocapture`")]

use cairn_test_support as support;

use std::time::Duration;

use serde_json::{Value, json};
use support::git::Git;
use support::history::History;
use support::rest::Hosted;
use support::scratch::Scratch;
use support::server::Server;
use support::wait::until_true;

/// KiB that an operation may hold without a reservation: for small requests and answers, holes that the
/// allocator leaves, and graphs and answers that stay for the next request.
const FREE_KIB: u64 = 2_600;

#[test]
fn no_operation_holds_more_than_it_reserved() {
    measured(2_000, 300);
}

#[test]
fn no_operation_on_a_larger_repository_holds_more_than_it_reserved() {
    measured(8_000, 1_500);
}

#[test]
#[ignore = "takes minutes"]
fn no_operation_on_half_a_million_objects_holds_more_than_it_reserved() {
    measured(130_000, 12_000);
}

fn measured(commits: u32, paths: u32) {
    let mut story = Story::begin(commits, paths);
    story.measure("push", |story| drop(story.push("--all")));
    story.source.write("notes.txt", "one line\n");
    let tip = story.source.commit("one more");
    story.measure("push of one commit", |story| drop(story.push("main")));
    for (name, options) in [
        ("clone", &[][..]),
        ("clone --depth=1", &["--depth=1"]),
        ("clone --depth=100", &["--depth=100"]),
        (
            "clone --filter=blob:none",
            &["--filter=blob:none", "--no-checkout"],
        ),
        (
            "clone --filter=tree:0",
            &["--filter=tree:0", "--no-checkout"],
        ),
    ] {
        story.measure(name, |story| {
            let place = Scratch::new();
            place.clone(&story.hosted.url(), "clone", options);
        });
    }
    for route in [
        "/log?limit=50",
        "/log?limit=50&path=notes.txt",
        "/file?path=notes.txt",
        &format!("/tree/{tip}?last_commit=true"),
        "/blame/main/notes.txt",
        "/grep?pattern=one",
        "/archive/main.tar.gz",
        "/archive/main.zip",
    ] {
        story.measure(route, |story| drop(story.get(route)));
    }
    story.measure("fork", |story| {
        let path = story.hosted.path("/fork");
        story
            .server
            .rest()
            .post(&path, &json!({ "name": "copy" }))
            .result(201);
    });
    story.measure("import", Story::import);
    for task in ["verify", "rebuild", "run", "secure"] {
        story.measure(task, |story| {
            let path = story.hosted.path("/maintenance");
            story
                .server
                .rest()
                .post(&path, &json!({ "task": task }))
                .result(200);
        });
    }
    story.measure("ready clone", |story| {
        let place = Scratch::new();
        place.clone(&story.hosted.url(), "clone", &["--mirror"]);
    });
    story.end();
}

/// One server's state, the repository in it, and the findings.
struct Story {
    server: Server,
    source: Git,
    hosted: Hosted,
    /// `/stats` of this one costs next to nothing.
    empty: Hosted,
    idle_kib: u64,
    over: Vec<String>,
    _scratch: Scratch,
}

impl Story {
    fn begin(commits: u32, paths: u32) -> Self {
        // Nothing is copied to R2 in the middle of an operation.
        let server = Server::start_with(&[
            ("CAIRN_SETTLE_SECONDS", "86400"),
            ("CAIRN_IMPORT_ALLOW_PRIVATE", "true"),
        ]);
        let (rest, scratch) = (server.rest(), Scratch::new());
        let source = scratch.repository("source");
        History {
            commits,
            paths,
            ..History::small(12)
        }
        .make(&source);
        let mut story = Self {
            hosted: rest.create_repository("heap", "repository"),
            empty: rest.create_repository("heap", "empty"),
            source,
            server,
            idle_kib: 0,
            over: Vec::new(),
            _scratch: scratch,
        };
        story.server.restart();
        story.idle_kib = kib(&story.isolate(), "heap_bytes");
        story
    }

    fn push(&self, what: &str) -> String {
        self.source
            .run(&["push", "--quiet", &self.hosted.url(), what])
    }

    fn get(&self, route: &str) -> Vec<u8> {
        let answer = self.server.rest().get(&self.hosted.path(route));
        assert_eq!(answer.status, 200, "{route}: {}", answer.text());
        answer.body
    }

    /// From this server to itself: the memory of both sides is in one isolate.
    fn import(&self) {
        let rest = self.server.rest();
        let imported = "/api/v1/namespaces/heap/repos/imported";
        let body =
            json!({ "url": self.hosted.remote, "username": "x", "password": self.hosted.token });
        rest.post(&format!("{imported}/import"), &body).result(201);
        until_true("the import is done", Duration::from_mins(5), || {
            rest.get(imported).result(200)["status"] == "ready"
        });
    }

    fn isolate(&self) -> Value {
        let stats = self
            .server
            .rest()
            .get(&self.empty.path("/stats"))
            .result(200);
        stats["isolate"].clone()
    }

    /// Does the operation in a fresh isolate, and compares its memory with its reservation.
    fn measure(&mut self, name: &str, operation: impl FnOnce(&Self)) {
        self.server.restart();
        operation(self);
        let isolate = self.isolate();
        let held = kib(&isolate, "heap_bytes").saturating_sub(self.idle_kib);
        let kept = kib(&isolate, "part_cache_bytes") + kib(&isolate, "chunk_cache_bytes");
        let reserved = kib(&isolate, "reserved_bytes_peak");
        println!("{name}: held {held} KiB, reserved {reserved}, kept {kept}");
        if held > reserved + kept + FREE_KIB {
            let over = format!("{name}: {held} KiB held, {reserved} reserved, {kept} kept");
            self.over.push(over);
        }
    }

    fn end(self) {
        assert!(self.over.is_empty(), "{}", self.over.join("\n"));
    }
}

fn kib(isolate: &Value, figure: &str) -> u64 {
    isolate[figure].as_u64().unwrap() >> 10
}
