//! Stories told by real git, over HTTP, to the real Worker under workerd.

mod support;

use support::server::server;

#[test]
fn a_server_that_is_ready_says_that_it_is_well() {
    let answer = server().rest().anonymous().get("/healthz");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["ok"], true);
}
