//! The sync with the upstream that runs in this object.

use std::cell::Cell;

use super::import::CurrentImport;

/// The object's memory of its syncs while it is awake.
#[derive(Debug, Default)]
pub(crate) struct CurrentSync {
    /// The attempts, of one alarm at a time, and the progress of the present one.
    pub(crate) fetching: CurrentImport,
    /// The number of the sync under way.
    running: Cell<Option<i64>>,
    /// The sync whose first attempt its row counts already.
    counted: Cell<Option<i64>>,
    /// The number of the settings. It changes with them, and a sync that began earlier publishes nothing.
    revision: Cell<u64>,
    /// Whether the alarm was checked since the object woke.
    is_armed: Cell<bool>,
}

impl CurrentSync {
    /// The number of the sync under way.
    pub(crate) fn running(&self) -> Option<i64> {
        self.running.get()
    }

    /// Sets the sync under way; `None` when it ends.
    pub(crate) fn set_running(&self, seq: Option<i64>) {
        self.running.set(seq);
    }

    /// Notes that this sync's row was just written, and counts its first attempt.
    pub(crate) fn note_counted(&self, seq: i64) {
        self.counted.set(Some(seq));
    }

    /// Whether the row of this sync counts the attempt that begins now.
    pub(crate) fn is_counted(&self, seq: i64) -> bool {
        self.counted.get() == Some(seq)
    }

    /// The same, and forgets it for the next attempt.
    pub(crate) fn take_counted(&self, seq: i64) -> bool {
        self.counted.take() == Some(seq)
    }

    /// Whether the alarm was checked since the object woke. From now on, it was.
    pub(crate) fn was_armed(&self) -> bool {
        self.is_armed.replace(true)
    }

    /// The number of the present settings.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.get()
    }

    /// Notes that the settings changed.
    pub(crate) fn change(&self) {
        self.revision.set(self.revision.get().wrapping_add(1));
    }

    /// Forgets everything, after the repository was wiped.
    pub(crate) fn clear(&self) {
        self.fetching.clear();
        self.running.take();
        self.counted.take();
        self.change();
    }
}
