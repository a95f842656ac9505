//! Work that an object does once at a time.

use std::cell::Cell;

use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer;

/// How often a request looks whether the run under way is over.
const POLL_MS: u32 = 20;

/// The platform may end an alarm without a word, and lets none last longer than 15 minutes.
const ALARM_MS_MAX: i64 = 16 * 60_000;

/// Work of which one run at a time may be under way.
#[derive(Debug)]
pub(crate) struct Turn {
    /// When the run that is under way began, in unix milliseconds.
    since_ms: Cell<Option<i64>>,
    /// How many runs have begun: the last one has this number.
    begun: Cell<u64>,
    /// After this time a run is over, whether it said so or not.
    ms_max: i64,
}

impl Default for Turn {
    fn default() -> Self {
        Self::ending_after(i64::MAX)
    }
}

impl Turn {
    /// Work that an alarm does, which may end without a word.
    pub(crate) fn of_an_alarm() -> Self {
        Self::ending_after(ALARM_MS_MAX)
    }

    /// Work whose run is over after `ms_max` milliseconds, whether it said so or not.
    pub(crate) fn ending_after(ms_max: i64) -> Self {
        Self {
            since_ms: Cell::default(),
            begun: Cell::default(),
            ms_max,
        }
    }

    /// Whether a run is under way.
    pub(crate) fn is_taken(&self, now_ms: i64) -> bool {
        let since_ms = self.since_ms.get();
        since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) < self.ms_max)
    }

    /// Begins a run; `None` while another one is under way.
    pub(crate) fn try_take(&self, now_ms: i64) -> Option<Taken<'_>> {
        if self.is_taken(now_ms) {
            return None;
        }
        let run = self.begun.get().wrapping_add(1);
        self.begun.set(run);
        self.since_ms.set(Some(now_ms));
        Some(Taken { turn: self, run })
    }

    /// Begins a run once no other is under way.
    pub(crate) async fn take(&self) -> Taken<'_> {
        loop {
            if let Some(taken) = self.take_within(i64::MAX).await {
                return taken;
            }
        }
    }

    /// The same, but `None` if another run is still under way after `wait_ms`.
    pub(crate) async fn take_within(&self, wait_ms: i64) -> Option<Taken<'_>> {
        let until_ms = now_ms().saturating_add(wait_ms);
        loop {
            let now_ms = now_ms();
            if let Some(taken) = self.try_take(now_ms) {
                return Some(taken);
            }
            if now_ms >= until_ms {
                return None;
            }
            timer::after(POLL_MS).await;
        }
    }
}

/// A run under way; it ends when this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Taken<'a> {
    turn: &'a Turn,
    run: u64,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // A run that took too long has lost its turn, and must not end the next one's.
        if self.turn.begun.get() == self.run {
            debug_assert!(self.turn.since_ms.get().is_some(), "the last run ends once");
            self.turn.since_ms.set(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_was_refused_gives_nothing_back() {
        let turn = Turn::default();
        let one = turn.try_take(0);
        assert!(one.is_some());
        assert!(turn.try_take(1).is_none());
        assert!(
            turn.try_take(i64::MAX - 1).is_none(),
            "the first one has it still"
        );
        drop(one);
        assert!(!turn.is_taken(2));
        assert!(turn.try_take(2).is_some());
    }

    #[test]
    fn a_run_that_took_too_long_does_not_end_the_next_one() {
        let turn = Turn::of_an_alarm();
        let lost = turn.try_take(0);
        assert!(turn.is_taken(ALARM_MS_MAX - 1));
        let next = turn.try_take(ALARM_MS_MAX);
        assert!(next.is_some());
        drop(lost);
        assert!(turn.is_taken(ALARM_MS_MAX + 1), "the next one has it still");
        drop(next);
        assert!(!turn.is_taken(ALARM_MS_MAX + 1));
    }
}
