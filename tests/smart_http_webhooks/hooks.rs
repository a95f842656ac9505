//! Webhooks as their owners see them: made, listed, changed, deleted, tried.

use serde_json::{Value, json};
use ureq::http::Method;

use super::support::receiver::Receiver;
use super::support::rest::Rest;
use super::{Hook, Pushing, SOON, server, wait};

#[test]
fn a_webhook_is_made_shown_changed_and_deleted() {
    let rest = server().rest();
    let owner = rest.create_repository("kept", "app").path("");
    let webhooks = format!("{owner}/webhooks");
    let body = json!({
        "url": "https://ci.example.com/cairn?key=a",
        "events": ["repo.pushed", "cairn.repo.token.*", "*"],
        "refs": ["refs/heads/*"],
    });
    let made = rest.post(&webhooks, &body).result(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(
        secret.starts_with("whsec_") && secret.len() == 50,
        "{secret}"
    );
    let events = json!(["cairn.repo.pushed", "cairn.repo.token.*", "*"]);
    assert_eq!(made["events"], events);
    assert_eq!(made["refs"], json!(["refs/heads/*"]));
    assert_eq!(
        (&made["active"], &made["disabled_reason"]),
        (&json!(true), &json!(null))
    );
    let path = format!("{webhooks}/{}", made["id"].as_str().unwrap());
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("secret");
    assert_eq!(rest.get(&path).result(200), shown);
    assert_eq!(rest.get(&webhooks).result(200), json!([shown]));
    let change = json!({"active": false, "refs": null, "events": ["repo.created"]});
    let changed = rest.patch(&path, &change).result(200);
    assert_eq!(changed["active"], false);
    assert_eq!(changed["refs"], json!(null));
    assert_eq!(changed["events"], json!(["cairn.repo.created"]));
    assert_eq!(changed["url"], shown["url"]);
    assert_eq!(rest.get(&path).result(200), changed);
    // Below the namespace there is another list.
    let namespace = "/api/v1/namespaces/kept/webhooks";
    assert_eq!(rest.get(namespace).result(200), json!([]));
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        rest.get(&format!("{namespace}/{id}")).error_code(404),
        10_200
    );
    assert_eq!(rest.delete(&path).result(200), json!({"id": id}));
    assert_eq!(rest.delete(&path).error_code(404), 10_200);
    assert_eq!(rest.get(&webhooks).result(200), json!([]));
}

