//! Nothing is sent that nobody asked for.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::desk::Desk;
use super::followers::{namespace_feed, newest};
use super::receivers::Receivers;
use super::storm::DEPLOYMENT;
use super::support::server::Server;
use super::support::wait::until_true;

/// How many webhooks' objects have ever been woken.
fn objects_of_webhooks(server: &Server) -> usize {
    let folder = server.state().join("data/do/-WebhookDo");
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let files = files.map(|file| file.unwrap().path());
    let is_object = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "sqlite")
            && path.file_stem().is_some_and(|name| name != "metadata")
    };
    files.filter(is_object).count()
}

#[test]
fn without_a_webhook_that_wants_it_no_event_leaves() {
    let server = Server::start_with(&DEPLOYMENT);
    let receivers = Receivers::serve(1, 0);
    let mut desk = Desk::new(&server, "silence", &receivers);
    desk.push();
    let feed = namespace_feed("silence");
    until_true("the namespace has it", Duration::from_secs(20), || {
        newest(&desk.rest, &feed) >= 2
    });
    assert_eq!(
        objects_of_webhooks(&server),
        0,
        "no webhook, no object of one"
    );

    let tags = json!({"events": ["repo.pushed"], "refs": ["refs/tags/*"]});
    desk.hook("good/tags", &tags);
    desk.hook("good/tokens", &json!({"events": ["repo.token.*"]}));
    desk.hook("good/off", &json!({"events": ["*"], "active": false}));
    let gone = desk.hook("good/gone", &json!({"events": ["*"]}));
    let route = desk.hosted.path(&format!("/webhooks/{gone}"));
    desk.rest.delete(&route).result(200);
    desk.hook_of_pushes("good/main");
    let id = desk.push();
    // When the one that wants it has it, the others would have it too.
    desk.await_arrival("good/main", &id);
    for path in ["good/tags", "good/tokens", "good/off", "good/gone"] {
        assert!(receivers.arrivals(path).is_empty(), "{path} got something");
    }
}
