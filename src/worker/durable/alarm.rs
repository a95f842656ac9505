//! The time, and an object's one alarm.

use std::cell::Cell;
use std::time::Duration;

use worker::{Date, Storage};

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX)
}

/// When an object's alarm rings, as far as the object has set it since it woke.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    at_ms: Cell<Option<i64>>,
}

impl Alarm {
    /// Makes sure that the alarm rings at this time at the latest. It is ordered before anything is
    /// awaited, so that it takes effect together with the rows written just before.
    pub(crate) async fn wake_by(&self, storage: &Storage, at_ms: i64) -> worker::Result<()> {
        let is_set = |set_ms| now_ms() < set_ms && set_ms <= at_ms;
        if self.at_ms.get().is_some_and(is_set) {
            return Ok(());
        }
        self.at_ms.set(Some(at_ms));
        // A number would be taken for an offset as well; a duration says so.
        let delay_ms = u64::try_from(at_ms.saturating_sub(now_ms())).unwrap_or(0);
        storage.set_alarm(Duration::from_millis(delay_ms)).await
    }

    /// The alarm has rung, or went with everything else.
    pub(crate) fn forget(&self) {
        self.at_ms.take();
    }
}
