//! The alarm's part: runs each requested or due sync until it is over.

use std::rc::Rc;

use serde_json::json;

use super::due;
use super::sync::Sync;
use crate::git::store::StoreError;
use crate::repo_do::contract::ImportPhase;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::lifecycle::filling::{self, Filling, Outcome, SoFar};
use crate::repo_do::lifecycle::import::error::ImportError;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::schedule::wake_if_due;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::fault_log;
use crate::storage::repository::upstream_syncs::{SyncOutcome, SyncRecord, SyncReport};

/// Syncs that one alarm begins: the requested one, and those requested meanwhile.
const SYNCS_MAX: u32 = 3;

/// Milliseconds until the alarm rings again for a sync that is due now.
const AGAIN_MS: i64 = 1_000;

/// Runs the due syncs, and sets the alarm for the next one.
pub(crate) async fn run(object: &Rc<RepoObject>) {
    let Some(store) = object.store_or_log() else {
        return;
    };
    let fetching = &object.upstream.fetching;
    for _ in 0..SYNCS_MAX {
        match due::due(&store) {
            Ok(Some(at_ms)) if at_ms <= now_ms() && !fetching.turn.is_taken(now_ms()) => {}
            Ok(_) => break,
            Err(error) => return fault_log::error("sync", &error),
        }
        filling::run(object, &fetching.turn, |store| Sync::new(object, store)).await;
        object.upstream.set_running(None);
        fetching.clear();
        if !object.is_open(&store) {
            return;
        }
    }
    // Do not retry at once a sync that could not run now.
    let next = due::due(&store).map(|due| due.map(|at_ms| at_ms.max(now_ms() + AGAIN_MS)));
    wake_if_due(object, next).await;
}

impl Filling for Sync {
    const NAME: &'static str = "sync";
    type Record = SyncRecord;
    type Error = ImportError;

    /// The requested sync, or the due one.
    fn left(&self) -> Result<Option<SyncRecord>, StoreError> {
        let store = &self.attempt.store;
        let current = &self.attempt.object.upstream;
        let now_ms = now_ms();
        if !self.is_alive() || due::due(store)?.is_none_or(|at_ms| at_ms > now_ms) {
            return Ok(None);
        }
        if store.next_sync()?.is_none() {
            let seq = store.begin_sync(due::asker(store)?, now_ms)?;
            current.note_counted(seq);
        }
        let mut next = store.next_sync()?;
        current.set_running(next.as_ref().map(|sync| sync.seq));
        if let Some(next) = next.as_mut().filter(|next| current.is_counted(next.seq)) {
            // The row already counts the attempt that begins now.
            next.attempts = next.attempts.saturating_sub(1);
        }
        Ok(next)
    }

    fn so_far(record: &SyncRecord) -> SoFar {
        SoFar {
            // The request may be old. Only the number of attempts counts.
            started_at: now_ms(),
            attempts: record.attempts,
        }
    }

    fn note_attempt(&self) -> Result<(), StoreError> {
        let current = &self.attempt.object.upstream;
        match current.running() {
            Some(seq) if !current.take_counted(seq) => self.attempt.store.note_sync_attempt(seq),
            _ => Ok(()),
        }
    }

    fn is_alive(&self) -> bool {
        self.check_alive().is_ok()
    }

    async fn go(&self, record: &SyncRecord) -> Result<Outcome, ImportError> {
        self.attempt(record).await
    }

    fn attempts_max(error: &ImportError) -> u32 {
        error.attempts_max()
    }

    fn given_up(reason: String) -> ImportError {
        ImportError::GivenUp(reason)
    }

    fn note_waiting(&self, attempts: u32) {
        self.attempt.noted().update(|progress| {
            progress.phase = ImportPhase::Waiting;
            progress.attempts = attempts;
        });
    }

    fn finished(&self) {
        self.attempt.noted().clear();
    }

    /// Ends the sync as failed. A series of failures for one reason writes one event.
    async fn fail(&self, error: &ImportError) -> Result<(), ImportError> {
        let (object, store) = (&self.attempt.object, &self.attempt.store);
        let Some(seq) = object.upstream.running() else {
            return Ok(());
        };
        tell::prepare(object).await;
        self.check_alive()?;
        let reason = error.to_string();
        let last = store.last_sync()?;
        let failures = last.as_ref().map_or(0, |last| last.failures);
        let before = last
            .and_then(|last| last.report.error)
            .filter(|_| failures > 0);
        let is_told = before.as_ref() == Some(&reason);
        let report = SyncReport {
            error: Some(reason.clone()),
            ..SyncReport::default()
        };
        let failed = (SyncOutcome::Failed, failures.saturating_add(1));
        in_transaction(store.database(), || {
            store.end_sync(seq, failed, &report, now_ms())?;
            if is_told {
                return Ok(());
            }
            let url = store.upstream()?.map(|upstream| upstream.url);
            let more = json!({"upstreamUrl": url, "syncId": seq, "error": reason});
            tell::append_repository(store, EventKind::UpstreamFailed, Doer::default(), &more)
        })?;
        self.finished();
        if !is_told {
            filling::finish(object).await;
        }
        Ok(())
    }
}
