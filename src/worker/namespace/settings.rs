//! The settings of a namespace, changed.

use super::contract::{NamespaceInfo, UpdateNamespace};
use super::events::{self, Author};
use super::steps::{StepError, summary};
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::event::EventKind;
use crate::storage::namespace::store::NamespaceStore;

/// Changes settings. The event tells what differs; where nothing does, nothing is written.
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
        let quotas = change.quotas.applied_to(before.quotas);
        if quotas != before.quotas {
            store.set_quotas(&quotas)?;
        }
        let after = summary(store)?;
        if let Some(payload) = events::updated(&before, &after) {
            events::append(store, author, EventKind::NamespaceUpdated, &payload)?;
        }
        Ok(after)
    })
}
