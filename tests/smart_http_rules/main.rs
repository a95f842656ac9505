//! Rules about refs of repositories and of tokens, by every face that changes a ref.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod kinds;
mod measured;
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

/// Every operation that a rule can forbid, and none.
const RULES: [&str; 5] = ["none", "no-push", "no-create", "no-delete", "no-force-push"];

/// The operations that a rule of this name forbids, as REST takes them.
fn ops(rule: &str) -> Value {
    match rule {
        "none" => json!([]),
        rule => json!([rule]),
    }
}

/// Whether a rule forbids to create, update, delete or force: a second model beside the code's.
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

/// The id of a new token, and the token.
fn token(namespace: &str, body: &Value) -> (String, String) {
    let made = server().rest().make_token(namespace, body);
    (made.id, made.plaintext)
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
