//! The alarm: the object has one, and it does everything that no request asks for.
//!
//! A task says when it is due, from the rows of the database: so nothing is lost when the object
//! is ended, and a task that was interrupted is simply due again. Tasks work in steps and pause
//! between them, so that requests go first. One that fails is put off, longer each time, and the
//! others go on.

use std::rc::Rc;

use super::thoroughness::Thoroughness;
use super::{ephemeral, events, merge, pack_refs, sweep};
use crate::git::store::StoreError;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::schedule::{copies_due, wake_if_due, wake_or_log};
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::snapshot_settings::settle_ms;
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep;
use crate::storage::fault_log;
use crate::storage::repository::maintenance_runs::{RunFigures, RunOutcome};
use crate::storage::repository::store::RepositoryRecord;

/// How long a merge waits after the push that made it due: more pushes may come, and one merge does
/// for all.
const MERGE_DELAY_MS: i64 = 200;

/// The latest time to look for other due tasks after a push.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Tasks that are due soon share one alarm.
pub(crate) const SLACK_MS: i64 = 60 * 1000;

/// After this time the alarm ends and is set again: the platform gives an alarm 15 minutes.
const RING_MS: i64 = 2 * 60 * 1000;

/// How long a task is put off after its first failure; twice as long after each further one.
pub(crate) const BACKOFF_MS: i64 = 60 * 1000;

/// Rounds of all tasks that one call makes.
const ROUNDS_MAX: u32 = 100;

/// A task of the alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Removal of rows that broken pushes and merges left.
    Sweep,
    /// Merging of packs whose bytes are here.
    Merge,
    /// Merging of packs some of which are cold: apart, so that R2 failing puts off nothing else.
    Consolidate,
    /// Removal of old entries of the reflog.
    Reflog,
    /// Deletion of refs whose time has come.
    Ephemeral,
    /// Packing of very many refs.
    Refs,
    /// Removal of events that are too many or too old.
    Events,
    /// Removal of objects that nothing reaches.
    Prune,
    /// Copies in R2, cold packs, the ready clone.
    Snapshot,
}

/// In this order, since the last task copies the others' results to R2.
const TASKS: [Task; 9] = [
    Task::Sweep,
    Task::Merge,
    Task::Consolidate,
    Task::Reflog,
    Task::Ephemeral,
    Task::Refs,
    Task::Events,
    Task::Prune,
    Task::Snapshot,
];

impl Task {
    /// Its name in records.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Merge => "merge",
            Self::Consolidate => "consolidate",
            Self::Reflog => "reflog",
            Self::Ephemeral => "ephemeral",
            Self::Refs => "refs",
            Self::Events => "events",
            Self::Prune => "prune",
            Self::Snapshot => "snapshot",
        }
    }

    /// Whether it is for this repository. No ref names the packs of an import yet, and if it fails
    /// no part of it may be in R2. Those of a recovery are in quarantine, for as long as it takes.
    fn runs_on(self, record: &RepositoryRecord) -> bool {
        let is_filled = !record.is_being_filled();
        is_filled
            || record.is_importing && matches!(self, Self::Sweep | Self::Reflog | Self::Events)
    }

    /// When it is due, in unix milliseconds; `None` when there is nothing to do. If it is `asked`
    /// for, all is due that could be done.
    fn due(
        self,
        object: &RepoObject,
        store: &Store,
        asked: bool,
    ) -> Result<Option<i64>, StoreError> {
        let slack = if asked { 0 } else { SLACK_MS };
        match self {
            Self::Sweep => sweep_due(object, store, slack),
            Self::Merge => Ok(merge::due(store)?.map(|_| 0)),
            Self::Consolidate => Ok(merge::consolidation_due(store)?.map(|_| 0)),
            Self::Reflog => {
                let kept_ms = store.retention()?.reflog_ms(asked);
                let oldest = store.oldest_reflog_entry()?;
                Ok(oldest.map(|at| at.saturating_add(kept_ms).saturating_add(slack)))
            }
            Self::Ephemeral => ephemeral::due(store),
            Self::Refs => Ok(store.is_packing_due()?.then_some(0)),
            Self::Events => {
                let due = store.events_due(events::retention(object))?;
                Ok(due.map(|at| at.saturating_add(slack)))
            }
            Self::Prune if asked => Ok(Some(0)),
            Self::Prune => {
                let retention = store.retention()?;
                let changed = store.last_reflog_seq()? != retention.pruned_reflog_seq;
                Ok(changed.then(|| retention.pruned_at.saturating_add(DAY_MS)))
            }
            Self::Snapshot => Ok(Some(object.snapshot_due.get()).filter(|at| *at < i64::MAX)),
        }
    }

    /// Does it; `None` when there was nothing to write down.
    async fn run(
        self,
        object: &Rc<RepoObject>,
        asked: bool,
    ) -> Result<Option<RunFigures>, Failure> {
        match self {
            Self::Sweep => sweep::sweep(object).await,
            Self::Merge => merge::merge(object).await,
            Self::Consolidate => merge::consolidate(object).await,
            Self::Reflog => sweep::expire_reflog(object, asked).await,
            Self::Ephemeral => ephemeral::expire(object).await,
            Self::Refs => pack_refs::pack(object).await,
            Self::Events => events::trim(object).await,
            Self::Prune => {
                let thoroughness = if asked {
                    Thoroughness::Asked
                } else {
                    Thoroughness::Due
                };
                Ok(upkeep::prune::prune(object, thoroughness).await?.figures)
            }
            Self::Snapshot => upkeep::copies::snapshot(object).await,
        }
    }
}

