//! The namespace's settings, changed. A policy for all repositories goes to their objects afterwards: see
//! [`super::told_standing`].

use serde_json::{Map, Value, json};

use super::contract::{NamespaceInfo, UpdateNamespace};
use super::events::{self, Author};
use super::signed;
use super::step_error::StepError;
use super::steps::summary;
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::event::EventKind;
use crate::storage::namespace::standing::StandingChange;
use crate::storage::namespace::store::NamespaceStore;
use crate::worker::time::iso_8601;

/// Changes the namespace's settings, and tells the change as an event.
pub(crate) fn update<D: Database>(
    store: &NamespaceStore<D>,
    change: &UpdateNamespace,
    author: &Author,
) -> Result<NamespaceInfo, StepError> {
    // Nothing is written where no namespace is.
    let before = summary(store)?;
    in_transaction(store.database(), || {
        if let Some(is_strict) = change.fsck_strict {
            store.set_fsck_strict(is_strict)?;
        }
        if let Some(issuers) = &change.issuers {
            signed::set_issuers(store, issuers)?;
        }
        store.change_standing(&StandingChange {
            token_epoch_ms: None,
            suspended: change.suspended,
            read_only: change.read_only,
        })?;
        let quotas = change.quotas.applied_to(before.quotas);
        if quotas != before.quotas {
            store.set_quotas(&quotas)?;
        }
        // Repositories ask before a push if there is a bound on bytes, whatever its number is.
        if quotas.bytes_max.is_some() != before.quotas.bytes_max.is_some() {
            store.tell_all_standing()?;
        }
        let after = summary(store)?;
        let changed = changes(&before, &after);
        if !changed.is_empty() {
            let payload = payload(changed);
            events::append(store, author, EventKind::NamespaceUpdated, &payload)?;
        }
        Ok(after)
    })
}

/// Revokes every token of the namespace and of its repositories that was made before now.
pub(crate) fn revoke_all<D: Database>(
    store: &NamespaceStore<D>,
    author: &Author,
    now_ms: i64,
) -> Result<NamespaceInfo, StepError> {
    let before = summary(store)?;
    // A token that was made in this very millisecond is one of them.
    let epoch_ms = now_ms.saturating_add(1).max(before.standing.token_epoch_ms);
    in_transaction(store.database(), || {
        store.change_standing(&StandingChange {
            token_epoch_ms: Some(epoch_ms),
            ..StandingChange::default()
        })?;
        let payload = payload(Map::from_iter([(
            "tokens_revoked_before".to_owned(),
            json!(iso_8601(epoch_ms)),
        )]));
        events::append(store, author, EventKind::NamespaceUpdated, &payload)?;
        summary(store)
    })
}

/// The settings that differ, as they are now, by the names that REST gives them.
fn changes(before: &NamespaceInfo, after: &NamespaceInfo) -> Map<String, Value> {
    let (was, is) = (settings(before), settings(after));
    let changed = is.into_iter();
    let changed = changed.filter(|(name, value)| was.get(name) != Some(value));
    let mut changed: Map<_, _> = changed.collect();
    // Their rules and keys are long: the event names them.
    if let Some(issuers) = changed.get_mut("issuers") {
        let names = after.issuers.iter().map(|issuer| issuer.issuer.as_str());
        *issuers = names.collect();
    }
    changed
}

fn settings(info: &NamespaceInfo) -> Map<String, Value> {
    let settings = json!({
        "fsck": { "strict": info.fsck_strict },
        "suspended": info.standing.suspended,
        "read_only": info.standing.read_only,
        "bytes_max": info.quotas.bytes_max,
        "repos_max": info.quotas.repos_max,
        "issuers": info.issuers,
    });
    match settings {
        Value::Object(settings) => settings,
        _ => Map::new(),
    }
}

/// The payload of a change: the names of the changed settings, and their present values.
fn payload(mut changed: Map<String, Value>) -> Value {
    let names: Vec<Value> = changed.keys().cloned().map(Value::String).collect();
    changed.insert("changed".to_owned(), Value::Array(names));
    Value::Object(changed)
}

#[cfg(test)]
mod tests;
