//! Many large events at once: the memory of the isolate that the objects need for them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

use super::desk::Desk;
use super::followers::{namespace_feed, newest, read_all};
use super::receivers::Receivers;
use super::storm::DEPLOYMENT;
use super::support::databases::database_of;
use super::support::server::Server;
use super::support::wait::until_true;

/// Bytes of the body of one event: as large as a push of twenty commits makes it.
const EVENT_BYTES: i64 = 40_000;

/// Hooks that all get each event.
const HOOKS: usize = 20;

/// Readers that ask for a stream and never read.
const READERS: usize = 60;

/// The heap may have so much. The isolate has 128 MB.
const HEAP_MIB_MAX: u64 = 48;

const PATIENCE: Duration = Duration::from_mins(10);

fn heap_mib(desk: &Desk) -> u64 {
    let stats = desk.rest.get(&desk.hosted.path("/stats")).result(200);
    stats["isolate"]["heap_bytes"].as_u64().unwrap() >> 20
}

/// Writes events that were never handed over.
fn write_events(database: &Connection, count: i64) {
    let sql = "INSERT INTO event (at, kind, body)
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT ?1)
        SELECT last.at, last.kind,
            json_set(last.body, '$.payload.filler', printf('%.*c', ?2, 'x'))
        FROM numbers, (SELECT * FROM event ORDER BY sequence DESC LIMIT 1) AS last";
    database.execute(sql, [count, EVENT_BYTES]).unwrap();
}

/// Asks for a stream of a feed; nobody reads it.
fn deaf_reader(server: &Server, desk: &Desk, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let key = super::support::server::ADMIN_KEY;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\
         Accept: text/event-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200", "{}", desk.hosted.name);
    stream
}

#[test]
#[ignore = "writes gigabytes: run by name"]
fn thousands_of_large_events_fit_the_isolate() {
    let text = std::env::var("CAIRN_STORM_EVENTS");
    let count = text.map_or(2_000, |text| text.parse().expect("it is a number"));
    let mut server = Server::start_with(&DEPLOYMENT);
    let receivers = Receivers::serve(1, 0);
    let mut desk = Desk::new(&server, "bulk", &receivers);
    desk.push();
    let hooks = format!("/api/v1/namespaces/{}/webhooks", desk.hosted.namespace);
    for number in 0..HOOKS {
        let url = receivers.url(&format!("good/{number}"));
        let body = json!({"url": url, "events": ["*"]});
        desk.rest.post(&hooks, &body).result(201);
    }
    server.restart_after(|state| {
        let sql = "SELECT 1 FROM repository WHERE namespace = ?1";
        write_events(&database_of(state, "RepoDo", sql, "bulk"), count);
    });
    let (own, feed) = (desk.hosted.path("/events"), namespace_feed("bulk"));
    println!("heap at the start: {} MiB", heap_mib(&desk));
    let started = Instant::now();
    let deaf: Vec<_> = (0..READERS)
        .map(|_| deaf_reader(&server, &desk, &own))
        .collect();
    until_true("everything is handed over", PATIENCE, || {
        newest(&desk.rest, &feed) >= count + 2
    });
    println!(
        "handed over after {} s, heap {} MiB",
        started.elapsed().as_secs(),
        heap_mib(&desk)
    );
    let deaf_to_all: Vec<_> = (0..READERS)
        .map(|_| deaf_reader(&server, &desk, &feed))
        .collect();
    assert_eq!(read_all(&desk.rest, &feed).len() as i64, count + 2);
    println!(
        "read after {} s, heap {} MiB",
        started.elapsed().as_secs(),
        heap_mib(&desk)
    );
    for number in 0..HOOKS {
        until_true("each hook has everything", PATIENCE, || {
            receivers.count_taken(&format!("good/{number}")) as i64 >= count
        });
    }
    let heap = heap_mib(&desk);
    println!(
        "delivered after {} s, heap {heap} MiB",
        started.elapsed().as_secs()
    );
    drop((deaf, deaf_to_all));
    assert!(heap <= HEAP_MIB_MAX, "{heap} MiB of heap");
}
