//! A push may take long, and permission is judged when it takes effect: each of these began while it
//! was allowed, and ends when it is not.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::raw::{NULL, RawPush};
use super::support::git::Git;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::server;

/// More than a chunk, so that the server shows when it has the first of it.
const LARGE_BYTES: usize = 3 << 20;

/// What is sent before the server is changed.
const HELD_AT_BYTES: usize = 2 << 20;

/// How long the server may take to get to work.
const PATIENCE: Duration = Duration::from_secs(20);

/// A repository with a commit on `main`, and a second commit at hand that does not compress.
struct Story {
    hosted: Hosted,
    rest: Rest,
    work: Git,
    _scratch: Scratch,
    first: String,
}

impl Story {
    fn begin(namespace: &str) -> Self {
        let (rest, scratch) = (server().rest(), Scratch::new());
        let hosted = rest.create_repository(namespace, "held");
        let work = scratch.repository("work");
        work.commit("first");
        work.run(&["push", "--quiet", &hosted.url(), "main", "main:other"]);
        let first = work.run(&["rev-parse", "HEAD"]);
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        });
        let noise: Vec<u8> = noise.take(LARGE_BYTES).collect();
        std::fs::write(work.folder().join("noise"), noise).unwrap();
        Self {
            hosted,
            rest,
            work,
            _scratch: scratch,
            first,
        }
    }

    /// Commits what is there; the id.
    fn commit(&self, message: &str) -> String {
        self.work.run(&["add", "."]);
        self.work.commit(message);
        self.work.run(&["rev-parse", "HEAD"])
    }

    /// Pushes with this token, holding the body in the middle while `meanwhile` happens.
    fn push(&self, token: &str, push: &RawPush, meanwhile: impl FnOnce(&Rest)) -> String {
        let body = push.body();
        assert!(body.len() > HELD_AT_BYTES, "too small to be held");
        let path = format!(
            "/git/{}/{}.git/git-receive-pack",
            self.hosted.namespace, "held"
        );
        let mut stream = TcpStream::connect(("127.0.0.1", server().port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\n\
             Content-Type: application/x-git-receive-pack-request\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body[..HELD_AT_BYTES]).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while self.stats()["packs"]["quarantined"] != 1 {
            assert!(Instant::now() < deadline, "the push did not begin");
            std::thread::sleep(Duration::from_millis(10));
        }
        meanwhile(&self.rest);
        stream.write_all(&body[HELD_AT_BYTES..]).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }

    fn stats(&self) -> Value {
        self.rest.get(&self.hosted.path("/stats")).result(200)
    }

    /// Refs are as they were, and nothing is left of the push.
    #[track_caller]
    fn assert_unchanged(&self) {
        let refs = self.rest.get(&self.hosted.path("/refs")).result(200);
        let targets: Vec<_> = refs
            .as_array()
            .unwrap()
            .iter()
            .map(|found| &found["target"])
            .collect();
        assert_eq!(targets, [&self.first; 3], "{refs}");
        let stats = self.stats();
        assert_eq!(stats["packs"]["live"], 1, "{stats}");
        assert_eq!(stats["packs"]["quarantined"], 0, "{stats}");
    }
}

/// A push of this commit to `main`, and of all that the server lacks of it.
fn main_to(story: &Story, new: &str) -> RawPush {
    let objects = story.work.objects(&[new, &format!("^{}", story.first)]);
    RawPush::new()
        .update(&story.first, new, "refs/heads/main")
        .pack(&story.work, &objects)
}

#[test]
fn a_push_that_began_before_its_token_was_revoked_changes_nothing() {
    let story = Story::begin("perm-revoked");
    let new = story.commit("second");
    let push = main_to(&story, &new);
    let tokens = story.rest.get(&story.hosted.path("/tokens")).result(200);
    let id = tokens[0]["id"].as_str().unwrap().to_owned();
    let report = story.push(&story.hosted.token, &push, |rest| {
        rest.delete(&format!("/api/v1/namespaces/perm-revoked/tokens/{id}"))
            .result(200);
    });
    assert!(
        report.contains("ng refs/heads/main the token is not valid, has expired or was revoked"),
        "{report}"
    );
    story.assert_unchanged();
}

