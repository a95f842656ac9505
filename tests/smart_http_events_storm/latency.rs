//! How soon a webhook arrives, and whether one that hangs costs others anything.

use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::Method;

use super::desk::Desk;
use super::receivers::Receivers;
use super::storm::DEPLOYMENT;
use super::support::server::Server;
use super::support::wait::until;

impl Desk {
    /// Milliseconds from a push's report to the arrival at `path`, in order; 0 if it came before.
    fn delays(&mut self, path: &str, pushes: usize) -> Vec<f64> {
        let mut delays = Vec::new();
        for _ in 0..pushes {
            let id = self.push();
            let reported = Instant::now();
            let arrived = until("the webhook arrives", Duration::from_secs(20), || {
                let is_it = |event: &Value| event["payload"]["after"] == *id;
                self.receivers.taken_at(path, is_it)
            });
            let delay = arrived.saturating_duration_since(reported);
            delays.push(delay.as_secs_f64() * 1000.0);
        }
        delays.sort_unstable_by(f64::total_cmp);
        delays
    }

    /// Milliseconds of `ls-refs`, in order.
    fn listings(&self, requests: usize) -> Vec<f64> {
        let namespace = &self.hosted.namespace;
        let path = format!("/git/{namespace}/repo.git/git-upload-pack");
        let rest = self.rest.with_bearer(&self.hosted.token);
        let headers = [
            ("Content-Type", "application/x-git-upload-pack-request"),
            ("Git-Protocol", "version=2"),
        ];
        let mut times = Vec::new();
        for _ in 0..requests {
            let started = Instant::now();
            let answer = rest.try_send(Method::POST, &path, &headers, b"0013command=ls-refs\n0000");
            assert_eq!(answer.unwrap().status, 200);
            times.push(started.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_unstable_by(f64::total_cmp);
        times
    }
}

/// The value below which this share of them lies.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = (sorted.len() as f64 * share) as usize;
    sorted[place.min(sorted.len() - 1)]
}

fn tell(what: &str, sorted: &[f64]) {
    let [median, p99] = [0.5, 0.99].map(|share| quantile(sorted, share));
    let most = sorted[sorted.len() - 1];
    println!("{what}: median {median:.1} ms, p99 {p99:.1} ms, most {most:.1} ms");
}

#[test]
#[ignore = "a measurement, on a quiet machine: run by name"]
fn webhooks_arrive_soon_and_one_that_hangs_costs_nothing() {
    let server = Server::start_with(&DEPLOYMENT);
    let mut desk = Desk::new(&server, "quiet", &Receivers::serve(1, 0));
    desk.hook_of_pushes("good/first");
    desk.delays("good/first", 5);
    let quiet = desk.delays("good/first", 200);
    tell("from the report to the arrival", &quiet);
    let quiet_listings = desk.listings(300);
    tell("ls-refs, quiet", &quiet_listings);

    desk.hook_of_pushes("hanging/one");
    let beside = desk.delays("good/first", 200);
    tell("beside a receiver that hangs", &beside);
    let listings = desk.listings(300);
    tell("ls-refs beside it", &listings);
    let hung = desk.receivers.arrivals("hanging/one").len();
    println!("the one that hangs was tried {hung} times");
    assert!(hung > 0, "it was tried");

    for (what, sorted) in [("quiet", &quiet), ("beside one that hangs", &beside)] {
        assert!(quantile(sorted, 0.5) <= 300.0, "the median, {what}");
        assert!(quantile(sorted, 0.99) <= 2000.0, "the p99, {what}");
    }
    let (before, after) = (quantile(&quiet_listings, 0.99), quantile(&listings, 0.99));
    assert!(
        after <= before * 1.5 + 5.0,
        "ls-refs: {before} ms, then {after} ms"
    );
}

#[test]
fn a_receiver_that_hangs_keeps_no_other_waiting() {
    let server = Server::start_with(&DEPLOYMENT);
    let mut desk = Desk::new(&server, "hanging", &Receivers::serve(1, 0));
    desk.hook_of_pushes("hanging/one");
    desk.hook_of_pushes("hanging/two");
    desk.hook_of_pushes("good/one");
    // The timeout is ten seconds: a receiver that had to wait for it would be late.
    let delays = desk.delays("good/one", 8);
    assert!(quantile(&delays, 1.0) < 8000.0, "{delays:?}");
    assert_eq!(desk.receivers.arrivals("hanging/one").len(), 1);
}
