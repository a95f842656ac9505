//! How long it takes from a push's report to the arrival of its event: run by name, on a quiet machine.

use std::time::{Duration, Instant};

use super::support::receiver::Receiver;
use super::{Hook, Pushing, server};

const PUSHES: usize = 100;

#[test]
#[ignore = "measures: cargo test --test smart_http_webhooks measured -- --ignored --nocapture"]
#[allow(clippy::print_stdout, reason = "that is what it is for")]
fn from_the_report_to_the_arrival() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "measured", "app");
    Hook::of_pushes(&pushing, &receiver);
    let mut waits = Vec::new();
    for count in 1..=PUSHES {
        pushing.push("main");
        let reported = Instant::now();
        let arrived = receiver.wait_for(count)[count - 1].at;
        waits.push(arrived.saturating_duration_since(reported));
    }
    waits.sort_unstable();
    let at = |percent: usize| waits[(PUSHES * percent / 100).min(PUSHES - 1)];
    println!("median {:?}, p90 {:?}, p99 {:?}", at(50), at(90), at(99));
    assert!(at(50) <= Duration::from_millis(300) && at(99) <= Duration::from_secs(2));
}
