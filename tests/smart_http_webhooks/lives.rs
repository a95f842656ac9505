//! Webhooks and the lives of others: the server, a repository, a namespace.

use serde_json::{Value, json};

use super::support::receiver::{Receiver, Says};
use super::support::server::Server;
use super::{Hook, Pushing, SOON, server, wait};

#[test]
fn nothing_is_lost_when_the_server_is_killed() {
    let receiver = Receiver::start();
    let mut server = Server::start_with(&[("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]);
    let pushing = Pushing::to(&server, "killed", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    let mut commits = Vec::new();
    // Killed while the receiver has the request and has not answered.
    receiver.answers(|_| Says::Hang);
    for round in 1..=2 {
        commits.push(pushing.push("main"));
        if round == 1 {
            receiver.wait_for(1);
        }
        // The second time, the kill interrupts the push's work.
        server.crash();
    }
    receiver.answers(|_| Says::status(200));
    commits.push(pushing.push("main"));
    let taken = receiver.taken(3);
    let mut after: Vec<_> = taken
        .iter()
        .map(|event| event["payload"]["after"].clone())
        .collect();
    after.dedup();
    assert_eq!(
        after,
        commits
            .iter()
            .map(|commit| json!(commit))
            .collect::<Vec<_>>()
    );
    let sequences: Vec<_> = taken
        .iter()
        .map(|event| event["metadata"]["sequence"].as_i64())
        .collect();
    assert!(sequences.is_sorted(), "{sequences:?}");
    wait::until_true("all are on record as delivered", SOON, || {
        let deliveries = hook.deliveries();
        deliveries.len() == 3
            && deliveries
                .iter()
                .all(|delivery| delivery["state"] == "delivered")
    });
}

#[test]
fn a_deleted_repository_says_so_and_its_webhooks_end() {
    let (receiver, above) = (Receiver::start(), Receiver::start());
    let pushing = Pushing::to(server(), "ending", "app");
    let owner = pushing.hosted.path("");
    // The creation of the repository may become known after the webhook's.
    let types = ["repo.pushed", "repo.deleted"];
    let body = json!({"url": receiver.url("/"), "events": types});
    let hook = Hook::make(&pushing.rest, &owner, &body);
    let body = json!({"url": above.url("/"), "events": ["repo.deleted"]});
    let all = Hook::make(&pushing.rest, "/api/v1/namespaces/ending", &body);
    pushing.push("main");
    receiver.taken(1);
    // Its last events wait for a receiver that comes back.
    let mut attempts = 0;
    receiver.answers(move |_| {
        attempts += 1;
        Says::status(if attempts == 1 { 503 } else { 200 })
    });
    pushing.rest.delete(&owner).result(202);
    assert_eq!(above.taken(1)[0]["type"], "cairn.repo.deleted");
    let last: Value = receiver.taken(2)[1].clone();
    assert_eq!(last["type"], "cairn.repo.deleted");
    assert!(
        receiver
            .received()
            .iter()
            .all(|request| request.is_signed_by(&hook.secret))
    );
    assert_eq!(all.shown()["active"], true);
    // Another repository of that name does not inherit them.
    pushing.rest.create_repository("ending", "app");
    let listed = pushing.rest.get(&format!("{owner}/webhooks")).result(200);
    assert_eq!(listed, json!([]));
    assert_eq!(hook.rest.get(&hook.path).error_code(404), 10_200);
}

#[test]
fn a_webhook_goes_along_when_its_repository_is_renamed_or_transferred() {
    let receiver = Receiver::start();
    let mut pushing = Pushing::to(server(), "moving", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    let first = pushing.push("main");
    receiver.taken(1);
    let mut rename = |to: Value| {
        let path = pushing.hosted.path("/rename");
        pushing.rest.post(&path, &to).result(200);
        let namespace = to["namespace"].as_str().unwrap_or("moving");
        namespace.clone_into(&mut pushing.hosted.namespace);
        "program".clone_into(&mut pushing.hosted.name);
        // The remote keeps the old name, and Git follows the redirect.
        let pushed = pushing.push("main");
        let id = hook.path.rsplit('/').next().unwrap();
        let path = pushing.hosted.path(&format!("/webhooks/{id}"));
        let shown = pushing.rest.get(&path).result(200);
        assert_eq!(shown["active"], true);
        pushed
    };
    let second = rename(json!({"name": "program"}));
    let third = rename(json!({"name": "program", "namespace": "moved"}));
    let pushed = receiver.taken(3);
    for (event, (commit, source)) in pushed.iter().zip([
        (first, ["moving", "app"]),
        (second, ["moving", "program"]),
        (third, ["moved", "program"]),
    ]) {
        assert_eq!(event["payload"]["after"], commit);
        assert_eq!(event["source"]["namespace"], source[0]);
        assert_eq!(event["source"]["repoName"], source[1]);
    }
    let received = receiver.received();
    assert!(
        received
            .iter()
            .all(|request| request.is_signed_by(&hook.secret))
    );
    let feed = |namespace: &str| {
        let feed = format!("/api/v1/namespaces/{namespace}/events?types=repo.renamed&after=0");
        pushing
            .rest
            .get(&feed)
            .result(200)
            .as_array()
            .unwrap()
            .len()
    };
    wait::until_true("both namespaces know", SOON, || {
        (feed("moving"), feed("moved")) == (2, 1)
    });
    let left = pushing
        .rest
        .get("/api/v1/namespaces/moving/repos")
        .result(200);
    assert_eq!(left, json!([]));
}

#[test]
fn a_deleted_namespace_takes_its_webhooks_along() {
    let receiver = Receiver::start();
    let rest = server().rest();
    let namespace = "/api/v1/namespaces/leaving";
    let make = || {
        rest.post("/api/v1/namespaces", &json!({"namespace": "leaving"}))
            .result(201)
    };
    make();
    receiver.answers(|_| Says::status(500));
    let body = json!({"url": receiver.url("/"), "events": ["*"]});
    let hook = Hook::make(&rest, namespace, &body);
    rest.patch(namespace, &json!({"fsck": {"strict": true}}))
        .result(200);
    receiver.wait_for(1);
    assert_eq!(rest.delete(namespace).status, 204);
    make();
    assert_eq!(
        rest.get(&format!("{namespace}/webhooks")).result(200),
        json!([])
    );
    assert_eq!(rest.get(&hook.path).error_code(404), 10_200);
    let before = receiver.received().len();
    let other = Receiver::start();
    let body = json!({"url": other.url("/"), "events": ["*"]});
    Hook::make(&rest, namespace, &body)
        .post("/ping")
        .result(202);
    other.wait_for(1);
    assert_eq!(receiver.received().len(), before, "no retry comes");
}
