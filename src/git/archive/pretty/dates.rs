//! Dates as git shows them (`show_date` of its `date.c`).

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta};

/// Seconds of a minute, minutes of an hour, and so on.
const MINUTE: i64 = 60;
const HOURS_OF_A_DAY: i64 = 24;
const DAYS_OF_A_YEAR: i64 = 365;

/// A moment, and the zone in which it is shown: `+0130` as 130.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) seconds: i64,
    pub(super) zone: i64,
}

impl Moment {
    /// The form that a letter asks for; `None` if it asks for none.
    pub(super) fn shown(self, form: u8, now_seconds: i64) -> Option<String> {
        let Some(local) = self.local() else {
            // A date that no calendar has becomes the beginning of 1970.
            let start = Self {
                seconds: 0,
                zone: 0,
            };
            return start.local().and_then(|_| start.shown(form, now_seconds));
        };
        let zone = self.zone;
        let at = |form: &str| local.format(form).to_string();
        Some(match form {
            b'd' => format!("{} {zone:+05}", at("%a %b %-d %H:%M:%S %Y")),
            b'D' => format!("{} {zone:+05}", at("%a, %-d %b %Y %H:%M:%S")),
            b'i' => format!("{} {zone:+05}", at("%Y-%m-%d %H:%M:%S")),
            b'I' if zone == 0 => at("%Y-%m-%dT%H:%M:%SZ"),
            b'I' => {
                let (sign, zone) = (if zone < 0 { '-' } else { '+' }, zone.unsigned_abs());
                let zone = format!("{:02}:{:02}", zone / 100, zone % 100);
                format!("{}{sign}{zone}", at("%Y-%m-%dT%H:%M:%S"))
            }
            b's' => at("%Y-%m-%d"),
            b'r' => relative(self.seconds, now_seconds),
            b'h' => self.human(local, now_seconds)?,
            _ => return None,
        })
    }

    fn local(self) -> Option<NaiveDateTime> {
        let (hours, minutes) = (self.zone.checked_div(100)?, self.zone.checked_rem(100)?);
        let minutes = hours.checked_mul(MINUTE)?.checked_add(minutes)?;
        let utc = DateTime::from_timestamp(self.seconds, 0)?.naive_utc();
        utc.checked_add_signed(TimeDelta::try_minutes(minutes)?)
    }

    /// The date as a reader in UTC wants it (`--date=human`).
    fn human(self, local: NaiveDateTime, now_seconds: i64) -> Option<String> {
        let now = DateTime::from_timestamp(now_seconds, 0)?.naive_utc();
        let mut has_zone = self.zone != 0;
        let is_this_year = local.year() == now.year();
        let mut has_date = true;
        if is_this_year && local.month() == now.month() {
            if local.day() == now.day() {
                return Some(relative(self.seconds, now_seconds));
            }
            has_date = local.day() > now.day() || local.day().saturating_add(5) <= now.day();
        }
        has_zone &= !has_date;
        let mut words = Vec::new();
        if is_this_year {
            words.push("%a");
        }
        if has_date {
            words.push("%b %-d");
        }
        words.push(if is_this_year { "%H:%M" } else { "%Y" });
        let shown = local.format(&words.join(" ")).to_string();
        Some(if has_zone {
            format!("{shown} {:+05}", self.zone)
        } else {
            shown
        })
    }
}

/// "3 days ago"
fn relative(seconds: i64, now_seconds: i64) -> String {
    let ago = |count: i64, unit: &str| format!("{} ago", counted(count, unit));
    let mut passed = now_seconds.saturating_sub(seconds);
    if passed < 0 {
        return "in the future".to_owned();
    }
    let divided = |number: i64, by: i64| number.saturating_add(by / 2) / by.max(1);
    if passed < 90 {
        return ago(passed, "second");
    }
    passed = divided(passed, MINUTE);
    if passed < 90 {
        return ago(passed, "minute");
    }
    passed = divided(passed, MINUTE);
    if passed < 36 {
        return ago(passed, "hour");
    }
    passed = divided(passed, HOURS_OF_A_DAY);
    match passed {
        ..14 => ago(passed, "day"),
        14..70 => ago(divided(passed, 7), "week"),
        70..DAYS_OF_A_YEAR => ago(divided(passed, 30), "month"),
        DAYS_OF_A_YEAR..1825 => {
            let months = divided(passed.saturating_mul(24), 2 * DAYS_OF_A_YEAR);
            let (years, months) = (months / 12, months % 12);
            if months == 0 {
                return ago(years, "year");
            }
            format!("{}, {}", counted(years, "year"), ago(months, "month"))
        }
        _ => ago(passed.saturating_add(183) / DAYS_OF_A_YEAR, "year"),
    }
}

fn counted(count: i64, unit: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_long_ago_is_told_in_large_units() {
        let day = 86_400;
        for (passed, expected) in [
            (-1, "in the future"),
            (1, "1 second ago"),
            (89, "89 seconds ago"),
            (90, "2 minutes ago"),
            (5_400, "2 hours ago"),
            (36 * 3600, "2 days ago"),
            (13 * day, "13 days ago"),
            (14 * day, "2 weeks ago"),
            (70 * day, "2 months ago"),
            (365 * day, "1 year ago"),
            (400 * day, "1 year, 1 month ago"),
            (1824 * day, "5 years ago"),
            (1825 * day, "5 years ago"),
            (4000 * day, "11 years ago"),
        ] {
            assert_eq!(relative(0, passed), expected, "{passed}");
        }
    }
}
