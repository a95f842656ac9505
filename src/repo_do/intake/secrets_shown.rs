//! Secrets of a push, as REST and events show them.

use gix_object::bstr::ByteSlice as _;
use serde_json::{Value, json};

use crate::git::receive_pack::secrets::{FoundSecret, SecretRefusal, shown};

/// The name of the rule, as the setting has it.
pub(crate) const RULE: &str = "push_protection";

/// The details of the error.
pub(crate) fn details(refusal: &SecretRefusal) -> Value {
    json!({"rule": RULE, "count": refusal.count, "secrets": secrets(refusal)})
}

/// The payload of an event about secrets that were let in.
pub(crate) fn payload(found: &SecretRefusal) -> Value {
    json!({"protection": RULE, "secretsCount": found.count, "secrets": secrets(found)})
}

fn secrets(refusal: &SecretRefusal) -> Vec<Value> {
    refusal.named.iter().map(secret).collect()
}

fn secret(found: &FoundSecret) -> Value {
    json!({
        "kind": found.kind.name(),
        "path": found.path.as_ref().map(|path| shown(path.as_bstr())),
        "line": found.line,
        "blob": found.blob.to_string(),
    })
}
