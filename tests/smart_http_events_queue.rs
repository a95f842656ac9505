//! The queue: a Worker in the same account gets every event, here under workerd with the emulation of
//! Cloudflare Queues that wrangler has.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

use cairn_test_support as support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use support::rest::Rest;
use support::scratch::Scratch;
use support::server::Server;
use support::wait::until;

const PATIENCE: Duration = Duration::from_secs(40);

/// The messages of the consumer, as it reports them.
struct Reports {
    url: &'static str,
    all: Arc<Mutex<Vec<Value>>>,
    /// Reports that are refused before one is taken.
    refusals: Arc<Mutex<u32>>,
}

impl Reports {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let reports = Arc::new(Mutex::new(Vec::new()));
        let refusals = Arc::new(Mutex::new(0_u32));
        let (kept, refused) = (Arc::clone(&reports), Arc::clone(&refusals));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let body = body(&connection);
                let mut refusals = refused.lock().unwrap();
                let status = match *refusals {
                    0 => "200 OK",
                    _ => "500 Internal Server Error",
                };
                if *refusals == 0 {
                    kept.lock().unwrap().push(body);
                }
                *refusals = refusals.saturating_sub(1);
                let head = "Content-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = write!(&connection, "HTTP/1.1 {status}\r\n{head}");
            }
        });
        Self {
            url: url.leak(),
            all: reports,
            refusals,
        }
    }

    /// The reports about each event, by its place in the namespace's feed.
    fn by_place(&self) -> BTreeMap<i64, Value> {
        let reports = self.all.lock().unwrap().clone();
        let place = |report: &Value| {
            let place = &report["event"]["metadata"]["namespaceSequence"];
            place.as_i64().unwrap()
        };
        reports
            .into_iter()
            .map(|report| (place(&report), report))
            .collect()
    }

    /// The same, as soon as there are so many.
    fn await_count(&self, count: usize) -> BTreeMap<i64, Value> {
        until("the consumer gets all events", PATIENCE, || {
            Some(self.by_place()).filter(|reports| reports.len() >= count)
        })
    }
}

fn body(connection: &TcpStream) -> Value {
    let mut reader = BufReader::new(connection);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(given) = line.strip_prefix("content-length: ") {
            length = given.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// The deployment's own configuration, with the section about the queue taken out of its comment.
fn with_queue(scratch: &Scratch) -> &'static str {
    let text = std::fs::read_to_string(support::package_root().join("wrangler.toml")).unwrap();
    let commented = "# [[queues.producers]]\n# binding = \"EVENTS\"\n# queue = \"cairn-events\"\n";
    assert!(
        text.contains(commented),
        "wrangler.toml shows how to bind the queue"
    );
    let text = text.replace(commented, &commented.replace("# ", ""));
    let file = scratch.join("with-queue.toml");
    std::fs::write(&file, text).unwrap();
    file.display().to_string().leak()
}

/// The same with something that takes no messages in the queue's place.
fn with_wrong_queue(scratch: &Scratch) -> &'static str {
    let text = std::fs::read_to_string(support::package_root().join("wrangler.toml")).unwrap();
    let wrong = "[[kv_namespaces]]\nbinding = \"EVENTS\"\n\n[observability]\n";
    let text = text.replacen("[observability]\n", wrong, 1);
    let file = scratch.join("with-wrong-queue.toml");
    std::fs::write(&file, text).unwrap();
    file.display().to_string().leak()
}

fn feed(rest: &Rest, namespace: &str) -> Vec<Value> {
    let feed = format!("/api/v1/namespaces/{namespace}/events?limit=1000");
    rest.get(&feed).result(200).as_array().unwrap().clone()
}

/// The feed, once it has so many events.
fn await_feed(rest: &Rest, namespace: &str, count: usize) -> Vec<Value> {
    until("the namespace has all events", PATIENCE, || {
        Some(feed(rest, namespace)).filter(|events| events.len() >= count)
    })
}

#[test]
fn a_consumer_written_for_artifacts_gets_every_event() {
    let scratch = Scratch::new();
    let reports = Reports::listen();
    let server = Server::start_with(&[
        ("CONFIG", with_queue(&scratch)),
        ("CONSUMER", "tests/support/consumer/wrangler.toml"),
        ("REPORT", reports.url),
        ("CAIRN_EVENT_PREFIX", "cf.artifacts"),
    ]);
    let rest = server.rest();
    let hosted = rest.create_repository("queued", "one");
    let clone = scratch.repository("clone");
    let mut builds = Vec::new();
    for number in 0..3 {
        clone.write("file", format!("{number}\n"));
        let tip = clone.commit(&number.to_string());
        clone.run(&["push", "--quiet", &hosted.url(), "main"]);
        builds.push(format!("build queued/one at {tip} of refs/heads/main"));
    }
    // The first attempt at the next event fails, and the queue brings it again.
    reports.await_count(feed(&rest, "queued").len());
    *reports.refusals.lock().unwrap() = 1;
    let id = rest.get(&hosted.path("")).result(200)["id"].clone();
    assert_eq!(rest.delete(&hosted.path("")).status, 202);
    let forgotten = format!("forget queued/one {}", id.as_str().unwrap());

    let told = until("the deletion is in the feed", PATIENCE, || {
        let events = feed(&rest, "queued");
        let is_last = |event: &Value| event["type"] == "cf.artifacts.repo.deleted";
        events.last().is_some_and(is_last).then_some(events)
    });
    let got = reports.await_count(told.len());
    let events: Vec<_> = got.values().map(|report| report["event"].clone()).collect();
    assert_eq!(events, told, "the queue has what the feed has");
    let did: Vec<_> = got
        .values()
        .map(|report| report["did"].as_str().unwrap())
        .collect();
    let created = format!(
        "index queued/one {}, which starts at main",
        id.as_str().unwrap()
    );
    assert_eq!(did[0], created);
    let built: Vec<_> = did.iter().filter(|did| did.starts_with("build")).collect();
    assert_eq!(built.len(), builds.len());
    assert!(
        built.iter().zip(&builds).all(|(did, build)| *did == build),
        "{built:?}"
    );
    assert_eq!(*did.last().unwrap(), forgotten);
    assert!(got.values().all(|report| report["queue"] == "cairn-events"));
}

#[test]
fn the_alarm_sends_messages_again_that_a_queue_does_not_take() {
    let scratch = Scratch::new();
    let reports = Reports::listen();
    let wrong = with_wrong_queue(&scratch);
    let mut server = Server::start_with(&[("CONFIG", wrong)]);
    let rest = server.rest();
    let hosted = rest.create_repository("refused", "one");
    let clone = scratch.repository("clone");
    clone.write("file", "one\n");
    clone.commit("first");
    // The pusher hears nothing of it.
    clone.run(&["push", "--quiet", &hosted.url(), "main"]);
    let told = await_feed(&rest, "refused", 2);
    until("the refusal is logged", PATIENCE, || {
        let log = server.log();
        log.contains("the queue did not take the events up to")
            .then_some(())
    });
    server.restart_with(&[
        ("CONFIG", with_queue(&scratch)),
        ("CONSUMER", "tests/support/consumer/wrangler.toml"),
        ("REPORT", reports.url),
    ]);
    // Nothing else happens, and nobody asks: the alarm sends the kept events.
    let got = reports.await_count(told.len());
    let events: Vec<_> = got.values().map(|report| report["event"].clone()).collect();
    assert_eq!(events, told);
}
