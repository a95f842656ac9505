//! The cost of rules in a push. By hand, with the released wasm:
//!
//! ```sh
//! make build && cargo test --test smart_http_rules measured -- --ignored --nocapture
//! ```

#![allow(clippy::print_stdout, reason = "the figures")]

use std::time::Duration;

use super::support::scratch::Scratch;
use super::support::server::Server;
use super::*;

const PUSHES: u32 = 200;

/// CPU time more for a push of one commit under fifty rules.
const MORE_MAX: Duration = Duration::from_millis(1);

#[test]
#[ignore = "a measurement, on a quiet machine: run by name"]
fn fifty_rules_cost_a_push_a_millisecond_at_most() {
    let server = Server::start_with(&[("CAIRN_SETTLE_SECONDS", "86400")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let free = rest.create_repository("rules-measured", "free");
    let ruled = rest.create_repository("rules-measured", "ruled");
    // None but the last is of the ref that is pushed, so that all are looked at.
    let mut all: Vec<_> = (0..49)
        .map(|at| json!([format!("refs/heads/release/{at}/*"), ["no-push"]]))
        .collect();
    all.push(json!(["refs/heads/*", ["no-delete", "no-force-push"]]));
    let body = json!({ "ref_rules": all });
    rest.patch(&ruled.path(""), &body).result(200);
    let work = scratch.repository("work");
    let mut used = [Duration::ZERO; 2];
    // The first ten warm up, and do not count.
    for push in 0..PUSHES + 10 {
        work.commit(&format!("commit {push}"));
        let mut both = [(&free, 0), (&ruled, 1)];
        if push % 2 == 1 {
            both.reverse();
        }
        for (hosted, place) in both {
            let before = server.cpu_time();
            work.run(&["push", "--quiet", &hosted.url(), "main"]);
            if push >= 10 {
                used[place] += server.cpu_time().saturating_sub(before);
            }
        }
    }
    let [free, ruled] = used.map(|used| used / PUSHES);
    println!("a push of one commit: {free:?}, under fifty rules {ruled:?}");
    assert!(ruled.saturating_sub(free) <= MORE_MAX, "{ruled:?}");
}
