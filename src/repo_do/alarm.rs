//! The alarm: the object has one, and all that is done without a request is done by it.
//!
//! A task says when it is due, from what the database holds: so nothing is lost when the object
//! is ended, and a task that was interrupted is simply due again. Tasks work in steps and pause
//! between them, so that requests go first. One that fails is put off, longer each time, and the
//! others go on.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::maintenance::prune::Thoroughness;
use super::maintenance::{self, Failure, merge, sweep};
use super::object::{RepoObject, Store, now_ms};
use super::{deletion, import, recover, reply, snapshot};
use crate::git::store::StoreError;
use crate::storage::repository::RepositoryRecord;
use crate::storage::runs::{RunFigures, RunOutcome};

/// How long after a push that makes a merge due: others may come, and one merge does for all.
const MERGE_DELAY_MS: i64 = 200;

/// When to look for what else is due after a push, at the latest.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What is due a little later is waited for, so that one alarm does for many.
const SLACK_MS: i64 = 60 * 1000;

/// After this time the alarm ends and is set anew: an alarm may take 15 minutes.
const RING_MS: i64 = 2 * 60 * 1000;

/// How long a task is put off after its first failure; twice as long after each further one.
const BACKOFF_MS: i64 = 60 * 1000;

/// Rounds of all tasks that one call makes.
const ROUNDS_MAX: u32 = 100;

/// What is done by the alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Removal of what broken pushes and merges left.
    Sweep,
    /// Merging of packs whose bytes are here.
    Merge,
    /// Merging of packs some of which are cold: apart, so that R2 failing puts off nothing else.
    Consolidate,
    /// Removal of old entries of the reflog.
    Reflog,
    /// Removal of objects that nothing reaches.
    Prune,
    /// Copies in R2, cold packs, the ready clone.
    Snapshot,
}

/// In this order: what goes to R2 is what the others have left.
const TASKS: [Task; 6] = [
    Task::Sweep,
    Task::Merge,
    Task::Consolidate,
    Task::Reflog,
    Task::Prune,
    Task::Snapshot,
];

impl Task {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Merge => "merge",
            Self::Consolidate => "consolidate",
            Self::Reflog => "reflog",
            Self::Prune => "prune",
            Self::Snapshot => "snapshot",
        }
    }

    /// Whether it is for this repository. No ref names the packs of an import yet, and if it fails
    /// nothing of it may be in R2. Those of a recovery are in quarantine, for as long as it takes.
    fn runs_on(self, record: &RepositoryRecord) -> bool {
        let is_filled = !record.is_being_filled();
        is_filled || record.is_importing && matches!(self, Self::Sweep | Self::Reflog)
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
            Self::Prune => {
                let thoroughness = if asked {
                    Thoroughness::Asked
                } else {
                    Thoroughness::Due
                };
                maintenance::prune::prune(object, thoroughness).await
            }
            Self::Snapshot => maintenance::copies::snapshot(object).await,
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
    // While somebody reads who saw it, there is no use in trying.
    let oldest = object.readers.oldest();
    let is_read = oldest.is_some_and(|since| due.saturating_sub(grace_ms) >= since);
    Ok(Some(if is_read {
        due.max(now_ms()).saturating_add(SLACK_MS)
    } else {
        due.saturating_add(slack)
    }))
}

/// When the alarm is set to ring, as far as this object knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Alarm {
    /// It was not asked yet.
    #[default]
    Unknown,
    /// It is not set.
    Off,
    /// Unix milliseconds.
    At(i64),
}

/// Makes sure that the alarm rings at this time at the latest.
pub async fn wake_by(object: &RepoObject, at_ms: i64) -> worker::Result<()> {
    if object.alarm.get() == Alarm::Unknown {
        let set = object.storage.get_alarm().await?;
        object.alarm.set(set.map_or(Alarm::Off, Alarm::At));
    }
    if matches!(object.alarm.get(), Alarm::At(set) if set <= at_ms) {
        return Ok(());
    }
    set(object, at_ms).await
}

