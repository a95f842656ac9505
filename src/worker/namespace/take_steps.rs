//! A repository's events, taken.

use super::steps::{self, StepError};
use crate::repo_do::contract::event::{HandOver, HandedOver};
use crate::storage::db::sql::Database;
use crate::storage::namespace::store::NamespaceStore;

/// Takes each event once, and shows the repository as it is now. A namespace that is not there keeps
/// nothing, but the repository need not send its events again.
pub(crate) fn take<D: Database>(
    store: &NamespaceStore<D>,
    hand_over: &HandOver,
) -> Result<HandedOver, StepError> {
    if let Some(info) = &hand_over.info {
        steps::touch(store, info)?;
    }
    let last = hand_over.events.last().map_or(0, |event| event.sequence);
    if store.shown_name()?.is_none() {
        return Ok(HandedOver { taken: last });
    }
    let taken = store.take_events(&hand_over.repository_id, &hand_over.events)?;
    Ok(HandedOver { taken })
}