/// When the first pack that waits for the sweeper may go.
fn sweep_due(object: &RepoObject, store: &Store, slack: i64) -> Result<Option<i64>, StoreError> {
    let grace_ms = store.retention()?.superseded_grace_seconds * 1000;
    let in_progress = object.in_progress.borrow();
    let is_in_progress = |pack_id| in_progress.contains(&pack_id);
    let Some(due) = store.sweep_due(object.quarantine_grace_ms(), grace_ms, is_in_progress)? else {
        return Ok(None);
    };
    // A sweep is useless while a reader that saw the pack still reads.
    let oldest = object.readers.oldest();
    let is_read = oldest.is_some_and(|since| due.saturating_sub(grace_ms) >= since);
    Ok(Some(if is_read {
        due.max(now_ms()).saturating_add(SLACK_MS)
    } else {
        due.saturating_add(slack)
    }))
}

/// Sets the alarm as a push needs it. Nearly always it is set already.
pub(crate) async fn after_push(object: &RepoObject, store: &Store) {
    let settle_ms = settle_ms(&object.env, store);
    copies_due(object, now_ms().saturating_add(settle_ms));
    let due = Task::Merge.due(object, store, false);
    let delay_ms = match due {
        Ok(Some(_)) => MERGE_DELAY_MS,
        _ => settle_ms.min(DAY_MS),
    };
    let delay_ms = if has_downstreams(store) { 0 } else { delay_ms };
    wake_or_log(object, now_ms().saturating_add(delay_ms)).await;
}

/// Whether other repositories are to hear of a push at once.
fn has_downstreams(store: &Store) -> bool {
    // The record is read again after each push in any case, by the hand-over of its events.
    matches!(store.load(), Ok(Some(record)) if record.has_downstreams)
}

/// Sets the alarm for the refs that expire next.
pub(crate) async fn after_ephemeral(object: &RepoObject, store: &Store) {
    wake_if_due(object, ephemeral::due(store)).await;
}

/// Sets the alarm as new settings need it.
pub(crate) async fn after_settings(object: &RepoObject, store: &Store) {
    let at_ms = now_ms().saturating_add(settle_ms(&object.env, store));
    copies_due(object, at_ms);
    wake_or_log(object, at_ms).await;
}

/// Does all that is due, or could be done if it is `asked` for; gives when something is due next.
pub(crate) async fn work(object: &Rc<RepoObject>, asked: bool) -> Result<Option<i64>, StoreError> {
    let until_ms = now_ms().saturating_add(RING_MS);
    let Some(store) = object.store_or_log() else {
        return Ok(None);
    };
    let Some(record) = store.load()? else {
        return Ok(None);
    };
    store.interrupt_runs(now_ms())?;
    let mut pruned = false;
    for _ in 0..ROUNDS_MAX {
        let (mut next, mut ran) = (None, false);
        for task in TASKS.into_iter().filter(|task| task.runs_on(&record)) {
            if !object.is_open(&store) {
                return Ok(None);
            }
            let due = due_with_backoff(task, object, &store, asked && !pruned)?;
            let Some(due) = due else {
                continue;
            };
            if due > now_ms() {
                next = Some(next.map_or(due, |next: i64| next.min(due)));
                continue;
            }
            pruned |= task == Task::Prune;
            if run(task, object, &store, asked).await? {
                ran = true;
                copies_due(object, now_ms());
            } else if object.is_open(&store)
                && let Some(due) = due_with_backoff(task, object, &store, asked && !pruned)?
            {
                // If nothing could be done: not at once again.
                let later = if due > now_ms() {
                    due
                } else {
                    now_ms() + SLACK_MS
                };
                next = Some(next.map_or(later, |next: i64| next.min(later)));
            }
        }
        if !ran {
            return Ok(next);
        }
        if now_ms() >= until_ms {
            break;
        }
    }
    Ok(Some(now_ms() + MERGE_DELAY_MS))
}

/// When the task is due, put off as long as its failures make it.
fn due_with_backoff(
    task: Task,
    object: &RepoObject,
    store: &Store,
    asked: bool,
) -> Result<Option<i64>, StoreError> {
    let Some(due) = task.due(object, store, asked)? else {
        return Ok(None);
    };
    let (failures, last_ms) = store.failures_of(task.name())?;
    let Some(doublings) = failures.checked_sub(1) else {
        return Ok(Some(due));
    };
    let backoff_ms = BACKOFF_MS.saturating_mul(1 << doublings.min(10));
    Ok(Some(due.max(last_ms.saturating_add(backoff_ms))))
}

/// Runs a task and records its result, if it did something.
async fn run(
    task: Task,
    object: &Rc<RepoObject>,
    store: &Store,
    asked: bool,
) -> Result<bool, StoreError> {
    let started_ms = now_ms();
    let (outcome, figures) = match task.run(object, asked).await {
        Ok(None) | Err(Failure::Gone) => return Ok(false),
        Ok(Some(figures)) => (RunOutcome::Done, figures),
        Err(failure) => {
            fault_log::error(task.name(), &failure.cause());
            let figures = RunFigures {
                detail: failure.to_string(),
                ..RunFigures::default()
            };
            (RunOutcome::Failed, figures)
        }
    };
    if !object.is_open(store) {
        return Ok(false);
    }
    store.end_run(task.name(), started_ms, outcome, &figures)?;
    Ok(true)
}
