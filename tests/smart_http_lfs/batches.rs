//! The answers to batches.

use serde_json::json;

use super::client::{Lfs, Object, message};

#[test]
fn each_object_is_answered_for_itself() {
    let (_, lfs) = Lfs::create("lfs-batches", "each");
    let (here, absent) = (Object::of("here"), Object::of("absent"));
    assert_eq!(lfs.put(&here).status, 200);
    let answer = lfs.post(
        "/objects/batch",
        &json!({ "operation": "download", "objects": [
            here.named(),
            absent.named(),
            { "oid": "12345678", "size": 1 },
            { "oid": here.oid, "size": -1 },
            { "oid": here.oid, "size": 5 },
        ]}),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["transfer"], "basic");
    assert_eq!(answer["hash_algo"], "sha256");
    let objects = answer["objects"].as_array().unwrap();
    let codes: Vec<_> = objects
        .iter()
        .map(|object| object["error"]["code"].as_u64())
        .collect();
    assert_eq!(codes, [None, Some(404), Some(422), Some(422), Some(422)]);
    assert_eq!(
        objects[4]["error"]["message"],
        "the object has 4 bytes here, not 5"
    );
    assert_eq!(objects[2]["oid"], "12345678");
}

#[test]
fn names_by_another_digest_are_told_for_each_object() {
    let (_, lfs) = Lfs::create("lfs-batches", "digests");
    let batch = |algo: &str| {
        let object = Object::of("by another digest").named();
        let body = json!({ "operation": "upload", "objects": [object], "hash_algo": algo });
        lfs.post("/objects/batch", &body).json()["objects"][0].take()
    };
    assert!(batch("sha256")["actions"]["upload"].is_object());
    let told = batch("sha512");
    assert_eq!(told["error"]["code"], 409);
    assert_eq!(told["actions"], json!(null));
}

#[test]
fn a_batch_that_cannot_be_is_refused_whole() {
    let (_, lfs) = Lfs::create("lfs-batches", "refused");
    for (body, status) in [
        ("{", 400),
        ("[]", 422),
        (r#"{"operation":"remove","objects":[]}"#, 422),
        (
            r#"{"operation":"upload","objects":[],"transfers":["tus"]}"#,
            422,
        ),
    ] {
        message(&lfs.post_text("/objects/batch", body), status);
    }
    let object = Object::of("one").named();
    let many = json!({ "operation": "download", "objects": vec![object; 1001] });
    let told = message(&lfs.post("/objects/batch", &many), 413);
    assert_eq!(
        told,
        "the batch names 1001 objects, and 1000 are taken at most"
    );
}
