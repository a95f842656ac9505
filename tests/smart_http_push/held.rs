//! A push that is held in the middle of its body while something happens.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::raw::RawPush;
use super::support::git::Git;
use super::support::history::noise;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::{Server, server};
use super::support::wait::until_true;

/// More than a chunk, so that the server shows when it has the first of it.
const LARGE_BYTES: usize = 3 << 20;

/// Bytes that are sent before the server is changed.
const HELD_AT_BYTES: usize = 2 << 20;

/// How long the server may take to get to work.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A repository with a commit on `main`, and a second commit at hand that does not compress.
pub struct Story {
    pub hosted: Hosted,
    pub rest: Rest,
    pub work: Git,
    server: &'static Server,
    _scratch: Scratch,
    pub first: String,
}

impl Story {
    pub fn begin(namespace: &str) -> Self {
        Self::begin_at(server(), namespace)
    }

    /// The same at a server with other variables.
    pub fn begin_at(server: &'static Server, namespace: &str) -> Self {
        let (rest, scratch) = (server.rest(), Scratch::new());
        let (hosted, work) = scratch.pushed(&rest, namespace, "held");
        work.run(&["push", "--quiet", &hosted.url(), "main:other"]);
        let first = work.run(&["rev-parse", "HEAD"]);
        work.write("noise", noise(1, LARGE_BYTES));
        Self {
            hosted,
            rest,
            work,
            server,
            _scratch: scratch,
            first,
        }
    }

    /// Commits the present files; gives the id.
    pub fn commit(&self, message: &str) -> String {
        self.work.run(&["add", "."]);
        self.work.commit(message);
        self.work.run(&["rev-parse", "HEAD"])
    }

    /// Pushes with this token, holding the body in the middle while `meanwhile` happens.
    pub fn push(&self, token: &str, push: &RawPush, meanwhile: impl FnOnce(&Rest)) -> String {
        let body = push.body();
        assert!(body.len() > HELD_AT_BYTES, "too small to be held");
        let path = self.hosted.git_path("git-receive-pack");
        let mut stream = TcpStream::connect(("127.0.0.1", self.server.port())).unwrap();
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
        until_true("the push has begun", PATIENCE, || {
            self.stats()["packs"]["quarantined"] == 1
        });
        meanwhile(&self.rest);
        stream.write_all(&body[HELD_AT_BYTES..]).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }

    pub fn stats(&self) -> Value {
        self.rest.get(&self.hosted.path("/stats")).result(200)
    }

    /// Refs are as they were, and the push has left nothing.
    #[track_caller]
    pub fn assert_unchanged(&self) {
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
pub fn main_to(story: &Story, new: &str) -> RawPush {
    let objects = story.work.objects(&[new, &format!("^{}", story.first)]);
    RawPush::new()
        .update(&story.first, new, "refs/heads/main")
        .pack(&story.work, &objects)
}
