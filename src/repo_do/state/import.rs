//! The import that runs in this object.

use std::cell::{Cell, RefCell};

use super::turn::Turn;
use crate::repo_do::contract::{Credentials, ImportProgress};

/// The object's memory of its import while it is awake.
#[derive(Debug)]
pub(crate) struct CurrentImport {
    /// For a remote that asks for them; kept in memory only.
    pub(crate) credentials: RefCell<Option<Credentials>>,
    /// The attempts, by one alarm at a time.
    pub(crate) turn: Turn,
    progress: Cell<ImportProgress>,
}

impl Default for CurrentImport {
    fn default() -> Self {
        Self {
            credentials: RefCell::default(),
            turn: Turn::of_an_alarm(),
            progress: Cell::default(),
        }
    }
}

impl CurrentImport {
    /// How far it has come, as far as memory tells.
    pub(crate) fn progress(&self) -> ImportProgress {
        self.progress.get()
    }

    /// Forgets everything: the repository was wiped.
    pub(crate) fn clear(&self) {
        self.credentials.take();
        self.progress.take();
    }

    /// Notes how far it has come.
    pub(crate) fn update(&self, change: impl FnOnce(&mut ImportProgress)) {
        let mut progress = self.progress.get();
        change(&mut progress);
        self.progress.set(progress);
    }
}
