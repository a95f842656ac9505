//! The feeds of events: what their readers see, when, and who may read them.

// The lints of wire data: here every surprise is a failed test. A clock, in a test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

mod support;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::git::Git;
use support::rest::{Hosted, Rest};
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, Server, server};
use support::sse::Stream;
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

/// A page of a feed: its events, and what it says of itself.
fn page(rest: &Rest, feed: &str, query: &str) -> (Vec<Value>, Value) {
    let answer = rest.get(&format!("{feed}?{query}"));
    let events = answer.result(200).as_array().unwrap().clone();
    (events, answer.json()["result_info"].clone())
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

#[test]
fn a_reader_from_the_beginning_sees_each_event_once_while_others_push() {
    let rest = server().rest();
    let repositories = ["one", "two"].map(|name| Pushed::new(&rest, "followed", name));
    // The commits are there before they are pushed, so that readers know what to wait for.
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
            // The same events, but for the place in the namespace.
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
    pushed.push("first");
    for feed in [pushed.feed(), namespace_feed("woken")] {
        // What is here is answered at once, and what is not when the time is up.
        let newest = until("the first push", Duration::from_secs(10), || {
            let (events, info) = page(&rest, &feed, "wait=30&types=repo.pushed");
            (!events.is_empty()).then(|| info["newest"].as_i64().unwrap())
        });
        let begun = Instant::now();
        let (events, info) = page(&rest, &feed, &format!("after={newest}&wait=1"));
        assert_eq!((events.len(), &info["after"]), (0, &json!(newest)));
        assert!(begun.elapsed() >= Duration::from_millis(900));
        std::thread::scope(|scope| {
            let poll = scope.spawn(|| {
                let query = format!("after={newest}&wait=30");
                (page(&rest, &feed, &query).0, Instant::now())
            });
            let tip = pushed.push(&format!("second {feed}"));
            let (events, answered) = {
                let pushed = Instant::now();
                let (events, answered) = poll.join().unwrap();
                (events, answered.saturating_duration_since(pushed))
            };
            assert_eq!(events[0]["payload"]["after"], tip);
            assert!(answered < Duration::from_secs(3), "{answered:?} later");
        });
    }
}

#[test]
fn a_stream_goes_on_where_it_was_cut() {
    let rest = server().rest();
    let pushed = Pushed::new(&rest, "streamed", "one");
    for (feed, place) in [
        (pushed.feed(), "sequence"),
        (namespace_feed("streamed"), "namespaceSequence"),
    ] {
        let open = |query: &str, id| {
            let path = format!("{feed}?{query}");
            Stream::open(server(), ADMIN_KEY, &path, id)
        };
        let only = "types=repo.pushed";
        let before = page(&rest, &feed, "").1["newest"].as_i64().unwrap();
        let mut stream = open(only, Some(before));
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
    }
}

#[test]
fn readers_who_wait_are_told_that_the_repository_is_gone() {
    let rest = server().rest();
    let pushed = Pushed::new(&rest, "gone", "one");
    pushed.push("first");
    let feed = pushed.feed();
    let newest = page(&rest, &feed, "").1["newest"].as_i64().unwrap();
    let mut stream = Stream::open(server(), ADMIN_KEY, &feed, Some(newest));
    assert_eq!(stream.block().unwrap().text, "retry: 1000");
    std::thread::scope(|scope| {
        let poll = scope.spawn(|| {
            let query = format!("types=repo.pushed&wait=30&after={newest}");
            rest.get(&format!("{feed}?{query}"))
        });
        let begun = Instant::now();
        assert_eq!(rest.delete(&pushed.hosted.path("")).status, 202);
        assert_eq!(poll.join().unwrap().status, 404);
        while let Some(block) = stream.block() {
            assert_eq!(block.event, "cairn.repo.deleted", "{block:?}");
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
    });
    assert_eq!(Stream::open(server(), ADMIN_KEY, &feed, None).status, 404);
    // Their namespace tells the rest.
    let (events, _) = page(&rest, &namespace_feed("gone"), "types=repo.deleted");
    assert_eq!(events.len(), 1);
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
    // A filtered poll waits for what it wants.
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
fn a_wrong_query_is_refused_by_the_name_of_its_field() {
    let rest = server().rest();
    let pushed = Pushed::new(&rest, "asked", "one");
    for feed in [pushed.feed(), namespace_feed("asked")] {
        for (query, pointer) in [
            ("after=x", "/after"),
            ("after=-1", "/after"),
            ("after=1000", "/after"),
            ("limit=0", "/limit"),
            ("limit=1001", "/limit"),
            ("wait=31", "/wait"),
            ("types=repo.exploded", "/types"),
            ("types=", "/types"),
            ("colour=red", "/colour"),
            ("limit=1&limit=1", "/limit"),
        ] {
            let refused = rest.get(&format!("{feed}?{query}"));
            assert_eq!(refused.error_code(400), INVALID_INPUT, "{query}");
            let source = &refused.json()["errors"][0]["source"];
            assert_eq!(source["pointer"], pointer, "{query}");
        }
        let path = format!("{feed}?types=repo.exploded");
        assert_eq!(Stream::open(server(), ADMIN_KEY, &path, None).status, 400);
        let late = Stream::open(server(), ADMIN_KEY, &feed, Some(1000));
        assert_eq!(late.status, 400);
        assert_eq!(rest.post(&feed, &json!({})).status, 405);
    }
    let nowhere = rest.get("/api/v1/namespaces/asked/repos/none/events");
    assert_eq!(nowhere.status, 404);
    assert_eq!(rest.get(&namespace_feed("asked-nowhere")).status, 404);
}

#[test]
fn a_feed_is_for_those_with_a_credential_that_may_read() {
    let rest = server().rest();
    let public = json!({ "name": "public", "public": true });
    let hosted = rest.create_repository_with("readers", &public);
    let other = rest.create_repository("readers", "other");
    let feed = hosted.path("/events");
    let make = |body: &Value| {
        let made = rest.post("/api/v1/namespaces/readers/tokens", body);
        made.result(201)["plaintext"].as_str().unwrap().to_owned()
    };
    let read = make(&json!({ "repo": "public", "scope": "read" }));
    let shared = make(&json!({ "scope": "read" }));
    let admin = make(&json!({ "scope": "admin" }));
    // Never a stranger, though the repository is public: labels of tokens are in its events.
    assert_eq!(rest.anonymous().get(&feed).status, 401);
    for token in [&read, &shared, &admin, &hosted.token] {
        rest.with_bearer(token).get(&feed).result(200);
    }
    assert_eq!(rest.with_bearer(&other.token).get(&feed).status, 403);
    let feed = namespace_feed("readers");
    assert_eq!(rest.anonymous().get(&feed).status, 401);
    for token in [&read, &shared, &other.token] {
        assert_eq!(rest.with_bearer(token).get(&feed).status, 403);
        assert_eq!(Stream::open(server(), token, &feed, None).status, 403);
    }
    let events = rest.with_bearer(&admin).get(&feed).result(200);
    // What the namespace itself has to tell is there too, and no token.
    let told = events.as_array().unwrap();
    let own = |event: &&Value| event["type"] == "cairn.namespace.token.created";
    let own: Vec<_> = told.iter().filter(own).collect();
    assert_eq!(own.len(), 2, "{events}");
    assert_eq!(own[0]["actor"], json!({ "kind": "operator" }));
    assert_eq!(
        own[0]["source"],
        json!({ "type": "cairn", "namespace": "readers" })
    );
    assert!(own[0]["metadata"]["requestId"].is_string());
    for token in [read, shared, admin] {
        assert!(!events.to_string().contains(&token));
    }
}

#[test]
fn a_stream_ends_when_its_token_is_revoked() {
    let rest = server().rest();
    let hosted = rest.create_repository("revoked", "one");
    let tokens = "/api/v1/namespaces/revoked/tokens";
    for (body, feed) in [
        (
            json!({ "repo": "one", "scope": "read" }),
            hosted.path("/events"),
        ),
        (json!({ "scope": "admin" }), namespace_feed("revoked")),
    ] {
        let made = rest.post(tokens, &body).result(201);
        let token = made["plaintext"].as_str().unwrap();
        let path = format!("{feed}?types=repo.deleted");
        let mut stream = Stream::open(server(), token, &path, None);
        assert_eq!(stream.block().unwrap().text, "retry: 1000");
        let begun = Instant::now();
        let id = made["id"].as_str().unwrap();
        rest.delete(&format!("{tokens}/{id}")).result(200);
        while let Some(block) = stream.block() {
            assert_eq!(block.data, Value::Null, "{block:?}");
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(Stream::open(server(), token, &path, None).status, 401);
    }
}

#[test]
fn a_reader_that_comes_too_late_is_told() {
    let server = Server::start_with(&[
        ("CAIRN_EVENTS_NAMESPACE_MAX", "3"),
        ("CAIRN_EVENTS_MAX", "3"),
    ]);
    let rest = server.rest();
    let pushed = Pushed::new(&rest, "late", "one");
    for number in 0..6 {
        pushed.push(&number.to_string());
    }
    let feed = namespace_feed("late");
    let (oldest, newest) = until("all are taken", Duration::from_secs(10), || {
        let gone = rest.get(&feed);
        if gone.status == 200 {
            return None;
        }
        assert_eq!(gone.error_code(410), EVENTS_GONE);
        let error = gone.json()["errors"][0].take();
        assert_eq!(error["source"]["pointer"], "/after");
        let number = |name: &str| error["details"][name].as_i64().unwrap();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&number("oldest").to_string()), "{message}");
        (number("newest") >= 7).then(|| (number("oldest"), number("newest")))
    });
    assert_eq!(newest - oldest, 2);
    assert_eq!(Stream::open(&server, ADMIN_KEY, &feed, Some(1)).status, 410);
    let (events, info) = page(&rest, &feed, &format!("after={}", oldest - 1));
    assert_eq!(events.len(), 3);
    assert_eq!(
        (&info["oldest"], &info["after"]),
        (&json!(oldest), &json!(newest))
    );
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

/// A poll that is sent and not read yet.
struct Poll(TcpStream);

impl Poll {
    fn send(server: &Server, feed: &str, after: i64) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        let timeout = Some(Duration::from_secs(40));
        stream.set_read_timeout(timeout).unwrap();
        write!(
            stream,
            "GET {feed}?after={after}&wait=30 HTTP/1.1\r\nHost: 127.0.0.1\r\n\
             Authorization: Bearer {ADMIN_KEY}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        Self(stream)
    }

    fn is_answered(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let is_answered = self.0.peek(&mut [0]).is_ok();
        self.0.set_nonblocking(false).unwrap();
        is_answered
    }

    fn answer(mut self) -> String {
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).unwrap();
        answer
    }
}

#[test]
fn hundreds_of_open_polls_hold_nobody_up() {
    let server = Server::start_with(&[("CAIRN_RATE_REQUESTS", "0")]);
    let rest = server.rest();
    let pushed = Pushed::new(&rest, "crowded", "one");
    pushed.push("first");
    let feed = pushed.feed();
    let newest = page(&rest, &feed, "").1["newest"].as_i64().unwrap();
    let mut polls: Vec<_> = (0..=PLACES)
        .map(|_| Poll::send(&server, &feed, newest))
        .collect();
    // One is more than wait at a time.
    let refused = until("one is refused", Duration::from_secs(20), || {
        polls.iter().position(Poll::is_answered)
    });
    let refused = polls.swap_remove(refused).answer();
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(
        refused.to_lowercase().contains("\r\nretry-after: 5\r\n"),
        "{refused}"
    );
    assert!(refused.contains(&BUSY.to_string()), "{refused}");
    let quick = |what: &str, begun: Instant| {
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(5), "{what} took {took:?}");
    };
    // Nobody waits for those who wait: neither readers of refs, nor pushes, nor who reads events.
    let begun = Instant::now();
    pushed.clone.run(&["ls-remote", &pushed.hosted.url()]);
    quick("ls-remote", begun);
    let all = page(&rest, &feed, "after=0").0.len();
    assert_eq!(i64::try_from(all), Ok(newest));
    let begun = Instant::now();
    let path = pushed.hosted.path("/maintenance");
    rest.post(&path, &json!({ "task": "run" })).result(200);
    quick("maintenance", begun);
    let begun = Instant::now();
    let tip = pushed.push("second");
    quick("a push", begun);
    for poll in polls {
        let answer = poll.answer();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains(&tip), "{answer}");
    }
    let stats = rest.get(&pushed.hosted.path("/stats")).result(200);
    assert_eq!(stats["isolate"]["reserved_bytes"], 0, "{stats}");
    // The places are free again.
    let (events, _) = page(&rest, &feed, &format!("after={}&wait=1", newest + 1));
    assert!(events.is_empty());
}

