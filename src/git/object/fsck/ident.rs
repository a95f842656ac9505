//! The value of an `author`, `committer` or `tagger` line: `Name <email> seconds zone`.

use gix_object::bstr::ByteSlice;

use super::finding::{Finding, MessageId};

/// Fails with the first thing that is wrong (git's `fsck_ident`).
///
/// `line` ends before its newline.
pub(super) fn check(line: &[u8]) -> Result<(), Finding> {
    let date = address(line)?;
    let zone = seconds(date)?;
    match zone {
        [b'+' | b'-', digits @ ..]
            if digits.len() == 4 && digits.iter().all(u8::is_ascii_digit) =>
        {
            Ok(())
        }
        _ => flaw(
            MessageId::BadTimezone,
            "invalid author/committer line - bad time zone",
        ),
    }
}

/// Checks name and email address; what follows the space behind them.
fn address(line: &[u8]) -> Result<&[u8], Finding> {
    if line.starts_with(b"<") {
        return flaw(
            MessageId::MissingNameBeforeEmail,
            "invalid author/committer line - missing space before email",
        );
    }
    let (name, rest) = split_at_byte(line, line.find_byteset(b"<>"));
    match rest.split_first() {
        None => {
            return flaw(
                MessageId::MissingEmail,
                "invalid author/committer line - missing email",
            );
        }
        Some((b'>', _)) => {
            return flaw(
                MessageId::BadName,
                "invalid author/committer line - bad name",
            );
        }
        Some(_) if !name.ends_with(b" ") => {
            return flaw(
                MessageId::MissingSpaceBeforeEmail,
                "invalid author/committer line - missing space before email",
            );
        }
        Some(_) => {}
    }
    let email = rest.get(1..).unwrap_or_default();
    let (_, rest) = split_at_byte(email, email.find_byteset(b"<>"));
    let Some(rest) = rest.strip_prefix(b">") else {
        return flaw(
            MessageId::BadEmail,
            "invalid author/committer line - bad email",
        );
    };
    rest.strip_prefix(b" ").ok_or_else(|| {
        Finding::new(
            MessageId::MissingSpaceBeforeDate,
            "invalid author/committer line - missing space before date",
        )
    })
}

/// Checks the date; what follows the space behind it.
fn seconds(date: &[u8]) -> Result<&[u8], Finding> {
    /// Digits of 2^63 - 1.
    const DIGITS_MAX: usize = 19;
    const BAD: &str = "invalid author/committer line - bad date";

    let date = date.trim_start_with(|c| c == ' ' || c == '\t');
    let (digits, rest) = split_at_byte(date, date.iter().position(|b| !b.is_ascii_digit()));
    match digits {
        [] => return flaw(MessageId::BadDate, BAD),
        [b'0'] if rest.starts_with(b" ") => {}
        [b'0', ..] => {
            return flaw(
                MessageId::ZeroPaddedDate,
                "invalid author/committer line - zero-padded date",
            );
        }
        // The digits do not start with 0, so their number alone says whether they are too many.
        _ if digits.len() > DIGITS_MAX || i64::try_from(number(digits)).is_err() => {
            return flaw(
                MessageId::BadDateOverflow,
                "invalid author/committer line - date causes integer overflow",
            );
        }
        _ => {}
    }
    rest.strip_prefix(b" ")
        .ok_or_else(|| Finding::new(MessageId::BadDate, BAD))
}

/// The number of at most 19 digits.
fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0_u64, |number, digit| {
        number
            .wrapping_mul(10)
            .wrapping_add(u64::from(digit.wrapping_sub(b'0')))
    })
}

/// The bytes before and from `at`, or all of them and none.
fn split_at_byte(bytes: &[u8], at: Option<usize>) -> (&[u8], &[u8]) {
    at.and_then(|at| bytes.split_at_checked(at))
        .unwrap_or((bytes, &[]))
}

fn flaw<T>(id: MessageId, detail: &'static str) -> Result<T, Finding> {
    Err(Finding::new(id, detail))
}
