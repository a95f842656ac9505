//! Bytes of blobs: whole blobs, ranges, large ones, deltas and cold packs.

use serde_json::json;
use ureq::http::Method;

use super::Shelf;
use crate::support::history::{History, noise};
use crate::support::scratch::Scratch;
use crate::support::server::Server;
use crate::{INVALID_INPUT, rest};

#[test]
fn ranges_and_conditions() {
    let content = noise(1, 3_000_000);
    let shelf = Shelf::new("ranges", |source| {
        source.write("big", &content);
        source.write("empty", "");
        source.commit("first");
    });
    let size = content.len();
    let etag = format!("\"{}\"", shelf.id("main:big"));
    let whole = shelf.get("/raw/main/big");
    assert_eq!((whole.status, whole.body == content), (200, true));
    assert_eq!(whole.header("content-length"), size.to_string());
    assert_eq!(whole.header("accept-ranges"), "bytes");
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=131071-131073", 131_071, 131_074),
        ("bytes=2999990-", 2_999_990, size),
        ("bytes=-7", size - 7, size),
        ("bytes=1000000-2500000", 1_000_000, 2_500_001),
    ] {
        let answer = shelf.with("/raw/main/big", &[("Range", range)]);
        assert_eq!(answer.status, 206, "{range}");
        assert!(answer.body == content[from..to], "{range}");
        let shown = format!("bytes {from}-{}/{size}", to - 1);
        assert_eq!(answer.header("content-range"), shown);
        assert_eq!(answer.header("content-length"), (to - from).to_string());
        assert_eq!(answer.header("etag"), etag);
    }
    for range in ["bytes=3000000-", "bytes=-0"] {
        let answer = shelf.with("/raw/main/big", &[("Range", range)]);
        assert_eq!(answer.error_code(416), INVALID_INPUT);
        assert_eq!(answer.header("content-range"), format!("bytes */{size}"));
    }
    for range in ["bytes=0-1,4-5", "lines=1-2", "bytes=9-5"] {
        let answer = shelf.with("/raw/main/big", &[("Range", range)]);
        assert_eq!((answer.status, answer.body.len()), (200, size), "{range}");
    }
    let fresh = [("If-None-Match", etag.as_str()), ("Range", "bytes=0-1")];
    let answer = shelf.with("/raw/main/big", &fresh);
    assert_eq!((answer.status, answer.body.len()), (304, 0));
    assert_eq!(answer.header("etag"), etag);
    let stale = [("If-Range", "\"other\""), ("Range", "bytes=0-1")];
    assert_eq!(shelf.with("/raw/main/big", &stale).status, 200);
    let kept = [("If-Range", etag.as_str()), ("Range", "bytes=0-1")];
    assert_eq!(shelf.with("/raw/main/big", &kept).status, 206);

    let head = shelf.client.head(&shelf.hosted.path("/raw/main/big"));
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("etag"), etag);
    assert_eq!(head.header("content-length"), size.to_string());
    let empty = shelf.get("/raw/main/empty");
    assert_eq!((empty.status, empty.body.len()), (200, 0));
    let answer = shelf.with("/raw/main/empty", &[("Range", "bytes=0-")]);
    assert_eq!(answer.status, 416);
    let missing = shelf.client.head(&shelf.hosted.path("/raw/main/nowhere"));
    assert_eq!(missing.status, 404);
}

#[test]
fn deltas_are_resolved() {
    let lines = |round: u32| {
        let line = |n: u32| {
            format!(
                "line {n} of {}\n",
                if n.is_multiple_of(50) { round } else { 0 }
            )
        };
        (0..40_000).map(line).collect::<String>()
    };
    let shelf = Shelf::new("deltas", |source| {
        for round in 0..4 {
            source.write("lines", lines(round));
            source.commit("more");
        }
        source.run(&["repack", "-a", "-d", "-q", "--depth=10"]);
    });
    for (round, name) in [(3, "main"), (2, "main~1"), (1, "main~2"), (0, "main~3")] {
        let id = shelf.id(&format!("{name}:lines"));
        let answer = shelf.get(&format!("/blob/{id}"));
        assert!(answer.text() == lines(round), "{name}");
        let part = shelf.with(&format!("/blob/{id}"), &[("Range", "bytes=300000-300009")]);
        assert_eq!(part.body, lines(round).as_bytes()[300_000..300_010]);
    }
}

#[test]
fn a_blob_larger_than_the_isolate_is_streamed() {
    const BYTES: usize = 200 << 20;
    let server = Server::start();
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    let mut content = vec![0; BYTES];
    content[BYTES - 5..].copy_from_slice(b"tail\n");
    source.write("zeros", &content);
    source.commit("first");
    let hosted = server.rest().create_repository("rest-content", "huge");
    source.run(&["push", "--quiet", &hosted.url(), "main"]);
    let rest = server.rest();
    let path = hosted.path("/raw/main/zeros");
    let range = format!("bytes={}-", BYTES - 5);
    let tail = rest.send(Method::GET, &path, &[("Range", &range)], b"");
    assert_eq!((tail.status, tail.body.as_slice()), (206, &b"tail\n"[..]));
    let whole = rest.get(&path);
    assert!(whole.status == 200 && whole.body == content);
    let stats = rest.get(&hosted.path("/stats")).result(200);
    let heap = stats["isolate"]["heap_bytes"].as_u64().unwrap();
    assert!(heap < 80 << 20, "{heap} bytes of heap");
}

#[test]
fn cold_packs_are_read() {
    let content = noise(1, 2_000_000);
    let shelf = Shelf::new("cold", |source| {
        History::small(9).make(source);
        source.write("big", &content);
        source.commit("noise");
    });
    let log = shelf.get("/log?path=big").result(200);
    let tree = shelf
        .get(&format!("/tree/{}?recursive", shelf.id("main")))
        .result(200);
    let at_once = json!({ "settle_seconds": 0, "cold_after_seconds": 0, "cold_bytes_min": 0 });
    rest().patch(&shelf.hosted.path(""), &at_once).result(200);
    let task = json!({ "task": "snapshot" });
    rest()
        .post(&shelf.hosted.path("/maintenance"), &task)
        .result(200);
    let stats = rest().get(&shelf.hosted.path("/stats")).result(200);
    assert!(stats["packs"]["cold"].as_u64() > Some(0), "{stats}");
    assert_eq!(shelf.get("/log?path=big").result(200), log);
    let again = shelf.get(&format!("/tree/{}?recursive", shelf.id("main")));
    assert_eq!(again.result(200), tree);
    assert!(shelf.get("/raw/main/big").body == content);
    let part = shelf.with("/raw/main/big", &[("Range", "bytes=1500000-1500009")]);
    assert_eq!(part.body, content[1_500_000..1_500_010]);
}