/// `cargo test --test smart_http_events_feed five_minutes -- --ignored --nocapture`
#[test]
#[ignore = "takes five minutes: the life of a stream"]
fn a_stream_lasts_five_minutes_and_is_never_silent() {
    let rest = server().rest();
    let pushed = Pushed::new(&rest, "lasting", "one");
    let begun = Instant::now();
    let path = format!("{}?types=repo.deleted", pushed.feed());
    let mut stream = Stream::open(server(), ADMIN_KEY, &path, Some(0));
    let (mut blocks, mut last) = (Vec::new(), Instant::now());
    while let Some(block) = stream.block() {
        assert!(last.elapsed() < Duration::from_secs(17), "{blocks:?}");
        last = Instant::now();
        if blocks.len() == 3 {
            pushed.push("left out");
        }
        blocks.push(block);
    }
    let lasted = begun.elapsed().as_secs();
    assert!((298..310).contains(&lasted), "{lasted}");
    assert!(blocks.len() >= 20, "{}", blocks.len());
    assert_eq!(blocks.last().unwrap().text, "retry: 1000");
    // A reader that wants nothing of what happens learns how far it is.
    assert!(blocks.iter().any(|block| block.id.is_some_and(|id| id > 1)));
    assert!(blocks.iter().all(|block| block.data == Value::Null));
}
