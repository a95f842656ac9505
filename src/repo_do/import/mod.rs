//! An import: the repository filled from another server, as a client of its.
//!
//! | file | what |
//! |---|---|
//! | `start` | the request: the remote asked for its refs, the repository made |
//! | `run` | the alarm: what [`filling`](super::filling) has to know |
//! | `attempt` | one attempt: whole, or the next part of a history that was cut |
//! | `part` | one pack: received, resolved, proved |
//! | `wanted` | which refs of the remote become refs here |
//! | `report` | what it says about itself: warnings of fsck, refs left out |
//! | `remote` | the remote over HTTP |
//! | `failure` | what is left of an import that failed |
//! | `error` | why it may fail |
//!
//! The row of `import` says what is left to do, and is enough to go on with after the object was
//! evicted or killed at any point, but for credentials: those are in memory only.

use std::cell::{Cell, RefCell};

use super::contract::{Credentials, ImportProgress};
use super::filling::Running;

mod attempt;
mod error;
mod failure;
mod part;
mod remote;
mod report;
mod run;
mod start;
mod wanted;

pub use failure::after_failure;
pub use run::{resume, run};
pub use start::start;

/// What the object knows of its import while it is awake.
#[derive(Debug, Default)]
pub struct Underway {
    credentials: RefCell<Option<Credentials>>,
    running: Running,
    progress: Cell<ImportProgress>,
}

impl Underway {
    /// How far it has come, as far as memory tells.
    pub fn progress(&self) -> ImportProgress {
        self.progress.get()
    }

    /// Forgets everything: the repository was wiped.
    pub fn clear(&self) {
        self.credentials.take();
        self.progress.take();
    }

    fn update(&self, change: impl FnOnce(&mut ImportProgress)) {
        let mut progress = self.progress.get();
        change(&mut progress);
        self.progress.set(progress);
    }
}
