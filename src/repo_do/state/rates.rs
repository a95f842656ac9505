//! How many requests one repository takes, counted in its object's memory.
//!
//! Who may do something here and who may not are counted apart, so that strangers cannot use up
//! what belongs to the owners.

use worker::Env;

use crate::repo_do::contract::{ErrorReply, Meter, Rate};

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
        let meter = if is_known {
            &self.known
        } else {
            &self.strangers
        };
        meter.admit(self.rate, "the repository", now_ms)
    }
}
