//! Writes down the result of an attempt, with all that follows from it. Times are handed in.

use super::post::Posted;
use super::retry::{self, Verdict};
use crate::repo_do::contract::retry::retry_at_ms;
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::webhook::store::{Attempt, Due, Hook, HookError, HookStore, Next};

/// How the type of a ping ends. It is tried once, and says nothing about the receiver's health.
const PING: &str = ".webhook.ping";

/// Why a webhook was switched off: the receiver refuses further deliveries.
const REASON_GONE: &str = "gone";
/// Nothing but failures came back for days.
const REASON_FAILING: &str = "failing";

/// An attempt's times: Unix milliseconds. The random number is the next one's jitter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub(super) begun_ms: i64,
    pub(super) now_ms: i64,
    pub(super) random: u32,
}

/// Writes down the answer, and its consequences.
pub(super) fn settle<D: Database>(
    store: &HookStore<D>,
    known: &Hook,
    due: &Due,
    posted: Posted,
    ended: Ended,
) -> Result<(), HookError> {
    let Ended {
        begun_ms,
        now_ms,
        random,
    } = ended;
    let retry_after = posted.retry_after.as_deref();
    let verdict = Verdict {
        status: posted.status,
        retry_at_ms: retry_after.and_then(|header| retry_at_ms(header, now_ms)),
    };
    let is_ping = due.kind.ends_with(PING);
    let next = match verdict.next(due.attempts, now_ms, random) {
        Next::Retry(_) if is_ping || verdict.is_gone() => Next::GivenUp,
        next => next,
    };
    let attempt = Attempt {
        at_ms: begun_ms,
        duration_ms: now_ms.saturating_sub(begun_ms),
        status: posted.status,
        answer: posted.answer,
    };
    in_transaction(store.database(), || {
        store.settle(due.seq, &attempt, next)?;
        if is_ping || !known.definition.active {
            return Ok(());
        }
        if verdict.is_delivered() {
            return store.set_failing_since(None);
        }
        let since_ms = known.failing_since.unwrap_or(begun_ms);
        store.set_failing_since(Some(since_ms))?;
        if verdict.is_gone() {
            return store.disable(REASON_GONE);
        }
        if retry::has_failed_too_long(since_ms, now_ms) {
            return store.disable(REASON_FAILING);
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;
    use crate::storage::webhook::definition::Definition;
    use crate::storage::webhook::deliveries::State;
    use crate::storage::webhook::store::NewDelivery;

    const NOW: i64 = 1_800_000_000_000;
    const HOUR: i64 = 3_600_000;

    struct Tried {
        store: HookStore<RusqliteDatabase>,
    }

    impl Tried {
        fn new() -> Self {
            let store = HookStore::new(RusqliteDatabase::in_memory().unwrap());
            let definition = Definition::of_test(1);
            let events = [1, 2, 3].map(|sequence| NewDelivery {
                repository_id: "aaaaaaaa00000001",
                sequence: Some(sequence),
                event_id: "evt",
                kind: "cairn.repo.pushed",
                body: "{}",
            });
            store.take(&definition, &events, NOW).unwrap();
            Self { store }
        }

        fn hook(&self) -> Hook {
            self.store.load().unwrap().unwrap()
        }

        /// Tries the delivery that is due next, at its time or later; gives that time.
        fn try_next(&self, status: u16, not_before_ms: i64) -> Option<i64> {
            let (due_at, _) = *self.store.next_due(1).unwrap().first()?;
            let now_ms = due_at.max(not_before_ms);
            let due = self.store.due(now_ms, 1).unwrap().remove(0);
            let posted = Posted {
                status: Some(status),
                ..Posted::default()
            };
            let ended = Ended {
                begun_ms: now_ms,
                now_ms,
                random: 200,
            };
            settle(&self.store, &self.hook(), &due, posted, ended).unwrap();
            Some(now_ms)
        }

        fn states(&self) -> Vec<State> {
            let listed = self.store.deliveries(None, None, 10).unwrap();
            listed
                .into_iter()
                .rev()
                .map(|delivery| delivery.state)
                .collect()
        }
    }

    #[test]
    fn five_days_of_failures_switch_the_webhook_off() {
        let tried = Tried::new();
        let mut last = NOW;
        while let Some(at_ms) = tried.try_next(500, last) {
            last = at_ms;
            if tried.hook().disabled_reason.is_none() {
                assert!(last < NOW + 120 * HOUR, "{last}");
            }
        }
        let hook = tried.hook();
        assert_eq!(hook.disabled_reason.as_deref(), Some("failing"));
        assert_eq!(hook.failing_since, Some(NOW));
        assert!((120 * HOUR..140 * HOUR).contains(&(last - NOW)));
        // Each was given up after its two days. The last attempt of the third was after five days.
        assert_eq!(tried.states(), [State::GivenUp; 3]);
    }

    #[test]
    fn one_success_begins_the_five_days_again() {
        let tried = Tried::new();
        let mut last = NOW;
        for _ in 0..12 {
            last = tried.try_next(500, last).unwrap();
        }
        assert_eq!(tried.hook().failing_since, Some(NOW));
        last = tried.try_next(200, last).unwrap();
        assert_eq!(tried.hook().failing_since, None);
        tried.try_next(500, last + 100 * HOUR).unwrap();
        assert_eq!(tried.hook().failing_since, Some(last + 100 * HOUR));
        assert_eq!(tried.hook().disabled_reason, None);
    }

    #[test]
    fn gone_switches_it_off_at_once() {
        let tried = Tried::new();
        tried.try_next(410, NOW).unwrap();
        assert_eq!(tried.hook().disabled_reason.as_deref(), Some("gone"));
        assert!(!tried.hook().definition.active);
        assert_eq!(
            tried.states(),
            [State::GivenUp, State::Dropped, State::Dropped]
        );
    }

    #[test]
    fn a_ping_is_tried_once_and_says_nothing_of_the_receiver() {
        for status in [410, 500] {
            let tried = Tried::new();
            for _ in 0..3 {
                tried.try_next(200, NOW).unwrap();
            }
            let ping = NewDelivery {
                repository_id: "",
                sequence: None,
                event_id: "evt",
                kind: "cairn.webhook.ping",
                body: "{}",
            };
            let definition = tried.hook().definition;
            let seq = tried.store.take_extra(&definition, &ping, NOW).unwrap();
            tried.try_next(status, NOW).unwrap();
            let delivery = tried.store.delivery(seq).unwrap().unwrap();
            assert_eq!(delivery.state, State::GivenUp);
            assert_eq!(tried.hook().disabled_reason, None);
            assert_eq!(tried.hook().failing_since, None);
        }
    }
}
