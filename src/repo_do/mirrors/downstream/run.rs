//! Begins due pushes. Each downstream has a task of its own, so a slow one delays neither the others nor
//! the alarm.
//!
//! The platform ends an object that gets no events. So the alarm rings regularly while a task runs. If
//! the object ends anyway, the same alarm begins the interrupted push again.

use std::rc::Rc;

use serde_json::{Value, json};

use super::error::PushError;
use super::push::Job;
use super::tally::Tally;
use crate::git::store::StoreError;
use crate::repo_do::contract::retry;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::lease::Lease;
use crate::repo_do::runtime::random;
use crate::repo_do::schedule::wake_or_log;
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep::alarm::SLACK_MS;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::fault_log;
use crate::storage::repository::downstreams::{
    Downstream, EndedPush, PushOutcome, PushReport, Settled,
};
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;

/// How often the alarm rings while a push is under way.
const BEAT_MS: i64 = 10_000;

/// The least pause after an attempt that wrote no end: a push that always kills its object must not kill
/// it every second.
const INTERRUPTED_MS: i64 = 5_000;

/// The longest `Retry-After` that is honoured: a day.
const RETRY_AFTER_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// Refs in the event of a push.
const EVENT_REFS_MAX: usize = 20;

/// Begins every push that is due, and sees to it that the alarm rings for the others.
pub(crate) async fn run(object: &Rc<RepoObject>) {
    match begin_due(object) {
        Ok(Some(at_ms)) => wake_or_log(object, at_ms).await,
        Ok(None) => {}
        Err(error) => {
            fault_log::error("downstream", &error);
            wake_or_log(object, now_ms().saturating_add(SLACK_MS)).await;
        }
    }
}

/// Begins the due pushes. Returns the time to look again.
fn begin_due(object: &Rc<RepoObject>) -> Result<Option<i64>, StoreError> {
    let store = object.store()?;
    if serving(&store)?.is_none() {
        return Ok(None);
    }
    let seq = store.last_reflog_seq()?;
    let now_ms = now_ms();
    let mut next: Option<i64> = None;
    for downstream in store.downstreams()? {
        let Some(due_ms) = downstream.due(seq) else {
            continue;
        };
        let at_ms = if due_ms <= now_ms || object.downstreams.has(&downstream.id) {
            spawn(object, downstream.id);
            now_ms.saturating_add(BEAT_MS)
        } else {
            due_ms
        };
        next = Some(next.map_or(at_ms, |next| next.min(at_ms)));
    }
    Ok(next)
}

/// The repository's record, if the repository exists, serves, and has downstreams.
fn serving(store: &Store) -> Result<Option<RepositoryRecord>, StoreError> {
    let serves = |record: &RepositoryRecord| {
        let is_ready = record.phase == Phase::Ready && !record.is_being_filled();
        is_ready && record.has_downstreams && !record.policies.is_frozen
    };
    Ok(store.load()?.filter(serves))
}

/// Begins the task of a downstream, unless one runs.
fn spawn(object: &Rc<RepoObject>, id: String) {
    let Some(under_way) = object.downstreams.begin(&id) else {
        return;
    };
    let lease = Lease::begin(object.owner, String::new(), "mirror");
    let object = Rc::clone(object);
    worker::wasm_bindgen_futures::spawn_local(async move {
        let task = async move {
            let pushed = push_all(&object, &id).await;
            drop(under_way);
            match pushed {
                Ok(()) => run(&object).await,
                // Do not try again at once: it would fail the same way.
                Err(error) => {
                    fault_log::error("downstream", &error);
                    wake_or_log(&object, now_ms().saturating_add(SLACK_MS)).await;
                }
            }
        };
        // The alarm is set, so the next attempt follows however this one ends.
        let _ = lease.run(task).await;
    });
}

/// Pushes until no push is due.
async fn push_all(object: &Rc<RepoObject>, id: &str) -> Result<(), StoreError> {
    loop {
        let store = object.store()?;
        let Some(record) = serving(&store)? else {
            return Ok(());
        };
        let Some(downstream) = store.downstream(id)? else {
            return Ok(());
        };
        let seq = store.last_reflog_seq()?;
        if downstream.due(seq).is_none_or(|at_ms| at_ms > now_ms()) {
            return Ok(());
        }
        let attempt = Attempt {
            object,
            store: &store,
            record: &record,
            downstream: &downstream,
            seq,
            started_at: now_ms(),
        };
        attempt.make().await?;
        if !object.is_open(&store) {
            return Ok(());
        }
    }
}

/// One attempt.
struct Attempt<'a> {
    object: &'a Rc<RepoObject>,
    store: &'a Rc<Store>,
    record: &'a RepositoryRecord,
    downstream: &'a Downstream,
    /// The last entry of the reflog before the attempt began.
    seq: i64,
    started_at: i64,
}