#[test]
fn every_field_has_bounds_and_an_error_names_it() {
    let rest = server().rest();
    let owner = rest.create_repository("bounds", "app").path("");
    let webhooks = format!("{owner}/webhooks");
    let good = json!({"url": "https://example.com/", "events": ["*"]});
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    let wrong = [
        (json!({"events": ["*"]}), "/url"),
        (with("events", json!([])), "/events"),
        (with("events", json!(vec!["*"; 21])), "/events"),
        (with("events", json!(["*", "repo.burnt"])), "/events/1"),
        (with("events", json!("*")), "/events"),
        (with("refs", json!([])), "/refs"),
        (with("refs", json!(["main"])), "/refs/0"),
        (with("secret", json!("topsecret")), "/secret"),
        (with("secret", json!("whsec_c2hvcnQ=")), "/secret"),
        (with("active", json!("yes")), "/active"),
        (with("colour", json!("red")), "/colour"),
    ];
    for (body, pointer) in wrong {
        let refused = rest.post(&webhooks, &body);
        assert_eq!(refused.error_code(400), 10_100, "{body}");
        let source = &refused.json()["errors"][0]["source"]["pointer"];
        assert_eq!(source, pointer, "{body}");
    }
    for _ in 0..20 {
        rest.post(&webhooks, &good).result(201);
    }
    assert_eq!(rest.post(&webhooks, &good).error_code(409), 10_310);
    let id = rest.get(&webhooks).result(200)[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{webhooks}/{id}");
    for (body, pointer) in [
        (json!({"url": "http://[::1/"}), "/url"),
        (json!({"events": ["x"]}), "/events/0"),
        (json!({"refs": ["heads"]}), "/refs/0"),
        (json!({"active": null}), "/active"),
        (json!({"secret": "x"}), "/secret"),
    ] {
        let refused = rest.patch(&path, &body);
        refused.error_code(400);
        assert_eq!(
            refused.json()["errors"][0]["source"]["pointer"],
            pointer,
            "{body}"
        );
    }
    let rotate = format!("{path}/rotate-secret");
    for (body, pointer) in [
        (json!({"keep_seconds": 604_801}), "/keep_seconds"),
        (json!({"secret": "whsec_"}), "/secret"),
    ] {
        let refused = rest.post(&rotate, &body);
        assert_eq!(refused.error_code(400), 10_100);
        assert_eq!(
            refused.json()["errors"][0]["source"]["pointer"],
            pointer,
            "{body}"
        );
    }
    let missing = format!("{webhooks}/{}", "0".repeat(16));
    assert_eq!(rest.get(&missing).error_code(404), 10_200);
    assert_eq!(
        rest.get(&format!("{path}/deliveries/7")).error_code(404),
        10_200
    );
    let post = |path: &str| rest.send(Method::POST, path, &[], b"");
    assert_eq!(post(&format!("{missing}/ping")).error_code(404), 10_200);
    assert_eq!(
        post(&format!("{path}/deliveries/7/redeliver")).error_code(404),
        10_200
    );
    let nowhere = "/api/v1/namespaces/bounds/repos/none/webhooks";
    assert_eq!(rest.post(nowhere, &good).error_code(404), 10_200);
    assert_eq!(
        rest.get("/api/v1/namespaces/no-such/webhooks")
            .error_code(404),
        10_200
    );
}

#[test]
fn only_who_administers_may_see_and_change_webhooks() {
    let rest = server().rest();
    let hosted = rest.create_repository("guarded", "app");
    let admin = rest.make_token("guarded", &json!({"scope": "admin", "label": "boss"}));
    let admin = rest.with_bearer(&admin.plaintext);
    let body = json!({"url": "https://example.com/", "events": ["*"]});
    for owner in [hosted.path(""), "/api/v1/namespaces/guarded".to_owned()] {
        let webhooks = format!("{owner}/webhooks");
        let id = admin.post(&webhooks, &body).result(201)["id"].clone();
        let path = format!("{webhooks}/{}", id.as_str().unwrap());
        for (who, status) in [
            (rest.with_bearer(&hosted.token), 403),
            (rest.anonymous(), 401),
        ] {
            let refused = |answer: super::Answer| assert_eq!(answer.error_code(status), 10_000);
            refused(who.get(&webhooks));
            refused(who.post(&webhooks, &body));
            refused(who.get(&path));
            refused(who.patch(&path, &json!({"active": false})));
            refused(who.delete(&path));
            refused(who.send(Method::POST, &format!("{path}/ping"), &[], b""));
            refused(who.post(&format!("{path}/rotate-secret"), &json!({})));
            refused(who.get(&format!("{path}/deliveries")));
        }
    }
}

#[test]
fn a_post_with_a_key_is_done_once() {
    let receiver = Receiver::start();
    let rest = server().rest();
    let owner = rest.create_repository("keyed", "app").path("");
    let webhooks = format!("{owner}/webhooks");
    let once = |path: &str, key: &str, body: &Value| {
        let headers = [("idempotency-key", key)];
        let body = body.to_string();
        rest.send(Method::POST, path, &headers, body.as_bytes())
    };
    let body = json!({"url": receiver.url("/"), "events": ["*"]});
    let first = once(&webhooks, "make", &body).result(201);
    let again = once(&webhooks, "make", &body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.result(201), first, "the secret too");
    assert_eq!(rest.get(&webhooks).result(200).as_array().unwrap().len(), 1);
    let path = format!("{webhooks}/{}", first["id"].as_str().unwrap());
    let rotate = format!("{path}/rotate-secret");
    let rotated = once(&rotate, "rotate", &json!({})).result(200);
    assert_ne!(rotated["secret"], first["secret"]);
    assert_eq!(once(&rotate, "rotate", &json!({})).result(200), rotated);
    let ping = format!("{path}/ping");
    let pinged = once(&ping, "ping", &json!({})).result(202);
    assert_eq!(once(&ping, "ping", &json!({})).result(202), pinged);
    receiver.wait_for(1);
    let deliveries = rest.get(&format!("{path}/deliveries")).result(200);
    assert_eq!(deliveries.as_array().unwrap().len(), 1);
}

#[test]
fn a_ping_and_a_redelivery_stand_outside_the_order() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "pinged", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    let ping = hook.post("/ping").result(202);
    assert_eq!(ping["type"], "cairn.webhook.ping");
    let got = &receiver.wait_for(1)[0];
    assert!(got.is_signed_by(&hook.secret));
    assert_eq!(got.header("webhook-id"), ping["event_id"].as_str().unwrap());
    assert_eq!(
        got.json()["payload"],
        json!({"webhookId": hook.shown()["id"]})
    );
    pushing.push("main");
    let pushed = receiver.wait_for(2)[1].clone();
    let delivery = hook.newest_is("delivered");
    let again = hook.post(&format!("/deliveries/{}/redeliver", delivery["id"]));
    let again = again.result(202);
    assert_ne!(again["id"], delivery["id"]);
    let redelivered = &receiver.wait_for(3)[2];
    assert_eq!(
        redelivered.header("webhook-id"),
        pushed.header("webhook-id")
    );
    assert_eq!(redelivered.body, pushed.body);
    assert!(redelivered.is_signed_by(&hook.secret));
    // A ping is in no feed.
    let feed = pushing
        .rest
        .get("/api/v1/namespaces/pinged/events?types=webhook.*");
    assert_eq!(feed.result(200), json!([]));
}

