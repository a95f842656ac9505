//! `GET /metrics`: the figures for the operator's Prometheus.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of the host: it may wait"
)]
#![allow(clippy::print_stdout, reason = "says what was passed over")]
#![allow(clippy::float_cmp, reason = "small counts are exact")]

use cairn_test_support as support;

mod dashboard;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::installed::installed;
use support::package_root;
use support::receiver::{Receiver, Says};
use support::rest::Rest;
use support::scratch::Scratch;
use support::server::Server;
use support::wait::until_true;
use ureq::http::Method;

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

/// A sample, and its metric's type.
#[derive(Debug)]
struct Sample {
    kind: String,
    name: String,
    labels: Value,
    value: f64,
}

/// The metrics, read by Prometheus' own library; nothing where that cannot be had.
fn metrics(rest: &Rest) -> Option<Vec<Sample>> {
    let answer = rest.get("/metrics");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let kind = answer.header("content-type").to_owned();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let python = match installed("prometheus") {
        Ok(folder) => folder.join("bin/python"),
        Err(reason) => {
            println!("metrics: not read by Prometheus' library: {reason}");
            return None;
        }
    };
    let mut reader = Command::new(python)
        .arg(package_root().join("tests/clients/metrics.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    reader
        .stdin
        .take()
        .unwrap()
        .write_all(&answer.body)
        .unwrap();
    let read = reader.wait_with_output().unwrap();
    assert!(read.status.success(), "{}", answer.text());
    let lines = String::from_utf8(read.stdout).unwrap();
    let sample = |line: &str| {
        let (kind, name, labels, value) = serde_json::from_str(line).unwrap();
        Sample {
            kind,
            name,
            labels,
            value,
        }
    };
    Some(lines.lines().map(sample).collect())
}

fn value(samples: &[Sample], name: &str, labels: &Value) -> f64 {
    let is_it = |sample: &&Sample| sample.name == name && sample.labels == *labels;
    let found = samples.iter().find(is_it);
    found
        .unwrap_or_else(|| panic!("no {name} of {labels}"))
        .value
}

/// The names of metrics that a text has.
fn names(text: &str) -> BTreeSet<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = text.split(|character| !is_part(character));
    let ours = words.filter(|word| word.starts_with("cairn_"));
    ours.map(str::to_owned).collect()
}

/// An answer of the SQL API, as it is documented.
fn counted() -> Value {
    let group = json!({ "method": "POST", "route": "/git/:ns/:repo/git-receive-pack", "status": 200,
        "error": "", "requests": "12", "milliseconds": 1500.5, "bytes_in": 1000, "bytes_out": 345,
        "rows_read": 7, "rows_written": 10 });
    json!({ "meta": [{ "name": "requests", "type": "UInt64" }], "data": [group], "rows": 1 })
}

#[test]
fn the_operator_reads_the_figures_of_each_namespace() {
    let server = Server::start();
    let (rest, scratch) = (server.rest(), Scratch::new());
    rest.post("/api/v1/namespaces", &json!({ "namespace": "Empty" }))
        .result(201);
    scratch.pushed(&rest, "acme", "secret-project");
    let bound = json!({ "bytes_max": 1_000_000, "read_only": true });
    rest.patch("/api/v1/namespaces/acme", &bound).result(200);
    let acme = json!({ "namespace": "acme" });
    until_true("the push is told", Duration::from_secs(30), || {
        let used = rest.get("/api/v1/namespaces/acme/usage").result(200);
        used["days"][0]["pushes"] == 1 && used["size_bytes"].as_u64().unwrap() > 0
    });
    let text = rest.get("/metrics").text();
    assert!(!text.contains("secret-project"), "{text}");
    assert!(!text.contains("analytics"), "{text}");
    if let Some(samples) = metrics(&rest) {
        let none = json!({});
        assert_eq!(value(&samples, "cairn_namespaces", &none), 2.0);
        assert_eq!(value(&samples, "cairn_namespaces_shown", &none), 2.0);
        assert_eq!(value(&samples, "cairn_read_only", &none), 0.0);
        for (name, expected) in [
            ("repositories", 1.0),
            ("bytes_max", 1_000_000.0),
            ("read_only", 1.0),
            ("suspended", 0.0),
            ("pushes_total", 1.0),
            ("lfs_bytes", 0.0),
        ] {
            assert_eq!(
                value(&samples, &format!("cairn_namespace_{name}"), &acme),
                expected
            );
        }
        assert!(value(&samples, "cairn_namespace_pack_bytes", &acme) > 0.0);
        let empty = json!({ "namespace": "Empty" });
        assert_eq!(value(&samples, "cairn_namespace_objects", &empty), 0.0);
        let is_counter =
            |sample: &Sample| (sample.kind == "counter") == sample.name.ends_with("_total");
        assert!(samples.iter().all(is_counter), "{samples:?}");
    }
    let bare = rest.get("/metrics?namespaces=0").text();
    assert!(
        bare.contains("cairn_namespaces 2\n") && !bare.contains("acme"),
        "{bare}"
    );
    let one = rest.get("/metrics?namespaces=1").text();
    assert!(
        one.contains("\"acme\"") && !one.contains("\"Empty\""),
        "{one}"
    );
    for wrong in ["namespaces=201", "namespaces=-1", "namespaces=x", "names=1"] {
        assert_eq!(
            rest.get(&format!("/metrics?{wrong}")).status,
            400,
            "{wrong}"
        );
    }
}

#[test]
fn for_everybody_else_there_are_no_metrics() {
    let rest = support::server::server().rest();
    let hosted = rest.create_repository("metrics-others", "app");
    let admin = rest.make_token("metrics-others", &json!({ "scope": "admin" }));
    assert_eq!(rest.anonymous().get("/metrics").status, 401);
    for token in [&admin.plaintext, &hosted.token, "not-the-key"] {
        let refused = rest.with_bearer(token).get("/metrics");
        assert_eq!(refused.status, 404, "{token}");
        assert_eq!(refused.json()["errors"][0]["message"], "no such path");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let refused = rest.send(method, "/metrics", &[], b"");
        assert_eq!((refused.status, refused.header("allow")), (405, "GET"));
    }
}

#[test]
fn with_a_token_for_analytics_the_requests_of_the_last_minutes_are_told() {
    let analytics = Receiver::start();
    let body = counted().to_string().into_bytes();
    let kind = vec![("content-type", "application/json".to_owned())];
    analytics.answers(move |_| Says::Answer(200, kind.clone(), body.clone()));
    let url: &'static str = analytics.url("").leak();
    let server = Server::start_with(&[
        ("CAIRN_ANALYTICS_URL", url),
        ("CAIRN_ANALYTICS_ACCOUNT_ID", ACCOUNT),
        ("CAIRN_ANALYTICS_TOKEN", "a-token-that-reads"),
        ("CAIRN_ANALYTICS_DATASET", "mine"),
    ]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    rest.get("/api/v1/namespaces").result(200);
    assert_eq!(
        analytics.received().len(),
        0,
        "only who asks for metrics costs a question"
    );
    scratch.pushed(&rest, "acme", "app");
    rest.patch(
        "/api/v1/namespaces/acme",
        &json!({ "bytes_max": 9, "repos_max": 9 }),
    )
    .result(200);

    let labels = json!({ "method": "POST", "route": "/git/:ns/:repo/git-receive-pack",
        "status": "200", "error": "" });
    let text = rest.get("/metrics").text();
    if let Some(samples) = metrics(&rest) {
        assert_eq!(value(&samples, "cairn_analytics_up", &json!({})), 1.0);
        assert_eq!(value(&samples, "cairn_requests_5m", &labels), 12.0);
        assert_eq!(value(&samples, "cairn_request_seconds_5m", &labels), 1.5005);
        assert_eq!(
            value(&samples, "cairn_request_rows_written_5m", &labels),
            10.0
        );
    }
    let asked = &analytics.received()[0];
    let path = format!("POST /client/v4/accounts/{ACCOUNT}/analytics_engine/sql");
    assert_eq!(asked.target, path);
    assert_eq!(asked.headers["authorization"], "Bearer a-token-that-reads");
    let query = String::from_utf8(asked.body.clone()).unwrap();
    assert!(
        query.contains(" FROM mine WHERE ") && query.ends_with("FORMAT JSON"),
        "{query}"
    );

    // Each query of the dashboard asks for what is there.
    let told = names(&text);
    for query in &dashboard::queries() {
        let asked = names(query);
        assert!(!asked.is_empty() && asked.is_subset(&told), "{query}");
    }
    dashboard::judged_by_promtool(&text);

    // Without an answer the rest is told all the same.
    for (says, why) in [
        (Says::status(403), "no access"),
        (
            Says::Answer(200, Vec::new(), b"<html>".to_vec()),
            "no answer of that kind",
        ),
        (Says::HangUp, "no answer"),
    ] {
        analytics.answers(move |_| says.clone());
        let text = rest.get("/metrics").text();
        assert!(text.contains("cairn_analytics_up 0\n"), "{why}: {text}");
        assert!(
            text.contains("cairn_namespaces 1\n") && !text.contains("_5m"),
            "{why}: {text}"
        );
    }
    assert!(!server.log().contains("a-token-that-reads"));
}