/// Sets the alarm to this time, whatever it was set to. It is ordered before anything is awaited,
/// so that it comes to pass together with what was written just before.
pub async fn set(object: &RepoObject, at_ms: i64) -> worker::Result<()> {
    object.alarm.set(Alarm::At(at_ms));
    // A number would be taken for an offset as well; a duration says so.
    let delay_ms = u64::try_from(at_ms.saturating_sub(now_ms())).unwrap_or(0);
    let delay = Duration::from_millis(delay_ms);
    object.storage.set_alarm(delay).await
}

/// Sets the alarm as a push needs it. Nearly always it is set already.
pub async fn after_push(object: &RepoObject, store: &Store) {
    let settle_ms = snapshot::settle_ms(&object.env, store);
    copies_due(object, now_ms().saturating_add(settle_ms));
    let due = Task::Merge.due(object, store, false);
    let delay_ms = match due {
        Ok(Some(_)) => MERGE_DELAY_MS,
        _ => settle_ms.min(DAY_MS),
    };
    wake_or_log(object, now_ms().saturating_add(delay_ms)).await;
}

/// Sets the alarm as new settings need it.
pub async fn after_settings(object: &RepoObject, store: &Store) {
    let at_ms = now_ms().saturating_add(snapshot::settle_ms(&object.env, store));
    copies_due(object, at_ms);
    wake_or_log(object, at_ms).await;
}

/// Notes that there is something to do for the packs in R2 at this time at the latest.
pub fn copies_due(object: &RepoObject, at_ms: i64) {
    object
        .snapshot_due
        .set(object.snapshot_due.get().min(at_ms));
}

/// As [`wake_by`]; what cannot be set now is set by the next push.
pub async fn wake_or_log(object: &RepoObject, at_ms: i64) {
    if let Err(error) = wake_by(object, at_ms).await {
        worker::console_error!("{}", reply::fault_line("alarm", &error.to_string()));
    }
}

/// Keeps two runs from being made at once.
pub struct Busy<'a>(&'a Cell<bool>);

impl<'a> Busy<'a> {
    /// `None` while another run is being made.
    pub fn new(flag: &'a Cell<bool>) -> Option<Self> {
        // Not `then_some`: what it would drop gives back what another has.
        (!flag.replace(true)).then(|| Self(flag))
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// The alarm rings.
pub async fn ring(object: &Rc<RepoObject>) -> worker::Result<()> {
    object.alarm.set(Alarm::Off);
    // What is being deleted, or was to become a fork, has no other work.
    let resumed = deletion::resume(object).await;
    if resumed.map_err(|error| worker::Error::RustError(error.message))? {
        return Ok(());
    }
    import::run(object).await;
    recover::run(object).await;
    import::after_failure(object).await?;
    let next = match Busy::new(&object.is_maintained) {
        Some(_busy) => work(object, false).await,
        None => Ok(Some(now_ms() + SLACK_MS)),
    };
    match next {
        Ok(Some(at_ms)) => wake_by(object, at_ms).await,
        Ok(None) => Ok(()),
        Err(error) => {
            worker::console_error!("{}", reply::fault_line("alarm", &error.to_string()));
            wake_by(object, now_ms() + BACKOFF_MS).await
        }
    }
}

/// Does all that is due, or could be done if it is `asked` for; gives when something is due next.
pub async fn work(object: &Rc<RepoObject>, asked: bool) -> Result<Option<i64>, StoreError> {
    let until_ms = now_ms().saturating_add(RING_MS);
    let Ok(store) = object.store() else {
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

/// Runs a task and writes down what it did, if it did something.
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
            let detail = failure.to_string();
            worker::console_error!("{}", reply::fault_line(task.name(), &detail));
            let figures = RunFigures {
                detail,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_it_taken_does_not_give_it_back() {
        let flag = Cell::new(false);
        let one = Busy::new(&flag);
        assert!(one.is_some());
        assert!(Busy::new(&flag).is_none());
        assert!(Busy::new(&flag).is_none(), "the first one has it still");
        drop(one);
        assert!(Busy::new(&flag).is_some());
    }
}
