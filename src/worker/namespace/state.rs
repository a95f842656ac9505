//! The state that the requests to a namespace's object and its work in the background share.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use futures::poll;
use worker::{Env, Storage};

use crate::repo_do::contract::Backoff;
use crate::repo_do::feed::arrivals::Arrivals;
use crate::repo_do::feed::places::Places;
use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::jurisdiction;
use crate::storage::namespace::entries::EntryError;
use crate::storage::namespace::store::NamespaceStore;
use crate::storage::namespace::webhooks::filters::Filters;
use crate::worker::durable::alarm::Alarm;
use crate::worker::namespace::arriving::Arriving;
use crate::worker::namespace::place;
use crate::worker::namespace::told_objects::Telling;

/// A run that has said nothing for so long is over.
const RUN_MS_MAX: i64 = 5 * 60_000;

/// Doublings of the wait after failures: some four minutes.
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
    /// Whether the work that an earlier life left was looked at.
    pub(crate) has_looked: Cell<bool>,
    /// The repositories told how the namespace stands.
    pub(crate) standing: Work,
    /// The events that the webhooks want.
    filters: Rc<Filters>,
    /// The webhooks whose objects are being told something.
    pub(crate) webhooks: Telling,
    alarm: Alarm,
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
            has_looked: Cell::default(),
            standing: Work::default(),
            filters: Rc::default(),
            webhooks: Telling::default(),
            alarm: Alarm::default(),
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

    /// Makes sure that the alarm rings at this time at the latest.
    pub(crate) async fn wake_by(&self, at_ms: i64) -> worker::Result<()> {
        self.alarm.wake_by(&self.storage, at_ms).await
    }

    /// The alarm has rung.
    pub(crate) fn has_rung(&self) {
        self.alarm.forget();
    }

    /// Deletes everything, the alarm included. Where a namespace may be kept in a jurisdiction, the object
    /// remembers for a while that one was here.
    pub(crate) async fn wipe(&self, now_ms: i64) -> worker::Result<()> {
        let mut wiping = pin!(self.storage.delete_all());
        let begun = poll!(&mut wiping);
        // In the turn in which everything is wiped, so that both happen or neither.
        let noted = if jurisdiction::any_is_offered(&self.env) {
            self.note_deletion(now_ms)
        } else {
            Ok(())
        };
        let wiped = match begun {
            Poll::Ready(wiped) => wiped,
            Poll::Pending => wiping.await,
        };
        self.alarm.forget();
        self.filters.forget();
        self.arrivals.notify();
        wiped.and(noted.map_err(|error| worker::Error::RustError(error.to_string())))
    }

    fn note_deletion(&self, now_ms: i64) -> Result<(), EntryError> {
        place::note_deletion(&self.store_of(self.database()?), now_ms)
    }
}

/// Work in the background; one run at a time is under way.
#[derive(Debug)]
pub(crate) struct Work {
    /// Since when a run is under way, in unix milliseconds.
    since_ms: Cell<Option<i64>>,
    /// How many runs have begun: the last one has this number.
    begun: Cell<u64>,
    /// Runs that failed.
    pub(crate) backoff: Backoff,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            since_ms: Cell::default(),
            begun: Cell::default(),
            backoff: Backoff::doubling(DOUBLINGS_MAX),
        }
    }
}

impl Work {
    /// Begins a run; `None` while another one is under way, which then sees the new work.
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
        let waits: Vec<_> = (0..10).map(|_| work.backoff.failed()).collect();
        assert_eq!(waits[..3], [1_000, 2_000, 4_000]);
        assert_eq!(waits[8..], [256_000; 2]);
        work.backoff.succeeded();
        assert_eq!(work.backoff.failed(), 1_000);
    }
}
