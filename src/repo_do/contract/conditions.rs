//! `If-None-Match`, `If-Range` and `Range` of a request for a blob or an object of Git LFS
//! (<https://www.rfc-editor.org/rfc/rfc9110#section-13>, `#section-14`). Their entity tag is their
//! id in quotes, so it is a strong one.

use std::ops::Range;

use super::{ErrorCode, ErrorReply};

/// The part of the content that the client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Everything: 200.
    Whole,
    /// Some bytes, at least one: 206.
    Part(Range<u64>),
    /// Nothing, the client has it: 304.
    NotModified,
    /// Nothing, the range lies outside: 416.
    Unsatisfiable,
}

/// Decides which part of content with this tag and size a request gets that has these headers.
pub(crate) fn wanted(
    given: impl Fn(&'static str) -> Option<String>,
    etag: &str,
    size_bytes: u64,
) -> Wanted {
    let (if_none_match, if_range, range) =
        (given("if-none-match"), given("if-range"), given("range"));
    let conditions = Conditions {
        if_none_match: if_none_match.as_deref(),
        if_range: if_range.as_deref(),
        range: range.as_deref(),
    };
    conditions.decide(etag, size_bytes)
}

/// `Content-Range` of an answer with this part.
pub(crate) fn content_range(part: &Range<u64>, size_bytes: u64) -> String {
    let last = part.end.saturating_sub(1);
    format!("bytes {}-{last}/{size_bytes}", part.start)
}

/// The refusal of a range that lies outside, and the `Content-Range` beside it.
pub(crate) fn unsatisfiable(size_bytes: u64) -> (ErrorReply, String) {
    let message = format!("the range lies outside of the {size_bytes} bytes");
    let error = ErrorReply::new(ErrorCode::RangeNotSatisfiable, message);
    (error, format!("bytes */{size_bytes}"))
}

/// The conditions of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Conditions<'a> {
    /// `If-None-Match`.
    if_none_match: Option<&'a str>,
    /// `If-Range`.
    if_range: Option<&'a str>,
    /// `Range`.
    range: Option<&'a str>,
}

impl Conditions<'_> {
    fn decide(&self, etag: &str, size_bytes: u64) -> Wanted {
        if let Some(tags) = self.if_none_match
            && matches_weakly(tags, etag)
        {
            return Wanted::NotModified;
        }
        match self.range {
            Some(range) if self.if_range.is_none_or(|tag| tag.trim() == etag) => {
                part(range, size_bytes)
            }
            _ => Wanted::Whole,
        }
    }
}

fn matches_weakly(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag == etag
    })
}

/// One range of bytes. Several, other units, and ranges that do not parse are ignored, as the standard
/// allows.
fn part(header: &str, size_bytes: u64) -> Wanted {
    let digits = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let range = header
        .split_once('=')
        .filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes"))
        .and_then(|(_, range)| range.trim().split_once('-'));
    let Some((first, last)) = range else {
        return Wanted::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    let range = match (digits(first), digits(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size_bytes),
        (Some(first), None) if last.is_empty() => first..size_bytes,
        (None, Some(suffix)) if first.is_empty() => size_bytes.saturating_sub(suffix)..size_bytes,
        _ => return Wanted::Whole,
    };
    if range.start < range.end {
        Wanted::Part(range)
    } else {
        Wanted::Unsatisfiable
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TAG: &str = "\"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\"";

    const WEAK: &str = "W/\"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\"";
    const SECOND: &str = "\"a\" , \"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\"";

    fn range(range: &str, size_bytes: u64) -> Wanted {
        let conditions = Conditions {
            range: Some(range),
            ..Conditions::default()
        };
        conditions.decide(TAG, size_bytes)
    }

    #[test]
    fn one_range() {
        let cases = [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=2-5", Wanted::Part(2..6)),
            ("Bytes = 2 - 5 ", Wanted::Part(2..6)),
            ("bytes=2-500", Wanted::Part(2..10)),
            ("bytes=2-99999999999999999999999", Wanted::Part(2..10)),
            ("bytes=9-", Wanted::Part(9..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=10-", Wanted::Unsatisfiable),
            ("bytes=10-12", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=99999999999999999999999-", Wanted::Unsatisfiable),
            ("bytes=5-2", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("bytes", Wanted::Whole),
            ("", Wanted::Whole),
        ];
        for (header, wanted) in cases {
            assert_eq!(range(header, 10), wanted, "{header}");
        }
        assert_eq!(range("bytes=0-", 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn tags() {
        let none_match = |tags| {
            let conditions = Conditions {
                if_none_match: Some(tags),
                range: Some("bytes=0-0"),
                ..Conditions::default()
            };
            conditions.decide(TAG, 10)
        };
        for tags in [TAG, "*", WEAK, SECOND] {
            assert_eq!(none_match(tags), Wanted::NotModified, "{tags}");
        }
        for tags in ["", "\"a\"", TAG.trim_matches('"')] {
            assert_eq!(none_match(tags), Wanted::Part(0..1), "{tags}");
        }
        for (if_range, wanted) in [
            (TAG.to_owned(), Wanted::Part(0..1)),
            (WEAK.to_owned(), Wanted::Whole),
            ("Sat, 01 Jan 2000 00:00:00 GMT".to_owned(), Wanted::Whole),
        ] {
            let conditions = Conditions {
                if_range: Some(&if_range),
                range: Some("bytes=0-0"),
                ..Conditions::default()
            };
            assert_eq!(conditions.decide(TAG, 10), wanted, "{if_range}");
        }
    }

    proptest! {
        #[test]
        fn a_part_lies_within(header in any::<String>(), first in any::<u64>(), size in any::<u64>()) {
            for header in [header, format!("bytes={first}-"), format!("bytes=-{first}")] {
                if let Wanted::Part(part) = range(&header, size) {
                    prop_assert!(part.start < part.end && part.end <= size);
                }
            }
        }
    }
}
