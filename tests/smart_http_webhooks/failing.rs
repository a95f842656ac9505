//! Receivers that fail, ask for patience, refuse further deliveries, or never answer.

use std::time::{Duration, Instant};

use serde_json::json;

use super::support::receiver::{Receiver, Says};
use super::support::server::Server;
use super::{Hook, Pushing, SOON, server, wait};

#[test]
fn a_failed_delivery_comes_again_with_the_same_id_and_another_signature() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "retried", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    let mut attempts = 0;
    receiver.answers(move |_| {
        attempts += 1;
        let status = if attempts == 1 { 500 } else { 200 };
        let says = Says::Answer(status, Vec::new(), b"sorry".to_vec());
        // The pause may be shorter than a second, and the signed time is in seconds.
        Says::After(Duration::from_secs(1), Box::new(says))
    });
    pushing.push("main");
    let received = receiver.wait_for(2);
    let [first, second] = &received[..] else {
        panic!("{}", received.len())
    };
    let pause = second.at - first.at;
    assert!((1_700..4_000).contains(&pause.as_millis()), "{pause:?}");
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.body, second.body);
    let times = [first, second].map(|request| request.header("webhook-timestamp").to_owned());
    assert_ne!(times[0], times[1]);
    assert!(first.is_signed_by(&hook.secret) && second.is_signed_by(&hook.secret));
    let delivery = hook.newest_is("delivered");
    assert_eq!(delivery["attempts"], 2);
    assert_eq!(delivery["answer"], "sorry");
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn a_receiver_that_asks_for_patience_gets_it() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "patient", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    let mut attempts = 0;
    receiver.answers(move |_| {
        attempts += 1;
        match attempts {
            1 => Says::Answer(429, vec![("retry-after", "3".to_owned())], Vec::new()),
            _ => Says::status(200),
        }
    });
    pushing.push("main");
    let received = receiver.wait_for(2);
    let pause = received[1].at - received[0].at;
    assert!((2900..6000).contains(&pause.as_millis()), "{pause:?}");
    // Longer than the test: it is on record when.
    receiver.answers(|_| {
        let header = ("retry-after", "86400000".to_owned());
        Says::Answer(503, vec![header], b"maintenance".to_vec())
    });
    pushing.push("main");
    let delivery = wait::until("an attempt", SOON, || {
        let newest = hook.deliveries().into_iter().next()?;
        Some(newest).filter(|newest| newest["status"] == 503)
    });
    assert_eq!(delivery["state"], "pending");
    assert_eq!(delivery["answer"], "maintenance");
    let days = |time: &serde_json::Value| time.as_str().unwrap()[8..10].parse::<u32>().unwrap();
    let (due, tried) = (days(&delivery["due_at"]), days(&delivery["attempted_at"]));
    assert!(due == tried + 1 || due == 1, "a day at most: {delivery}");
}

