//! Clients that begin requests and do not go on, and objects that are reset in the middle of a push:
//! neither takes the isolate's memory from others.

// The lints of wire data: here every surprise is a failed test. A clock, in a test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]
#![allow(clippy::print_stdout, reason = "the figures, for `--nocapture`")]

use cairn_test_support as support;

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::git::Git;
use support::half_open::{HalfOpen, KINDS, Kind};
use support::history::noise;
use support::remote::Remote;
use support::rest::Hosted;
use support::scratch::Scratch;
use support::server::Server;
use support::stalled::Stalled;
use support::wait::{until, until_true};
use ureq::http::Method;

/// Nothing is copied to R2 in the middle of a story.
const UNSETTLED: (&str, &str) = ("CAIRN_SETTLE_SECONDS", "86400");

fn stats(server: &Server, hosted: &Hosted) -> Value {
    server.rest().get(&hosted.path("/stats")).result(200)
}

fn isolate(server: &Server, hosted: &Hosted, figure: &str) -> u64 {
    stats(server, hosted)["isolate"][figure].as_u64().unwrap()
}

/// Waits until nothing is reserved.
fn await_nothing_reserved(server: &Server, hosted: &Hosted) {
    let isolate = until("nothing is reserved", Duration::from_secs(30), || {
        let isolate = stats(server, hosted)["isolate"].take();
        (isolate["reserved_bytes"] == 0).then_some(isolate)
    });
    assert_eq!(isolate["reservations"]["count"], 0, "{isolate}");
}

/// A repository that others use, and one that is misused.
struct Neighbours {
    server: Server,
    scratch: Scratch,
    used: Hosted,
    misused: Hosted,
    source: Git,
    /// A commit of `misused` that reaches many bytes.
    tip: String,
    round: u32,
}

impl Neighbours {
    fn begin() -> Self {
        let server = Server::start_with(&[UNSETTLED, ("CAIRN_RATE_REQUESTS", "0")]);
        let (rest, scratch) = (server.rest(), Scratch::new());
        let used = rest.create_repository("idle", "used");
        let public = json!({ "name": "misused", "public": true });
        let misused = rest.create_repository_with("idle", &public);
        let source = scratch.repository("source");
        source.write("file", "0\n");
        source.commit("first");
        source.run(&["push", "--quiet", &used.url(), "main"]);
        let large = scratch.repository("large");
        for number in 0..5 {
            large.write(&format!("f{number}"), noise(number << 32, 4 << 20));
        }
        let tip = large.commit("noise");
        large.run(&["push", "--quiet", &misused.url(), "main"]);
        Self {
            server,
            scratch,
            used,
            misused,
            source,
            tip,
            round: 0,
        }
    }

    /// The work of others: a list, a clone, a push; how long it takes.
    fn use_once(&mut self) -> Duration {
        self.round += 1;
        let round = self.round;
        self.source.write("file", format!("{round}\n"));
        self.source.commit("next");
        let begun = Instant::now();
        let url = self.used.url();
        self.source.run(&["ls-remote", &url]);
        self.scratch.clone(&url, &format!("clone-{round}"), &[]);
        self.source.run(&["push", "--quiet", &url, "main"]);
        begun.elapsed()
    }

    /// The times of some rounds, sorted.
    fn use_for(&mut self, rounds: u32, at_least: Duration) -> Vec<Duration> {
        let begun = Instant::now();
        let mut times = Vec::new();
        while times.len() < rounds as usize || begun.elapsed() < at_least {
            times.push(self.use_once());
        }
        times.sort();
        times
    }

    fn half_open(&self, kind: Kind, count: usize) -> Vec<HalfOpen> {
        let one = |_| HalfOpen::new(&self.server, &self.misused, kind);
        (0..count).map(one).collect()
    }

    fn unread(&self, count: usize) -> Vec<Stalled> {
        let one = |_| Stalled::new(&self.server, &self.misused, &self.tip);
        (0..count).map(one).collect()
    }
}

