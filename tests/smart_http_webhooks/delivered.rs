//! The deliveries that a receiver gets: events signed, filtered, in order, once each where nothing fails.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::support::receiver::{Receiver, Says};
use super::{Hook, Pushing, SOON, server, wait};

#[test]
fn a_push_arrives_signed_and_as_the_feed_has_it() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "signed", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    let commit = pushing.push("main");
    let got = &receiver.wait_for(1)[0];
    assert_eq!(got.target, "POST /hook");
    assert_eq!(got.header("content-type"), "application/json");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        got.header("user-agent"),
        format!("Cairn-Webhooks/{version}")
    );
    assert!(got.is_signed_by(&hook.secret));
    let event = got.json();
    assert_eq!(event["type"], "cairn.repo.pushed");
    assert_eq!(event["payload"]["ref"], "refs/heads/main");
    assert_eq!(event["payload"]["after"], commit);
    assert_eq!(event["metadata"]["eventId"], got.header("webhook-id"));
    let feed = pushing.rest.get("/api/v1/namespaces/signed/events");
    let feed = feed.result(200);
    assert!(feed.as_array().unwrap().contains(&event), "{feed}");
    let delivery = hook.newest_is("delivered");
    assert_eq!(
        (&delivery["attempts"], &delivery["status"]),
        (&json!(1), &json!(204))
    );
    assert_eq!(delivery["event_id"], event["metadata"]["eventId"]);
    let one = hook
        .rest
        .get(&format!("{}/deliveries/{}", hook.path, delivery["id"]));
    let body = one.result(200)["request_body"].as_str().unwrap().to_owned();
    assert_eq!(body.as_bytes(), got.body, "the body is kept as it was sent");
}

#[test]
fn types_and_refs_are_chosen() {
    let (pushes, all, main) = (Receiver::start(), Receiver::start(), Receiver::start());
    let pushing = Pushing::to(server(), "chosen", "app");
    let other = Pushing::to(server(), "chosen", "other");
    let make = |receiver: &Receiver, owner: &str, body: Value| {
        let mut body = body;
        body["url"] = json!(receiver.url("/"));
        Hook::make(&pushing.rest, owner, &body)
    };
    let owner = pushing.hosted.path("");
    make(&pushes, &owner, json!({"events": ["repo.pushed"]}));
    let refs = json!(["refs/heads/main", "refs/tags/v*"]);
    make(
        &main,
        &owner,
        json!({"events": ["cairn.repo.*"], "refs": refs}),
    );
    make(&all, "/api/v1/namespaces/chosen", json!({"events": ["*"]}));
    pushing.push("topic");
    other.push("main");
    pushing.push("main");
    let source = &pushing.source;
    source.run(&["tag", "v1"]);
    source.run(&["push", "--quiet", &pushing.hosted.url(), "refs/tags/v1"]);
    let change = json!({"description": "changed"});
    pushing.rest.patch(&owner, &change).result(200);
    let named = |events: Vec<Value>| {
        // The creation of a repository may become known after the webhook's.
        let later = events
            .iter()
            .filter(|event| event["type"] != "cairn.repo.created");
        let mut named: Vec<_> = later
            .map(|event| {
                let kind = event["type"].as_str().unwrap();
                let repo = event["source"]["repoName"].as_str().unwrap_or("");
                let refname = event["payload"]["ref"].as_str().unwrap_or("");
                format!("{kind} {repo} {refname}")
            })
            .collect();
        named.sort_unstable();
        named
    };
    let expect = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    let pushed = [
        "cairn.repo.pushed app refs/heads/main",
        "cairn.repo.pushed app refs/heads/topic",
        "cairn.repo.pushed app refs/tags/v1",
    ];
    assert_eq!(named(pushes.taken(3)), expect(&pushed));
    // Refs narrow pushes only.
    // The first push made its branch the default one, which is an update too.
    let updated = "cairn.repo.updated app ";
    let narrowed = [pushed[0], pushed[2], updated, updated];
    wait::until_true("four are there", SOON, || named(main.taken(4)).len() >= 4);
    assert_eq!(named(main.taken(4)), expect(&narrowed));
    let everything = [
        pushed[0],
        pushed[1],
        pushed[2],
        "cairn.repo.pushed other refs/heads/main",
        updated,
        updated,
    ];
    wait::until_true("all are there", SOON, || named(all.taken(6)).len() >= 6);
    assert_eq!(named(all.taken(6)), expect(&everything));
}

