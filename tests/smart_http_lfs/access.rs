//! The callers that may have and bring objects, and the answers to others.

use serde_json::json;
use ureq::http::Method;

use super::client::{Lfs, MEDIA_TYPE, Object, message};
use crate::support::rest::Hosted;
use crate::support::server::server;

/// A new token of the repository, and its id.
fn token(hosted: &Hosted, scope: &str) -> (String, String) {
    let body = json!({ "repo": hosted.name, "scope": scope, "ttl": 3600 });
    let made = server().rest().make_token(&hosted.namespace, &body);
    (made.plaintext, made.id)
}

#[test]
fn a_private_repository_asks_for_credentials_in_both_headers() {
    let (_, lfs) = Lfs::create("lfs-access", "private");
    let object = Object::of("a secret");
    assert_eq!(lfs.put(&object).status, 200);
    let unknown = "cairn_v1_0123456789abcdef0123456789abcdef01234567";
    for caller in [lfs.rest.anonymous(), lfs.rest.with_bearer(unknown)] {
        let stranger = lfs.by(caller);
        for answer in [
            stranger.batch("download", &[&object]),
            stranger.batch("upload", &[&object]),
            stranger.get(&object, &[]),
            stranger.put(&object),
            stranger.post("/verify", &object.named()),
        ] {
            message(&answer, 401);
            assert_eq!(answer.header("lfs-authenticate"), r#"Basic realm="cairn""#);
            let challenge = answer.header("www-authenticate");
            assert!(challenge.starts_with("Basic realm="), "{challenge}");
        }
        let nowhere = Lfs {
            base: "/git/lfs-access/nothing.git/info/lfs".to_owned(),
            ..stranger
        };
        message(&nowhere.batch("download", &[&object]), 401);
    }
    let nowhere = Lfs {
        base: "/git/lfs-access/nothing.git/info/lfs".to_owned(),
        rest: server().rest(),
    };
    message(&nowhere.batch("download", &[&object]), 404);
}

#[test]
fn callers_that_may_push_upload_and_callers_that_may_read_download() {
    let (hosted, owner) = Lfs::create("lfs-access", "scopes");
    let (read, _) = token(&hosted, "read");
    let reader = owner.by(owner.rest.with_bearer(&read));
    let (old, new) = (Object::of("old"), Object::of("new"));
    assert_eq!(owner.put(&old).status, 200);
    assert!(reader.has(&old));
    for answer in [reader.batch("upload", &[&new]), reader.put(&new)] {
        assert_eq!(message(&answer, 403), "the token does not allow pushing");
    }
    assert!(!owner.has(&new));
    let other = Lfs::create("lfs-access", "elsewhere").0;
    let other = owner.by(owner.rest.with_bearer(&other.token));
    message(&other.get(&old, &[]), 403);
    // The operator, and Basic as git sends it.
    let operator = owner.by(server().rest());
    assert_eq!(operator.put(&new).status, 200);
    assert!(operator.has(&new));
}

#[test]
fn a_public_repository_is_read_by_anybody() {
    let body = json!({ "name": "public", "public": true });
    let hosted = server().rest().create_repository_with("lfs-access", &body);
    let owner = Lfs::of(&hosted, server().rest().with_bearer(&hosted.token));
    let object = Object::of("for everybody");
    assert_eq!(owner.put(&object).status, 200);
    let stranger = owner.by(owner.rest.anonymous());
    let told = stranger.told("download", &object);
    let action = &told["actions"]["download"];
    assert_eq!(action["header"], json!(null), "{told}");
    assert_eq!(told["authenticated"], json!(null), "{told}");
    assert!(stranger.has(&object));
    message(&stranger.batch("upload", &[&object]), 401);
    message(&stranger.put(&object), 401);
}

#[test]
fn actions_carry_the_callers_own_credential_as_long_as_it_holds() {
    let (hosted, lfs) = Lfs::create("lfs-access", "actions");
    let (write, token_id) = token(&hosted, "write");
    let pusher = lfs.by(lfs.rest.with_bearer(&write));
    let object = Object::of("on its way");
    let told = pusher.told("upload", &object);
    assert_eq!(told["authenticated"], true);
    for action in ["upload", "verify"] {
        let action = &told["actions"][action];
        assert_eq!(action["header"]["Authorization"], format!("Bearer {write}"));
        let seconds = action["expires_in"].as_i64().unwrap();
        assert!((3000..=3600).contains(&seconds), "{action}");
    }
    // The token ends between the batch and the upload.
    let token = format!("/api/v1/namespaces/{}/tokens/{token_id}", hosted.namespace);
    assert_eq!(server().rest().delete(&token).status, 200);
    let answer = pusher.put(&object);
    message(&answer, 401);
    assert!(!answer.header("lfs-authenticate").is_empty());
    assert!(!lfs.has(&object));
    let operator = lfs.by(server().rest()).told("upload", &object);
    assert_eq!(operator["actions"]["upload"]["expires_in"], json!(null));
}

#[test]
fn a_read_only_repository_takes_nothing_and_gives_everything() {
    let (hosted, lfs) = Lfs::create("lfs-access", "read-only");
    let (old, new) = (Object::of("before"), Object::of("after"));
    assert_eq!(lfs.put(&old).status, 200);
    let change = json!({ "read_only": true });
    assert_eq!(server().rest().patch(&hosted.path(""), &change).status, 200);
    for answer in [lfs.batch("upload", &[&new]), lfs.put(&new), lfs.put(&old)] {
        assert!(message(&answer, 403).contains("read-only"));
    }
    assert!(lfs.has(&old));
}

#[test]
fn paths_methods_and_types_that_are_not_served() {
    let (_, lfs) = Lfs::create("lfs-access", "frames");
    let object = Object::of("framed");
    for (method, rest, status) in [
        (Method::GET, "/objects/batch", 405),
        (Method::POST, "/verify/x", 404),
        (Method::PUT, "/objects/12345/5", 404),
        (Method::GET, "/objects/ABCDEF", 404),
        (Method::DELETE, "/objects/batch", 405),
        (Method::POST, "", 404),
    ] {
        let path = format!("{}{rest}", lfs.base);
        let answer = lfs.rest.send(method.clone(), &path, &[], b"");
        message(&answer, status);
    }
    let batch = json!({ "operation": "upload", "objects": [object.named()] }).to_string();
    let path = format!("{}/objects/batch", lfs.base);
    let send = |headers: &[(&str, &str)]| {
        lfs.rest
            .send(Method::POST, &path, headers, batch.as_bytes())
    };
    assert_eq!(send(&[("Content-Type", "application/json")]).status, 200);
    // The requests that a form of another site can send.
    message(&send(&[("Content-Type", "text/plain")]), 415);
    message(&send(&[]), 415);
    let gzip = [("Content-Type", MEDIA_TYPE), ("Content-Encoding", "gzip")];
    let told = message(&send(&gzip), 415);
    assert_eq!(
        told,
        "the body must not be encoded, and its encoding is 'gzip'"
    );
    let size = object.bytes.len();
    let answer = lfs.put_as(&object.oid, size, &gzip[1..], &object.bytes);
    message(&answer, 415);
    let large = lfs.post_text("/objects/batch", &" ".repeat((1 << 20) + 1));
    assert_eq!(message(&large, 413), "the body has more than 1048576 bytes");
    assert!(!lfs.has(&object));
}
