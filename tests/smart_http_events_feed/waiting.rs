//! Readers who wait: the end of their wait, and that hundreds of them hold nobody up.

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::support::server::ADMIN_KEY;
use crate::support::server::Server;
use crate::support::server::server;
use crate::support::sse::Stream;
use crate::support::wait::until;
use crate::{BUSY, PLACES, Pushed, namespace_feed, page};

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
    // Their namespace tells of the deletion, which it hears of while the repository goes.
    let events = until("the deletion", Duration::from_secs(10), || {
        let (events, _) = page(&rest, &namespace_feed("gone"), "types=repo.deleted");
        (!events.is_empty()).then_some(events)
    });
    assert_eq!(events.len(), 1);
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
        let made = rest.make_token("revoked", &body);
        let token = &made.plaintext;
        let path = format!("{feed}?types=repo.deleted");
        let mut stream = Stream::open(server(), token, &path, None);
        assert_eq!(stream.block().unwrap().text, "retry: 1000");
        let begun = Instant::now();
        rest.delete(&format!("{tokens}/{}", made.id)).result(200);
        while let Some(block) = stream.block() {
            assert_eq!(block.data, Value::Null, "{block:?}");
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(Stream::open(server(), token, &path, None).status, 401);
    }
}

#[test]
fn a_reader_whose_namespace_revoked_its_token_is_shown_no_event_that_comes_later() {
    let rest = server().rest();
    let pushed = Pushed::new(&rest, "revoked-shared", "one");
    pushed.push("first");
    let made = rest.make_token("revoked-shared", &json!({ "scope": "read" }));
    let (token, feed) = (&made.plaintext, pushed.feed());
    let newest = page(&rest, &feed, "").1["newest"].as_i64().unwrap();
    let mut stream = Stream::open(server(), token, &feed, Some(newest));
    assert_eq!(stream.block().unwrap().text, "retry: 1000");
    std::thread::scope(|scope| {
        let reader = rest.with_bearer(token);
        let path = format!("{feed}?wait=30&after={newest}");
        let poll = scope.spawn(move || reader.get(&path).status);
        let path = format!("/api/v1/namespaces/revoked-shared/tokens/{}", made.id);
        rest.delete(&path).result(200);
        // The push wakes a reader that waits.
        pushed.push("second");
        while let Some(block) = stream.block() {
            assert_eq!(block.data, Value::Null, "{block:?}");
        }
        assert_eq!(poll.join().unwrap(), 401);
    });
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
    // Waiting readers hold nobody up: neither readers of refs, nor pushes, nor readers of events.
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
    // The last bytes may arrive before the object has given back its memory.
    until("nothing is reserved", Duration::from_secs(20), || {
        let stats = rest.get(&pushed.hosted.path("/stats")).result(200);
        (stats["isolate"]["reserved_bytes"] == 0).then_some(())
    });
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
    // A reader whose filter matches no event learns how far it is.
    assert!(blocks.iter().any(|block| block.id.is_some_and(|id| id > 1)));
    assert!(blocks.iter().all(|block| block.data == Value::Null));
}
