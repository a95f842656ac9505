//! Which settings an update changed, by the names that REST gives them.

use gix_object::bstr::BStr;
use serde_json::{Map, Value, json};

use crate::git::refname::branch_of;
use crate::git::store::StoreError;
use crate::repo_do::contract::pre_receive::ShownPreReceive;
use crate::repo_do::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;
use crate::storage::time::iso_8601;

/// All settings, at one time.
pub(crate) struct Settings(Map<String, Value>);

impl Settings {
    /// Those of now.
    pub(crate) fn of(store: &Store) -> Result<Self, StoreError> {
        let record = store.load()?.unwrap_or_default();
        let snapshots = store.snapshot_settings()?;
        let mut settings = shown(&record);
        let more = json!({
            "settle_seconds": snapshots.settle_seconds,
            "cold_after_seconds": snapshots.cold_after_seconds,
            "cold_bytes_min": snapshots.cold_bytes_min,
            "ready_bytes_min": snapshots.ready_bytes_min,
        });
        if let Value::Object(more) = more {
            settings.extend(more);
        }
        Ok(Self(settings))
    }

    /// The changes since `before`, as the payload tells them; `None` without any.
    pub(crate) fn changes_since(&self, before: &Self) -> Option<Value> {
        let mut changes = Map::new();
        for (name, to) in &self.0 {
            let from = before.0.get(name).unwrap_or(&Value::Null);
            if from != to {
                changes.insert(name.clone(), json!({"from": from, "to": to}));
            }
        }
        (!changes.is_empty()).then(|| json!({"changes": changes}))
    }
}

fn shown(record: &RepositoryRecord) -> Map<String, Value> {
    let description = Some(&record.description).filter(|text| !text.is_empty());
    let hook = record.policies.pre_receive.clone();
    let hook = hook.map(|hook| ShownPreReceive::from(hook).for_event());
    let shown = json!({
        "description": description,
        "default_branch": branch_of(record.head.as_ref()),
        "fsck": {"strict": record.fsck_strict},
        "ref_rules": record.policies.ref_rules,
        "bytes_max": record.policies.bytes_max,
        "pre_receive": hook,
        "expires_at": record.policies.expires_at.map(iso_8601),
        "idle_ttl_seconds": record.policies.idle_ttl_seconds,
    });
    let settings = serde_json::to_value(record.settings).unwrap_or_default();
    let objects = [shown, settings].into_iter();
    let fields = objects.filter_map(|value| match value {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    fields.flatten().collect()
}

/// The change of HEAD alone, as the payload says it.
pub(crate) fn of_head(from: &BStr, to: &BStr) -> Value {
    json!({"changes": {"default_branch": {"from": branch_of(from), "to": branch_of(to)}}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_from_and_to() {
        let mut record = RepositoryRecord {
            head: "refs/heads/main".into(),
            ..RepositoryRecord::default()
        };
        let before = Settings(shown(&record));
        assert_eq!(Settings(shown(&record)).changes_since(&before), None);
        record.description = "things".to_owned();
        record.settings.read_only = true;
        record.policies.bytes_max = Some(9);
        record.fsck_strict = true;
        record.head = "refs/heads/trunk".into();
        record.policies.ref_rules = serde_json::from_value(json!([["*", ["no-delete"]]])).unwrap();
        let changes = json!({"changes": {
            "description": {"from": null, "to": "things"},
            "default_branch": {"from": "main", "to": "trunk"},
            "read_only": {"from": false, "to": true},
            "bytes_max": {"from": null, "to": 9},
            "fsck": {"from": {"strict": false}, "to": {"strict": true}},
            "ref_rules": {"from": [], "to": [["*", ["no-delete"]]]},
        }});
        assert_eq!(
            Settings(shown(&record)).changes_since(&before),
            Some(changes)
        );
    }
}