#[test]
fn requests_that_are_half_sent_cost_others_nothing() {
    let mut neighbours = Neighbours::begin();
    let mut open = Vec::new();
    for kind in KINDS {
        open.extend(neighbours.half_open(kind, 40));
        // They are all under way when this is answered.
        let reserved = isolate(&neighbours.server, &neighbours.used, "reserved_bytes");
        let allowed = match kind {
            // The bytes of each pack that arrived are counted, to the megabyte.
            Kind::PushPack => 56 << 20,
            _ => 0,
        };
        assert!(reserved <= allowed, "{kind:?}: {reserved} bytes reserved");
        neighbours.use_once();
    }
    let heap = isolate(&neighbours.server, &neighbours.used, "heap_bytes");
    assert!(heap <= 64 << 20, "{heap} bytes of heap");
    // A client that hangs up leaves nothing behind.
    drop(open);
    await_nothing_reserved(&neighbours.server, &neighbours.used);
}

#[test]
fn one_caller_that_reads_no_answer_leaves_room_for_others() {
    let mut neighbours = Neighbours::begin();
    let mut unread = Vec::new();
    // As many as it gets.
    let refused = loop {
        let next = neighbours.unread(1).remove(0);
        if !next.is_served() {
            break next;
        }
        unread.push(next);
        assert!(unread.len() < 100, "there is no bound");
    };
    assert!(
        refused.begun.contains("bytes in flight"),
        "{}",
        refused.begun
    );
    let held = &stats(&neighbours.server, &neighbours.used)["isolate"]["reservations"];
    assert_eq!(held["operations"]["fetch"]["count"], unread.len(), "{held}");
    neighbours.use_once();
    for client in unread {
        assert!(client.finish() > 19 << 20);
    }
    await_nothing_reserved(&neighbours.server, &neighbours.used);
}

/// `cargo test --release --test smart_http_idle half_open_by_the_hundred -- --ignored --nocapture`
#[test]
#[ignore = "takes fifteen minutes: 500 connections of each kind for 120 s"]
fn half_open_by_the_hundred() {
    const CONNECTIONS: usize = 500;
    let seconds = Duration::from_mins(2);
    let p99 = |times: &[Duration]| times[(times.len() - 1) * 99 / 100];
    let mut neighbours = Neighbours::begin();
    neighbours.use_for(20, Duration::ZERO);
    let mut failures = Vec::new();
    // One kind alone, if it is named.
    let named = std::env::var("CAIRN_HALF_OPEN").ok();
    let is_asked = |kind: &Option<Kind>| {
        named
            .as_ref()
            .is_none_or(|name| format!("{kind:?}") == *name)
    };
    let kinds = KINDS.map(Some).into_iter().chain([None]);
    for kind in kinds.filter(is_asked) {
        let quiet = p99(&neighbours.use_for(100, Duration::from_secs(20)));
        let (mut open, mut unread) = (Vec::new(), Vec::new());
        if let Some(kind) = kind {
            open = neighbours.half_open(kind, CONNECTIONS);
        } else {
            let neighbours = &neighbours;
            std::thread::scope(|scope| {
                let clients: Vec<_> = (0..CONNECTIONS)
                    .map(|_| scope.spawn(|| neighbours.unread(1).remove(0)))
                    .collect();
                unread.extend(clients.into_iter().map(|client| client.join().unwrap()));
            });
        }
        let begun = Instant::now();
        let (mut times, mut over) = (Vec::new(), 0);
        while begun.elapsed() < seconds {
            times.push(neighbours.use_once());
            // The clients that were given up come again.
            for one in open
                .iter_mut()
                .filter_map(|one| one.is_over().then_some(one))
            {
                over += 1;
                *one = HalfOpen::new(&neighbours.server, &neighbours.misused, kind.unwrap());
            }
        }
        times.sort();
        let heap = isolate(&neighbours.server, &neighbours.used, "heap_bytes");
        println!(
            "{kind:?}: quiet p99 {quiet:?}, among {CONNECTIONS} {:?} of {} rounds, heap {} MiB, \
             {over} came again",
            p99(&times),
            times.len(),
            heap >> 20,
        );
        if p99(&times) > 2 * quiet || heap > 96 << 20 {
            failures.push(kind);
        }
        drop((open, unread));
        await_nothing_reserved(&neighbours.server, &neighbours.used);
    }
    assert!(failures.is_empty(), "beyond the bars: {failures:?}");
}