#[test]
fn two_secrets_sign_while_one_is_rotated() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "rotated", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    let rotate = |body: Value| {
        let path = format!("{}/rotate-secret", hook.path);
        hook.rest.post(&path, &body).result(200)
    };
    let signed = |count: usize, secrets: &[&str]| {
        hook.post("/ping").result(202);
        let got = receiver.wait_for(count)[count - 1].clone();
        secrets
            .iter()
            .map(|secret| got.is_signed_by(secret))
            .collect::<Vec<_>>()
    };
    let second = rotate(json!({"keep_seconds": 600}));
    assert!(second["former_secret_until"].is_string());
    let second = second["secret"].as_str().unwrap().to_owned();
    assert_eq!(signed(1, &[&hook.secret, &second]), [true, true]);
    let third = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let rotated = rotate(json!({"secret": third, "keep_seconds": 0}));
    assert_eq!(rotated["secret"], third);
    assert_eq!(rotated["former_secret_until"], json!(null));
    assert_eq!(
        signed(2, &[&hook.secret, &second, third]),
        [false, false, true]
    );
    assert_eq!(hook.shown().get("secret"), None);
    let log = server().log();
    for secret in [&hook.secret, &second, third] {
        assert!(
            !log.contains(secret.trim_start_matches("whsec_")),
            "a secret is in the log"
        );
    }
}

#[test]
fn without_webhooks_no_request_leaves() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "silent", "app");
    let other = Pushing::to(server(), "silent", "other");
    let off = json!({"url": receiver.url("/off"), "events": ["*"], "active": false});
    Hook::make(&pushing.rest, &pushing.hosted.path(""), &off);
    let hook = Hook::of_pushes(&other, &receiver);
    let deleted = Hook::of_pushes(&pushing, &receiver);
    pushing.rest.delete(&deleted.path).result(200);
    pushing.push("main");
    other.push("main");
    wait::until_true("the other's is delivered", SOON, || {
        !hook.deliveries().is_empty()
    });
    hook.newest_is("delivered");
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].json()["source"]["repoName"], "other");
}

/// The description of the routes is the contract: other stories check the answers.
#[test]
fn unknown_paths_and_methods_below_webhooks() {
    let rest: Rest = server().rest();
    let owner = rest.create_repository("paths", "app").path("");
    for path in [
        "/webhooks/x",
        "/webhooks/x/ping",
        "/webhooks/0/deliveries/x",
    ] {
        assert_eq!(rest.get(&format!("{owner}{path}")).error_code(404), 10_200);
    }
    let refused = rest.delete(&format!("{owner}/webhooks"));
    refused.error_code(405);
    assert_eq!(refused.header("allow"), "GET, POST");
}
