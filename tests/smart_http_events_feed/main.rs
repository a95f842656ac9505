//! The feeds of events: the events that their readers see, the times, and the right to read them.

// The lints of wire data: here every surprise is a failed test. A clock, in a test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

use cairn_test_support as support;

mod reading;
mod refused;
mod waiting;

use std::collections::BTreeSet;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use support::git::Git;
use support::rest::Hosted;
use support::rest::Rest;
use support::scratch::Scratch;
use support::wait::until;

const INVALID_INPUT: u64 = 10_100;
const EVENTS_GONE: u64 = 10_203;
const BUSY: u64 = 10_401;

/// Readers that one object lets wait.
const PLACES: usize = 256;

/// A repository and a clone that pushes to it.
struct Pushed {
    _scratch: Scratch,
    hosted: Hosted,
    clone: Git,
}

impl Pushed {
    fn new(rest: &Rest, namespace: &str, name: &str) -> Self {
        let scratch = Scratch::new();
        Self {
            hosted: rest.create_repository(namespace, name),
            clone: scratch.repository("clone"),
            _scratch: scratch,
        }
    }

    /// Pushes a commit; gives its id.
    fn push(&self, content: &str) -> String {
        self.clone.write("file", content);
        let tip = self.clone.commit(content);
        self.clone
            .run(&["push", "--quiet", &self.hosted.url(), "main"]);
        tip
    }

    fn feed(&self) -> String {
        self.hosted.path("/events")
    }
}

fn namespace_feed(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/events")
}

/// A page of a feed: its events, and its own fields.
fn page(rest: &Rest, feed: &str, query: &str) -> (Vec<Value>, Value) {
    let answer = rest.get(&format!("{feed}?{query}"));
    let events = answer.result(200).as_array().unwrap().clone();
    (events, answer.json()["result_info"].clone())
}

/// Waits until a feed tells of a push; gives the number of its newest event then. A namespace hears
/// of a push a little later than the repository.
fn once_told(rest: &Rest, feed: &str, tip: &String) -> i64 {
    until(
        "the feed tells of the push",
        Duration::from_secs(10),
        || {
            let (events, info) = page(rest, feed, "types=repo.pushed");
            let is_told = events.iter().any(|event| event["payload"]["after"] == *tip);
            is_told.then(|| info["newest"].as_i64().unwrap())
        },
    )
}

/// Follows a feed from its beginning, a few events at a time, until all these commits were pushed.
fn follow(rest: &Rest, feed: &str, place: &str, commits: &BTreeSet<String>) -> Vec<Value> {
    let (mut after, mut seen, mut missing) = (0, Vec::new(), commits.clone());
    let deadline = Instant::now() + Duration::from_mins(1);
    while !missing.is_empty() {
        assert!(Instant::now() < deadline, "{feed} lacks {missing:?}");
        let (events, info) = page(rest, feed, &format!("after={after}&limit=3&wait=5"));
        for event in events {
            after += 1;
            assert_eq!(event["metadata"][place], after, "in order, without gaps");
            if let Some(tip) = event["payload"]["after"].as_str() {
                missing.remove(tip);
            }
            seen.push(event);
        }
        assert_eq!(info["after"], after, "{info}");
    }
    seen
}

fn tips(events: &[Value], repository: &str) -> Vec<String> {
    let events = events.iter().filter(|event| {
        event["type"] == "cairn.repo.pushed" && event["source"]["repoName"] == repository
    });
    let tip = |event: &Value| event["payload"]["after"].as_str().unwrap().to_owned();
    events.map(tip).collect()
}