#[test]
fn a_receiver_that_is_gone_is_left_alone_and_that_is_an_event() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "gone", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    let watcher = Receiver::start();
    let body = json!({"url": watcher.url("/"), "events": ["webhook.*"]});
    Hook::make(&pushing.rest, "/api/v1/namespaces/gone", &body);
    receiver.answers(|_| Says::status(410));
    pushing.push("main");
    let told = &watcher.taken(1)[0];
    assert_eq!(told["type"], "cairn.webhook.disabled");
    assert_eq!(told["payload"]["reason"], "gone");
    assert_eq!(told["actor"], json!({"kind": "system"}));
    let shown = hook.shown();
    assert_eq!(told["payload"]["webhookId"], shown["id"]);
    assert_eq!(told["payload"]["repoId"], shown["repository_id"]);
    assert_eq!(shown["active"], false);
    assert_eq!(shown["disabled_reason"], "gone");
    assert_eq!(hook.newest_is("given_up")["status"], 410);
    // Nothing is sent while it is off, and events of that time are not sent later.
    let off = pushing.push("off");
    // The namespace hears of it a little later, and not when the webhook is on again.
    wait::until_true("the namespace knows of the push", SOON, || {
        let feed = pushing.rest.get("/api/v1/namespaces/gone/events");
        let feed = feed.result(200);
        let mut events = feed.as_array().unwrap().iter();
        events.any(|event| event["payload"]["after"] == off.as_str())
    });
    let again = format!("/deliveries/{}/redeliver", hook.deliveries()[0]["id"]);
    assert_eq!(hook.post(&again).error_code(409), 10_310);
    receiver.answers(|_| Says::status(200));
    let on = hook
        .rest
        .patch(&hook.path, &json!({"active": true}))
        .result(200);
    assert_eq!(
        (&on["active"], &on["disabled_reason"]),
        (&json!(true), &json!(null))
    );
    pushing.push("on");
    let received = receiver.wait_for(2);
    assert_eq!(received[1].json()["payload"]["ref"], "refs/heads/on");
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn a_redirect_is_a_failure_and_is_not_followed() {
    let (receiver, elsewhere) = (Receiver::start(), Receiver::start());
    let pushing = Pushing::to(server(), "redirected", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    let target = elsewhere.url("/");
    receiver.answers(move |_| Says::Answer(307, vec![("location", target.clone())], Vec::new()));
    pushing.push("main");
    receiver.wait_for(2);
    let delivery = &hook.deliveries()[0];
    assert_eq!(
        (&delivery["state"], &delivery["status"]),
        (&json!("pending"), &json!(307))
    );
    assert!(elsewhere.received().is_empty());
    // Another URL is tried at once, with the pending deliveries.
    let change = json!({"url": elsewhere.url("/")});
    hook.rest.patch(&hook.path, &change).result(200);
    assert_eq!(elsewhere.wait_for(1)[0].body, receiver.received()[0].body);
}

#[test]
fn a_receiver_that_hangs_holds_up_nobody_else() {
    let (hanging, quick) = (Receiver::start(), Receiver::start());
    hanging.answers(|_| Says::Hang);
    let pushing = Pushing::to(server(), "hanging", "app");
    let hung = Hook::of_pushes(&pushing, &hanging);
    Hook::of_pushes(&pushing, &quick);
    let begun = Instant::now();
    for count in 1..=3 {
        pushing.push("main");
        quick.wait_for(count);
        pushing.source.run(&["ls-remote", &pushing.hosted.url()]);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(hanging.received().len(), 1, "the lane waits");
    let delivery = wait::until("the attempt ends", SOON, || {
        let deliveries = hung.deliveries();
        deliveries
            .into_iter()
            .find(|delivery| delivery["attempts"] == 1)
    });
    assert_eq!(delivery["status"], json!(null));
    assert_eq!(delivery["answer"], "no answer within 10 seconds");
    let took = delivery["duration_ms"].as_i64().unwrap();
    assert!((9_900..12_000).contains(&took), "{took}");
}

#[test]
fn a_private_address_is_refused_unless_allowed() {
    let server = super::support::server::server();
    let rest = server.rest();
    let owner = rest.create_repository("private", "app").path("");
    for url in [
        "http://example.com/hook",
        "https://127.0.0.1/hook",
        "https://10.0.0.1/hook",
        "https://localhost/hook",
        "https://metadata.internal/hook",
        "https://user:secret@example.com/hook",
        "https://example.com/hook#part",
        "https://example.com:25/hook",
        "ftp://example.com/hook",
    ] {
        let body = json!({"url": url, "events": ["*"]});
        let refused = rest.post(&format!("{owner}/webhooks"), &body);
        assert_eq!(refused.error_code(400), 10_104, "{url}");
        assert_eq!(refused.json()["errors"][0]["source"]["pointer"], "/url");
    }
    let body = json!({"url": "https://example.com:8443/hook?key=a", "events": ["*"]});
    rest.post(&format!("{owner}/webhooks"), &body).result(201);
}

/// The setting may change after the webhook was made.
#[test]
fn a_private_address_is_refused_when_it_is_not_allowed_any_more() {
    let receiver = Receiver::start();
    let mut server = Server::start_with(&[("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]);
    let pushing = Pushing::to(&server, "forbidden", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    server.restart_with(&[]);
    hook.post("/ping").result(202);
    let delivery = hook.newest_is("given_up");
    assert_eq!(delivery["answer"], "only https is supported");
    assert!(receiver.received().is_empty());
}
