//! Rate limits for all callers together, whichever object counts them.

use std::cell::Cell;

use super::error::ErrorReply;

/// The variable with the requests that are taken in [`SECONDS`]; 0 takes any number.
const REQUESTS: &str = "CAIRN_RATE_REQUESTS";
/// The variable with the time in which that many requests are admitted.
const SECONDS: &str = "CAIRN_RATE_SECONDS";

const REQUESTS_DEFAULT: u32 = 2000;
const SECONDS_DEFAULT: u32 = 10;

const US_PER_SECOND: i64 = 1_000_000;

/// A number of requests in a number of seconds, all of them at once or evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// The number of requests.
    pub(crate) requests: u32,
    /// The number of seconds.
    pub(crate) seconds: u32,
}

impl Rate {
    /// The deployment's, by its variables. A value that is not a number counts as not set.
    pub(crate) fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name| variable(name).and_then(|text| text.trim().parse().ok());
        Self {
            requests: number(REQUESTS).unwrap_or(REQUESTS_DEFAULT),
            seconds: number(SECONDS).unwrap_or(SECONDS_DEFAULT).max(1),
        }
    }
}

/// The requests that are left of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLeft {
    /// The rate.
    pub(crate) rate: Rate,
    /// Requests that would be taken now.
    pub(crate) requests: u32,
}

impl RateLeft {
    /// Seconds until all of the rate's requests would be taken at once, if none came until then.
    #[must_use]
    pub(crate) fn full_in_seconds(&self) -> u32 {
        let Rate { requests, seconds } = self.rate;
        let used = requests.saturating_sub(self.requests);
        let wait = u64::from(used).saturating_mul(u64::from(seconds));
        let wait = wait.div_ceil(u64::from(requests.max(1)));
        u32::try_from(wait).unwrap_or(seconds)
    }
}

/// Counts requests against a rate: each one moves the time by which all would have come if they
/// came evenly, and that time may be ahead by the rate's seconds.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    paid_until_us: Cell<i64>,
}

impl Meter {
    /// The requests that are left of the rate; `None` where there is no limit.
    pub(crate) fn left(&self, rate: Rate, now_ms: i64) -> Option<RateLeft> {
        let window_us = i64::from(rate.seconds).saturating_mul(US_PER_SECOND);
        let each_us = window_us.checked_div(i64::from(rate.requests))?.max(1);
        let clock_us = now_ms.saturating_mul(1000);
        let ahead_us = self.paid_until_us.get().saturating_sub(clock_us).max(0);
        let left = window_us.saturating_sub(ahead_us).max(0) / each_us;
        let requests = u32::try_from(left).unwrap_or(rate.requests);
        Some(RateLeft {
            rate,
            requests: requests.min(rate.requests),
        })
    }

    /// Counts a request to `what`, or refuses it and does not count it. The time is in
    /// milliseconds since 1970.
    pub(crate) fn admit(&self, rate: Rate, what: &str, now_ms: i64) -> Result<(), ErrorReply> {
        let Rate { requests, seconds } = rate;
        if requests == 0 {
            return Ok(());
        }
        let clock_us = now_ms.saturating_mul(1000);
        let window_us = i64::from(seconds).saturating_mul(US_PER_SECOND);
        let each_us = window_us / i64::from(requests);
        let paid_until_us = self
            .paid_until_us
            .get()
            .max(clock_us)
            .saturating_add(each_us);
        let ahead_us = paid_until_us.saturating_sub(clock_us);
        if ahead_us <= window_us {
            self.paid_until_us.set(paid_until_us);
            return Ok(());
        }
        let wait_us = ahead_us.saturating_sub(window_us);
        let wait_seconds = wait_us.saturating_add(US_PER_SECOND - 1) / US_PER_SECOND;
        let message =
            format!("too many requests to {what}: at most {requests} in {seconds} seconds");
        Err(ErrorReply::rate_limited(
            u32::try_from(wait_seconds).unwrap_or(seconds),
            message,
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::repo_do::contract::ErrorCode;

    fn rate(requests: u32, seconds: u32) -> Rate {
        Rate { requests, seconds }
    }

    #[test]
    fn the_rate_is_the_deployments() {
        let with = |requests: &str, seconds: &str| {
            Rate::of(|name| {
                let value = if name == REQUESTS { requests } else { seconds };
                (!value.is_empty()).then(|| value.to_owned())
            })
        };
        assert_eq!(with("", ""), rate(2000, 10));
        assert_eq!(with("5", "60"), rate(5, 60));
        assert_eq!(with("many", "-1"), rate(2000, 10));
        assert_eq!(with("0", "0"), rate(0, 1));
    }

    #[test]
    fn a_burst_is_taken_whole_and_then_one_at_a_time() {
        let (meter, rate) = (Meter::default(), rate(4, 8));
        let at = |now_ms| meter.admit(rate, "it", now_ms);
        for _ in 0..4 {
            assert_eq!(at(1_000_000), Ok(()));
        }
        let refused = at(1_000_000).unwrap_err();
        assert_eq!(refused.code, ErrorCode::RateLimited);
        assert_eq!(refused.retry_after_seconds, Some(2));
        assert!(refused.message.contains("4 in 8 seconds"), "{refused}");
        // Refused ones are not counted: the next one has a place at the time it was told.
        assert!(at(1_001_999).is_err());
        assert_eq!(at(1_002_000), Ok(()));
        assert!(at(1_002_000).is_err());
        // A caller that was away has its full burst again, and not more.
        for _ in 0..4 {
            assert_eq!(at(2_000_000), Ok(()));
        }
        assert!(at(2_000_000).is_err());
    }

    #[test]
    fn the_requests_left_grow_with_time_up_to_the_rate() {
        let (meter, rate) = (Meter::default(), rate(4, 8));
        let left = |now_ms| {
            let left = meter.left(rate, now_ms).unwrap();
            (left.requests, left.full_in_seconds())
        };
        assert_eq!(left(1_000_000), (4, 0));
        meter.admit(rate, "it", 1_000_000).unwrap();
        assert_eq!(left(1_000_000), (3, 2));
        assert_eq!(left(1_002_000), (4, 0));
        for _ in 0..3 {
            meter.admit(rate, "it", 1_000_000).unwrap();
        }
        assert_eq!(left(1_000_000), (0, 8));
        assert_eq!(left(2_000_000), (4, 0));
    }

    #[test]
    fn no_rate_takes_everything() {
        let meter = Meter::default();
        assert_eq!(meter.left(rate(0, 10), 0), None);
        for _ in 0..10_000 {
            assert_eq!(meter.admit(rate(0, 10), "it", 0), Ok(()));
        }
    }

    proptest! {
        // Whenever requests come, no window admits more than a burst and the tokens earned in it.
        #[test]
        fn the_rate_holds(steps in proptest::collection::vec(0_i64..3000, 1..200)) {
            let (meter, rate) = (Meter::default(), rate(10, 5));
            let (mut now_ms, mut taken) = (1_000_000, Vec::new());
            for step in steps {
                now_ms += step;
                if meter.admit(rate, "it", now_ms).is_ok() {
                    taken.push(now_ms);
                }
            }
            for (first, from_ms) in taken.iter().enumerate() {
                let within = taken[first..].iter().filter(|at| **at - from_ms < 5000).count();
                prop_assert!(within <= 20, "{within} in a window");
            }
        }
    }
}