/// A server whose files may not grow beyond so many KiB: for its databases the disk is full then.
fn server_with_small_files(scratch: &Scratch, kib: u32) -> Server {
    let process = scratch.join("workerd.pid");
    let process = process.display();
    let script = scratch.join("workerd");
    let workerd =
        support::package_root().join("node_modules/@cloudflare/workerd-linux-64/bin/workerd");
    let text = format!(
        "#!/usr/bin/env bash\necho $$ > {process}\ntrap '' XFSZ\nulimit -S -f {kib}\nexec {} \"$@\"\n",
        workerd.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let script: &'static str = script.display().to_string().leak();
    Server::start_with(&[UNSETTLED, ("MINIFLARE_WORKERD_PATH", script)])
}

/// A repository of so many refs, whose names have about so many bytes.
fn many_refs(scratch: &Scratch, count: usize, name_bytes: usize) -> Git {
    let source = scratch.repository("many");
    source.write("file", "content\n");
    let tip = source.commit("only");
    let padding = format!("{}/", "x".repeat(100)).repeat(name_bytes / 101);
    let lines = (0..count).map(|n| format!("{tip} refs/heads/{padding}{n:06}\n"));
    let lines: String = lines.collect();
    let packed = format!("# pack-refs with: peeled fully-peeled sorted \n{lines}");
    std::fs::write(source.folder().join(".git/packed-refs"), packed).unwrap();
    source
}

fn check_lists(source: &Git, url: &str, expected: usize) {
    let local = source.run(&["for-each-ref", "--format=%(objectname)\t%(refname)"]);
    let local: Vec<&str> = local.lines().collect();
    assert_eq!(local.len(), expected);
    for protocol in ["0", "2"] {
        let version = format!("protocol.version={protocol}");
        let shown = source.run(&["-c", &version, "ls-remote", "--refs", url]);
        let shown: Vec<&str> = shown.lines().collect();
        assert!(shown == local, "version {protocol}: {} refs", shown.len());
    }
}

#[test]
fn long_lists_of_refs_are_sent_piece_by_piece() {
    let scratch = Scratch::new();
    let server = Server::start_with(&[UNSETTLED]);
    // The first list is kept in memory; the second, of 4.6 MB, is not.
    for (name, count, name_bytes) in [("kept", 4_200, 0), ("paged", 6_500, 700)] {
        let hosted = server.rest().create_repository("refs", name);
        let scratch_of = Scratch::new();
        let source = many_refs(&scratch_of, count, name_bytes);
        source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
        check_lists(&source, &hosted.url(), count + 1);
        await_nothing_reserved(&server, &hosted);
    }
    let empty = server.rest().create_repository("refs", "empty");
    let heap = isolate(&server, &empty, "heap_bytes");
    println!("{heap} bytes of heap");
    assert!(heap <= 64 << 20, "{heap} bytes of heap");
    drop(scratch);
}

/// Pushes all refs of `source` in one request. Git's own client compares each ref with each other:
/// with tens of thousands of them that takes it many minutes.
fn push_all(server: &Server, hosted: &Hosted, source: &Git) {
    let refs = source.run(&["for-each-ref", "--format=%(objectname) %(refname)"]);
    let none = "0".repeat(40);
    let mut body = Vec::new();
    for (number, line) in refs.lines().enumerate() {
        let capabilities = if number == 0 { "\0report-status" } else { "" };
        let command = format!("{none} {line}{capabilities}");
        body.extend(format!("{:04x}{command}", command.len() + 4).bytes());
    }
    body.extend(b"0000");
    let pack = ["pack-objects", "--all", "--stdout", "-q"];
    let pack = source.command(&pack).output().unwrap();
    body.extend(pack.stdout);
    let path = hosted.git_path("git-receive-pack");
    let owner = server.rest().with_bearer(&hosted.token);
    let kind = [("Content-Type", "application/x-git-receive-pack-request")];
    let answer = owner.send(Method::POST, &path, &kind, &body).text();
    let accepted = answer.matches("ok refs/").count();
    assert_eq!(accepted, refs.lines().count(), "{answer:.500}");
}

/// `cargo test --test smart_http_idle fifty_two_thousand -- --ignored --nocapture`
#[test]
#[ignore = "takes 40 s: as many refs as the largest of real hosts have"]
fn fifty_two_thousand_refs_are_pushed_listed_forked_and_imported() {
    const REFS: usize = 52_490;
    let scratch = Scratch::new();
    let mut server = Server::start_with(&[UNSETTLED, ("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]);
    let hosted = server.rest().create_repository("refs", "large");
    let source = many_refs(&scratch, REFS - 1, 0);
    let measured = |server: &Server, what: &str, begun: Instant| {
        let heap = isolate(server, &hosted, "heap_bytes");
        println!("{what} in {:?}, heap {} MiB", begun.elapsed(), heap >> 20);
        assert!(heap <= 96 << 20, "{what}: {heap} bytes of heap");
    };
    let begun = Instant::now();
    push_all(&server, &hosted, &source);
    measured(&server, "pushed", begun);

    server.restart();
    let begun = Instant::now();
    check_lists(&source, &hosted.url(), REFS);
    measured(&server, "listed", begun);

    server.restart();
    let begun = Instant::now();
    let copy = json!({ "name": "copy" });
    let forked = server.rest().post(&hosted.path("/fork"), &copy);
    forked.result(201);
    measured(&server, "forked", begun);

    server.restart();
    let remote = Remote::serve(&scratch.join(""));
    let begun = Instant::now();
    let import = json!({ "url": remote.url("many/.git") });
    let path = "/api/v1/namespaces/refs/repos/imported/import";
    server.rest().post(path, &import).result(201);
    let imported = "/api/v1/namespaces/refs/repos/imported";
    until_true("the import is done", Duration::from_mins(5), || {
        server.rest().get(imported).result(200)["status"] == "ready"
    });
    measured(&server, "imported", begun);
}

fn resets_leave_nothing_behind(resets: u32) {
    let scratch = Scratch::new();
    let server = server_with_small_files(&scratch, 6 << 10);
    let hosted = server.rest().create_repository("idle", "full");
    let source = scratch.repository("source");
    source.write("small", "0\n");
    source.commit("small");
    source.run(&["push", "--quiet", &hosted.url(), "main"]);
    source.write("large", noise(0, 12 << 20));
    source.commit("large");
    for number in 0..resets {
        let refused = source.fails(&["push", "--quiet", &hosted.url(), "main"]);
        assert!(!refused.is_empty(), "{number}");
    }
    source.run(&["reset", "--quiet", "--hard", "HEAD^"]);
    // The lines of the objects may come after the answers.
    until_true("an object was reset", Duration::from_secs(10), || {
        server.log().contains("SQLITE_")
    });
    let log = server.log();
    assert!(!log.contains("different request context"), "{log}");
    await_nothing_reserved(&server, &hosted);
    // Somebody makes room on the disk.
    let process = std::fs::read_to_string(scratch.join("workerd.pid")).unwrap();
    let mut prlimit = std::process::Command::new("prlimit");
    prlimit.args(["--fsize=unlimited", "--pid", process.trim()]);
    assert!(prlimit.status().unwrap().success());
    let path = hosted.path("/maintenance");
    let swept = server.rest().post(&path, &json!({ "task": "run" }));
    swept.result(200);
    let stats = stats(&server, &hosted);
    assert_eq!(stats["packs"]["quarantined"], 0, "{stats}");
    // And it serves.
    source.write("small", "1\n");
    source.commit("after");
    source.run(&["push", "--quiet", &hosted.url(), "main"]);
    scratch.clone(&hosted.url(), "clone", &[]).fsck_strict();
}

#[test]
fn a_full_disk_is_told_as_a_fault_that_lasts() {
    let scratch = Scratch::new();
    let server = server_with_small_files(&scratch, 6 << 10);
    let hosted = server.rest().create_repository("idle", "full");
    let source = scratch.repository("source");
    let mut stored = String::new();
    // Each push fits one request that git sends whole, so its answer is always read.
    for number in 0..12 {
        source.write("noise", noise(number, 900 << 10));
        let tip = source.commit("more");
        let push = ["push", "--quiet", &hosted.url(), "main"];
        if source.command(&push).output().unwrap().status.success() {
            stored = tip;
            continue;
        }
        let refused = source.fails(&push);
        assert!(
            refused.contains("until the operator has mended it"),
            "{refused}"
        );
        assert!(!refused.contains("try again"), "{refused}");
        let listed = source.run(&["ls-remote", &hosted.url(), "refs/heads/main"]);
        assert!(
            !stored.is_empty() && listed.starts_with(&stored),
            "{listed}"
        );
        return;
    }
    panic!("the disk took everything");
}

#[test]
fn a_reset_in_the_middle_of_a_push_releases_its_memory() {
    resets_leave_nothing_behind(4);
}

/// `cargo test --test smart_http_idle a_hundred_resets -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes: the bar of a hundred resets"]
fn a_hundred_resets() {
    resets_leave_nothing_behind(100);
}
