//! A repository follows another host, and the host's repository follows it.

// Exempts this test from the lints of wire data and of clocks: every surprise fails the test, and the
// test measures time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout
)]

use cairn_test_support as support;

mod other_hosts;
mod rounds;

use std::time::Duration;

use serde_json::json;
use support::rest::{Hosted, Rest};
use support::wait::until;

/// Lets mirrors talk to hosts of this machine.
const PRIVATE: (&str, &str) = ("CAIRN_IMPORT_ALLOW_PRIVATE", "true");

/// How long a sync and a push may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// Mirrors a repository both ways: it follows the URL, fast-forward only, and pushes to it. Returns the
/// downstream's id.
fn mirrored(rest: &Rest, hosted: &Hosted, url: &str) -> String {
    let upstream = json!({"url": url, "policy": "fast_forward"}).to_string();
    let as_json = [("content-type", "application/json")];
    let path = hosted.path("/upstream");
    let set = rest.send(
        ureq::http::Method::PUT,
        &path,
        &as_json,
        upstream.as_bytes(),
    );
    set.result(200);
    let made = rest.post(&hosted.path("/downstreams"), &json!({"url": url}));
    made.result(201)["id"].as_str().unwrap().to_owned()
}

/// Requests a run of both mirrors.
fn ask_both(rest: &Rest, hosted: &Hosted, downstream: &str) {
    let push = format!("/downstreams/{downstream}/push");
    for path in ["/upstream/sync", &push] {
        let asked = rest.post(&hosted.path(path), &json!({}));
        assert_eq!(asked.status, 202, "{}", asked.text());
    }
}

/// Requests a run of both mirrors, and waits for both. Then does so again, since one mirror may have to
/// send the commits that the other fetched.
fn settle(rest: &Rest, hosted: &Hosted, downstream: &str) {
    for _ in 0..2 {
        ask_both(rest, hosted, downstream);
        until("both mirrors have run", PATIENCE, || {
            let upstream = rest.get(&hosted.path("/upstream")).result(200);
            let path = hosted.path(&format!("/downstreams/{downstream}"));
            let downstream = rest.get(&path).result(200);
            let is_over = upstream["sync"].is_null() && downstream["state"] != "pushing";
            is_over.then_some(())
        });
    }
}
