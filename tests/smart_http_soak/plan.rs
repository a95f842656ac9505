//! The duration of the soak, and the seed of its random numbers.

use std::fmt;
use std::time::Duration;

/// The settings from the environment.
#[derive(Debug, Clone)]
pub struct Plan {
    pub lasts: Duration,
    pub seed: u64,
    pub workers: usize,
}

impl Plan {
    /// Reads `MINUTES`, `SEED` and `WORKERS`, with the prefix `CAIRN_SOAK_`.
    pub fn from_environment() -> Self {
        let number = |name: &str, default: u64| {
            let text = std::env::var(format!("CAIRN_SOAK_{name}"));
            let text = text.ok().filter(|text| !text.is_empty());
            text.map_or(default, |text| text.parse().expect("it is a number"))
        };
        Self {
            lasts: Duration::from_mins(number("MINUTES", 1)),
            seed: number("SEED", 1),
            workers: usize::try_from(number("WORKERS", 3)).expect("a few"),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.lasts.as_secs() / 60;
        let Self { workers, seed, .. } = self;
        write!(
            f,
            "soak: {minutes} min, {workers} workers, SEED={seed}; the server's logs are in target/tmp"
        )
    }
}
