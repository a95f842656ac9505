//! Credentials of mirrors: sealed with the operator's key, for one mirror and one URL; and tokens of a
//! GitHub App. The other host is real git's server.

// Exempts this test from the lints of wire data and of clocks: every surprise fails the test, and the
// test measures time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use cairn_test_support as support;

mod app;
mod github;
mod stored;

use std::time::Duration;

use serde_json::{Value, json};
use support::git::Git;
use support::remote::{Remote, Rules};
use support::rest::Hosted;
use support::scratch::Scratch;
use support::server::Server;
use support::wait::until;

const UNPROCESSABLE: u64 = 10_100;

/// How long a sync may take.
const PATIENCE: Duration = Duration::from_secs(30);

const KEY: (&str, &str) = (
    "CAIRN_SECRETS_KEY",
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
);

/// Lets mirrors talk to hosts of this machine.
const PRIVATE: (&str, &str) = ("CAIRN_IMPORT_ALLOW_PRIVATE", "true");

/// The other host's repository, with one commit, and a work tree that pushes there.
struct There {
    scratch: Scratch,
    git: Git,
}

impl There {
    fn new() -> Self {
        let scratch = Scratch::new();
        let git = scratch.repository("work");
        git.write("a", "1\n");
        git.commit("one");
        scratch
            .git()
            .run(&["clone", "--quiet", "--bare", "work", "there.git"]);
        Self { scratch, git }
    }

    fn serve(&self) -> Remote {
        Remote::serve(self.scratch.path())
    }

    /// Commits once more there. Returns the commit's id.
    fn commit(&self, message: &str) -> String {
        self.git.write("a", message);
        self.git.commit(message);
        self.git.run(&["push", "--quiet", "../there.git", "main"]);
        self.git.run(&["rev-parse", "HEAD"])
    }
}

/// A server that demands these credentials.
fn private(there: &There, credentials: &str) -> Remote {
    let remote = there.serve();
    remote.set(Rules {
        credentials: Some(credentials.to_owned()),
        ..Rules::default()
    });
    remote
}

/// Adds a downstream, and waits until its push is done. Returns the downstream as REST shows it.
fn pushed(server: &Server, hosted: &Hosted, body: &Value) -> Value {
    let rest = server.rest();
    let made = rest.post(&hosted.path("/downstreams"), body).result(201);
    let path = hosted.path(&format!("/downstreams/{}", made["id"].as_str().unwrap()));
    until("the push is over", PATIENCE, || {
        let shown = rest.get(&path).result(200);
        let is_over = shown["state"] != "pushing" && !shown["last_push"].is_null();
        is_over.then_some(shown)
    })
}

/// Lets git's server take pushes.
fn takes_pushes(there: &There, name: &str) {
    there
        .scratch
        .git_in(name)
        .run(&["config", "http.receivepack", "true"]);
}

/// Sets the upstream as the operator does.
fn set_upstream(server: &Server, hosted: &Hosted, body: &Value) -> support::rest::Answer {
    let body = body.to_string();
    let json = [("content-type", "application/json")];
    let path = hosted.path("/upstream");
    server
        .rest()
        .send(ureq::http::Method::PUT, &path, &json, body.as_bytes())
}

/// Waits until no sync is under way. Returns the upstream.
fn settled(server: &Server, hosted: &Hosted) -> Value {
    until("the sync is over", PATIENCE, || {
        let shown = server.rest().get(&hosted.path("/upstream")).result(200);
        shown["sync"].is_null().then_some(shown)
    })
}

/// Requests a sync, and waits for it. Returns the upstream.
fn synced(server: &Server, hosted: &Hosted) -> Value {
    let asked = server
        .rest()
        .post(&hosted.path("/upstream/sync"), &json!({}));
    assert_eq!(asked.status, 202, "{}", asked.text());
    settled(server, hosted)
}

/// The head of `main` here; empty if there is none.
fn head(hosted: &Hosted) -> String {
    let scratch = Scratch::new();
    let listed = scratch
        .git()
        .run(&["ls-remote", &hosted.url(), "refs/heads/main"]);
    listed
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}
