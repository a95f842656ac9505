//! The times at which Cairn repeats a failed delivery: a webhook's event, or a push to a mirror. The
//! caller passes the times in.

use chrono::DateTime;

/// The pauses after each failure, in seconds. Together they are two days, less two hours.
const PAUSES_SECONDS: [i64; 12] = [
    1, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 64_800,
];

/// How much a pause varies to either side, in percent.
const JITTER_PERCENT: i64 = 20;

/// The pause after a failure that follows this many earlier ones in a row, in milliseconds; `None`: give
/// up. `random` is any number: its remainder is the jitter.
#[must_use]
pub(crate) fn pause_ms(before: u32, random: u32) -> Option<i64> {
    let seconds = PAUSES_SECONDS.get(usize::try_from(before).ok()?)?;
    // 80 to 120 percent, in thousandths of the pause.
    let thousandths = i64::from(random % 401)
        .saturating_add(1000)
        .saturating_sub(JITTER_PERCENT.saturating_mul(10));
    Some(seconds.saturating_mul(thousandths))
}

/// Reads `Retry-After`: seconds, or an HTTP date.
#[must_use]
pub(crate) fn retry_at_ms(header: &str, now_ms: i64) -> Option<i64> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u32>() {
        return Some(now_ms.saturating_add(i64::from(seconds).saturating_mul(1000)));
    }
    let date = DateTime::parse_from_rfc2822(header).ok()?;
    Some(date.timestamp_millis())
}
