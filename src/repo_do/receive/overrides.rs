//! Rules about refs that the operator passes, and the event that tells it.

use gix_object::bstr::ByteSlice as _;
use serde::Serialize;
use serde_json::json;

use super::push::{Push, settings};
use crate::git::receive_pack::ref_rules::{ForbiddenOp, RefOp};
use crate::git::receive_pack::rules;
use crate::git::store::StoreError;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::state::store::Store;
use crate::storage::event::EventKind;
use crate::storage::repository::publication::RefOutcome;

/// Refs that one event names.
const REFS_MAX: usize = 100;

/// The rules that the open updates of a push pass, in their order.
pub(super) struct Overridden(Vec<Option<OverriddenRule>>);

/// A rule that one update passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct OverriddenRule {
    #[serde(rename = "ref")]
    name: String,
    pattern: String,
    op: ForbiddenOp,
}

impl Overridden {
    /// Those of the open updates, once the forced moves are known.
    pub(super) fn of(push: &Push) -> Self {
        if !push.overrides {
            return Self(Vec::new());
        }
        let settings = settings(&push.authorized, true);
        let passed = push.updates.open().map(|update| {
            let op = match rules::op(&update.command) {
                RefOp::Update if update.is_forced == Some(true) => RefOp::Force,
                op => op,
            };
            let name = update.command.name.as_bstr();
            let passed = settings.rules.overridden(name, op)?;
            Some(OverriddenRule {
                name: name.to_string(),
                pattern: passed.pattern,
                op: passed.op,
            })
        });
        Self(passed.collect())
    }

    /// Tells of the refs that really changed, in the transaction that changes them.
    pub(super) fn tell(
        &self,
        store: &Store,
        doer: Doer,
        outcomes: &[RefOutcome],
    ) -> Result<(), StoreError> {
        let changed = self.0.iter().zip(outcomes);
        let changed = changed.filter(|(_, outcome)| **outcome == RefOutcome::Updated);
        let mut refs: Vec<_> = changed.filter_map(|(passed, _)| passed.as_ref()).collect();
        if refs.is_empty() {
            return Ok(());
        }
        let is_truncated = refs.len() > REFS_MAX;
        refs.truncate(REFS_MAX);
        let more = json!({
            "protection": "ref_rules",
            "overridden": refs,
            "overriddenTruncated": is_truncated,
        });
        tell::append_repository(store, EventKind::Overridden, doer, &more)
    }
}
