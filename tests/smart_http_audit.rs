//! The audit log of a namespace, which tells each act and its actor; and the rights of a namespace's admin
//! token.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

use std::time::Duration;

use serde_json::{Value, json};
use support::rest::Rest;
use support::scratch::Scratch;
use support::server::server;
use support::wait::until;
use ureq::http::Method;

const PATIENCE: Duration = Duration::from_secs(20);

fn namespace(name: &str) -> String {
    format!("/api/v1/namespaces/{name}")
}

fn admin(operator: &Rest, name: &str) -> (Rest, String) {
    let body = json!({ "scope": "admin", "label": "a platform" });
    let made = operator.make_token(name, &body);
    (operator.with_bearer(&made.plaintext), made.id)
}

fn log(rest: &Rest, name: &str, query: &str) -> Vec<Value> {
    let answer = rest.get(&format!("{}/audit{query}", namespace(name)));
    answer.result(200).as_array().unwrap().clone()
}

fn actions(entries: &[Value]) -> Vec<&str> {
    let entries = entries.iter();
    entries
        .map(|entry| entry["action"].as_str().unwrap())
        .collect()
}

/// Waits until the log has an entry of that action; gives the log then.
fn log_with(rest: &Rest, name: &str, action: &str) -> Vec<Value> {
    until(action, PATIENCE, || {
        let entries = log(rest, name, "");
        entries
            .iter()
            .any(|entry| entry["action"] == action)
            .then_some(entries)
    })
}

#[test]
fn every_administrative_act_is_logged_with_its_actor_and_request() {
    let operator = server().rest();
    let hosted = operator.create_repository("audit-acts", "app");
    let (platform, token_id) = admin(&operator, "audit-acts");
    let source = Scratch::new();
    let git = source.repository("source");
    git.commit("first");
    git.run(&["push", &hosted.url(), "main"]);
    let at = |rest: &str| format!("{}{rest}", namespace("audit-acts"));

    let made = platform.post(&at("/tokens"), &json!({ "repo": "app", "scope": "read" }));
    let made = made.result(201)["id"].as_str().unwrap().to_owned();
    platform.delete(&at(&format!("/tokens/{made}"))).result(200);
    platform
        .patch(&hosted.path(""), &json!({ "public": true }))
        .result(200);
    platform
        .patch(&at(""), &json!({ "read_only": true }))
        .result(200);
    let body = json!({ "url": "https://hooks.example/x?key=secret", "events": ["repo.pushed"] });
    let hook = platform.post(&at("/webhooks"), &body).result(201);
    let hook = at(&format!("/webhooks/{}", hook["id"].as_str().unwrap()));
    platform
        .patch(&hook, &json!({ "active": false }))
        .result(200);
    assert_eq!(platform.delete(&hook).status / 100, 2);
    operator
        .patch(&at(""), &json!({ "suspended": true }))
        .result(200);
    operator
        .patch(&at(""), &json!({ "suspended": false, "read_only": false }))
        .result(200);
    platform.delete(&hosted.path("")).result(202);

    let entries = log_with(&operator, "audit-acts", "repo.deleted");
    let expected = [
        "repo.created",
        "namespace.token.created",
        "repo.token.created",
        "repo.token.revoked",
        "repo.updated",
        "namespace.updated",
        "webhook.created",
        "webhook.updated",
        "webhook.deleted",
        "repo.deleted",
    ];
    for action in expected {
        assert!(
            actions(&entries).contains(&action),
            "{action}: {entries:#?}"
        );
    }
    assert!(!actions(&entries).contains(&"repo.pushed"), "{entries:#?}");
    for entry in &entries {
        assert!(entry["request_id"].is_string(), "{entry}");
        assert!(
            entry["at"].is_string() && entry["id"].is_string(),
            "{entry}"
        );
        let said = entry.to_string();
        assert!(
            !said.contains("cairn_v1_") && !said.contains("hooks.example"),
            "{said}"
        );
    }
    let of = |action: &str| {
        entries
            .iter()
            .find(|entry| entry["action"] == action)
            .unwrap()
    };
    let revoked = of("repo.token.revoked");
    let actor = json!({ "kind": "namespace", "token_id": token_id, "label": "a platform" });
    assert_eq!(revoked["actor"], actor);
    assert_eq!(
        (&revoked["repo"], &revoked["details"]["tokenId"]),
        (&json!("app"), &json!(made))
    );
    assert_eq!(of("webhook.deleted")["actor"], actor);
    assert_eq!(of("repo.created")["actor"], json!({ "kind": "operator" }));

    // The feed tells of the same acts, without addresses.
    let feed = operator
        .get(&at("/events?types=namespace.audited"))
        .result(200);
    let feed = feed.as_array().unwrap();
    assert_eq!(feed.len(), 3);
    assert_eq!(feed[0]["payload"]["action"], "webhook.created");

    let by_platform = log(&platform, "audit-acts", &format!("?token_id={token_id}"));
    assert!(by_platform.len() >= 7, "{by_platform:#?}");
    let updates = log(
        &platform,
        "audit-acts",
        "?actor=operator&action=namespace.updated",
    );
    assert_eq!(updates.len(), 2);
    assert_eq!(
        updates[1]["details"],
        json!({ "changed": ["suspended"], "suspended": true })
    );
}

