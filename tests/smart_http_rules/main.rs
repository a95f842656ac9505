//! Rules about refs of repositories and of tokens, by every face that changes a ref.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod overrides;
mod rest_faces;
mod settings;
mod table;

use serde_json::{Value, json};
use support::rest::{Answer, Hosted, Rest};
use support::server::server;

const INVALID_INPUT: u64 = 10_100;
const NOT_FOUND: u64 = 10_200;
const REF_REFUSED: u64 = 10_320;
const FORBIDDEN: u64 = 10_000;

/// Every operation of rules, and none.
const RULES: [&str; 5] = ["none", "no-push", "no-create", "no-delete", "no-force-push"];

/// The operations of a rule in a row of a table.
fn ops(rule: &str) -> Value {
    match rule {
        "none" => json!([]),
        rule => json!([rule]),
    }
}

/// Whether a rule forbids to create, update, delete or force: said here another way than in the code.
fn forbids(rule: &str, op: &str) -> bool {
    let forbidden: &[&str] = match rule {
        "no-push" => &["create", "update", "delete", "force"],
        "no-create" => &["create"],
        "no-delete" => &["delete"],
        "no-force-push" => &["force"],
        _ => &[],
    };
    forbidden.contains(&op)
}

/// A token of this body, in a namespace.
fn token(namespace: &str, body: &Value) -> (String, String) {
    let path = format!("/api/v1/namespaces/{namespace}/tokens");
    let made = server().rest().post(&path, body).result(201);
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("id"), text("plaintext"))
}

fn set_rules(hosted: &Hosted, rules: &Value) {
    let body = json!({"ref_rules": rules});
    let shown = server().rest().patch(&hosted.path(""), &body).result(200);
    assert_eq!(shown["ref_rules"], *rules);
}

fn try_rules(client: &Rest, hosted: &Hosted, body: &Value) -> Answer {
    client.post(&hosted.path("/rules/test"), body)
}

/// The first error of an answer with this status and code.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: u64) -> Value {
    let error = answer.json()["errors"][0].clone();
    assert_eq!(
        (answer.status, error["code"].as_u64()),
        (status, Some(code)),
        "{error}"
    );
    error
}