impl Attempt<'_> {
    async fn make(&self) -> Result<(), StoreError> {
        let id = &self.downstream.id;
        let pause_ms = self
            .pause_ms()
            .unwrap_or(INTERRUPTED_MS)
            .max(INTERRUPTED_MS);
        let retry_at = self.started_at.saturating_add(pause_ms);
        self.store.begin_downstream_push(id, retry_at)?;
        let job = Job {
            object: self.object,
            store: self.store,
            record: self.record,
            downstream: self.downstream,
        };
        let pushed = job.run().await;
        tell::prepare(self.object).await;
        // A deleted repository has had its last event, and its name may belong to another one by now.
        let Ok(record) = tell::still_here(self.object, self.store) else {
            return Ok(());
        };
        self.end(pushed, &record)?;
        tell::written_and_sent(self.object).await;
        Ok(())
    }

    /// The pause before the next attempt, if this one fails; `None` for the last attempt.
    fn pause_ms(&self) -> Option<i64> {
        let random = random::bytes().map_or(0, u32::from_le_bytes);
        retry::pause_ms(self.downstream.attempts, random)
    }

    /// Writes the end of the attempt, and its event.
    fn end(
        &self,
        pushed: Result<Tally, PushError>,
        record: &RepositoryRecord,
    ) -> Result<(), StoreError> {
        let is_asked = self.downstream.is_asked;
        let (fails, retry_at_ms, is_worth_a_record) = match &pushed {
            Ok(tally) => (
                tally.is_refused_there(),
                None,
                is_asked || !tally.is_empty(),
            ),
            Err(error) => (true, error.retry_at_ms(), true),
        };
        let (outcome, mut report) = match pushed {
            Ok(tally) => tally.finish(),
            Err(error) => failed(&error),
        };
        let attempt = self.downstream.attempts.saturating_add(1);
        report.attempt = attempt;
        let settled = match self.pause_ms().filter(|_| fails) {
            None => Settled::UpTo(self.seq),
            Some(pause_ms) => Settled::Retry(retry_at(now_ms(), pause_ms, retry_at_ms)),
        };
        let ended = EndedPush {
            number: 0,
            started_at: self.started_at,
            ended_at: now_ms(),
            outcome,
            report,
        };
        let ended = is_worth_a_record.then_some(&ended);
        let id = &self.downstream.id;
        in_transaction(self.store.database(), || {
            let number = self
                .store
                .end_downstream_push(id, settled, attempt, ended)?;
            if let (Some(number), Some(ended)) = (number, ended) {
                self.tell(record, (number, ended), settled, fails)?;
            }
            Ok(())
        })
    }

    /// Writes the event. Of several failures in a row, only the first and the last get one.
    fn tell(
        &self,
        record: &RepositoryRecord,
        (number, ended): (i64, &EndedPush),
        settled: Settled,
        fails: bool,
    ) -> Result<(), StoreError> {
        let next_ms = match settled {
            Settled::UpTo(_) => None,
            Settled::Retry(at_ms) => Some(at_ms),
        };
        let is_told = !fails || ended.report.attempt == 1 || next_ms.is_none();
        if !is_told {
            return Ok(());
        }
        let kind = match ended.outcome {
            PushOutcome::Pushed => EventKind::DownstreamPushed,
            PushOutcome::Refused | PushOutcome::Failed => EventKind::DownstreamFailed,
        };
        let payload = payload(self.downstream, number, ended, (fails, next_ms));
        tell::append(self.store, kind, &Doer::default().at(record), &payload)
    }
}

/// The payload of the event.
fn payload(
    downstream: &Downstream,
    number: i64,
    ended: &EndedPush,
    (fails, next_ms): (bool, Option<i64>),
) -> Value {
    let report = &ended.report;
    let refs = report.refs.get(..EVENT_REFS_MAX).unwrap_or(&report.refs);
    json!({
        "downstreamId": downstream.id,
        "url": downstream.url,
        "push": number,
        "outcome": ended.outcome,
        "error": report.error,
        "refs": refs,
        "refCount": report.ref_count,
        "rejectedCount": report.rejected_count,
        "attempt": report.attempt,
        "givenUp": fails && next_ms.is_none(),
    })
}

fn failed(error: &PushError) -> (PushOutcome, PushReport) {
    let report = PushReport {
        error: Some(error.to_string()),
        ..PushReport::default()
    };
    (PushOutcome::Failed, report)
}

/// The time of the next attempt: not before the remote allows it, up to a day.
fn retry_at(now_ms: i64, pause_ms: i64, asked_ms: Option<i64>) -> i64 {
    let at_ms = now_ms.saturating_add(pause_ms);
    let Some(asked_ms) = asked_ms else {
        return at_ms;
    };
    asked_ms.clamp(at_ms, at_ms.max(now_ms.saturating_add(RETRY_AFTER_MS_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_may_ask_for_patience_and_not_for_haste() {
        let now = 1_000_000;
        assert_eq!(retry_at(now, 5_000, None), now + 5_000);
        assert_eq!(retry_at(now, 5_000, Some(now + 60_000)), now + 60_000);
        assert_eq!(retry_at(now, 5_000, Some(now)), now + 5_000);
        assert_eq!(
            retry_at(now, 5_000, Some(i64::MAX)),
            now + RETRY_AFTER_MS_MAX
        );
    }
}
