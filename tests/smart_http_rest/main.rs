//! The REST API against the running server, a file for each resource, and the errors.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod access;
mod content;
mod errors;
mod idempotency;
mod links;
mod lists;
mod log;
mod namespaces;
mod repositories;
mod server;
mod tokens;

use std::collections::BTreeSet;

use serde_json::Value;
use support::rest::{Answer, Rest};
use support::server::server;

const INVALID_INPUT: u64 = 10_100;
const INVALID_NAME: u64 = 10_101;
const INVALID_TTL: u64 = 10_103;
const NOT_FOUND: u64 = 10_200;
const ALREADY_EXISTS: u64 = 10_201;
const CREATE_IN_PROGRESS: u64 = 10_301;
const CREDENTIALS: u64 = 10_000;
const TOO_LARGE: u64 = 10_402;

fn rest() -> Rest {
    server().rest()
}

fn repos(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/repos")
}

fn tokens(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/tokens")
}

/// The fields of a JSON object.
fn fields(value: &Value) -> BTreeSet<&str> {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"));
    object.keys().map(String::as_str).collect()
}

/// The error's code and the field that it blames.
fn blamed(answer: &Answer, status: u16) -> (u64, String) {
    let code = answer.error_code(status);
    let pointer = answer.json()["errors"][0]["source"]["pointer"].clone();
    (code, pointer.as_str().unwrap_or("").to_owned())
}

fn is_public_id(value: &Value) -> bool {
    let text = value.as_str().unwrap_or("");
    text.len() == 16
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z'))
}
