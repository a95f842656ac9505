//! `clients/js` against the real Worker: its own tests, run by the pinned Node.

#![allow(clippy::panic, reason = "a panic is how a test fails")]

use cairn_test_support as support;

use std::process::Command;

use support::package_root;
use support::server::{ADMIN_KEY, Server};

#[test]
fn requests_and_answers_of_the_client() {
    passes(node().args([
        "offline.test.js",
        "writing.offline.test.js",
        "events.offline.test.js",
    ]));
}

/// The server may import from itself, over plain HTTP.
#[test]
fn the_client_with_a_server_in_node_and_in_workerd() {
    let server = Server::start_with(&[("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]);
    passes(
        node()
            .args(["server.test.js", "writing.server.test.js", "worker.test.js"])
            .arg("events.server.test.js")
            .env("CAIRN_URL", server.url())
            .env("CAIRN_ADMIN_KEY", ADMIN_KEY),
    );
}

fn node() -> Command {
    let root = package_root();
    let mut node = Command::new(root.join("scripts/node"));
    node.args(["--test", "--test-reporter=spec"])
        .current_dir(root.join("clients/js/test"));
    node
}

fn passes(node: &mut Command) {
    let output = node.output().expect("bash is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    let passed = said.lines().find_map(|line| line.strip_prefix("ℹ pass "));
    let passed = passed.and_then(|count| count.parse::<u32>().ok());
    assert!(passed.is_some_and(|count| count > 0), "none ran: {said}");
}