#[test]
fn the_events_of_a_repository_come_in_order_while_the_receiver_fails() {
    let receiver = Receiver::start();
    let one = Pushing::to(server(), "ordered", "one");
    let two = Pushing::to(server(), "ordered", "two");
    let body = json!({"url": receiver.url("/"), "events": ["repo.pushed"]});
    Hook::make(&one.rest, "/api/v1/namespaces/ordered", &body);
    // The first attempt of every third event fails: as soon as it is seen, by any of the ways.
    let failed = Mutex::new(BTreeMap::<String, usize>::new());
    receiver.answers(move |request| {
        let mut failed = failed.lock().unwrap();
        let count = failed.len();
        let attempts = failed.entry(request.header("webhook-id").to_owned());
        let attempts = attempts.or_default();
        *attempts += 1;
        match (*attempts, count % 6) {
            (1, 2) => Says::status(500),
            (1, 5) => Says::HangUp,
            _ => Says::status(200),
        }
    });
    for _ in 0..6 {
        one.push("main");
        two.push("main");
    }
    let taken = receiver.taken(12);
    for name in ["one", "two"] {
        let of = |event: &&Value| event["source"]["repoName"] == name;
        let sequences = taken
            .iter()
            .filter(of)
            .map(|event| event["metadata"]["sequence"].as_i64());
        let sequences: Vec<_> = sequences.map(Option::unwrap).collect();
        assert!(sequences.is_sorted(), "{name}: {sequences:?}");
        assert_eq!(sequences.len(), 6, "{name}: each once");
    }
    assert!(receiver.received().len() > 12, "some attempts failed");
}

#[test]
fn a_large_event_arrives_whole() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "large", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    for number in 0..30 {
        let message = format!("{number} {}", "ä long message ".repeat(200));
        pushing.source.commit(&message);
    }
    pushing.push("main");
    let got = &receiver.wait_for(1)[0];
    assert!(got.body.len() > 20_000, "{}", got.body.len());
    assert!(got.is_signed_by(&hook.secret));
    let payload = &got.json()["payload"];
    assert_eq!(payload["commits"].as_array().unwrap().len(), 20);
    assert_eq!(payload["commitsTruncated"], true);
}

#[test]
fn only_the_first_kib_of_an_answer_is_read() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "chatty", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    receiver.answers(|_| Says::Answer(200, Vec::new(), "é".repeat(1 << 20).into_bytes()));
    pushing.push("main");
    let delivery = hook.newest_is("delivered");
    assert_eq!(delivery["answer"].as_str().unwrap(), "é".repeat(512));
}

#[test]
fn deliveries_are_listed_page_by_page_while_others_come() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "paged", "app");
    let hook = Hook::of_pushes(&pushing, &receiver);
    for _ in 0..5 {
        hook.post("/ping").result(202);
    }
    receiver.wait_for(5);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("{}/deliveries?limit=2&cursor={cursor}", hook.path);
        let page = hook.rest.get(&path).json();
        let ids = page["result"].as_array().unwrap().iter();
        seen.extend(ids.map(|delivery| delivery["id"].as_i64().unwrap()));
        hook.post("/ping").result(202);
        page["result_info"]["cursor"]
            .as_str()
            .unwrap()
            .clone_into(&mut cursor);
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
    wait::until_true("all are delivered", SOON, || {
        let path = format!("{}/deliveries?state=pending", hook.path);
        hook.rest
            .get(&path)
            .result(200)
            .as_array()
            .unwrap()
            .is_empty()
    });
    for (query, pointer) in [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("cursor=x", "/cursor"),
        ("state=lost", "/state"),
        ("page=1", "/page"),
    ] {
        let refused = hook.rest.get(&format!("{}/deliveries?{query}", hook.path));
        refused.error_code(400);
        assert_eq!(
            refused.json()["errors"][0]["source"]["pointer"],
            pointer,
            "{query}"
        );
    }
}
