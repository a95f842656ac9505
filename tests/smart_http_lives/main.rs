//! The lives of repositories, over HTTP with real git: some end by themselves in [`ending`], and deleted
//! ones are restored in [`restoring`]. [`measured`] has the stories that take long.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of the host: it may wait"
)]

use cairn_test_support as support;

mod ending;
mod measured;
mod restoring;

use std::time::Duration;

use serde_json::{Value, json};
use support::git::Git;
use support::history::History;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::Server;
use support::wait::until_true;

const INVALID_INPUT: u64 = 10_100;
const INVALID_TTL: u64 = 10_103;
const NOT_FOUND: u64 = 10_200;
const ALREADY_EXISTS: u64 = 10_201;

/// How long the server may take for its work in the background.
const BACKGROUND: Duration = Duration::from_secs(20);

fn until(what: &str, holds: impl FnMut() -> bool) {
    until_true(what, BACKGROUND, holds);
}

/// A repository made from this body, with a small history, and where that was pushed from.
fn pushed(
    rest: &Rest,
    scratch: &Scratch,
    namespace: &str,
    body: &Value,
    seed: u64,
) -> (Hosted, Git) {
    let hosted = rest.create_repository_with(namespace, body);
    let work = scratch.repository("work");
    History::small(seed).make(&work);
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    (hosted, work)
}

/// A server whose deleted repositories can be restored for some time, with no grace for objects in R2.
fn undeleting(seconds: &'static str) -> Server {
    Server::start_with(&[
        ("CAIRN_UNDELETE_SECONDS", seconds),
        ("CAIRN_R2_GRACE_SECONDS", "0"),
    ])
}

/// Copies the repository to R2 at once.
fn secure(rest: &Rest, hosted: &Hosted) {
    let task = json!({"task": "secure"});
    rest.post(&hosted.path("/maintenance"), &task).result(200);
}

fn restore(rest: &Rest, hosted: &Hosted, body: &Value) -> Answer {
    rest.post(&hosted.path("/restore-deleted"), body)
}

fn deleted(rest: &Rest, namespace: &str) -> Vec<Value> {
    let path = format!("/api/v1/namespaces/{namespace}/deleted");
    rest.get(&path).result(200).as_array().unwrap().clone()
}

fn listed(rest: &Rest, namespace: &str) -> Vec<Value> {
    let path = format!("/api/v1/namespaces/{namespace}/repos");
    rest.get(&path).result(200).as_array().unwrap().clone()
}
