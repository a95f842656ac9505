//! The actions of a batch, done by plain HTTP.

use std::time::Duration;

use serde_json::Value;
use ureq::http::Method;

use crate::client::{Lfs, Object};
use crate::presigning;
use crate::support::rest::{Answer, Hosted, Rest};
use crate::support::s3::{Presigning, SECRET_ACCESS_KEY};
use crate::support::wait::until;

/// A new repository of the shared server.
pub fn create(servers: &Presigning, namespace: &str, name: &str) -> (Hosted, Lfs) {
    let hosted = servers.cairn.rest().create_repository(namespace, name);
    let lfs = Lfs::of(&hosted, servers.cairn.rest().with_bearer(&hosted.token));
    (hosted, lfs)
}

/// A client's request for an action; `changed` headers take the place of those of the action.
pub fn act(method: Method, action: &Value, changed: &[(&str, &str)], body: &[u8]) -> Answer {
    act_at(
        method,
        action["href"].as_str().unwrap(),
        action,
        changed,
        body,
    )
}

/// The same at another URL.
pub fn act_at(
    method: Method,
    href: &str,
    action: &Value,
    changed: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut headers: Vec<(&str, &str)> = Vec::new();
    for (name, value) in action["header"].as_object().into_iter().flatten() {
        if !changed
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
        {
            headers.push((name, value.as_str().unwrap()));
        }
    }
    headers.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
    Rest::new("", None).send(method, href, &headers, body)
}

/// Uploads an object, and says so.
pub fn upload(lfs: &Lfs, object: &Object) {
    let told = lfs.told("upload", object);
    let length = object.bytes.len().to_string();
    // Without a body this client would not send it.
    let length = [("content-length", &*length)];
    let put = act(
        Method::PUT,
        &told["actions"]["upload"],
        &length,
        &object.bytes,
    );
    assert_eq!(put.status, 200, "{}", put.text());
    let verified = lfs.post("/verify", &object.named());
    assert_eq!(verified.status, 200, "{}", verified.text());
}

#[test]
fn an_object_goes_up_and_comes_down_beside_the_worker() {
    let Some(servers) = presigning() else { return };
    let (_, lfs) = create(servers, "lfs-presigned", "updown");
    let object = Object::of_length(300_000, 1);

    let told = lfs.told("upload", &object);
    assert_eq!(told["authenticated"], true);
    let upload = &told["actions"]["upload"];
    assert_eq!(upload["expires_in"], 3600);
    assert!(
        upload["href"]
            .as_str()
            .unwrap()
            .starts_with(&servers.s3_url)
    );
    assert!(upload["header"].get("Authorization").is_none(), "{upload}");
    let verify = told["actions"]["verify"]["href"].as_str().unwrap();
    assert!(verify.starts_with(&servers.cairn.url()), "{verify}");

    // Before anything has come.
    assert_eq!(lfs.post("/verify", &object.named()).status, 404);
    assert!(lfs.told("download", &object)["error"].is_object());

    let put = act(Method::PUT, upload, &[], &object.bytes);
    assert_eq!(put.status, 200, "{}", put.text());
    // An object that has come counts once it is verified.
    assert!(lfs.told("download", &object)["error"].is_object());
    let mut wrong = object.named();
    wrong["size"] = 299_999.into();
    assert_eq!(lfs.post("/verify", &wrong).status, 400);
    for _ in 0..2 {
        let verified = lfs.post("/verify", &object.named());
        assert_eq!(verified.status, 200, "{}", verified.text());
    }
    assert_eq!(lfs.post("/verify", &wrong).status, 400);
    assert!(lfs.told("upload", &object).get("actions").is_none());

    let told = lfs.told("download", &object);
    assert_eq!(told["authenticated"], true);
    let download = &told["actions"]["download"];
    let got = act(Method::GET, download, &[], b"");
    assert_eq!((got.status, &got.body), (200, &object.bytes));
    assert_eq!(got.header("content-type"), "application/octet-stream");
    let part = act(Method::GET, download, &[("range", "bytes=299990-")], b"");
    assert_eq!(
        (part.status, &part.body[..]),
        (206, &object.bytes[299_990..])
    );
    // The way through the Worker stays open.
    assert_eq!(lfs.get(&object, &[]).body, object.bytes);
    let all = format!("{told}{}", servers.cairn.log());
    assert!(!all.contains(SECRET_ACCESS_KEY));
}

#[test]
fn an_empty_object_and_one_of_a_byte() {
    let Some(servers) = presigning() else { return };
    let (_, lfs) = create(servers, "lfs-presigned", "small");
    for bytes in [&b""[..], b"x"] {
        let object = Object::of(bytes);
        upload(&lfs, &object);
        let download = &lfs.told("download", &object)["actions"]["download"];
        assert_eq!(act(Method::GET, download, &[], b"").body, object.bytes);
    }
}

/// Where R2 has no SHA-256 of an object, its bytes are read.
#[test]
fn an_object_without_a_checksum_is_digested() {
    let Some(servers) = presigning() else { return };
    let (_, lfs) = create(servers, "lfs-presigned", "digested");
    let object = Object::of_length(3 << 20, 2);
    let told = lfs.told("upload", &object);
    let upload = &told["actions"]["upload"];
    let name = upload["header"]["x-amz-meta-cairn-upload"]
        .as_str()
        .unwrap();
    let href = upload["href"].as_str().unwrap();
    let key = href.split_once("/cairn-packs").unwrap().1;
    let key = key.split_once('?').unwrap().0;
    let headers = [("bucket-meta-cairn-upload", name)];

    let mut other = object.bytes.clone();
    other[0] ^= 1;
    assert_eq!(
        servers
            .bucket
            .send(Method::PUT, key, &headers, &other)
            .status,
        200
    );
    let refused = lfs.post("/verify", &object.named());
    assert_eq!(refused.status, 400, "{}", refused.text());
    until("the log tells of it", Duration::from_secs(10), || {
        let words = "\"corruption\",\"level\":\"error\"";
        servers.cairn.log().contains(words).then_some(())
    });
    assert!(lfs.told("download", &object)["error"].is_object());

    assert_eq!(
        servers
            .bucket
            .send(Method::PUT, key, &headers, &object.bytes)
            .status,
        200
    );
    let verified = lfs.post("/verify", &object.named());
    assert_eq!(verified.status, 200, "{}", verified.text());
    assert!(lfs.has(&object));
}

/// Two jobs push one object at once: both finish.
#[test]
fn two_uploads_of_one_object_both_count() {
    let Some(servers) = presigning() else { return };
    let (_, lfs) = create(servers, "lfs-presigned", "twice");
    let object = Object::of_length(5_000, 3);
    let one = lfs.told("upload", &object);
    let other = lfs.told("upload", &object);
    for told in [&one, &other] {
        let put = act(Method::PUT, &told["actions"]["upload"], &[], &object.bytes);
        assert_eq!(put.status, 200, "{}", put.text());
    }
    for _ in 0..2 {
        assert_eq!(lfs.post("/verify", &object.named()).status, 200);
    }
}
