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
use std::time::{Duration, Instant};

use serde_json::json;
use support::databases::database_of;
use support::git::Git;
use support::rest::Hosted;
use support::scratch::Scratch;
use support::server::Server;
use support::wait::until_true;
use ureq::http::Method;

/// How long a run of maintenance may take until it needs scratch.
const PATIENCE: Duration = Duration::from_mins(5);

/// How often the heap is looked at meanwhile.
const WATCH: Duration = Duration::from_millis(500);

/// How long a push may take at most.
const WORK: Duration = Duration::from_hours(1);

/// Most MiB that the heap may have after any one operation: an isolate has 128 for everything.
const HEAP_MIB_MAX: u64 = 48;

/// Commits whose folders lie in one folder: else the tree at the top has thousands of entries, and git packs
/// it for longer than all the rest takes.
const FOLDERS: usize = 100;

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
                "M 100644 inline d{}/c{commit}/f{file}\ndata {length}\n{content}\n",
                commit / FOLDERS
            );
        }
    }
    out
}

fn make(source: &Git, branch: &str, commits: usize, files: usize) {
    let stream = stream(branch, commits, files);
    source.run_with(&["fast-import", "--quiet"], stream.as_bytes());
}

/// A server over the earlier pushes; `task` is done, and the heap looked at.
fn maintained(server: &mut Server, hosted: &Hosted, task: &str) {
    let mib = heap_of_task(server, hosted, task);
    assert!(mib <= HEAP_MIB_MAX, "{task}: {mib} MiB");
}

fn heap_of_task(server: &mut Server, hosted: &Hosted, task: &str) -> u64 {
    server.restart();
    let rest = server.rest();
    let route = hosted.path("/maintenance");
    let begin = Instant::now();
    let done = rest.post(&route, &json!({ "task": task })).result(200);
    if task == "verify" {
        assert_eq!(done["ok"], true, "{done}");
    }
    let seconds = begin.elapsed().as_secs();
    heap_mib(server, hosted, &format!("{task}, {seconds} s"))
}

/// Says how far the heap is filled.
fn heap_mib(server: &Server, hosted: &Hosted, what: &str) -> u64 {
    let stats = server.rest().get(&hosted.path("/stats")).result(200);
    let mib = stats["isolate"]["heap_bytes"].as_u64().unwrap_or_default() >> 20;
    println!("{what}: heap {mib} MiB");
    mib
}

fn told(server: &Server, hosted: &Hosted, what: &str) {
    let mib = heap_mib(server, hosted, what);
    assert!(mib <= HEAP_MIB_MAX, "{what}: {mib} MiB");
}

/// Does something, and says meanwhile when the heap grows.
fn watched(server: &Server, hosted: &Hosted, work: impl FnOnce() + Send) {
    let (rest, route) = (server.rest(), hosted.path("/stats"));
    let begin = Instant::now();
    let (mut most, mut looked) = (0, Duration::ZERO);
    let mut look = || {
        let since = begin.elapsed();
        if since.saturating_sub(looked) < WATCH {
            return;
        }
        looked = since;
        let Ok(stats) = rest.try_send(Method::GET, &route, &[], b"") else {
            return;
        };
        let isolate = &stats.result(200)["isolate"];
        let mib = |field: &str| isolate[field].as_u64().unwrap_or_default() >> 20;
        if mib("heap_bytes") > most {
            most = mib("heap_bytes");
            let reserved = mib("reserved_bytes");
            let seconds = since.as_secs();
            println!("after {seconds} s: heap {most} MiB, {reserved} reserved");
        }
    };
    std::thread::scope(|scope| {
        let working = scope.spawn(work);
        until_true("it is over", WORK, || {
            look();
            working.is_finished()
        });
        working.join().unwrap();
    });
}

/// Pushes `refs`, says how long that took and how far the heap is filled, and clones it again.
fn pushed(source: &Git, refs: &[&str], what: &str) {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("large", "pushed");
    let begin = Instant::now();
    let url = hosted.url();
    watched(&server, &hosted, || {
        source.run(&[&["push", "-q", url.as_str()][..], refs].concat());
    });
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

/// Most MiB that the heap may have after four clones at once.
const FOUR_CLONES_MIB_MAX: u64 = 64;

/// Clones, so many at once, from an isolate that has read nothing yet; each clone is whole.
fn cloned(server: &mut Server, hosted: &Hosted, options: &[&str], count: usize, mib_max: u64) {
    server.restart();
    let url = hosted.url();
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| {
                let scratch = Scratch::new();
                let options = [&["--bare", "--no-tags"][..], options].concat();
                let clone = scratch.clone(&url, "clone", &options);
                if !options.iter().any(|option| option.starts_with("--filter")) {
                    clone.run(&["fsck", "--connectivity-only"]);
                }
            });
        }
    });
    let seconds = begin.elapsed().as_secs();
    let what = format!("{count} clones {options:?}, {seconds} s");
    let mib = heap_mib(server, hosted, &what);
    assert!(mib <= mib_max, "{what}: {mib} MiB");
}

