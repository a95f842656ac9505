//! Blobs by themselves.

use serde_json::json;

use crate::support::history::noise;
use crate::support::server::server;
use crate::{Desk, INVALID_INPUT};

#[test]
fn a_blob_is_its_callers_until_a_commit_names_it() {
    let desk = Desk::new("put");
    desk.commit("main", &[("a", "1")]);
    let content = noise(6, 1_500_000);
    let put = desk.put_blob(&content).result(201);
    let git = desk.scratch.repository("git");
    assert_eq!(
        put["blob"],
        git.run_with(&["hash-object", "--stdin"], &content)
    );
    assert_eq!(put["size"], content.len());
    assert_eq!(desk.put_blob(&content).result(201)["blob"], put["blob"]);
    // Nobody reads it, and nobody else names it.
    let id = put["blob"].as_str().unwrap();
    assert_eq!(
        desk.client
            .get(&desk.hosted.path(&format!("/blob/{id}")))
            .status,
        404
    );
    let body = json!({"branch": "main", "message": "m", "files": [{"path": "b", "blob": id}]});
    let path = desk.hosted.path("/commits");
    let error = desk.refused("another's blob", 400, |_| {
        server().rest().post(&path, &body)
    });
    assert_eq!(error["code"], INVALID_INPUT);
    assert_eq!(error["source"]["pointer"], "/files/0/blob");
    desk.post(&body).result(201);
    let clone = desk.clone("clone");
    assert_eq!(clone.run(&["rev-parse", "HEAD:b"]), id);
    // Now everybody may.
    let copy = json!({"branch": "main", "message": "m", "files": [{"path": "c", "blob": id}]});
    server().rest().post(&path, &copy).result(201);
    assert_eq!(
        desk.put_blob(b"").result(201)["blob"],
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    );
}

#[test]
fn a_blob_that_is_too_large_by_its_own_word_is_refused() {
    use std::io::{Read as _, Write as _};

    let desk = Desk::new("put-large");
    let before = desk.traces();
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server().port())).unwrap();
    let path = desk.hosted.path("/blobs");
    write!(
        stream,
        "PUT {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         content-length: 5368709120\r\n\r\nsome",
        desk.hosted.token
    )
    .unwrap();
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(desk.traces(), before);
}

#[test]
fn a_blob_that_no_commit_names_is_pruned_after_the_grace_period() {
    let desk = Desk::new("put-prune");
    let put = desk.put_blob(b"nobody names it").result(201);
    let objects = || desk.stats()["objects"].as_u64();
    let maintain = || {
        let path = desk.hosted.path("/maintenance");
        let ran = server().rest().post(&path, &json!({"task": "run"}));
        ran.result(200);
    };
    maintain();
    assert_eq!(objects(), Some(1));
    let path = desk.hosted.path("");
    let grace = json!({"prune_grace_seconds": 0});
    server().rest().patch(&path, &grace).result(200);
    maintain();
    assert_eq!(objects(), Some(0));
    let body = json!({"branch": "main", "message": "m",
        "files": [{"path": "b", "blob": put["blob"]}]});
    desk.refused("a blob that was pruned", 400, |desk| desk.post(&body));
}
