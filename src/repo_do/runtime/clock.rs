//! The time.

use worker::Date;

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX)
}
