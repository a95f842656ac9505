//! Namespaces that are kept in a jurisdiction, and repositories that are made in a place.
//!
//! workerd has no jurisdictions. So most stories run with a stand-in for them
//! (`tests/support/jurisdictions`), which also tells which objects were asked for.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of the host: it may wait"
)]

use cairn_test_support as support;

mod jurisdictions;
mod locations;
mod refused;

use std::path::Path;

use serde_json::{Value, json};
use support::rest::{Answer, Hosted, Rest};
use support::server::Server;

const INVALID_INPUT: u64 = 10_100;
const NOT_FOUND: u64 = 10_200;
const ALREADY_EXISTS: u64 = 10_201;
const CONFLICT: u64 = 10_310;

const CONFIG: (&str, &str) = ("CONFIG", "tests/support/jurisdictions/wrangler.toml");
const ENTRY: (&str, &str) = ("ENTRY", "tests/support/jurisdictions/jurisdictions.mjs");

/// A server of a platform with jurisdictions.
fn platform() -> Server {
    Server::start_with(&[CONFIG, ENTRY])
}

fn make(rest: &Rest, namespace: &str, jurisdiction: &str) -> Answer {
    let body = json!({ "namespace": namespace, "jurisdiction": jurisdiction });
    rest.post("/api/v1/namespaces", &body)
}

fn pointer(answer: &Answer) -> Value {
    answer.json()["errors"][0]["source"]["pointer"].clone()
}

fn message(answer: &Answer) -> String {
    let message = answer.json()["errors"][0]["message"].clone();
    message.as_str().unwrap().to_owned()
}

/// A question to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    binding: String,
    name: String,
    /// Empty: in none.
    jurisdiction: String,
    /// Empty: wherever.
    location: String,
    /// The path of its last request.
    path: String,
}

/// The questions to objects since the server started, except the registry's.
fn asked(server: &Server) -> Vec<Asked> {
    let lines = server.json_lines().into_iter();
    let lines = lines.filter(|line| line["event"] == "object asked");
    let of = |line: Value| {
        let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
        Asked {
            binding: text("binding"),
            name: text("name"),
            jurisdiction: text("jurisdiction"),
            location: text("location"),
            path: text("path"),
        }
    };
    lines.map(of).filter(|asked| asked.name != "*").collect()
}

/// How many questions asked where a namespace is kept.
fn questions_for_the_place(server: &Server, namespace: &str) -> usize {
    let asked = asked(server).into_iter();
    let of_it = asked.filter(|asked| asked.name == namespace && asked.path == "/place");
    of_it.count()
}

/// How many files R2's emulation has for a bucket.
fn objects_in(state: &Path, bucket: &str) -> usize {
    let blobs = state.join("data/r2").join(bucket).join("blobs");
    std::fs::read_dir(blobs).into_iter().flatten().count()
}

/// Copies all of a repository to R2 at once, and makes it cold.
fn to_r2(rest: &Rest, hosted: &Hosted) {
    let at_once = json!({ "settle_seconds": 0, "cold_after_seconds": 0, "cold_bytes_min": 0,
        "ready_bytes_min": 0 });
    rest.patch(&hosted.path(""), &at_once).result(200);
    let task = json!({ "task": "snapshot" });
    rest.post(&hosted.path("/maintenance"), &task).result(200);
}
