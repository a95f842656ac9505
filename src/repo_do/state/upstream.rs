//! The sync with the upstream that runs in this object.

use std::cell::Cell;

use super::import::CurrentImport;

/// The object's memory of its syncs while it is awake.
#[derive(Debug, Default)]
pub(crate) struct CurrentSync {
    /// The attempts, by one alarm at a time, and how far the present one has come.
    pub(crate) fetching: CurrentImport,
    /// The sync under way, by its number.
    running: Cell<Option<i64>>,
    /// The sync whose first attempt its row counts already.
    counted: Cell<Option<i64>>,
    /// Changes with the upstream's settings: a sync that began before publishes nothing.
    revision: Cell<u64>,
    /// Whether the alarm was looked after since the object woke.
    is_armed: Cell<bool>,
}

impl CurrentSync {
    /// The sync under way.
    pub(crate) fn running(&self) -> Option<i64> {
        self.running.get()
    }

    /// This sync is under way now, or none is.
    pub(crate) fn set_running(&self, seq: Option<i64>) {
        self.running.set(seq);
    }

    /// This sync's row was just written, and counts its first attempt.
    pub(crate) fn note_counted(&self, seq: i64) {
        self.counted.set(Some(seq));
    }

    /// Whether the row of this sync counts the attempt that begins now.
    pub(crate) fn is_counted(&self, seq: i64) -> bool {
        self.counted.get() == Some(seq)
    }

    /// The same, of which the next attempt knows nothing.
    pub(crate) fn take_counted(&self, seq: i64) -> bool {
        self.counted.take() == Some(seq)
    }

    /// Whether the alarm was looked after since the object woke: from now on, it was.
    pub(crate) fn was_armed(&self) -> bool {
        self.is_armed.replace(true)
    }

    /// The settings that hold now, by a number.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.get()
    }

    /// Other settings hold from now on.
    pub(crate) fn change(&self) {
        self.revision.set(self.revision.get().wrapping_add(1));
    }

    /// Forgets everything: the repository was wiped.
    pub(crate) fn clear(&self) {
        self.fetching.clear();
        self.running.take();
        self.counted.take();
        self.change();
    }
}
