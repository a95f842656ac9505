//! Events that repositories hand over, taken by their namespace in one transaction.

use super::moving;
use super::step_error::{StepError, no_namespace};
use super::steps;
use super::usage;
use crate::repo_do::contract::event::{HandOver, HandedOver, kept_events};
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::event::{Event, EventKind};
use crate::storage::namespace::events::FeedRetention;
use crate::storage::namespace::store::NamespaceStore;

/// The variable with the number of events that a namespace keeps.
const COUNT: &str = "CAIRN_EVENTS_NAMESPACE_MAX";
/// How many it keeps otherwise.
const COUNT_DEFAULT: i64 = 100_000;

/// Events that one step removes at most: more than one step takes, so that removing keeps up.
const TRIMMED_MAX: u32 = 256;

/// How the deployment has events kept.
pub(crate) fn retention(
    variable: impl Fn(&str) -> Option<String>,
    queue_waits: bool,
) -> FeedRetention {
    FeedRetention {
        events: kept_events(variable, (COUNT, COUNT_DEFAULT)),
        queue_waits,
    }
}

/// Takes the events that a repository hands over, whether or not the repository is listed any more, and
/// brings its entry up to date.
pub(crate) fn take<D: Database>(
    store: &NamespaceStore<D>,
    handed: &HandOver,
    kept: FeedRetention,
    now_ms: i64,
) -> Result<HandedOver, StepError> {
    if store.shown_name()?.is_none() {
        return without_namespace(handed);
    }
    in_transaction(store.database(), || {
        let before = store.taken(&handed.repository_id)?;
        let taken = store.take_events(&handed.repository_id, handed.oldest, &handed.events)?;
        let is_new = |event: &&Event| (before..taken).contains(&event.sequence.saturating_sub(1));
        let renamed = handed.events.iter().filter(is_new);
        let renamed = renamed.filter(|event| event.kind == EventKind::Renamed);
        if let Some(info) = &handed.info {
            for event in renamed {
                moving::arrive(store, info, event, &handed.webhooks)?;
            }
            steps::touch(store, info)?;
        }
        if handed.leaves {
            store.end_webhooks_of(&handed.repository_id)?;
        }
        usage::add(store, &handed.usage, now_ms)?;
        store.trim_events(kept, now_ms, TRIMMED_MAX)?;
        Ok(HandedOver { taken })
    })
}

/// A namespace that was deleted took its feed along, and a repository that goes need not wait for it.
/// One that stays keeps its events until the namespace, which was lost, is made again.
fn without_namespace(handed: &HandOver) -> Result<HandedOver, StepError> {
    let last = handed.events.last().map(|event| event.sequence);
    if last.is_some() && handed.info.is_some() {
        return Err(no_namespace().into());
    }
    Ok(HandedOver {
        taken: last.unwrap_or(0),
    })
}

#[cfg(test)]
mod tests;
