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

/// Checks name and email address; gives the rest behind the space after them.
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

/// Checks the date; gives the rest behind the space after it.
fn seconds(date: &[u8]) -> Result<&[u8], Finding> {
    const BAD: &str = "invalid author/committer line - bad date";

    let date = date.trim_start_with(|c| c == ' ' || c == '\t');
    let (digits, rest) = split_at_byte(date, date.iter().position(|b| !b.is_ascii_digit()));
    let seconds = number(digits);
    let finding = match digits {
        [] => Finding::new(MessageId::BadDate, BAD),
        [b'0', ..] if digits.len() > 1 || !rest.starts_with(b" ") => Finding::new(
            MessageId::ZeroPaddedDate,
            "invalid author/committer line - zero-padded date",
        ),
        _ if seconds.is_none_or(|seconds| i64::try_from(seconds).is_err()) => Finding::new(
            MessageId::BadDateOverflow,
            "invalid author/committer line - date causes integer overflow",
        ),
        _ => {
            return rest
                .strip_prefix(b" ")
                .ok_or_else(|| Finding::new(MessageId::BadDate, BAD));
        }
    };
    // The commit graph keeps 64 bits of a date: a larger number would be lost.
    Err(if seconds.is_none() {
        finding.always_refused()
    } else {
        finding
    })
}

/// The number, if 64 bits hold it.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = u64::from(digit.wrapping_sub(b'0'));
        number.checked_mul(10)?.checked_add(digit)
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
