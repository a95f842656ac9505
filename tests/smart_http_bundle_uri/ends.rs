//! When a bundle is not there any more.

use serde_json::json;

use super::support::server::{Server, server};
use super::{Bundled, private, public, same_refs, told};

/// A client that clones cannot get these commits by id any more, nor by the bundle.
#[test]
fn a_bundle_of_commits_that_no_ref_reaches_is_not_there() {
    let bundled = Bundled::new(server(), "rewritten", &public());
    let uri = bundled.told("uri");
    assert_eq!(bundled.get(&uri, &[]).status, 200);
    bundled
        .rest
        .patch(&bundled.hosted.path(""), &json!({ "settle_seconds": 3600 }))
        .result(200);
    // A branch moves on: still there. It is rewritten: gone, with the push that did it.
    let (source, url) = (&bundled.source, bundled.hosted.url());
    source.write("next", "next\n");
    source.commit("next");
    source.run(&["push", "--quiet", &url, "main"]);
    assert_eq!(bundled.get(&uri, &[]).status, 200);
    source.run(&["reset", "--quiet", "--hard", "HEAD~3"]);
    source.write("instead", "instead\n");
    source.commit("instead");
    source.run(&["push", "--quiet", "--force", &url, "main"]);
    assert_eq!(bundled.get(&uri, &[]).status, 404);
    assert_eq!(told(&bundled.list(), "uri"), None);
    let clone = bundled.clone(&bundled.hosted.remote, "rewritten", &["--mirror"]);
    same_refs(&clone, source);

    // Another one takes its place.
    bundled
        .rest
        .patch(&bundled.hosted.path(""), &json!({ "settle_seconds": 0 }))
        .result(200);
    bundled.maintain();
    let next = bundled.told("uri");
    assert_ne!(next, uri);
    assert_eq!(bundled.get(&next, &[]).status, 200);
    // A tag that is deleted takes its object along.
    source.run(&["push", "--quiet", &url, ":refs/tags/tagged"]);
    assert_eq!(bundled.get(&next, &[]).status, 404);
}

#[test]
fn a_purge_removes_the_bundle_from_r2_too() {
    let server = Server::start();
    let bundled = Bundled::new(&server, "purged", &private());
    let uri = bundled.told("uri");
    assert_eq!(bundled.get(&uri, &[]).status, 200);
    let bytes = bundled.get(&uri, &[]).body.len();
    let (source, url) = (&bundled.source, bundled.hosted.url());
    source.run(&["reset", "--quiet", "--hard", "HEAD~1"]);
    source.run(&["push", "--quiet", "--force", &url, "main"]);
    let purge = bundled.hosted.path("/purge-unreachable");
    let purged = bundled.rest.post(&purge, &json!({})).result(200);
    assert!(purged["r2_objects"].as_u64().unwrap() >= 2, "{purged}");
    assert_eq!(bundled.get(&uri, &[]).status, 404);
    bundled.maintain();
    assert_eq!(bundled.get(&uri, &[]).status, 404);
    let next = bundled.get(&bundled.told("uri"), &[]).body.len();
    assert!(next + 200_000 < bytes, "{next} bytes after {bytes}");
    let verified = bundled.rest.post(
        &bundled.hosted.path("/maintenance"),
        &json!({ "task": "verify" }),
    );
    let verified = verified.result(200);
    for count in ["missing", "orphaned", "unheld", "astray"] {
        assert_eq!(verified["findings"]["r2"][count], 0, "{count}: {verified}");
    }
}

#[test]
fn nobody_gets_a_bundle_by_an_old_url() {
    let mut server = Server::start();
    // It is no longer public.
    let closed = Bundled::new(&server, "closed", &public());
    let uri = closed.told("uri");
    assert_eq!(closed.get(&uri, &[]).status, 200);
    closed
        .rest
        .patch(&closed.hosted.path(""), &json!({ "public": false }))
        .result(200);
    assert_eq!(closed.get(&uri, &[]).status, 401);
    // Deleted: as if it had never been there.
    let deleted = Bundled::new(&server, "deleted", &private());
    let uri = deleted.told("uri");
    assert_eq!(deleted.get(&uri, &[]).status, 200);
    deleted.rest.delete(&deleted.hosted.path("")).result(202);
    assert_eq!(deleted.get(&uri, &[]).status, 403);
    // The object has slept: the URL's key is gone, and git asks for another one with each clone.
    let slept = Bundled::new(&server, "slept", &private());
    let (uri, hosted) = (slept.told("uri"), slept.hosted.clone());
    assert_eq!(slept.get(&uri, &[]).status, 200);
    let (source, scratch) = (slept.source.clone(), slept.scratch);
    server.restart();
    let answer = server.rest().anonymous().get(&hosted.git_path(&uri));
    assert_eq!(answer.status, 403, "{}", answer.text());
    let git = source.config("transfer.bundleURI", "true");
    let folder = scratch.join("slept");
    git.run(&[
        "clone",
        "--quiet",
        "--mirror",
        &hosted.url(),
        folder.to_str().unwrap(),
    ]);
    same_refs(&scratch.git_in("slept"), &git);
}
