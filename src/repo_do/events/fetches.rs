//! Clones and fetches, told where the repository's settings ask for it: they are many, so that they are
//! counted, and each event costs a row.

use std::rc::Rc;

use serde_json::json;

use super::origin::Doer;
use super::tell;
use crate::git::store::StoreError;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::schedule::wake_or_log;
use crate::repo_do::state::fetch_counts::{Counted, Counting};
use crate::repo_do::state::store::Store;
use crate::storage::event::EventKind;
use crate::storage::fault_log;
use crate::storage::repository::phase::Phase;

/// Counts a fetch that is answered; tells of it now or with others later.
pub(crate) async fn count(object: &Rc<RepoObject>, store: &Store, kind: Counted, doer: Doer) {
    match object.fetch_counts.add(kind, now_ms()) {
        Counting::Later(at_ms) => wake_or_log(object, at_ms).await,
        Counting::Tell(count) => {
            tell::prepare(object).await;
            if tell::still_here(object, store).is_err() {
                return;
            }
            // For several fetches only the number is known.
            let doer = if count == 1 { doer } else { Doer::default() };
            match append(store, kind, count, doer) {
                Ok(()) => tell::written_and_sent(object).await,
                Err(error) => fault_log::error("fetch event", &error),
            }
        }
    }
}

/// Tells the counts, if their time has come: for the alarm. The alarm comes again for the rest.
pub(crate) async fn flush(object: &RepoObject) {
    let Some(store) = object.store_or_log() else {
        return;
    };
    for kind in [Counted::Cloned, Counted::Fetched] {
        let is_ready = matches!(store.load(), Ok(Some(record)) if record.phase == Phase::Ready);
        if let Some(count) = object.fetch_counts.take(kind, now_ms())
            && is_ready
        {
            match append(&store, kind, count, Doer::default()) {
                Ok(()) => tell::written(object).await,
                Err(error) => fault_log::error("fetch event", &error),
            }
        }
    }
    if let Some(at_ms) = object.fetch_counts.due() {
        wake_or_log(object, at_ms).await;
    }
}

fn append(store: &Store, kind: Counted, count: u64, doer: Doer) -> Result<(), StoreError> {
    let Some(record) = store.load()? else {
        return Ok(());
    };
    let kind = match kind {
        Counted::Cloned => EventKind::Cloned,
        Counted::Fetched => EventKind::Fetched,
    };
    let payload = json!({"repoId": record.id, "count": count});
    tell::append(store, kind, &doer.at(&record), &payload)
}
