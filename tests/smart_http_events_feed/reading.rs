//! The events that a reader sees: each event once and in order, by pages, long polls and streams.

use std::collections::BTreeSet;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::support::server::ADMIN_KEY;
use crate::support::server::Server;
use crate::support::server::server;
use crate::support::sse::Stream;
use crate::{INVALID_INPUT, Pushed, follow, namespace_feed, once_told, page, tips};

#[test]
fn a_reader_from_the_beginning_sees_each_event_once_while_others_push() {
    let rest = server().rest();
    let repositories = ["one", "two"].map(|name| Pushed::new(&rest, "followed", name));
    // The commits are there before they are pushed, so that readers know their ids.
    let commits = repositories.each_ref().map(|pushed| {
        let commit = |number| {
            let text = format!("number {number} of {}", pushed.hosted.name);
            pushed.clone.write("file", &text);
            pushed.clone.commit(&text)
        };
        (0..6).map(commit).collect::<Vec<_>>()
    });
    let push_all = |at: usize| {
        for commit in &commits[at] {
            let refspec = format!("{commit}:refs/heads/main");
            let url = repositories[at].hosted.url();
            repositories[at]
                .clone
                .run(&["push", "--quiet", &url, &refspec]);
        }
    };
    let set = |at: usize| commits[at].iter().cloned().collect::<BTreeSet<_>>();
    let both = set(0).union(&set(1)).cloned().collect();
    std::thread::scope(|scope| {
        let read = |at: usize| follow(&rest, &repositories[at].feed(), "sequence", &set(at));
        let first = scope.spawn(move || read(0));
        let second = scope.spawn(move || read(1));
        let feed = namespace_feed("followed");
        let (rest, both) = (&rest, &both);
        let all = scope.spawn(move || follow(rest, &feed, "namespaceSequence", both));
        let others = scope.spawn(|| push_all(1));
        push_all(0);
        others.join().unwrap();
        let all = all.join().unwrap();
        for (reader, (name, at)) in [(first, ("one", 0)), (second, ("two", 1))] {
            let own = reader.join().unwrap();
            assert_eq!(tips(&own, name), commits[at]);
            assert_eq!(tips(&all, name), commits[at]);
            // The same events, except for the place in the namespace.
            let mut shared: Vec<_> = all.clone();
            shared.retain(|event| event["source"]["repoName"] == name);
            for event in &mut shared {
                let metadata = event["metadata"].as_object_mut().unwrap();
                metadata.remove("namespaceSequence").unwrap();
            }
            assert_eq!(shared, own);
        }
    });
}

#[test]
fn a_long_poll_is_answered_when_something_comes() {
    let rest = server().rest();
    let pushed = Pushed::new(&rest, "woken", "one");
    let mut tip = pushed.push("first");
    for feed in [pushed.feed(), namespace_feed("woken")] {
        // Events that are here are answered at once, and an empty feed when the time is up.
        let newest = once_told(&rest, &feed, &tip);
        let (events, _) = page(&rest, &feed, "wait=30&types=repo.pushed");
        assert!(!events.is_empty());
        let begun = Instant::now();
        let (events, info) = page(&rest, &feed, &format!("after={newest}&wait=1"));
        assert_eq!((events.len(), &info["after"]), (0, &json!(newest)));
        assert!(begun.elapsed() >= Duration::from_millis(900));
        std::thread::scope(|scope| {
            let poll = scope.spawn(|| {
                let query = format!("after={newest}&wait=30");
                (page(&rest, &feed, &query).0, Instant::now())
            });
            tip = pushed.push(&format!("second {feed}"));
            let (events, answered) = {
                let pushed = Instant::now();
                let (events, answered) = poll.join().unwrap();
                (events, answered.saturating_duration_since(pushed))
            };
            assert_eq!(events[0]["payload"]["after"], tip);
            // Long before its time is up.
            assert!(answered < Duration::from_secs(10), "{answered:?} later");
        });
    }
}

