//! Times as JSON shows them.

use chrono::{DateTime, SecondsFormat};

/// ISO 8601 in UTC with milliseconds, of a time in milliseconds since 1970. Times that no
/// calendar has (only corruption makes them) show as 1970.
#[must_use]
pub(crate) fn iso_8601(unix_ms: i64) -> String {
    DateTime::from_timestamp_millis(unix_ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// RFC 3339 in UTC with whole seconds, of a time in milliseconds since 1970.
#[must_use]
pub(crate) fn rfc_3339_seconds(unix_ms: i64) -> String {
    DateTime::from_timestamp_millis(unix_ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The time that a text in RFC 3339 names, in milliseconds since 1970; `None` of one before that.
#[must_use]
pub(crate) fn parse_rfc_3339(text: &str) -> Option<i64> {
    let unix_ms = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
    Some(unix_ms).filter(|unix_ms| *unix_ms >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_shown() {
        assert_eq!(iso_8601(1_767_323_045_678), "2026-01-02T03:04:05.678Z");
        assert_eq!(rfc_3339_seconds(1_767_323_045_678), "2026-01-02T03:04:05Z");
        for text in ["2026-01-02T03:04:05.678Z", "2026-01-02T04:04:05.678+01:00"] {
            assert_eq!(parse_rfc_3339(text), Some(1_767_323_045_678));
        }
        for text in ["", "2026-01-02", "1767323045678", "2026-13-02T03:04:05Z"] {
            assert_eq!(parse_rfc_3339(text), None, "{text}");
        }
        assert_eq!(iso_8601(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso_8601(i64::MAX), "1970-01-01T00:00:00.000Z");
    }
}
