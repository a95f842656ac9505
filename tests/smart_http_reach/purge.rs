//! A secret removed from a repository and from its forks.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gix_object::bstr::ByteSlice as _;
use serde_json::{Value, json};
use ureq::http::Method;

use super::faces::Faces;
use super::rewritten::{Objects, Story};
use super::support::history::noise;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::Server;

/// The files below a folder that have these bytes in them. A server may run there: a file that it
/// removes meanwhile has nothing in it any more.
pub fn files_with(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            match std::fs::read(&path) {
                Ok(content) if content.find(bytes).is_some() => found.push(path),
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    panic!("{}: {error}", path.display())
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
    found
}

#[test]
fn a_purge_removes_a_secret_wherever_it_is() {
    let (mut server, scratch) = (Server::start(), Scratch::new());
    let rest = server.rest();
    let hosted = rest.create_repository("purge", "source");
    let settings = json!({
        "settle_seconds": 0, "ready_bytes_min": 0, "cold_after_seconds": 0, "cold_bytes_min": 0,
    });
    rest.patch(&hosted.path(""), &settings).result(200);
    let work = scratch.repository("work");
    let secret = noise(7, 5000);
    let (before, after) = (&secret[..2000], &secret[3000..]);
    work.write("readme", "for everybody\n");
    work.run(&["add", "."]);
    work.commit("first");
    work.write("config", &secret);
    work.run(&["add", "."]);
    work.commit("a mistake");
    let removed = Objects::at_head(&work, "config", "removed");
    work.run(&[
        "push",
        "--quiet",
        &hosted.url(),
        "main",
        "refs/tags/removed",
    ]);
    let upkeep = |task: &str| {
        let body = json!({ "task": task });
        rest.post(&hosted.path("/maintenance"), &body).result(200)
    };
    upkeep("snapshot");
    work.run(&["reset", "--quiet", "--hard", "HEAD~1"]);
    // A delta whose base has the secret.
    work.write("config", [before, after].concat());
    work.run(&["add", "."]);
    work.commit("mended");
    work.run(&[
        "push",
        "--quiet",
        "--force",
        &hosted.url(),
        "main",
        ":refs/tags/removed",
    ]);
    upkeep("snapshot");
    let sample = &secret[2200..2300];
    assert!(
        !files_with(server.state(), sample).is_empty(),
        "it was there"
    );

    let purge = || {
        rest.post(&hosted.path("/purge-unreachable"), &json!({}))
            .result(200)
    };
    let purged = purge();
    assert!(purged["objects"].as_u64().unwrap() >= 4, "{purged}");
    assert!(purged["packs_rewritten"].as_u64().unwrap() >= 1, "{purged}");
    assert!(purged["bytes"].as_u64().unwrap() >= 1000, "{purged}");
    assert_eq!(purged["holders"], json!([]), "{purged}");
    let verified = upkeep("verify");
    assert_eq!(verified["ok"], true, "{verified}");
    let again = purge();
    assert_eq!(again["objects"], 0, "{again}");

    server.restart();
    let rest = server.rest();
    let hosted = Hosted {
        remote: format!("{}/git/purge/source.git", server.url()),
        ..hosted
    };
    // SQLite writes over its log in time.
    let mut left = files_with(server.state(), sample);
    left.retain(|path| path.extension().is_none_or(|name| name != "sqlite-wal"));
    assert!(left.is_empty(), "{left:?}");
    let faces = Faces {
        rest: rest.with_bearer(&hosted.token),
        hosted: &hosted,
        url: hosted.url(),
    };
    faces.give_nothing_of(&scratch, "removed", &removed);
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    assert_eq!(
        clone.run(&["rev-parse", "main"]),
        work.run(&["rev-parse", "main"])
    );
}

#[test]
fn a_purge_names_the_forks_and_reaches_them() {
    let story = Story::begin("purge-forks");
    let mut forks = Vec::new();
    for name in ["one", "two"] {
        forks.push(story.fork(&json!({ "name": name, "default_branch_only": true })));
    }
    let path = story.source.path("/purge-unreachable");
    let admin = story
        .rest
        .make_token("purge-forks", &json!({ "scope": "admin" }));
    let platform = story.rest.with_bearer(&admin.plaintext);
    let purged = platform.post(&path, &json!({})).result(200);
    assert!(purged["objects"].as_u64().unwrap() >= 4, "{purged}");
    let names = |answer: &Value| {
        let holders = answer["holders"].as_array().unwrap().iter();
        let mut names: Vec<_> = holders.map(|holder| holder["name"].clone()).collect();
        names.sort_by_key(ToString::to_string);
        names
    };
    assert_eq!(names(&purged), ["one", "two"], "{purged}");
    let member = Faces::of_member(&story, &story.source);
    member.give_nothing_of(&story.scratch, "removed", &story.removed);
    member.give_all_of(&story.scratch, "another branch's", &story.other);

    let body = json!({ "network": true });
    let purged = story.rest.post(&path, &body).result(200);
    for holder in purged["holders"].as_array().unwrap() {
        assert!(holder["objects"].as_u64().unwrap() >= 4, "{purged}");
    }
    for forked in &forks {
        let stats = story.rest.get(&forked.path("/stats")).result(200);
        assert_eq!(stats["packs"]["superseded"], 0, "{stats}");
        let clone = story
            .scratch
            .clone(&forked.url(), &forked.name, &["--mirror"]);
        clone.fsck_strict();
        let member = Faces::of_member(&story, forked);
        member.give_nothing_of(&story.scratch, "removed", &story.removed);
    }
}

#[test]
fn only_administrators_purge_and_only_the_operator_a_network() {
    let story = Story::begin("purge-who");
    let path = story.source.path("/purge-unreachable");
    let body = json!({});
    assert_eq!(story.rest.anonymous().post(&path, &body).status, 401);
    let member = story.rest.with_bearer(&story.source.token);
    assert_eq!(member.post(&path, &body).status, 403);
    let admin = story
        .rest
        .make_token("purge-who", &json!({ "scope": "admin" }));
    let platform = story.rest.with_bearer(&admin.plaintext);
    let answer = platform.post(&path, &json!({ "network": true }));
    assert_eq!(answer.status, 403, "{}", answer.text());
    let answer = story.rest.post(&path, &json!({ "everything": true }));
    assert_eq!(answer.status, 400, "{}", answer.text());
    let nowhere = "/api/v1/namespaces/purge-who/repos/nowhere/purge-unreachable";
    assert_eq!(story.rest.post(nowhere, &body).status, 404);
    assert_eq!(story.rest.get(&path).status, 405);
    // Without a body too.
    let answer = story.rest.send(Method::POST, &path, &[], b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
}
