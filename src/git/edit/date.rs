//! Dates of authors, committers and taggers, in the forms of git's `--date` that leave no doubt.
//!
//! Git guesses much more ("yesterday noon"), some of it from its own clock and zone; a server has no
//! zone of its own, so that each form here brings one.

use chrono::DateTime;

/// Bytes of a date at most.
const DATE_BYTES_MAX: usize = 64;

/// A moment, and the author's time zone at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    seconds: i64,
    zone_minutes: i16,
}

/// Git does not take the date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateFault {
    /// It is too long.
    #[error("has {bytes} bytes, at most {DATE_BYTES_MAX} are taken")]
    TooLong {
        /// Its bytes.
        bytes: usize,
    },
    /// It has none of the forms.
    #[error(
        "'{text}' is none: a date is RFC 3339 (2026-11-29T06:40:56+01:00), or seconds since 1970 and \
         a zone (@1795934456 +0100)"
    )]
    Form {
        /// The text.
        text: String,
    },
    /// It is before 1970: git has no such dates.
    #[error("'{text}' is before 1970")]
    TooEarly {
        /// The text.
        text: String,
    },
    /// Its zone is a day or more away.
    #[error("'{text}': a zone is less than 24 hours and 60 minutes from UTC")]
    Zone {
        /// The text.
        text: String,
    },
}

impl Date {
    /// A moment in UTC; one before 1970 is 1970.
    pub fn utc(seconds: i64) -> Self {
        Self {
            seconds: seconds.max(0),
            zone_minutes: 0,
        }
    }

    /// Reads `2026-11-29T06:40:56+01:00` (RFC 3339: a space may stand for the `T`, fractions of a
    /// second are dropped), `@1795934456 +0100`, `1795934456 +0100`, and `@1795934456`, which is UTC.
    pub fn parse(text: &str) -> Result<Self, DateFault> {
        if text.len() > DATE_BYTES_MAX {
            let bytes = text.len();
            return Err(DateFault::TooLong { bytes });
        }
        let text = text.trim();
        let own = || text.to_owned();
        let (at, rest) = match text.strip_prefix('@') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (digits, zone) = match rest.split_once(' ') {
            Some((digits, zone)) => (digits, Some(zone)),
            None => (rest, None),
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || !(at || zone.is_some()) {
            return Self::parse_rfc_3339(text);
        }
        Ok(Self {
            seconds: digits
                .parse()
                .map_err(|_| DateFault::Form { text: own() })?,
            zone_minutes: zone.map_or(Ok(0), |zone| parse_zone(zone, text))?,
        })
    }

    fn parse_rfc_3339(text: &str) -> Result<Self, DateFault> {
        let own = || text.to_owned();
        let parsed = DateTime::parse_from_rfc3339(text);
        let date = parsed.map_err(|_| DateFault::Form { text: own() })?;
        // Git knows zones of whole minutes.
        let minutes = date
            .offset()
            .local_minus_utc()
            .checked_div(60)
            .unwrap_or_default();
        let seconds = date.timestamp();
        if seconds < 0 {
            return Err(DateFault::TooEarly { text: own() });
        }
        Ok(Self {
            seconds,
            zone_minutes: i16::try_from(minutes).map_err(|_| DateFault::Zone { text: own() })?,
        })
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.seconds
    }
}

/// As it stands in a commit: `1795934456 +0100`.
impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.zone_minutes < 0 { '-' } else { '+' };
        let minutes = self.zone_minutes.unsigned_abs();
        let (hours, minutes) = (minutes.div_euclid(60), minutes.rem_euclid(60));
        write!(f, "{} {sign}{hours:02}{minutes:02}", self.seconds)
    }
}

/// Reads `+0100`.
fn parse_zone(zone: &str, text: &str) -> Result<i16, DateFault> {
    let own = || text.to_owned();
    let (sign, digits) = match zone.as_bytes() {
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return Err(DateFault::Form { text: own() }),
    };
    let is_zone = digits.len() == 4 && digits.iter().all(u8::is_ascii_digit);
    let number: Option<i16> = zone.get(1..).and_then(|digits| digits.parse().ok());
    let Some(number) = number.filter(|_| is_zone) else {
        return Err(DateFault::Form { text: own() });
    };
    let (hours, minutes) = (number.div_euclid(100), number.rem_euclid(100));
    if hours >= 24 || minutes >= 60 {
        return Err(DateFault::Zone { text: own() });
    }
    let total = hours.saturating_mul(60).saturating_add(minutes);
    Ok(total.saturating_mul(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_are_taken() {
        let cases = [
            ("@1700000000 +0545", "1700000000 +0545"),
            ("1700000000 -0330", "1700000000 -0330"),
            ("@0", "0 +0000"),
            ("0 +0000", "0 +0000"),
            ("2023-11-14T22:13:20Z", "1700000000 +0000"),
            ("2023-11-14T22:13:20-00:00", "1700000000 +0000"),
            ("2023-11-14 23:13:20.75+01:00", "1700000000 +0100"),
            (" 2023-11-14t18:43:20-03:30 ", "1700000000 -0330"),
            ("9223372036854775807 +2359", "9223372036854775807 +2359"),
        ];
        for (text, expected) in cases {
            assert_eq!(Date::parse(text).unwrap().to_string(), expected, "{text}");
        }
        assert_eq!(Date::utc(-5).to_string(), "0 +0000");
    }

    #[test]
    fn forms_that_are_refused() {
        let form = |text: &str| DateFault::Form { text: text.into() };
        let zone = |text: &str| DateFault::Zone { text: text.into() };
        let early = |text: &str| DateFault::TooEarly { text: text.into() };
        let cases = [
            ("", form("")),
            ("yesterday", form("yesterday")),
            ("1700000000", form("1700000000")),
            ("@1700000000 0100", form("@1700000000 0100")),
            ("@1700000000 +100", form("@1700000000 +100")),
            ("@1700000000 +01:00", form("@1700000000 +01:00")),
            ("@-5 +0000", form("@-5 +0000")),
            (
                "9223372036854775808 +0000",
                form("9223372036854775808 +0000"),
            ),
            ("2023-11-14T22:13:20", form("2023-11-14T22:13:20")),
            ("@1700000000 +2400", zone("@1700000000 +2400")),
            ("@1700000000 +0060", zone("@1700000000 +0060")),
            ("1969-12-31T23:59:59Z", early("1969-12-31T23:59:59Z")),
        ];
        for (text, expected) in cases {
            assert_eq!(Date::parse(text), Err(expected), "{text}");
        }
        let long = "1".repeat(65);
        assert_eq!(Date::parse(&long), Err(DateFault::TooLong { bytes: 65 }));
    }
}
