//! Clients that do not read, more than the isolate has room for.

// The lints of wire data: here every surprise is a failed test. A clock, in a test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

use cairn_test_support as support;

use std::time::Duration;

use serde_json::Value;
use support::git::Git;
use support::history::noise;
use support::rest::Hosted;
use support::scratch::Scratch;
use support::server::Server;
use support::stalled::Stalled;
use support::wait::until_true;

fn isolate(server: &Server, hosted: &Hosted, figure: &str) -> u64 {
    let stats = server.rest().get(&hosted.path("/stats")).result(200);
    let figure: Option<&Value> = stats["isolate"].get(figure);
    figure.and_then(Value::as_u64).unwrap()
}

fn served(server: &Server, scratch: &Scratch) -> (Hosted, Git, String) {
    let hosted = server.rest().create_repository("pressure", "repo");
    let source = scratch.repository("source");
    for number in 0..5 {
        source.write(&format!("f{number}"), noise(number << 32, 4 << 20));
        source.write("small", format!("{number}\n"));
        source.commit("noise");
    }
    let tip = source.run(&["rev-parse", "HEAD"]);
    source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    (hosted, source, tip)
}

#[test]
fn clients_that_do_not_read_do_not_block_others() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let (hosted, source, tip) = served(&server, &scratch);
    let stalled: Vec<Stalled> = (0..4)
        .map(|_| Stalled::new(&server, &hosted, &tip))
        .collect();
    assert!(stalled.iter().all(Stalled::is_served));
    let one = isolate(&server, &hosted, "reserved_bytes") / 4;
    assert!(
        (1 << 20..8 << 20).contains(&one),
        "{one} bytes are reserved for a fetch"
    );

    // The others: fetches and a push go on as if nobody else was there.
    std::thread::scope(|scope| {
        for number in 0..3 {
            let (scratch, hosted) = (&scratch, &hosted);
            scope.spawn(move || {
                let clone = scratch.clone(&hosted.url(), &format!("clone-{number}"), &[]);
                clone.fsck_strict();
            });
        }
    });
    source.write("small", "after\n");
    source.commit("after");
    source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let heap = isolate(&server, &hosted, "heap_bytes");
    assert!(heap <= 64 << 20, "{heap} bytes of heap");

    // A client that reads on at last gets its answer, as of its request.
    for client in stalled {
        assert!(client.finish() > 19 << 20);
    }
    // The last bytes may arrive before the object has given back its memory.
    until_true("nothing is reserved", Duration::from_secs(20), || {
        isolate(&server, &hosted, "reserved_bytes") == 0
    });
}

#[test]
fn a_request_beyond_the_isolates_budget_is_told_to_come_back() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let (hosted, _, tip) = served(&server, &scratch);
    let mut stalled = Vec::new();
    let refused = loop {
        let next = Stalled::new(&server, &hosted, &tip);
        if !next.is_served() {
            break next;
        }
        stalled.push(next);
        assert!(stalled.len() < 100, "there is no bound");
    };
    assert!(refused.begun.contains("ERR "), "{}", refused.begun);
    // A bundle is a fetch.
    let bundle = server.rest().get(&hosted.path("/bundle"));
    assert_eq!(bundle.status, 503, "{}", bundle.text());
    assert!(!bundle.header("retry-after").is_empty());
    assert!(
        stalled.len() >= 10,
        "only {} fetches at once",
        stalled.len()
    );
    let heap = isolate(&server, &hosted, "heap_bytes");
    assert!(
        heap <= 96 << 20,
        "{heap} bytes of heap for {} fetches",
        stalled.len()
    );
    println!("{} fetches at once, {heap} bytes of heap", stalled.len());

    // Clients that hang up make room.
    drop(stalled);
    until_true("nothing is reserved", Duration::from_secs(20), || {
        isolate(&server, &hosted, "reserved_bytes") == 0
    });
    scratch.clone(&hosted.url(), "at-last", &[]).fsck_strict();
}
