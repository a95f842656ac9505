//! Cold packs merged with later pushes.

use std::time::Instant;

use super::repository::Cold;
use super::support::server::{Server, server};

#[test]
fn cold_packs_are_merged_with_later_pushes_and_pruned() {
    let mut cold = Cold::new(server(), "merged");
    cold.push(12);
    let secret = cold.push_branch("secret", 600_000);
    cold.maintain("run");
    let (live, of_them) = (cold.number("packs", "live"), cold.number("packs", "cold"));
    assert_eq!(live, of_them, "all packs are cold");
    assert_eq!(cold.number("packs", "chunk_rows"), 0);

    cold.push(20);
    cold.maintain("run");
    let consolidated = cold.last("consolidate").expect("cold packs were merged");
    assert_eq!(consolidated["outcome"], "done", "{consolidated}");
    assert!(cold.number("packs", "live") <= 10, "{}", cold.stats());
    cold.check("merged");

    let before = cold.number("packs", "bytes");
    cold.delete_branch("secret");
    // As long as the reflog names it, it stays.
    cold.maintain("run");
    let fetcher = cold.scratch.repository("fetcher");
    fetcher.run(&["fetch", "-q", &cold.hosted.url(), &secret]);
    cold.keep_nothing();
    cold.maintain("run");
    let pruned = cold.last("prune").expect("a prune is on record");
    assert!(pruned["bytes"].as_u64() > Some(590_000), "{pruned}");
    assert!(cold.number("packs", "bytes") < before - 590_000);
    let other = cold.scratch.repository("other");
    let said = other.fails(&["fetch", "-q", &cold.hosted.url(), &secret]);
    assert!(said.contains("not our ref"), "{said}");
    cold.check("pruned");

    // The new pack goes cold in its turn, and the packs that it replaced are no longer needed.
    cold.maintain("snapshot");
    cold.maintain("run");
    assert_eq!(cold.number("packs", "live"), cold.number("packs", "cold"));
    assert_eq!(cold.number("packs", "superseded"), 0);
    assert_eq!(cold.number("packs", "chunk_rows"), 0);
    cold.maintain("rebuild");
    assert_eq!(cold.number("packs", "chunk_rows"), 0, "and not after it");
    cold.check("cold again");
    cold.push(1);
    cold.check("pushed to");
}

/// The bar of the issue, with packs going cold all the while: `cargo test --test smart_http_cold
/// -- --ignored --nocapture`.
#[test]
#[ignore = "takes some minutes; prints figures"]
fn two_thousand_pushes_with_snapshots_on() {
    let server = Server::start();
    let mut cold = Cold::new(&server, "thousands");
    let timed = |cold: &mut Cold, count: usize| {
        let mut times: Vec<_> = (0..count)
            .map(|_| {
                let start = Instant::now();
                cold.push(1);
                start.elapsed()
            })
            .collect();
        times.sort();
        times[count / 2]
    };
    let fetched = |cold: &Cold, name: &str| {
        let clone = cold.scratch.clone(&cold.hosted.url(), name, &["--mirror"]);
        let start = Instant::now();
        for _ in 0..10 {
            clone.run(&["fetch", "-q"]);
        }
        start.elapsed() / 10
    };
    cold.push(5);
    let (push_first, fetch_first) = (timed(&mut cold, 50), fetched(&cold, "first"));
    let mut most = 0;
    while cold.commits < 1950 {
        cold.push(50);
        most = most.max(cold.number("packs", "live"));
    }
    let (push_last, fetch_last) = (timed(&mut cold, 50), fetched(&cold, "last"));
    let (live, of_them) = (cold.number("packs", "live"), cold.number("packs", "cold"));
    println!("pushes: {push_first:?} at the start, {push_last:?} at the end");
    println!("fetches: {fetch_first:?} at the start, {fetch_last:?} at the end");
    println!("live packs: {live}, {of_them} of them cold; {most} at most");
    cold.maintain("run");
    println!("live packs after a run: {}", cold.number("packs", "live"));
    assert!(most <= 20 && live <= 20);
    cold.check("whole");
}
