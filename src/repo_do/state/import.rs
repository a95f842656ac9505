//! The import that this object is at.

use std::cell::{Cell, RefCell};

use super::running::Running;
use crate::repo_do::contract::{Credentials, ImportProgress};

/// What the object knows of its import while it is awake.
#[derive(Debug, Default)]
pub struct CurrentImport {
    /// Where the remote wants them; they are in memory only.
    pub credentials: RefCell<Option<Credentials>>,
    /// Whether an attempt is at work.
    pub running: Running,
    progress: Cell<ImportProgress>,
}

impl CurrentImport {
    /// How far it has come, as far as memory tells.
    pub fn progress(&self) -> ImportProgress {
        self.progress.get()
    }

    /// Forgets everything: the repository was wiped.
    pub fn clear(&self) {
        self.credentials.take();
        self.progress.take();
    }

    /// Notes how far it has come.
    pub fn update(&self, change: impl FnOnce(&mut ImportProgress)) {
        let mut progress = self.progress.get();
        change(&mut progress);
        self.progress.set(progress);
    }
}
