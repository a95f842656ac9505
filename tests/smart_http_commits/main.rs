//! Commits and blobs by REST, with real git as their judge.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, reason = "the figures, for `--nocapture`")]

use cairn_test_support as support;

mod blobs;
mod files;
mod lines;
mod measures;
mod patches;
mod people;
mod races;
mod refused;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use support::git::Git;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::server;
use ureq::http::Method;

const INVALID_INPUT: u64 = 10_100;
const NOT_FOUND: u64 = 10_200;
const CONFLICT: u64 = 10_310;
const NO_CHANGE: u64 = 10_312;
const REF_REFUSED: u64 = 10_320;
const TOO_LARGE: u64 = 10_402;

/// A repository on the server, and its writer.
struct Desk {
    scratch: Scratch,
    hosted: Hosted,
    client: Rest,
}

impl Desk {
    /// An empty repository.
    fn new(name: &str) -> Self {
        let hosted = server().rest().create_repository("commits", name);
        Self {
            scratch: Scratch::new(),
            client: server().rest().with_bearer(&hosted.token),
            hosted,
        }
    }

    fn post(&self, body: &Value) -> Answer {
        self.client.post(&self.hosted.path("/commits"), body)
    }

    fn post_lines(&self, body: &[u8]) -> Answer {
        let path = self.hosted.path("/commits");
        let headers = [("Content-Type", "application/x-ndjson")];
        self.client.send(Method::POST, &path, &headers, body)
    }

    fn put_blob(&self, content: &[u8]) -> Answer {
        let path = self.hosted.path("/blobs");
        let headers = [("Content-Type", "application/octet-stream")];
        self.client.send(Method::PUT, &path, &headers, content)
    }

    /// Commits these files, each with its content.
    fn commit(&self, branch: &str, files: &[(&str, &str)]) -> Value {
        let files = files.iter();
        let files = files.map(|(path, content)| json!({"path": path, "content": content}));
        let files: Vec<Value> = files.collect();
        let body = json!({"branch": branch, "message": "m", "files": files});
        self.post(&body).result(201)
    }

    /// Git's clone of it, checked.
    fn clone(&self, name: &str) -> Git {
        let clone = self.scratch.clone(&self.hosted.url(), name, &[]);
        clone.fsck_strict();
        clone
    }

    fn stats(&self) -> Value {
        server().rest().get(&self.hosted.path("/stats")).result(200)
    }

    /// The facts that would show that a refused request left something behind.
    fn traces(&self) -> Value {
        let refs = self.client.get(&self.hosted.path("/refs")).result(200);
        let (stats, mut traces) = (self.stats(), serde_json::Map::new());
        for (name, value) in stats.as_object().unwrap() {
            let counts = ["packs", "refs", "reflog", "quarantine", "objects", "bytes"];
            // The file of the database only grows.
            let is_file = name == "sqlite_bytes";
            if !is_file && counts.iter().any(|count| name.contains(count)) {
                traces.insert(name.clone(), value.clone());
            }
        }
        json!({"refs": refs, "stats": traces})
    }

    /// A request that is refused, and that leaves nothing behind.
    fn refused(&self, what: &str, status: u16, send: impl FnOnce(&Self) -> Answer) -> Value {
        let before = self.traces();
        let answer = send(self);
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert_eq!(self.traces(), before, "{what} left something behind");
        answer.json()["errors"][0].clone()
    }
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// The lines of a commit: the metadata, then the chunks.
fn lines(metadata: &Value, chunks: &[Value]) -> Vec<u8> {
    let mut body = json!({ "metadata": metadata }).to_string();
    for chunk in chunks {
        body.push('\n');
        body.push_str(&json!({ "chunk": chunk }).to_string());
    }
    body.push('\n');
    body.into_bytes()
}

fn chunk(content_id: &str, data: impl AsRef<[u8]>, eof: bool) -> Value {
    json!({"content_id": content_id, "data": base64(data), "eof": eof})
}