#[test]
fn an_address_is_known_to_the_log_alone() {
    let operator = server().rest();
    let hosted = operator.create_repository("audit-address", "app");
    let (platform, _) = admin(&operator, "audit-address");
    let patch = |rest: &Rest, description: &str, address: &str| {
        let body = json!({ "description": description }).to_string();
        let headers = [
            ("cf-connecting-ip", address),
            ("content-type", "application/json"),
        ];
        let answer = rest.send(Method::PATCH, &hosted.path(""), &headers, body.as_bytes());
        answer.result(200);
    };
    patch(&operator, "one", "192.0.2.7");
    patch(&platform, "two", "192.0.2.8");
    let updates = |rest: &Rest| {
        until("both updates", PATIENCE, || {
            let entries = log(rest, "audit-address", "?action=repo.updated");
            (entries.len() == 2).then_some(entries)
        })
    };
    let seen = updates(&operator);
    assert_eq!(
        (&seen[0]["address"], &seen[1]["address"]),
        (&json!("192.0.2.8"), &json!("192.0.2.7"))
    );
    let seen = updates(&platform);
    assert_eq!(
        (&seen[0]["address"], &seen[1]["address"]),
        (&json!("192.0.2.8"), &Value::Null)
    );
    for path in [
        hosted.path("/events"),
        format!("{}/events", namespace("audit-address")),
    ] {
        let feed = operator.get(&path);
        assert!(!feed.text().contains("192.0.2."), "{}", feed.text());
    }
}

#[test]
fn the_log_takes_no_other_parameter_and_no_other_reader() {
    let operator = server().rest();
    let hosted = operator.create_repository("audit-strict", "app");
    let path = format!("{}/audit", namespace("audit-strict"));
    for query in [
        "?actor=nobody",
        "?cursor=x",
        "?cursor=0",
        "?limit=0",
        "?limit=201",
        "?since=yesterday",
        "?until=1",
        "?token_id=x",
        "?page=2",
    ] {
        assert_eq!(
            operator.get(&format!("{path}{query}")).error_code(400),
            10_100,
            "{query}"
        );
    }
    let write = operator.make_token("audit-strict", &json!({ "scope": "write" }));
    let write = operator.with_bearer(&write.plaintext);
    assert_eq!(write.get(&path).status, 403);
    let own = operator.with_bearer(&hosted.token).get(&path).status;
    assert!([401, 403].contains(&own), "{own}");
    assert_eq!(operator.anonymous().get(&path).status, 401);
    let absent = format!("{}/audit", namespace("audit-absent"));
    assert_eq!(operator.get(&absent).status, 404);
}

