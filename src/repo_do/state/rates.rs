//! Rate limits of one repository, counted in its object's memory.
//!
//! Unauthenticated callers have a limit of their own, so that they cannot use up the owners'
//! limit.

use worker::Env;

use crate::repo_do::contract::{ErrorReply, Meter, Rate, RateLeft};

/// Requests to one repository.
#[derive(Debug)]
pub(crate) struct Rates {
    rate: Rate,
    known: Meter,
    strangers: Meter,
}

impl Rates {
    /// Nothing was asked yet; the rate is the deployment's.
    pub(crate) fn of(env: &Env) -> Self {
        let variable = |name: &str| env.var(name).ok().map(|value| value.to_string());
        Self {
            rate: Rate::of(variable),
            known: Meter::default(),
            strangers: Meter::default(),
        }
    }

    /// Counts a request, or turns it away.
    pub(crate) fn admit(&self, is_known: bool, now_ms: i64) -> Result<(), ErrorReply> {
        let meter = self.meter(is_known);
        meter.admit(self.rate, "the repository", now_ms)
    }

    /// The requests that are left for such callers; `None` where there is no limit.
    pub(crate) fn left(&self, is_known: bool, now_ms: i64) -> Option<RateLeft> {
        self.meter(is_known).left(self.rate, now_ms)
    }

    fn meter(&self, is_known: bool) -> &Meter {
        if is_known {
            &self.known
        } else {
            &self.strangers
        }
    }
}
