//! The use of the repository that its namespace was not told yet. Kept in memory alone: it goes with
//! the messages that are sent anyway, and counts that an object had not told when it ended are lost.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::repo_do::contract::UsageDay;

/// Fetches alone cause at most one message in this time.
const BETWEEN_MS: i64 = 60_000;

/// Days that are kept while no message can be sent.
const DAYS_MAX: usize = 8;

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct UsageCounts {
    days: RefCell<BTreeMap<i64, UsageDay>>,
    /// The time of the last message, in unix milliseconds.
    told_ms: Cell<i64>,
}

impl UsageCounts {
    /// Adds to the counts of a day; beyond so many days the oldest goes.
    pub(crate) fn add(&self, more: &UsageDay) {
        let mut days = self.days.borrow_mut();
        let day = days.entry(more.day).or_insert(UsageDay {
            day: more.day,
            ..UsageDay::default()
        });
        day.add(more);
        while days.len() > DAYS_MAX {
            days.pop_first();
        }
    }

    /// Counts a push.
    pub(crate) fn add_push(&self, now_ms: i64) {
        self.add(&UsageDay {
            day: UsageDay::of(now_ms),
            pushes: 1,
            ..UsageDay::default()
        });
    }

    /// Counts bytes of a large file.
    pub(crate) fn add_bytes(&self, (bytes_in, bytes_out): (u64, u64), now_ms: i64) {
        self.add(&UsageDay {
            day: UsageDay::of(now_ms),
            bytes_in,
            bytes_out,
            ..UsageDay::default()
        });
    }

    /// Whether there is something to tell.
    pub(crate) fn has_any(&self) -> bool {
        !self.days.borrow().is_empty()
    }

    /// Whether it is worth a message of its own.
    pub(crate) fn is_due(&self, now_ms: i64) -> bool {
        let due_ms = self.told_ms.get().saturating_add(BETWEEN_MS);
        // A clock that was set back makes nothing wait for ever.
        self.has_any() && (due_ms <= now_ms || self.told_ms.get() > now_ms)
    }

    /// Takes all, for a message.
    pub(crate) fn take(&self, now_ms: i64) -> Vec<UsageDay> {
        self.told_ms.set(now_ms);
        self.days.take().into_values().collect()
    }

    /// The message did not arrive.
    pub(crate) fn put_back(&self, days: &[UsageDay]) {
        for day in days {
            self.add(day);
        }
    }

    /// The repository is gone.
    pub(crate) fn clear(&self) {
        self.days.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    #[test]
    fn untold_counts_are_told_later() {
        let counts = UsageCounts::default();
        assert!(!counts.is_due(5 * DAY_MS));
        counts.add_push(5 * DAY_MS);
        counts.add_bytes((3, 4), 5 * DAY_MS + 1);
        assert!(counts.is_due(5 * DAY_MS + 2));
        let told = counts.take(5 * DAY_MS + 2);
        let day = UsageDay {
            day: 5,
            pushes: 1,
            fetches: 0,
            bytes_in: 3,
            bytes_out: 4,
        };
        assert_eq!(told, [day]);
        assert!(!counts.has_any());
        counts.put_back(&told);
        counts.add_push(6 * DAY_MS - 1);
        assert!(!counts.is_due(5 * DAY_MS + 60_001));
        assert!(counts.is_due(5 * DAY_MS + 60_002));
        let told = counts.take(6 * DAY_MS);
        assert_eq!(told, [UsageDay { pushes: 2, ..day }]);
    }

    #[test]
    fn days_that_cannot_be_told_do_not_pile_up() {
        let counts = UsageCounts::default();
        for day in 0..20 {
            counts.add_push(day * DAY_MS);
        }
        let days: Vec<_> = counts.take(0).iter().map(|day| day.day).collect();
        assert_eq!(days, (12..20).collect::<Vec<_>>());
    }
}