/// Three packs; the third has commits whose files all are in the first.
#[test]
#[ignore = "takes minutes"]
fn clones_of_half_a_million_objects_share_their_reads() {
    let mut server = Server::start_with(&[("CAIRN_SETTLE_SECONDS", "86400")]);
    let hosted = server.rest().create_repository("large", "objects");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    for branch in ["one", "two"] {
        make(&source, branch, 480, 500);
        source.run(&["push", "-q", &hosted.url(), branch]);
    }
    let again = stream("one", 100, 500).replace("refs/heads/one", "refs/heads/three");
    let again = again.replace("data 2\nx\n", "data 2\ny\n");
    source.run_with(&["fast-import", "--quiet"], again.as_bytes());
    source.run(&["push", "-q", &hosted.url(), "three"]);
    for count in [1, 4] {
        let mib_max = if count == 1 {
            HEAP_MIB_MAX
        } else {
            FOUR_CLONES_MIB_MAX
        };
        let depth = ["--depth=1", "--no-single-branch"];
        for options in [
            &[][..],
            &depth,
            &["--filter=blob:none"],
            &["--filter=tree:0"],
        ] {
            cloned(&mut server, &hosted, options, count, mib_max);
        }
    }
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

/// More objects than one push had in 0.1, and than a pack's index has room for in memory.
#[test]
#[ignore = "takes minutes"]
fn a_push_of_1_200_000_objects_is_verified_and_rebuilt() {
    of_many_objects(2_400, "a push of 1,200,000 objects");
}

#[test]
#[ignore = "takes many minutes"]
fn a_push_of_2_000_000_objects_is_verified_and_rebuilt() {
    of_many_objects(3_980, "a push of 1,990,000 objects");
}

/// Nearly as many as a push may have.
#[test]
#[ignore = "takes many minutes"]
fn a_push_of_5_000_000_objects_is_verified_rebuilt_and_cloned() {
    of_many_objects(9_960, "a push of 4,999,920 objects");
}

fn of_many_objects(commits: usize, what: &str) {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("large", "objects");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    make(&source, "main", commits, 498);
    let begin = Instant::now();
    watched(&server, &hosted, || {
        source.run(&["push", "-q", &hosted.url(), "main"]);
    });
    let seconds = begin.elapsed().as_secs();
    let mut heaps = vec![heap_mib(&server, &hosted, &format!("{what}, {seconds} s"))];
    for task in ["verify", "rebuild", "secure", "snapshot", "run"] {
        heaps.push(heap_of_task(&mut server, &hosted, task));
    }
    cloned(&mut server, &hosted, &[], 1, HEAP_MIB_MAX);
    assert!(
        heaps.iter().all(|mib| *mib <= HEAP_MIB_MAX),
        "{heaps:?} MiB"
    );
}

#[test]
#[ignore = "takes minutes"]
fn six_packs_of_250_000_objects_are_merged() {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("large", "merged");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    for branch in ["one", "two", "three", "four", "five", "six"] {
        make(&source, branch, 500, 498);
        source.run(&["push", "-q", &hosted.url(), branch]);
    }
    kill_a_run(&mut server, (&hosted, "merged"), &source);
    // A task that was interrupted is not due again at once.
    server.restart();
    let (rest, route) = (server.rest(), hosted.path("/maintenance"));
    let stats = hosted.path("/stats");
    until_true("the packs are merged", PATIENCE, || {
        rest.post(&route, &json!({ "task": "run" })).result(200);
        let stats = rest.get(&stats).result(200);
        stats["packs"]["live"] == 1
    });
    told(&server, &hosted, "the merge and the ready clone");
    maintained(&mut server, &hosted, "verify");
}

/// Maintains, and ends the server once there are so many packs in quarantine: the merged one and the scratch of
/// its entries. All that was there is there still.
fn kill_a_run(server: &mut Server, (hosted, name): (&Hosted, &str), source: &Git) {
    let find = "SELECT 1 FROM repository WHERE name = ?1";
    let database = database_of(server.state(), "RepoDo", find, name);
    let before = source.run(&["ls-remote", &hosted.url()]);
    let (rest, route) = (server.rest(), hosted.path("/maintenance"));
    let body = json!({ "task": "run" }).to_string();
    let run = std::thread::spawn(move || {
        let done = rest.try_send(Method::POST, &route, &[], body.as_bytes());
        done.is_ok()
    });
    let quarantined = "SELECT count(*) FROM pack WHERE state = 'quarantine'";
    until_true("scratch", PATIENCE, || {
        let count = database.query_row(quarantined, [], |row| row.get::<_, i64>(0));
        count.unwrap() >= 2
    });
    drop(database);
    server.crash();
    assert!(!run.join().unwrap(), "it was too fast");
    assert_eq!(source.run(&["ls-remote", &hosted.url()]), before);
}
