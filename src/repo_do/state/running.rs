//! Whether an import or a recovery is at work.

use std::cell::Cell;

/// An alarm has 15 minutes.
const ALARM_MS_MAX: i64 = 16 * 60_000;

/// Whether a run is going on: one at a time.
#[derive(Debug, Default)]
pub struct Running {
    /// When it began, in unix milliseconds; 0 when there is none.
    pub since: Cell<i64>,
}

impl Running {
    /// The platform may end an alarm without a word, and none lasts so long.
    pub fn is_on(&self, now_ms: i64) -> bool {
        now_ms.saturating_sub(self.since.get()) < ALARM_MS_MAX
    }
}

/// Ends the run, however it ends.
pub struct Ended<'a>(pub &'a Running);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.since.set(0);
    }
}
