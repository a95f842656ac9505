//! What the requests to a namespace's object and its work in the background share.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use worker::{Date, Env, Storage};

use crate::repo_do::feed::arrivals::Arrivals;
use crate::repo_do::feed::places::Places;
use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::namespace::entries::EntryError;
use crate::storage::namespace::store::NamespaceStore;
use crate::storage::namespace::webhooks::filters::Filters;
use crate::worker::namespace::arriving::Arriving;
use crate::worker::namespace::told_objects::Telling;

/// A run that has said nothing for so long is over.
const RUN_MS_MAX: i64 = 5 * 60_000;

/// How long work waits after its first failure; twice as long after each further one.
const RETRY_MS: i64 = 1_000;
/// Doublings of that: some four minutes.
const DOUBLINGS_MAX: u32 = 8;

/// The object of a namespace while it is awake.
pub(crate) struct NamespaceState {
    storage: Storage,
    pub(crate) env: Env,
    /// Events as they are written, for readers who wait.
    pub(crate) arrivals: Arrivals,
    /// The places of those readers.
    pub(crate) places: Rc<Places>,
    /// Messages with events that are being read.
    pub(crate) arriving: Arriving,
    /// Events sent to the queue.
    pub(crate) queue: Work,
    /// What the webhooks want.
    filters: Rc<Filters>,
    /// The webhooks whose objects are being told something.
    pub(crate) webhooks: Telling,
    /// When the alarm rings, in unix milliseconds, if that is known.
    alarm_ms: Cell<Option<i64>>,
}

impl NamespaceState {
    /// The object, woken.
    pub(crate) fn new(storage: Storage, env: Env) -> Self {
        Self {
            storage,
            env,
            arrivals: Arrivals::default(),
            places: Rc::default(),
            arriving: Arriving::default(),
            queue: Work::default(),
            filters: Rc::default(),
            webhooks: Telling::default(),
            alarm_ms: Cell::default(),
        }
    }

    /// The object's database as it is.
    pub(crate) fn database(&self) -> Result<ObjectDatabase, EntryError> {
        Ok(ObjectDatabase::new(&self.storage)?)
    }

    /// The namespace's store; `None` where no namespace is.
    pub(crate) fn store(&self) -> Result<Option<NamespaceStore<ObjectDatabase>>, EntryError> {
        let store = self.store_of(self.database()?);
        Ok(store.shown_name()?.is_some().then_some(store))
    }

    /// The store of the object's database, whether or not a namespace is there.
    pub(crate) fn store_of(&self, db: ObjectDatabase) -> NamespaceStore<ObjectDatabase> {
        NamespaceStore::with_filters(db, Rc::clone(&self.filters))
    }

    /// A variable of the deployment, if it is set.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.env.var(name).ok().map(|value| value.to_string())
    }

    /// Makes sure that the alarm rings at this time at the latest. It is ordered before anything is
    /// awaited, so that it comes to pass together with what was written just before.
    pub(crate) async fn wake_by(&self, at_ms: i64) -> worker::Result<()> {
        let is_set = |set_ms| now_ms() < set_ms && set_ms <= at_ms;
        if self.alarm_ms.get().is_some_and(is_set) {
            return Ok(());
        }
        self.alarm_ms.set(Some(at_ms));
        // A number would be taken for an offset as well; a duration says so.
        let delay_ms = u64::try_from(at_ms.saturating_sub(now_ms())).unwrap_or(0);
        let delay = Duration::from_millis(delay_ms);
        self.storage.set_alarm(delay).await
    }

    /// The alarm has rung.
    pub(crate) fn has_rung(&self) {
        self.alarm_ms.take();
    }

    /// Deletes everything, the alarm included.
    pub(crate) async fn wipe(&self) -> worker::Result<()> {
        let wiped = self.storage.delete_all().await;
        self.alarm_ms.take();
        self.filters.forget();
        self.arrivals.notify();
        wiped
    }
}

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX)
}

/// Work in the background, of which one run at a time is under way.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Since when a run is under way, in unix milliseconds.
    since_ms: Cell<Option<i64>>,
    /// How many runs have begun: the last one has this number.
    begun: Cell<u64>,
    failures: Cell<u32>,
}

impl Work {
    /// Begins a run; `None` while another one is under way, which then sees what there is.
    pub(crate) fn begin(&self, now_ms: i64) -> Option<Run<'_>> {
        let since_ms = self.since_ms.get();
        if since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) < RUN_MS_MAX) {
            return None;
        }
        let number = self.begun.get().wrapping_add(1);
        self.begun.set(number);
        self.since_ms.set(Some(now_ms));
        Some(Run { work: self, number })
    }

    /// It went well.
    pub(crate) fn succeeded(&self) {
        self.failures.set(0);
    }

    /// It failed; gives how many milliseconds to wait before the next run.
    pub(crate) fn failed(&self) -> i64 {
        let failures = self.failures.get();
        self.failures.set(failures.saturating_add(1));
        RETRY_MS << failures.min(DOUBLINGS_MAX)
    }
}

/// A run, until it is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Run<'a> {
    work: &'a Work,
    number: u64,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        // A run that took too long must not end the next one's.
        if self.work.begun.get() == self.number {
            self.work.since_ms.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_at_a_time_and_none_for_ever() {
        let work = Work::default();
        let first = work.begin(0);
        assert!(first.is_some() && work.begin(RUN_MS_MAX - 1).is_none());
        let second = work.begin(RUN_MS_MAX);
        assert!(second.is_some());
        drop(first);
        assert!(work.begin(RUN_MS_MAX + 1).is_none(), "the second runs");
        drop(second);
        assert!(work.begin(RUN_MS_MAX + 1).is_some());
    }

    #[test]
    fn failures_in_a_row_wait_longer_each_time() {
        let work = Work::default();
        let waits: Vec<_> = (0..10).map(|_| work.failed()).collect();
        assert_eq!(waits[..3], [1_000, 2_000, 4_000]);
        assert_eq!(waits[8..], [256_000; 2]);
        work.succeeded();
        assert_eq!(work.failed(), 1_000);
    }
}
