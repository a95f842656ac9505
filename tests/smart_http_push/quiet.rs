//! Pushes during which the server says nothing for longer than proxies between it and the client wait.

use std::time::Duration;

use super::support::history::History;
use super::support::proxy::Proxy;
use super::support::scratch::Scratch;
use super::support::server::Server;

/// Silence after which the proxy takes the server for dead.
const PATIENCE: Duration = Duration::from_secs(1);

#[test]
fn a_quiet_push_outlives_a_proxy_that_gives_up_on_silence() {
    let server = Server::start_with(&[("CAIRN_KEEPALIVE_MS", "100")]);
    let proxy = Proxy::impatient(&server, PATIENCE);
    let hosted = server.rest().create_repository("push", "quiet");
    let scratch = Scratch::new();
    let source = scratch.bare_repository("source");
    let history = History {
        commits: 12_000,
        paths: 3_000,
        ..History::small(10)
    };
    history.make(&source);
    source.run(&["push", "--quiet", "--mirror", &proxy.url(&hosted)]);
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    assert_eq!(clone.run(&["show-ref"]), source.run(&["show-ref"]));
    // Without a sign of life the report is all that a quiet push is answered.
    let answer = proxy.last_answer();
    assert!(
        count(&answer, b"0005\x01") > 1,
        "the server was silent for the whole push: {} bytes",
        answer.len()
    );
}

fn count(bytes: &[u8], sought: &[u8]) -> usize {
    let windows = bytes.windows(sought.len());
    windows.filter(|window| *window == sought).count()
}