#[test]
fn a_push_that_began_before_its_namespaces_token_was_revoked_changes_nothing() {
    let story = Story::begin("perm-vouched");
    let new = story.commit("second");
    let push = main_to(&story, &new);
    let tokens = "/api/v1/namespaces/perm-vouched/tokens";
    let made = story
        .rest
        .post(tokens, &json!({ "scope": "admin" }))
        .result(201);
    let token = made["plaintext"].as_str().unwrap();
    let report = story.push(token, &push, |rest| {
        rest.delete(&format!("{tokens}/{}", made["id"].as_str().unwrap()))
            .result(200);
    });
    assert!(
        report.contains("ng refs/heads/main the token is not valid, has expired or was revoked"),
        "{report}"
    );
    story.assert_unchanged();
}

#[test]
fn a_push_that_began_before_the_repository_was_read_only_changes_nothing() {
    let story = Story::begin("perm-readonly");
    let new = story.commit("second");
    let push = main_to(&story, &new);
    let report = story.push(&story.hosted.token, &push, |rest| {
        rest.patch(&story.hosted.path(""), &json!({ "read_only": true }))
            .result(200);
    });
    assert!(
        report.contains("ng refs/heads/main repository is read-only"),
        "{report}"
    );
    story.assert_unchanged();
}

#[test]
fn a_push_that_began_before_force_pushes_were_denied_changes_nothing() {
    let story = Story::begin("perm-forced");
    story
        .work
        .run(&["checkout", "--quiet", "--orphan", "elsewhere"]);
    let new = story.commit("unrelated");
    let push = main_to(&story, &new);
    let report = story.push(&story.hosted.token, &push, |rest| {
        rest.patch(
            &story.hosted.path(""),
            &json!({ "deny_non_fast_forwards": true }),
        )
        .result(200);
    });
    assert!(
        report.contains("ng refs/heads/main non-fast-forward"),
        "{report}"
    );
    story.assert_unchanged();
}

#[test]
fn a_deletion_that_was_sent_before_deletions_were_denied_is_refused() {
    let story = Story::begin("perm-deleted");
    let new = story.commit("second");
    let push = main_to(&story, &new)
        .update(&story.first, NULL, "refs/heads/other")
        .with("delete-refs")
        .with("atomic");
    let report = story.push(&story.hosted.token, &push, |rest| {
        rest.patch(&story.hosted.path(""), &json!({ "deny_deletes": true }))
            .result(200);
    });
    assert!(
        report.contains("ng refs/heads/other deletion prohibited"),
        "{report}"
    );
    assert!(
        report.contains("ng refs/heads/main atomic push failure"),
        "{report}"
    );
    story.assert_unchanged();
}

#[test]
fn a_request_whose_body_outlasts_its_token_makes_nothing() {
    let story = Story::begin("perm-rest");
    let tokens = "/api/v1/namespaces/perm-rest/tokens";
    let made = story
        .rest
        .post(tokens, &json!({ "scope": "admin" }))
        .result(201);
    let body = json!({ "repo": "held", "scope": "write" }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", server().port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST {tokens} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{}",
        made["plaintext"].as_str().unwrap(),
        body.len(),
        &body[..5],
    );
    stream.write_all(head.as_bytes()).unwrap();
    // Others are answered meanwhile, so this one was looked at as well.
    for _ in 0..20 {
        story.stats();
    }
    story
        .rest
        .delete(&format!("{tokens}/{}", made["id"].as_str().unwrap()))
        .result(200);
    stream.write_all(&body.as_bytes()[5..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let listed = story.rest.get(&story.hosted.path("/tokens")).result(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
}
