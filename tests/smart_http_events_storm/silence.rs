//! Nothing is sent that nobody asked for.

use std::time::Duration;

use serde_json::json;

use super::followers::{namespace_feed, newest};
use super::ledger::{Told, Update};
use super::receivers::Receivers;
use super::storm::DEPLOYMENT;
use super::support::rest::{Hosted, Rest};
use super::support::server::Server;
use super::support::wait::until_true;
use super::wire;

/// How many webhooks' objects have ever been woken.
fn objects_of_webhooks(server: &Server) -> usize {
    let folder = server.state().join("data/do/-WebhookDo");
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let files = files.map(|file| file.unwrap().path());
    let is_object = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|end| end == "sqlite")
            && path.file_stem().is_some_and(|name| name != "metadata")
    };
    files.filter(is_object).count()
}

fn push(rest: &Rest, hosted: &Hosted, before: Option<String>, message: &str) -> String {
    let made = wire::commit(before.as_deref(), message);
    let id = made.id.clone();
    let update = Update {
        name: "refs/heads/main".to_owned(),
        before,
        after: Some(id.clone()),
    };
    let rest = rest.with_bearer(&hosted.token);
    assert_eq!(wire::push(&rest, hosted, &[update], &[made]), [Told::Done]);
    id
}

#[test]
fn without_a_webhook_that_wants_it_no_event_leaves() {
    let server = Server::start_with(&DEPLOYMENT);
    let (rest, receivers) = (server.rest(), Receivers::serve(1));
    let feed = namespace_feed("silence");
    let is_taken = |events: i64| {
        until_true("the namespace has it", Duration::from_secs(20), || {
            newest(&rest, &feed) >= events
        });
    };
    let hosted = rest.create_repository("silence", "quiet");
    let first = push(&rest, &hosted, None, "first");
    is_taken(2);
    assert_eq!(
        objects_of_webhooks(&server),
        0,
        "no webhook, no object of one"
    );

    let hook = |body: serde_json::Value, path: &str| {
        let mut body = body;
        body["url"] = json!(receivers.url(path));
        let made = rest.post(&hosted.path("/webhooks"), &body).result(201);
        made["id"].as_str().unwrap().to_owned()
    };
    hook(
        json!({"events": ["repo.pushed"], "refs": ["refs/tags/*"]}),
        "good/tags",
    );
    hook(json!({"events": ["repo.token.*"]}), "good/tokens");
    hook(json!({"events": ["*"], "active": false}), "good/off");
    let gone = hook(json!({"events": ["*"]}), "good/gone");
    let route = hosted.path(&format!("/webhooks/{gone}"));
    rest.delete(&route).result(200);
    hook(json!({"events": ["repo.pushed"]}), "good/main");
    let second = push(&rest, &hosted, Some(first), "second");
    // When the one that wants it has it, the others would have it too.
    let is_it = |event: &serde_json::Value| event["payload"]["after"] == *second;
    until_true("the webhook arrives", Duration::from_secs(20), || {
        receivers.taken_at("good/main", is_it).is_some()
    });
    for path in ["good/tags", "good/tokens", "good/off", "good/gone"] {
        assert!(receivers.arrivals(path).is_empty(), "{path} got something");
    }
}
