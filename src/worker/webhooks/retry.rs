//! When a delivery is tried again, when it is given up, and when a webhook is switched off.
//! Times are handed in.

use crate::repo_do::contract::retry;
use crate::storage::webhook::store::Next;

/// The longest `Retry-After` that is honoured: a day.
const RETRY_AFTER_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// A webhook is switched off when it has done nothing but fail for so long: five days.
const FAILING_MS_MAX: i64 = 5 * 24 * 60 * 60 * 1000;

/// The status by which a receiver refuses further deliveries.
const GONE: u16 = 410;

/// The outcome of an attempt, as far as the next one depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The HTTP status, if there was an answer.
    pub(crate) status: Option<u16>,
    /// When the receiver asks to be tried again: Unix milliseconds.
    pub(crate) retry_at_ms: Option<i64>,
}

impl Verdict {
    /// Whether the receiver has the event.
    #[must_use]
    pub(crate) fn is_delivered(self) -> bool {
        self.status
            .is_some_and(|status| (200..=299).contains(&status))
    }

    /// Whether the receiver refuses further deliveries.
    #[must_use]
    pub(crate) fn is_gone(self) -> bool {
        self.status == Some(GONE)
    }

    /// The fate of a delivery after this attempt, which was one more than `before`. `random` is
    /// any number: its remainder is the jitter.
    #[must_use]
    pub(crate) fn next(self, before: u32, now_ms: i64, random: u32) -> Next {
        if self.is_delivered() {
            return Next::Delivered;
        }
        let Some(pause_ms) = retry::pause_ms(before, random) else {
            return Next::GivenUp;
        };
        let at_ms = now_ms.saturating_add(pause_ms);
        Next::Retry(match self.retry_at_ms {
            Some(asked_ms) if matches!(self.status, Some(429 | 503)) => {
                asked_ms.clamp(at_ms, at_ms.max(now_ms.saturating_add(RETRY_AFTER_MS_MAX)))
            }
            _ => at_ms,
        })
    }
}

/// Whether failures alone have lasted long enough to switch a webhook off.
#[must_use]
pub(crate) fn has_failed_too_long(failing_since_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(failing_since_ms) >= FAILING_MS_MAX
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::repo_do::contract::retry::retry_at_ms;

    const NOW: i64 = 1_800_000_000_000;
    const HOUR: i64 = 3_600_000;

    fn status(status: u16) -> Verdict {
        Verdict {
            status: Some(status),
            retry_at_ms: None,
        }
    }

    fn retried(next: Next) -> i64 {
        match next {
            Next::Retry(at_ms) => at_ms - NOW,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_2xx_is_delivered() {
        for good in [200, 201, 204, 299] {
            assert_eq!(status(good).next(0, NOW, 0), Next::Delivered);
        }
        for bad in [199, 300, 301, 308, 400, 404, 410, 429, 500] {
            assert!(
                matches!(status(bad).next(0, NOW, 0), Next::Retry(_)),
                "{bad}"
            );
        }
        assert!(matches!(Verdict::default().next(0, NOW, 0), Next::Retry(_)));
    }

    #[test]
    fn retries_take_two_days_and_then_end() {
        let mut waited = 0;
        for before in 0..12 {
            // 200: no jitter.
            waited += retried(status(500).next(before, NOW, 200));
        }
        assert!((45 * HOUR..48 * HOUR).contains(&waited), "{waited}");
        assert_eq!(status(500).next(12, NOW, 200), Next::GivenUp);
        assert_eq!(status(500).next(u32::MAX, NOW, 200), Next::GivenUp);
        assert_eq!(status(200).next(12, NOW, 200), Next::Delivered);
    }

    #[test]
    fn a_receiver_is_left_alone_as_long_as_it_asks_up_to_a_day() {
        let asks = |code, wait_ms| Verdict {
            status: Some(code),
            retry_at_ms: Some(NOW + wait_ms),
        };
        for code in [429, 503] {
            assert_eq!(retried(asks(code, HOUR).next(0, NOW, 200)), HOUR);
            assert_eq!(retried(asks(code, 48 * HOUR).next(0, NOW, 200)), 24 * HOUR);
            // It may ask for patience, not for haste.
            assert_eq!(retried(asks(code, 0).next(4, NOW, 200)), 600_000);
            assert_eq!(retried(asks(code, -HOUR).next(4, NOW, 200)), 600_000);
        }
        assert_eq!(retried(asks(500, HOUR).next(0, NOW, 200)), 1000);
    }

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        assert_eq!(retry_at_ms("120", NOW), Some(NOW + 120_000));
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(retry_at_ms(date, NOW), Some(784_111_777_000));
        for wrong in ["", "-1", "soon", "99999999999999999999", "1.5"] {
            assert_eq!(retry_at_ms(wrong, NOW), None, "{wrong}");
        }
    }

    #[test]
    fn five_days_of_failures_are_enough() {
        assert!(!has_failed_too_long(NOW, NOW + 120 * HOUR - 1));
        assert!(has_failed_too_long(NOW, NOW + 120 * HOUR));
        assert!(!has_failed_too_long(NOW + 1, NOW));
    }

    proptest! {
        #[test]
        fn jitter_is_a_fifth(before in 0_u32..12, random: u32) {
            let middle = retried(status(500).next(before, NOW, 200));
            let waited = retried(status(500).next(before, NOW, random));
            prop_assert!((middle * 8 / 10..=middle * 12 / 10).contains(&waited));
        }

        #[test]
        fn no_header_panics(header: String, now: i64, asked: i64, before: u32, random: u32) {
            let _ = retry_at_ms(&header, now);
            let verdict = Verdict { status: Some(503), retry_at_ms: Some(asked) };
            let _ = verdict.next(before, now, random);
        }
    }
}
