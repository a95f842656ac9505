//! Large files: the server returns each as it was uploaded, byte for byte.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use ureq::http::Method;

use super::super::judge;
use super::super::support::history::noise;
use super::super::worker::Worker;
use super::pushes::moved;

/// The branch that names the large files. Workers never force it.
const BRANCH: &str = "refs/heads/large";

pub fn put(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick() else { return };
    let repository = worker.repositories[place].clone();
    let length = 1 + worker.random.below(200_000);
    let bytes = noise(worker.random.next(), length);
    let oid = faster_hex::hex_string(&Sha256::digest(&bytes));
    let path = repository
        .hosted
        .git_path(&format!("info/lfs/objects/{oid}/{length}"));
    let headers = [("Content-Type", "application/octet-stream")];
    let world = worker.world;
    let known = world.definitely_bytes(Method::PUT, &path, &headers, &bytes);
    if known.answer.status != 200 {
        return worker.wrong(&format!("a large file for {}", repository.name()), &known);
    }
    let tip = repository.tip(BRANCH);
    let file = json!({"path": format!("{oid}.bin"), "lfs": {"oid": oid, "size": length}});
    let mut body = json!({"branch": BRANCH, "message": "large", "files": [file]});
    body["expected_head"] = json!(tip);
    let known = worker.post(&repository.path("/commits"), &body);
    if known.answer.status != 201 {
        return worker.wrong(&format!("a pointer in {}", repository.name()), &known);
    }
    let made = known.answer.json()["result"]["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    let repository = &mut worker.repositories[place];
    repository.note(moved(BRANCH, tip, &made));
    repository.large.insert(oid, bytes);
    worker.take_over(place, &made);
    let repository = &worker.repositories[place];
    let oids: Vec<_> = repository.large.keys().cloned().collect();
    let oid = &oids[worker.random.below(oids.len())];
    judge::large_file_is_there(worker.world, &worker.repositories[place], oid);
}
