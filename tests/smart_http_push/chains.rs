//! Delta chains over many pushes: each push sends a delta on the object that the last one sent.

use std::time::{Duration, Instant};

use super::support::git::Git;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::server;

/// Pushes of one commit each. `CAIRN_PUSHES` asks for more (2,000 say).
fn pushes() -> u32 {
    let asked = std::env::var("CAIRN_PUSHES").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(130)
}

fn pushed(source: &Git, hosted: &Hosted, round: u32) {
    let mut text = "a line that stays\n".repeat(400);
    text.extend(["round ", &round.to_string(), "\n"]);
    source.write("file", text);
    source.commit("next");
    source.run(&["push", "-q", &hosted.url(), "main"]);
}

/// The shortest of three clones.
fn clone_time(scratch: &Scratch, hosted: &Hosted, name: &str) -> Duration {
    let timed = |round| {
        let started = Instant::now();
        let options = ["--bare", "--depth", "1"];
        scratch.clone(&hosted.url(), &format!("{name}-{round}"), &options);
        started.elapsed()
    };
    (0..3).map(timed).min().unwrap()
}

#[test]
fn many_pushes_of_one_file_leave_no_chain_that_grows() {
    let scratch = Scratch::new();
    let hosted = server().rest().create_repository("push-chains", "one-file");
    // Loose objects would be sent whole or as deltas by chance: let git find the deltas.
    let source = scratch.repository("source").config("pack.window", "50");
    for round in 0..20 {
        pushed(&source, &hosted, round);
    }
    let early = clone_time(&scratch, &hosted, "early");
    for round in 20..pushes() {
        pushed(&source, &hosted, round);
    }
    let late = clone_time(&scratch, &hosted, "late");
    println!(
        "a clone of the tip: {early:?} after 20 pushes, {late:?} after {}",
        pushes()
    );
    assert!(
        late < 2 * early + Duration::from_millis(500),
        "{early:?} {late:?}"
    );
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    let count = clone.run(&["rev-list", "--count", "main"]);
    assert_eq!(count, pushes().to_string());
}
