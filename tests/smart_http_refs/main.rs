//! Refs changed by REST, the reflog, and writes that are done once.

// A ref is made, updated, and looked at again.
#![allow(clippy::similar_names)]
// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod changes;
mod ephemeral;
mod once;
mod races;
mod reflog;
mod refused;

use serde_json::{Value, json};
use support::git::Git;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::{Server, server};
use ureq::http::Method;

const INVALID_INPUT: u64 = 10_100;
const NOT_FOUND: u64 = 10_200;
const CONFLICT: u64 = 10_310;
const REF_REFUSED: u64 = 10_320;
const TOO_LARGE: u64 = 10_402;

/// A repository with three commits on `main`, and its writer.
struct Desk {
    hosted: Hosted,
    client: Rest,
    source: Git,
    /// The commits, oldest first.
    commits: Vec<String>,
    scratch: Scratch,
}

impl Desk {
    fn new(name: &str) -> Self {
        Self::on(server(), name)
    }

    fn on(server: &Server, name: &str) -> Self {
        let hosted = server.rest().create_repository("refs", name);
        let scratch = Scratch::new();
        let source = scratch.repository("source");
        let mut commits = Vec::new();
        for number in 0..3 {
            source.write("file", format!("{number}\n"));
            commits.push(source.commit(&format!("commit {number}")));
        }
        source.run(&["push", "--quiet", &hosted.url(), "main"]);
        Self {
            client: server.rest().with_bearer(&hosted.token),
            hosted,
            source,
            commits,
            scratch,
        }
    }

    fn post(&self, body: &Value) -> Answer {
        self.client.post(&self.hosted.path("/refs"), body)
    }

    /// Changes these refs, none of which may be refused.
    fn update(&self, updates: &Value) -> Value {
        let updated = self.post(&json!({"updates": updates})).result(200);
        let updates = updated["updates"].as_array().unwrap().clone();
        assert!(
            updates.iter().all(|update| update["ok"] == true),
            "{updates:?}"
        );
        updates.into()
    }

    /// The refs as git lists them, `HEAD` aside.
    fn refs(&self) -> Vec<(String, String)> {
        let listed = self.source.run(&["ls-remote", &self.hosted.url()]);
        let lines = listed.lines().filter_map(|line| line.split_once('\t'));
        let refs = lines.map(|(id, name)| (name.to_owned(), id.to_owned()));
        refs.filter(|(name, _)| name != "HEAD").collect()
    }

    fn find(&self, name: &str) -> Option<String> {
        let refs = self.refs().into_iter();
        refs.filter(|found| found.0 == name)
            .map(|found| found.1)
            .next()
    }

    fn set(&self, settings: &Value) {
        let path = self.hosted.path("");
        server().rest().patch(&path, settings).result(200);
    }

    /// Sends a write with a key.
    fn keyed(&self, route: &str, key: &str, body: &Value) -> Answer {
        let headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", key),
        ];
        let path = self.hosted.path(route);
        self.client
            .send(Method::POST, &path, &headers, body.to_string().as_bytes())
    }

    /// The numbers of the reflog's entries, the newest first.
    fn entries(&self) -> Vec<Value> {
        let path = self.hosted.path("/reflog?limit=1000");
        self.client
            .get(&path)
            .result(200)
            .as_array()
            .unwrap()
            .clone()
    }
}

/// Code and pointer of a refusal.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: u64, pointer: &str) -> Value {
    let error = answer.json()["errors"][0].clone();
    assert_eq!(
        (answer.status, error["code"].as_u64()),
        (status, Some(code)),
        "{error}"
    );
    assert_eq!(error["source"]["pointer"], pointer, "{error}");
    error
}