#[test]
fn a_stream_goes_on_where_it_was_cut() {
    let rest = server().rest();
    let pushed = Pushed::new(&rest, "streamed", "one");
    let mut newest = pushed.push("the very first");
    for (feed, place) in [
        (pushed.feed(), "sequence"),
        (namespace_feed("streamed"), "namespaceSequence"),
    ] {
        let open = |query: &str, id| {
            let path = format!("{feed}?{query}");
            Stream::open(server(), ADMIN_KEY, &path, id)
        };
        let only = "types=repo.pushed";
        let mut stream = open(only, Some(once_told(&rest, &feed, &newest)));
        assert_eq!(stream.status, 200, "{:?}", stream.head);
        let kind = "content-type: text/event-stream";
        assert!(
            stream.head.iter().any(|line| line == kind),
            "{:?}",
            stream.head
        );
        assert_eq!(stream.block().unwrap().text, "retry: 1000");
        let first = pushed.push(&format!("first {feed}"));
        let seen = stream.event();
        assert_eq!(seen.data["payload"]["after"], first);
        assert_eq!(seen.event, "cairn.repo.pushed");
        assert_eq!(seen.id, seen.data["metadata"][place].as_i64());
        drop(stream);
        // The connection is cut; nothing is missed and nothing is repeated.
        let second = pushed.push(&format!("second {feed}"));
        let mut stream = open(&format!("{only}&after=0"), seen.id);
        assert_eq!(stream.event().data["payload"]["after"], second);
        let third = pushed.push(&format!("third {feed}"));
        let last = stream.event();
        assert_eq!(last.data["payload"]["after"], third);
        let asked = json!({ "last": last.id, "seen": seen.id });
        assert!(last.id > seen.id, "{asked}");
        newest = third;
    }
}

#[test]
fn a_filter_passes_over_what_it_leaves_out() {
    let rest = server().rest();
    let pushed = Pushed::new(&rest, "filtered", "one");
    for number in 0..3 {
        pushed.push(&number.to_string());
    }
    let change = json!({ "description": "another" });
    rest.patch(&pushed.hosted.path(""), &change).result(200);
    let types = |types: &str| {
        let (events, info) = page(&rest, &pushed.feed(), &format!("types={types}"));
        let kind = |event: &Value| event["type"].as_str().unwrap().to_owned();
        let kinds: Vec<_> = events.iter().map(kind).collect();
        assert_eq!(info["after"], info["newest"], "{info}");
        kinds
    };
    assert_eq!(types("cairn.repo.updated"), ["cairn.repo.updated"]);
    assert_eq!(types("repo.pushed"), ["cairn.repo.pushed"; 3]);
    assert_eq!(types("repo.deleted,repo.token.*"), Vec::<String>::new());
    assert_eq!(types("*"), types("cairn.repo.*"));
    // A page ends where its last event is, though more is left out behind it.
    let (events, info) = page(&rest, &pushed.feed(), "types=repo.pushed&limit=1");
    assert_eq!(events[0]["metadata"]["sequence"], info["after"]);
    // A filtered poll waits for its own events.
    std::thread::scope(|scope| {
        let poll = scope.spawn(|| {
            let after = page(&rest, &pushed.feed(), "").1["newest"].clone();
            let query = format!("types=repo.updated&wait=20&after={after}");
            page(&rest, &pushed.feed(), &query).0
        });
        pushed.push("left out");
        let change = json!({ "description": "a third" });
        rest.patch(&pushed.hosted.path(""), &change).result(200);
        let change = json!({ "description": "a fourth" });
        rest.patch(&pushed.hosted.path(""), &change).result(200);
        let events = poll.join().unwrap();
        assert_eq!(events[0]["type"], "cairn.repo.updated");
    });
}

#[test]
fn a_prefix_of_another_host_is_put_in() {
    let server = Server::start_with(&[("CAIRN_EVENT_PREFIX", "cf.artifacts")]);
    let rest = server.rest();
    let pushed = Pushed::new(&rest, "prefixed", "one");
    pushed.push("first");
    let (events, _) = page(&rest, &pushed.feed(), "types=cf.artifacts.repo.pushed");
    assert_eq!(events[0]["type"], "cf.artifacts.repo.pushed");
    assert_eq!(events[0]["source"]["type"], "artifacts.repo");
    let refused = rest.get(&format!("{}?types=cairn.repo.pushed", pushed.feed()));
    assert_eq!(refused.error_code(400), INVALID_INPUT);
}
