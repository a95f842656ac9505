//! The state of the hand-over of events to the namespace, while the object is awake.

use std::cell::Cell;

use super::turn::Turn;
use crate::repo_do::contract::{Backoff, RepositoryInfo};
use crate::repo_do::feed::arrivals::Arrivals;

/// After this time a hand-over is over, whether it said so or not.
const HAND_OVER_MS_MAX: i64 = 60_000;

/// Doublings of the wait after hand-overs that failed: some hour. A push in between does not wait.
const DOUBLINGS_MAX: u32 = 12;

/// After so many events the database notes at once that they were handed over. Otherwise the alarm does so:
/// a note for each push would be a commit more, and an event that is handed over twice is taken once.
const NOTE_EVENTS: i64 = 64;

/// The outbox of an object that is awake.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// Events as they are written, for readers who wait.
    pub(crate) arrivals: Arrivals,
    /// One hand-over at a time.
    pub(crate) turn: Turn,
    /// When the last message went, in unix milliseconds.
    pub(crate) sent_ms: Cell<i64>,
    /// How far events were handed over, once that is known.
    pub(crate) handed_over: Cell<Option<i64>>,
    /// How far the database says so.
    noted: Cell<i64>,
    /// Whether the object has looked for events that its earlier life left.
    pub(crate) is_looked_at: Cell<bool>,
    /// Hand-overs that failed.
    pub(crate) backoff: Backoff,
    /// The sizes that the namespace heard last, once this object has sent some.
    pub(crate) told: Cell<Option<Sizes>>,
    /// Bytes that R2 has, once they were added up.
    pub(crate) r2_bytes: Cell<Option<u64>>,
}

/// The figures that a namespace adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Bytes of live packs.
    pub(crate) size_bytes: u64,
    /// Objects in them.
    pub(crate) object_count: u64,
    /// Bytes of objects of Git LFS.
    pub(crate) lfs_bytes: u64,
    /// Bytes that R2 has.
    pub(crate) r2_bytes: Option<u64>,
}

impl From<&RepositoryInfo> for Sizes {
    fn from(info: &RepositoryInfo) -> Self {
        Self {
            size_bytes: info.size_bytes,
            object_count: info.object_count,
            lfs_bytes: info.lfs_bytes,
            r2_bytes: info.r2_bytes,
        }
    }
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            arrivals: Arrivals::default(),
            turn: Turn::ending_after(HAND_OVER_MS_MAX),
            sent_ms: Cell::default(),
            handed_over: Cell::default(),
            noted: Cell::default(),
            is_looked_at: Cell::default(),
            backoff: Backoff::doubling(DOUBLINGS_MAX),
            told: Cell::default(),
            r2_bytes: Cell::default(),
        }
    }
}

impl Outbox {
    /// The database was wiped.
    pub(crate) fn clear(&self) {
        self.handed_over.take();
        self.noted.take();
        self.is_looked_at.take();
        self.told.take();
        self.r2_bytes.take();
        self.backoff.succeeded();
        self.arrivals.notify();
    }

    /// The database says that events were handed over up to this one.
    pub(crate) fn noted(&self, sequence: i64) {
        self.noted.set(sequence);
    }

    /// How far events were handed over, if the database does not say so yet.
    pub(crate) fn to_note(&self) -> Option<i64> {
        let handed_over = self.handed_over.get();
        handed_over.filter(|sequence| *sequence > self.noted.get())
    }

    /// Whether that is worth a row now: the first time, and after many events.
    pub(crate) fn is_worth_a_note(&self) -> bool {
        let noted = self.noted.get();
        let is_worth = |sequence: i64| noted == 0 || sequence.saturating_sub(noted) >= NOTE_EVENTS;
        self.to_note().is_some_and(is_worth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_wait_longer_each_time() {
        let outbox = Outbox::default();
        let waits: Vec<_> = (0..15).map(|_| outbox.backoff.failed()).collect();
        assert_eq!(waits[..4], [1_000, 2_000, 4_000, 8_000]);
        assert_eq!(waits[12..], [4_096_000; 3]);
        outbox.backoff.succeeded();
        assert_eq!(outbox.backoff.failed(), 1_000);
    }
}
