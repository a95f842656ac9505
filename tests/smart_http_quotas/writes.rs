//! Writes by REST, and large files.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use ureq::http::Method;

use super::support::history::noise;
use super::support::rest::Hosted;
use super::{QUOTA_EXCEEDED, leave, quarantined, rest, set_free, shown};
use base64::Engine as _;

fn commit(content: &[u8]) -> Value {
    let content = base64::engine::general_purpose::STANDARD.encode(content);
    json!({
        "branch": "main", "message": "more",
        "files": [{ "path": "file", "content_base64": content }],
    })
}

fn started(name: &str) -> Hosted {
    let hosted = rest().create_repository("quota-write", name);
    let made = rest().post(&hosted.path("/commits"), &commit(b"first"));
    made.result(201);
    hosted
}

#[test]
fn commits_and_blobs_keep_to_the_bound() {
    let hosted = started("rest");
    let here = leave(&hosted, 20_000);
    let large = noise(2, 50_000);
    let told = |code: u64, answer: &super::support::rest::Answer| {
        assert_eq!(answer.error_code(403), code, "{}", answer.text());
        let message = answer.json()["errors"][0]["message"].clone();
        let message = message.as_str().unwrap().to_owned();
        assert!(
            message.starts_with("quota exceeded: the repository has"),
            "{message}"
        );
        message
    };
    let refused = rest().post(&hosted.path("/commits"), &commit(&large));
    told(QUOTA_EXCEEDED, &refused);
    let put = |bytes: &[u8]| rest().send(Method::PUT, &hosted.path("/blobs"), &[], bytes);
    let message = told(QUOTA_EXCEEDED, &put(&large));
    assert!(message.contains("would add 50000;"), "{message}");
    // A commit sent as lines does not tell its length.
    let lines = [
        json!({ "metadata": {
            "branch": "main", "message": "lines", "files": [{ "path": "file", "content_id": "a" }],
        }}),
        json!({ "chunk": {
            "content_id": "a", "eof": true,
            "data": base64::engine::general_purpose::STANDARD.encode(&large),
        }}),
    ];
    let lines = lines.map(|line| format!("{line}\n")).concat();
    let types = [("content-type", "application/x-ndjson")];
    let refused = rest().send(
        Method::POST,
        &hosted.path("/commits"),
        &types,
        lines.as_bytes(),
    );
    told(QUOTA_EXCEEDED, &refused);
    assert_eq!(quarantined(&hosted), 0);
    assert_eq!(shown(&hosted)["size_bytes"], here);

    assert_eq!(put(&large[..1000]).status, 201);
    let passed = rest().post(&hosted.path("/commits"), &commit(&large[..2000]));
    passed.result(201);
    // A ref to a commit that is here passes where no byte is left.
    leave(&hosted, 0);
    let head = passed.json()["result"]["commit"].clone();
    let refs = json!({ "updates": [{ "name": "refs/heads/other", "new": head }] });
    rest().post(&hosted.path("/refs"), &refs).result(200);
    let one_more = rest().post(&hosted.path("/commits"), &commit(b"one more"));
    told(QUOTA_EXCEEDED, &one_more);
    set_free(&hosted);
    rest()
        .post(&hosted.path("/commits"), &commit(b"one more"))
        .result(201);
}

#[test]
fn large_files_are_refused_by_their_announced_sizes() {
    let hosted = started("lfs");
    let holder = rest().with_bearer(&hosted.token);
    let base = hosted.git_path("info/lfs");
    let objects: Vec<_> = (0..3).map(|seed| noise(10 + seed, 4000)).collect();
    let named = |bytes: &[u8]| {
        let oid = faster_hex::hex_string(&Sha256::digest(bytes));
        json!({ "oid": oid, "size": bytes.len() })
    };
    let batch = |objects: &[Vec<u8>]| {
        let objects: Vec<_> = objects.iter().map(|bytes| named(bytes)).collect();
        let body = json!({ "operation": "upload", "objects": objects });
        let body = body.to_string();
        let types = [("content-type", "application/vnd.git-lfs+json")];
        let path = format!("{base}/objects/batch");
        holder.send(Method::POST, &path, &types, body.as_bytes())
    };
    let put = |bytes: &[u8]| {
        let named = named(bytes);
        let (oid, size) = (named["oid"].as_str().unwrap(), bytes.len());
        let path = format!("{base}/objects/{oid}/{size}");
        holder.send(Method::PUT, &path, &[], bytes)
    };
    let here = leave(&hosted, 9000);
    let refused = batch(&objects);
    assert_eq!(refused.status, 507, "{}", refused.text());
    let told = format!(
        "quota exceeded: the repository has {here} bytes, and this would add 12000; at most {}",
        here + 9000
    );
    assert_eq!(refused.json()["message"], told);
    assert_eq!(batch(&objects[..2]).status, 200);
    for object in &objects[..2] {
        assert_eq!(put(object).status, 200);
    }
    // An object that was not announced is refused; objects that are here pass.
    let refused = put(&objects[2]);
    assert_eq!(refused.status, 507, "{}", refused.text());
    assert_eq!(batch(&objects[..2]).status, 200);
    assert_eq!(shown(&hosted)["lfs_bytes"], 8000);
    set_free(&hosted);
    assert_eq!(put(&objects[2]).status, 200);
}
