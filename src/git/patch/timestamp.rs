//! The dates that other programs put behind a path: `2010-07-05 19:41:17.620000023 -0500`.

/// Bytes of the date at the end of a `---` or `+++` line (without its newline), with the space before
/// it; 0 when there is none (git's `diff_timestamp_len`).
pub(super) fn length(line: &[u8]) -> usize {
    if !line.last().is_some_and(u8::is_ascii_digit) {
        return 0;
    }
    let rest = strip_zone(line);
    let rest = strip_time(rest)
        .or_else(|| strip_fractional_time(rest))
        .unwrap_or(rest);
    let Some(rest) = strip_date(rest) else {
        return 0;
    };
    let name = match rest.last() {
        Some(b'\t') => rest.get(..rest.len().saturating_sub(1)).unwrap_or_default(),
        Some(b' ') => trim_spaces(rest),
        _ => return 0,
    };
    line.len().saturating_sub(name.len())
}

/// Whether a line has the moment 0 behind its last tab, which is how GNU diff says that the file is
/// not there (git's `has_epoch_timestamp`).
pub(super) fn is_epoch(line: &[u8]) -> bool {
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(tab) = line.iter().rposition(|byte| *byte == b'\t') else {
        return false;
    };
    let stamp = tab
        .checked_add(1)
        .and_then(|start| line.get(start..))
        .unwrap_or_default();
    let (epoch_hour, time) = match (stamp.strip_prefix(b"1969-12-31 "), stamp) {
        (Some(time), _) => (24, time),
        (None, stamp) => match stamp.strip_prefix(b"1970-01-01 ") {
            Some(time) => (0, time),
            None => return false,
        },
    };
    let minutes =
        |hours: u32, minutes: u32| i64::from(hours).saturating_mul(60) + i64::from(minutes);
    let parsed = || {
        let (hours, rest) = two_digits(time, b'2')?;
        let (minute, rest) = two_digits(rest.strip_prefix(b":")?, b'5')?;
        let mut rest = rest.strip_prefix(b":00")?;
        if let Some(fraction) = rest.strip_prefix(b".") {
            let zeros = fraction.iter().take_while(|byte| **byte == b'0').count();
            rest = fraction.get(zeros..).filter(|_| zeros > 0)?;
        }
        let (sign, zone) = rest.strip_prefix(b" ")?.split_first()?;
        let (zone_hours, rest) = two_digits(zone, b'2')?;
        let (zone_minutes, rest) = two_digits(rest.strip_prefix(b":").unwrap_or(rest), b'5')?;
        let zone = minutes(zone_hours, zone_minutes);
        let zone = match sign {
            b'+' => zone,
            b'-' => zone.saturating_neg(),
            _ => return None,
        };
        rest.is_empty()
            .then(|| minutes(hours, minute).saturating_sub(zone))
    };
    parsed() == Some(epoch_hour * 60)
}

/// Two digits, the first of which is at most `first_max`.
fn two_digits(text: &[u8], first_max: u8) -> Option<(u32, &[u8])> {
    match text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] if *tens <= first_max => {
            let digit = |byte: u8| u32::from(byte.wrapping_sub(b'0'));
            Some((
                digit(*tens).saturating_mul(10).saturating_add(digit(*ones)),
                rest,
            ))
        }
        _ => None,
    }
}

/// Takes ` +0500` or ` +05:00` off the end.
fn strip_zone(text: &[u8]) -> &[u8] {
    let is_sign = |rest: &&[u8]| rest.ends_with(b" +") || rest.ends_with(b" -");
    let digits = strip_form(text, b"0000").or_else(|| strip_form(text, b"00:00"));
    match digits.filter(is_sign) {
        Some(rest) => rest.get(..rest.len().saturating_sub(2)).unwrap_or_default(),
        None => text,
    }
}

/// Takes ` 07:01:32` off the end.
fn strip_time(text: &[u8]) -> Option<&[u8]> {
    strip_form(text, b" 00:00:00")
}

/// Takes ` 19:41:17.620000023` off the end.
fn strip_fractional_time(text: &[u8]) -> Option<&[u8]> {
    let dot = text.iter().rposition(|byte| !byte.is_ascii_digit())?;
    let is_fraction = text.get(dot) == Some(&b'.') && dot.checked_add(1)? < text.len();
    strip_time(text.get(..dot)?).filter(|_| is_fraction)
}

/// Takes `72-02-05` or `1972-02-05` off the end.
fn strip_date(text: &[u8]) -> Option<&[u8]> {
    let rest = strip_form(text, b"00-00-00")?;
    Some(strip_form(rest, b"00").unwrap_or(rest))
}

/// Takes a text of this form off the end, where a `0` stands for any digit.
fn strip_form<'a>(text: &'a [u8], form: &[u8]) -> Option<&'a [u8]> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(form.len())?)?;
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        form => byte == form,
    };
    end.iter().zip(form).all(fits).then_some(rest)
}

fn trim_spaces(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b' ');
    end.and_then(|end| text.get(..=end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_behind_a_path() {
        let cases: [(&[u8], usize); 9] = [
            (b"a/f\t2010-07-05 19:41:17.620000023 -0500", 36),
            (b"a/f\t2010-07-05 19:41:17 +05:00", 27),
            (b"a/f\t2010-07-05 19:41:17", 20),
            (b"a/f  72-02-05", 10),
            (b"a/f\t2010-07-05", 11),
            (b"a/f 2010-07-05 x", 0),
            (b"a/f2010-07-05", 0),
            (b"2010-07-05", 0),
            (b"", 0),
        ];
        for (line, expected) in cases {
            assert_eq!(length(line), expected, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn the_moment_0_says_that_a_file_is_not_there() {
        let cases: [(&[u8], bool); 7] = [
            (b"a\t1970-01-01 00:00:00 +0000\n", true),
            (b"a\t1970-01-01 01:00:00.000000000 +0100\n", true),
            (b"a\t1969-12-31 19:00:00 -05:00\n", true),
            (b"a\t1970-01-01 00:00:01 +0000\n", false),
            (b"a\t1970-01-01 01:00:00 +0000\n", false),
            (b"a\t1970-01-01 00:00:00.5 +0000\n", false),
            (b"a 1970-01-01 00:00:00 +0000\n", false),
        ];
        for (line, expected) in cases {
            assert_eq!(is_epoch(line), expected, "{}", line.escape_ascii());
        }
    }
}