/// Whether a namespace's admin token may do the same as the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum May {
    /// It concerns the namespace alone.
    Yes,
    /// It is the operator's.
    No,
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of all routes")]
fn a_namespaces_admin_token_has_its_rights_and_no_more() {
    use May::{No, Yes};
    use Method as M;
    let operator = server().rest();
    let hosted = operator.create_repository("audit-may", "app");
    let other = operator.create_repository("audit-other", "app");
    let scratch = Scratch::new();
    let git = scratch.repository("source");
    git.commit("first");
    git.run(&["push", &hosted.url(), "main"]);
    let (platform, token_id) = admin(&operator, "audit-may");
    let none = || json!({});
    let mine = |rest: &str| format!("{}{rest}", namespace("audit-may"));
    let cases: Vec<(May, Method, String, Value)> = vec![
        (No, M::GET, "/api/v1/namespaces".into(), none()),
        (
            No,
            M::POST,
            "/api/v1/namespaces".into(),
            json!({ "namespace": "audit-more" }),
        ),
        (Yes, M::GET, mine(""), none()),
        (
            Yes,
            M::PATCH,
            mine(""),
            json!({ "fsck": { "strict": true } }),
        ),
        (Yes, M::PATCH, mine(""), json!({ "read_only": true })),
        (Yes, M::PATCH, mine(""), json!({ "read_only": false })),
        (No, M::PATCH, mine(""), json!({ "suspended": false })),
        (No, M::DELETE, mine(""), none()),
        (Yes, M::GET, mine("/audit"), none()),
        (No, M::GET, "/api/v1/audit".into(), none()),
        (Yes, M::GET, mine("/events"), none()),
        (Yes, M::GET, mine("/repos"), none()),
        (Yes, M::POST, mine("/repos"), json!({ "name": "second" })),
        (Yes, M::GET, mine("/tokens"), none()),
        (Yes, M::POST, mine("/tokens"), json!({ "scope": "write" })),
        (Yes, M::POST, mine("/tokens"), json!({ "repo": "app" })),
        (No, M::POST, mine("/tokens"), json!({ "scope": "admin" })),
        (Yes, M::GET, mine("/webhooks"), none()),
        (
            Yes,
            M::POST,
            mine("/webhooks"),
            json!({ "url": "https://hooks.example/", "events": ["*"] }),
        ),
        (No, M::POST, mine("/relist"), none()),
        (Yes, M::GET, hosted.path(""), none()),
        (Yes, M::PATCH, hosted.path(""), json!({ "public": true })),
        (Yes, M::GET, hosted.path("/stats"), none()),
        (Yes, M::GET, hosted.path("/tokens"), none()),
        (Yes, M::GET, hosted.path("/events"), none()),
        (Yes, M::GET, hosted.path("/webhooks"), none()),
        (Yes, M::GET, hosted.path("/refs"), none()),
        (
            Yes,
            M::POST,
            hosted.path("/maintenance"),
            json!({ "task": "run" }),
        ),
        (Yes, M::POST, hosted.path("/purge-unreachable"), none()),
        (
            No,
            M::POST,
            hosted.path("/purge-unreachable"),
            json!({ "network": true }),
        ),
        (
            Yes,
            M::POST,
            hosted.path("/fork"),
            json!({ "name": "third" }),
        ),
        (
            No,
            M::POST,
            hosted.path("/fork"),
            json!({ "name": "x", "namespace": "audit-other" }),
        ),
        (
            Yes,
            M::POST,
            hosted.path("/commits"),
            json!({ "branch": "main", "message": "m", "files": [{ "path": "a", "content": "b" }] }),
        ),
        // It may do nothing in another namespace.
        (No, M::GET, namespace("audit-other"), none()),
        (
            No,
            M::PATCH,
            namespace("audit-other"),
            json!({ "read_only": true }),
        ),
        (
            No,
            M::GET,
            format!("{}/audit", namespace("audit-other")),
            none(),
        ),
        (
            No,
            M::POST,
            format!("{}/tokens/revoke-all", namespace("audit-other")),
            none(),
        ),
        (No, M::GET, other.path(""), none()),
        (No, M::DELETE, other.path(""), none()),
        // These come last, because they end resources that the others need.
        (Yes, M::DELETE, hosted.path(""), none()),
        (No, M::DELETE, mine(&format!("/tokens/{token_id}")), none()),
        (Yes, M::POST, mine("/tokens/revoke-all"), none()),
    ];
    for (may, method, path, body) in cases {
        let is_read = method == M::GET || method == M::DELETE;
        let body = if is_read {
            String::new()
        } else {
            body.to_string()
        };
        let case = format!("{method} {path} {body}");
        let answer = platform.send(method, &path, &[], body.as_bytes());
        match may {
            Yes => assert_eq!(answer.status / 100, 2, "{case}: {}", answer.text()),
            // It gets 404 for an admin token, which it does not see.
            No => assert!(
                [403, 404].contains(&answer.status),
                "{case}: {}",
                answer.text()
            ),
        }
    }
    assert_eq!(
        platform.get(&mine("")).status,
        401,
        "its own was revoked with all"
    );
}
