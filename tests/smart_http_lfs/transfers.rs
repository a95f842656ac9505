//! Objects that come and go.

use serde_json::json;
use ureq::http::Method;

use super::client::{Lfs, Object, message};
use crate::support::server::server;

#[test]
fn an_object_goes_up_and_down() {
    let (_, lfs) = Lfs::create("lfs-transfers", "up-and-down");
    let object = Object::of_length(300_000, 1);
    let told = lfs.told("upload", &object);
    let upload = &told["actions"]["upload"];
    let href = format!(
        "{}{}/{}",
        server().url(),
        lfs.path(&object),
        object.bytes.len()
    );
    assert_eq!(upload["href"], href, "{told}");
    assert!(!lfs.has(&object));
    let answer = lfs.put(&object);
    assert_eq!((answer.status, answer.text()), (200, String::new()));
    assert_eq!(lfs.post("/verify", &object.named()).status, 200);
    assert!(lfs.has(&object));
    // The client takes an object without actions for one that is here.
    let told = lfs.told("upload", &object);
    assert_eq!(
        (&told["actions"], &told["error"]),
        (&json!(null), &json!(null))
    );
    // Once more, as a client that got no answer does.
    assert_eq!(lfs.put(&object).status, 200);
    let other = Lfs::create("lfs-transfers", "other").1;
    assert!(!other.has(&object), "knowing a digest opens nothing");
    assert_eq!(
        message(&other.get(&object, &[]), 404),
        format!("the repository has no object {}", object.oid)
    );
}

#[test]
fn parts_heads_and_conditions() {
    let (_, lfs) = Lfs::create("lfs-transfers", "parts");
    let object = Object::of_length(100_000, 2);
    assert_eq!(lfs.put(&object).status, 200);
    let whole = lfs.get(&object, &[]);
    assert_eq!(whole.header("content-length"), "100000");
    assert_eq!(whole.header("content-type"), "application/octet-stream");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let etag = format!("\"{}\"", object.oid);
    assert_eq!(whole.header("etag"), etag);
    let head = lfs.rest.head(&lfs.path(&object));
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), "100000");
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=70000-99999", 70_000, 100_000),
        ("bytes=70000-", 70_000, 100_000),
        ("bytes=-10", 99_990, 100_000),
        ("bytes=5-1000000", 5, 100_000),
    ] {
        let part = lfs.get(&object, &[("Range", range)]);
        assert_eq!(part.status, 206, "{range}");
        assert!(part.body == object.bytes[from..to], "{range}");
        let told = format!("bytes {from}-{}/100000", to - 1);
        assert_eq!(part.header("content-range"), told);
        assert_eq!(part.header("content-length"), (to - from).to_string());
    }
    let outside = lfs.get(&object, &[("Range", "bytes=100000-")]);
    message(&outside, 416);
    assert_eq!(outside.header("content-range"), "bytes */100000");
    let known = lfs.get(&object, &[("If-None-Match", &etag)]);
    assert_eq!((known.status, known.body.len()), (304, 0));
    let other = [("Range", "bytes=1-2"), ("If-Range", "\"other\"")];
    assert_eq!(lfs.get(&object, &other).status, 200);
}

#[test]
fn an_object_without_bytes() {
    let (_, lfs) = Lfs::create("lfs-transfers", "empty");
    let object = Object::of("");
    assert_eq!(lfs.put(&object).status, 200);
    assert!(lfs.has(&object));
    let answer = lfs.rest.send(
        Method::GET,
        &lfs.path(&object),
        &[("Range", "bytes=0-")],
        b"",
    );
    assert_eq!(answer.status, 416);
}

#[test]
fn a_wrong_upload_leaves_nothing() {
    let (_, lfs) = Lfs::create("lfs-transfers", "wrong");
    let object = Object::of_length(200_000, 3);
    let mut wrong = object.bytes.clone();
    wrong[150_000] ^= 1;
    let size = object.bytes.len();
    let answer = lfs.put_as(&object.oid, size, &[], &wrong);
    let told = format!("the sha-256 of the body is not {}", object.oid);
    assert_eq!(message(&answer, 400), told);
    assert!(!lfs.has(&object));
    let short = lfs.put_as(&object.oid, size, &[], &object.bytes[1..]);
    let told = message(&short, 400);
    assert_eq!(told, "the body has 199999 bytes, and the path says 200000");
    let long = lfs.put_as(&object.oid, size - 1, &[], &object.bytes);
    message(&long, 400);
    let none = lfs.put_as(&object.oid, size, &[], b"");
    message(&none, 400);
    assert!(!lfs.has(&object));
    message(&lfs.post("/verify", &object.named()), 404);
    assert_eq!(lfs.put(&object).status, 200, "nothing is in its way");
    assert!(lfs.has(&object));
}
