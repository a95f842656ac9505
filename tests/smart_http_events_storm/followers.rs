//! Readers of feeds: one that reads a feed to its end, and two that follow one for as long as it
//! grows and come back after every kill, by long poll and by a stream.

use std::io::{BufRead as _, BufReader};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use ureq::http::Method;

use super::pushes::await_server;
use super::support::rest::Rest;

/// The description that a repository gets at the end of a storm: the event of that update is the
/// last one. A first push can tell of an update, too, that of the default branch.
pub const THE_END: &str = "the end";

/// The paths of the feeds.
pub fn namespace_feed(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/events")
}

/// An event's place in its own repository's order, and in the namespace's.
pub fn sequence(event: &Value) -> i64 {
    event["metadata"]["sequence"].as_i64().unwrap()
}

pub fn namespace_sequence(event: &Value) -> i64 {
    event["metadata"]["namespaceSequence"].as_i64().unwrap()
}

/// The newest sequence of a feed.
pub fn newest(rest: &Rest, path: &str) -> i64 {
    let answer = rest.get(&format!("{path}?limit=1"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["result_info"]["newest"].as_i64().unwrap()
}

/// Everything that a feed has now.
pub fn read_all(rest: &Rest, path: &str) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let answer = rest.get(&format!("{path}?limit=1000&after={after}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut page = answer.json();
        events.extend(page["result"].as_array().unwrap().clone());
        let info = page["result_info"].take();
        let next = info["after"].as_i64().unwrap();
        if next == info["newest"].as_i64().unwrap() {
            return events;
        }
        assert!(next > after, "the feed does not go on: {info}");
        after = next;
    }
}

/// A reader that follows a feed, until it tells the last event of a storm.
pub struct Follower<'a> {
    pub rest: Rest,
    pub port: u16,
    pub path: String,
    /// Ends in any case: the storm has failed.
    pub is_over: &'a AtomicBool,
}

impl Follower<'_> {
    fn is_done(&self, events: &[Value]) -> bool {
        let is_last = |event: &Value| event["payload"]["description"] == THE_END;
        events.last().is_some_and(is_last) || self.is_over.load(Ordering::SeqCst)
    }

    /// Follows by long poll.
    pub fn poll(&self) -> Vec<Value> {
        let (mut events, mut after) = (Vec::new(), 0);
        while !self.is_done(&events) {
            let path = format!("{}?limit=500&after={after}&wait=5", self.path);
            let Ok(answer) = self.rest.try_send(Method::GET, &path, &[], b"") else {
                await_server(self.port);
                continue;
            };
            if answer.status >= 500 {
                continue;
            }
            assert_eq!(answer.status, 200, "{}", answer.text());
            let page = answer.json();
            events.extend(page["result"].as_array().unwrap().clone());
            after = page["result_info"]["after"].as_i64().unwrap();
        }
        events
    }

    /// Follows by streams.
    pub fn stream(&self) -> Vec<Value> {
        let mut events = Vec::new();
        while !self.is_done(&events) {
            let last = events.last().map_or(0, id_of);
            let headers = [
                ("Accept", "text/event-stream"),
                ("Last-Event-ID", &*last.to_string()),
            ];
            let Ok(answer) = self.rest.try_open(Method::GET, &self.path, &headers, b"") else {
                await_server(self.port);
                continue;
            };
            if answer.status().as_u16() >= 500 {
                continue;
            }
            assert_eq!(answer.status().as_u16(), 200);
            self.read(answer.into_body().into_reader(), &mut events);
        }
        events
    }

    /// Reads a stream until it breaks off or tells the last event. A line that is cut off tells none.
    fn read(&self, stream: impl std::io::Read, events: &mut Vec<Value>) {
        let (mut id, mut data) = (None, None);
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if let Some(text) = line.strip_prefix("id: ") {
                id = text.parse().ok();
            } else if let Some(text) = line.strip_prefix("data: ") {
                data = Some(text.to_owned());
            } else if line.is_empty()
                && let Some(text) = data.take()
            {
                let event = serde_json::from_str(&text).expect("data is JSON");
                assert_eq!(id.take(), Some(id_of(&event)), "the id of {event}");
                events.push(event);
            }
            if line.is_empty() && self.is_done(events) {
                return;
            }
        }
    }
}

/// An event's place in the feed that showed it.
fn id_of(event: &Value) -> i64 {
    match event["metadata"].get("namespaceSequence") {
        Some(_) => namespace_sequence(event),
        None => sequence(event),
    }
}
