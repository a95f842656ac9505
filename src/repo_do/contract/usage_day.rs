//! The use of a repository by day, on its way to its namespace.

use serde::{Deserialize, Serialize};

/// The milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The use of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UsageDay {
    /// Days since 1970-01-01.
    pub(crate) day: i64,
    /// Pushes that changed refs, by REST too.
    pub(crate) pushes: u64,
    /// Fetches that got objects.
    pub(crate) fetches: u64,
    /// Bytes that came with requests of Git and as large files.
    pub(crate) bytes_in: u64,
    /// Bytes that went to clients of Git and as large files.
    pub(crate) bytes_out: u64,
}

impl UsageDay {
    /// The day of a time in milliseconds since 1970, in UTC.
    #[must_use]
    pub(crate) fn of(unix_ms: i64) -> i64 {
        unix_ms.div_euclid(DAY_MS)
    }

    /// When a day begins, in milliseconds since 1970.
    #[must_use]
    pub(crate) fn begins_ms(day: i64) -> i64 {
        day.saturating_mul(DAY_MS)
    }

    /// Adds further usage of that day.
    pub(crate) fn add(&mut self, more: &Self) {
        self.pushes = self.pushes.saturating_add(more.pushes);
        self.fetches = self.fetches.saturating_add(more.fetches);
        self.bytes_in = self.bytes_in.saturating_add(more.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(more.bytes_out);
    }
}
