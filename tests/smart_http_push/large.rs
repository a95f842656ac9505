//! Blobs and deltas of any size, which are never held whole: the heap shows it.

use std::time::{Duration, Instant};

use super::support::git::Git;
use super::support::history::noise;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::Server;

fn heap_bytes(server: &Server, hosted: &Hosted) -> u64 {
    let stats = server.rest().get(&hosted.path("/stats")).result(200);
    stats["isolate"]["heap_bytes"].as_u64().unwrap()
}

/// Bytes of the live packs.
fn size_bytes(server: &Server, hosted: &Hosted) -> u64 {
    let shown = server.rest().get(&hosted.path("")).result(200);
    shown["size_bytes"].as_u64().unwrap()
}

fn is_delta(git: &Git, object: &str) -> bool {
    let asked = ["cat-file", "--batch-check=%(deltabase)"];
    git.run_with(&asked, format!("{object}\n").as_bytes()) != "0".repeat(40)
}

#[test]
fn a_new_version_of_a_large_file_is_pushed_as_the_delta_that_git_makes() {
    let server = Server::start();
    let (scratch, hosted) = (
        Scratch::new(),
        server.rest().create_repository("large", "versions"),
    );
    let source = scratch.repository("source");
    let mut content = noise(1, 30 << 20);
    source.write("large.bin", &content);
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    // A thin delta: the base is at the server.
    content.splice(10 << 20..11 << 20, noise(2, 50_000));
    content.extend(noise(3, 100_000));
    source.write("large.bin", &content);
    source.commit("second");
    let before = size_bytes(&server, &hosted);
    source.run(&["push", &hosted.url(), "main"]);
    let stored = size_bytes(&server, &hosted) - before;
    assert!(stored > 25 << 20, "it is stored whole: {stored}");
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    let heap = heap_bytes(&server, &hosted);
    println!("heap after 30 MiB versions: {} MiB", heap >> 20);
    assert!(heap <= 64 << 20, "{heap}");

    // Both versions in one pack, the older one a delta.
    let again = server.rest().create_repository("large", "at-once");
    source.run(&["repack", "-q", "-a", "-d", "-f"]);
    let versions = ["main:large.bin", "main~1:large.bin"];
    assert!(versions.iter().any(|version| is_delta(&source, version)));
    source.run(&["push", &again.url(), "main"]);
    scratch
        .clone(&again.url(), "again", &["--mirror"])
        .fsck_strict();
    let heap = heap_bytes(&server, &again);
    assert!(heap <= 64 << 20, "{heap}");
    // A delta can be sent if the client has its base: a fetch of the second version alone.
    let behind = scratch.clone(&again.url(), "behind", &["--bare"]);
    source.write("small", "small\n");
    source.commit("third");
    source.run(&["push", &again.url(), "main"]);
    behind.run(&["fetch", &again.url(), "main"]);
    behind.fsck_strict();
}

/// The longest of some `ls-remote`s while a push runs, and how many there were.
fn slowest_listing(source: &Git, hosted: &Hosted, push: &[&str]) -> (Duration, u32, Duration) {
    let started = Instant::now();
    let mut push = source.command(push).spawn().unwrap();
    let (mut slowest, mut count) = (Duration::ZERO, 0);
    loop {
        let asked = Instant::now();
        source.run(&["ls-remote", &hosted.url()]);
        if let Some(status) = push.try_wait().unwrap() {
            assert!(status.success());
            return (slowest, count, started.elapsed());
        }
        slowest = slowest.max(asked.elapsed());
        count += 1;
    }
}

#[test]
fn the_repository_answers_while_a_large_push_is_taken() {
    let server = Server::start();
    let (scratch, hosted) = (
        Scratch::new(),
        server.rest().create_repository("large", "responsive"),
    );
    let source = scratch.bare_repository("source");
    let history = super::support::history::History {
        commits: 12_000,
        paths: 3_000,
        ..super::support::history::History::small(9)
    };
    history.make(&source);
    let objects = source.run(&["count-objects", "-v"]);
    let url = hosted.url();
    let (slowest, count, took) =
        slowest_listing(&source, &hosted, &["push", "-q", "--mirror", &url]);
    println!("{objects}\n{count} listings in {took:?}, the slowest {slowest:?}");
    assert!(count > 3);
    // No clock of its own: on a busy machine all is slower alike.
    assert!(slowest * 4 < took, "{slowest:?} of {took:?}");
}

#[test]
#[ignore = "takes minutes: run by name"]
fn two_hundred_megabytes_in_one_blob() {
    let server = Server::start();
    let (scratch, hosted) = (
        Scratch::new(),
        server.rest().create_repository("large", "blob"),
    );
    let source = scratch.repository("source");
    source.write("large.bin", noise(4, 200 << 20));
    source.commit("large");
    let started = Instant::now();
    source.run(&["push", &hosted.url(), "main"]);
    let heap = heap_bytes(&server, &hosted);
    println!("200 MB in {:?}, heap {} MiB", started.elapsed(), heap >> 20);
    assert!(heap <= 64 << 20, "{heap}");
    scratch
        .clone(&hosted.url(), "clone", &["--mirror"])
        .fsck_strict();
}

#[test]
#[ignore = "takes minutes: run by name"]
fn four_hundred_thousand_objects() {
    let server = Server::start();
    let (scratch, hosted) = (
        Scratch::new(),
        server.rest().create_repository("large", "objects"),
    );
    let source = scratch.bare_repository("source");
    let history = super::support::history::History {
        commits: 100_000,
        paths: 20_000,
        blob_bytes_max: 300,
        tags_percent: 0,
        ..super::support::history::History::small(8)
    };
    history.make(&source);
    println!("{}", source.run(&["count-objects", "-v"]));
    let started = Instant::now();
    source.run(&["push", "--mirror", &hosted.url()]);
    let heap = heap_bytes(&server, &hosted);
    println!("pushed in {:?}, heap {} MiB", started.elapsed(), heap >> 20);
    assert!(heap <= 64 << 20, "{heap}");
}
