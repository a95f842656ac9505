//! How long to wait after a failure.

use std::cell::Cell;

/// The wait after the first failure in a row, in milliseconds; twice as long after each further one.
const FIRST_MS: i64 = 1_000;

/// Failures in a row of one thing.
#[derive(Debug)]
pub(crate) struct Backoff {
    failures: Cell<u32>,
    doublings_max: u32,
}

impl Backoff {
    /// No failure yet. The wait doubles at most so often.
    pub(crate) fn doubling(doublings_max: u32) -> Self {
        Self {
            failures: Cell::default(),
            doublings_max,
        }
    }

    /// It failed; gives how many milliseconds to wait.
    pub(crate) fn failed(&self) -> i64 {
        let failures = self.failures.get();
        self.failures.set(failures.saturating_add(1));
        FIRST_MS << failures.min(self.doublings_max)
    }

    /// It went well.
    pub(crate) fn succeeded(&self) {
        self.failures.take();
    }
}
