//! The attempts of a presigned URL's holder against others who share an object.

use serde_json::json;
use ureq::http::Method;

use crate::actions::{act, act_at, create, upload};
use crate::client::{Lfs, Object};
use crate::presigning;
use crate::support::rest::Hosted;
use crate::support::s3::Presigning;
use crate::support::scratch::Scratch;

/// A repository and a fork of it: two of one network, who share their objects.
fn network(servers: &Presigning, name: &str) -> ((Hosted, Lfs), (Hosted, Lfs)) {
    let rest = servers.cairn.rest();
    let scratch = Scratch::new();
    let (source, git) = scratch.pushed(&rest, "lfs-hostile", name);
    drop(git);
    let fork = format!("{name}-fork");
    let forked = rest.post(&source.path("/fork"), &json!({ "name": fork }));
    let fork = Hosted::made("lfs-hostile", &forked);
    let lfs = |hosted: &Hosted| Lfs::of(hosted, rest.with_bearer(&hosted.token));
    let (source_lfs, fork_lfs) = (lfs(&source), lfs(&fork));
    ((source, source_lfs), (fork, fork_lfs))
}

#[test]
fn a_presigned_upload_takes_only_its_own_bytes() {
    let Some(servers) = presigning() else { return };
    let (_, lfs) = create(servers, "lfs-hostile", "bytes");
    let object = Object::of_length(10_000, 4);
    let told = lfs.told("upload", &object);
    let action = &told["actions"]["upload"];
    let href = action["href"].as_str().unwrap();

    let mut other = object.bytes.clone();
    other[9_999] ^= 1;
    let put = act(Method::PUT, action, &[], &other);
    assert_eq!(put.status, 400, "{}", put.text());
    assert!(put.text().contains("BadDigest"), "{}", put.text());
    for headers in [
        [("content-type", "text/html")],
        [("content-encoding", "gzip")],
        [("content-encoding", "")],
        [("x-amz-meta-cairn-upload", "another")],
        [("x-amz-meta-cairn-upload", "")],
        [("x-amz-checksum-sha256", "")],
        [(
            "x-amz-checksum-sha256",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        )],
    ] {
        let put = act(Method::PUT, action, &headers, &object.bytes);
        assert_eq!(put.status, 403, "{headers:?}: {}", put.text());
    }
    // Another length, key, bucket, method or time.
    let length = act(Method::PUT, action, &[], &object.bytes[1..]);
    assert_eq!(length.status, 403, "{}", length.text());
    let elsewhere = Object::of_length(10_000, 5);
    for changed in [
        href.replace(&object.oid, &elsewhere.oid),
        href.replace("/cairn-packs/lfs/", "/cairn-packs/packs/"),
        href.replace("/cairn-packs/", "/other-bucket/"),
        href.replace("X-Amz-Expires=3600", "X-Amz-Expires=36000"),
    ] {
        let put = act_at(Method::PUT, &changed, action, &[], &object.bytes);
        assert_eq!(put.status, 403, "{changed}: {}", put.text());
    }
    assert_eq!(act(Method::GET, action, &[], b"").status, 403);
    assert_eq!(act(Method::DELETE, action, &[], b"").status, 403);

    // None of that left anything.
    assert_eq!(lfs.post("/verify", &object.named()).status, 404);
    upload(&lfs, &object);
    let download = &lfs.told("download", &object)["actions"]["download"];
    assert_eq!(act(Method::PUT, download, &[], &object.bytes).status, 403);
}

#[test]
fn a_digest_opens_nothing_with_a_presigned_upload() {
    let Some(servers) = presigning() else { return };
    let ((_, source), (_, fork)) = network(servers, "digest");
    let secret = Object::of_length(20_000, 6);
    upload(&source, &secret);

    // The fork's pusher knows the name and the size, and asks for an upload that is not made.
    let told = fork.told("upload", &secret);
    let action = &told["actions"]["upload"];
    assert!(action.is_object(), "{told}");
    let refused = fork.post("/verify", &secret.named());
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(!fork.has(&secret));

    // Nor does it help that the other one uploads meanwhile.
    let coming = Object::of_length(20_000, 7);
    fork.told("upload", &coming);
    upload(&source, &coming);
    assert_eq!(fork.post("/verify", &coming.named()).status, 409);
    assert!(!fork.has(&coming));

    // A client that has the bytes proves it by sending them; the object of both stays as it was.
    let put = act(Method::PUT, action, &[], &secret.bytes);
    assert_eq!(put.status, 200, "{}", put.text());
    assert_eq!(fork.post("/verify", &secret.named()).status, 200);
    assert!(fork.has(&secret) && source.has(&secret));
}

#[test]
fn an_upload_of_a_revoked_token_does_not_count() {
    let Some(servers) = presigning() else { return };
    let (hosted, lfs) = create(servers, "lfs-hostile", "revoked");
    let rest = servers.cairn.rest();
    let asked = json!({ "repo": "revoked", "scope": "write" });
    let made = rest.make_token("lfs-hostile", &asked);
    let pusher = lfs.by(rest.with_bearer(&made.plaintext));
    let object = Object::of_length(7_000, 8);
    let told = pusher.told("upload", &object);
    let revoked = rest.delete(&hosted.path(&format!("/tokens/{}", made.id)));
    assert_eq!(revoked.status, 200);

    // The URL is R2's, which knows of no token.
    let put = act(Method::PUT, &told["actions"]["upload"], &[], &object.bytes);
    assert_eq!(put.status, 200, "{}", put.text());
    assert_eq!(pusher.post("/verify", &object.named()).status, 401);
    let asked = json!({ "repo": "revoked", "scope": "read" });
    let reader = rest.make_token("lfs-hostile", &asked).plaintext;
    let reader = lfs.by(rest.with_bearer(&reader));
    assert_eq!(reader.post("/verify", &object.named()).status, 403);
    assert!(!lfs.has(&object));
}
