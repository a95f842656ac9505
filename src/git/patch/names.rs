//! The paths in a patch's headers, found as git's `apply.c` finds them with `-p1`.

use gix_object::bstr::{BStr, BString, ByteSlice};

use super::timestamp;
use crate::git::unquote::unquote;

/// Leading names that are taken off a path: `a/` and `b/`.
const STRIPPED: usize = 1;

/// Whether git takes this byte for a space.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a line names `/dev/null`, as that of a created or deleted file does.
pub(super) fn is_dev_null(line: &[u8]) -> bool {
    let rest = line.strip_prefix(b"/dev/null");
    rest.and_then(|rest| rest.first())
        .is_some_and(|next| is_space(*next))
}

/// The path of a `---` or `+++` line of a git patch.
pub(super) fn of_side(line: &[u8]) -> Option<BString> {
    quoted(line, STRIPPED).or_else(|| plain(line, None, STRIPPED, End::Tab))
}

/// The path of a `rename from` line and its like, which has no `a/` or `b/`.
pub(super) fn of_extension(line: &[u8]) -> Option<BString> {
    quoted(line, 0).or_else(|| plain(line, None, 0, End::Line))
}

/// The path of a `---` or `+++` line of any other patch; `default` is that of the other side.
pub(super) fn of_traditional(line: &[u8], default: Option<&BStr>) -> Option<BString> {
    if let Some(name) = quoted(line, STRIPPED) {
        return Some(name);
    }
    let text = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match timestamp::length(text) {
        0 => plain(line, default, STRIPPED, End::Tab),
        dated => {
            let end = text.len().saturating_sub(dated);
            plain(line, default, STRIPPED, End::At(end))
        }
    }
}

/// The path that stands twice on a `diff --git` line. A rename names its paths elsewhere.
pub(super) fn of_git_header(line: &[u8]) -> Option<BString> {
    let line = line.strip_prefix(b"diff --git ")?;
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    if line.starts_with(b"\"") {
        return of_quoted_header(line);
    }
    let name = strip_prefix(text)?;
    if let Some(quote) = name.find_byte(b'"') {
        let (first, second) = name.split_at_checked(quote)?;
        let (second, _) = unquote(second)?;
        let second = strip_prefix(&second)?;
        let rest = first.strip_prefix(second)?;
        return rest
            .first()
            .filter(|next| is_space(**next))
            .map(|_| second.into());
    }
    // Both sides are the same, so the space between them is the one in the middle.
    for (at, byte) in name.iter().enumerate() {
        if !matches!(byte, b'\t' | b' ') {
            continue;
        }
        let (first, rest) = name.split_at_checked(at)?;
        let rest = rest.get(1..)?;
        if strip_prefix(rest) == Some(first) {
            return Some(first.into());
        }
    }
    None
}

/// The same where the first of both paths is quoted.
fn of_quoted_header(line: &[u8]) -> Option<BString> {
    let (first, rest) = unquote(line)?;
    let first = strip_prefix(&first)?;
    let spaces = rest.iter().take_while(|byte| is_space(**byte)).count();
    let second = rest.get(spaces..).filter(|second| !second.is_empty())?;
    let is_same = if second.starts_with(b"\"") {
        let (second, _) = unquote(second)?;
        strip_prefix(&second)? == first
    } else {
        // Git compares the rest of the line, with its newline.
        strip_prefix(second)? == first
    };
    is_same.then(|| first.into())
}

/// The path behind the first slash; an absolute path has no such part.
fn strip_prefix(path: &[u8]) -> Option<&[u8]> {
    let slash = path.find_byte(b'/').filter(|slash| *slash > 0)?;
    path.get(slash.checked_add(1)?..)
}

/// The path in quotes at the start of a line.
fn quoted(line: &[u8], stripped: usize) -> Option<BString> {
    let (name, _) = unquote(line)?;
    let mut rest = name.as_slice();
    for _ in 0..stripped {
        rest = rest.split_once_str("/")?.1;
    }
    Some(squash_slashes(rest))
}

/// Where a path without quotes ends, at the end of its line at the latest.
#[derive(Debug, Clone, Copy)]
enum End {
    Line,
    Tab,
    At(usize),
}

/// A path without quotes. Where it is empty, or the other side's with something behind it, that of
/// the other side counts.
fn plain(line: &[u8], default: Option<&BStr>, stripped: usize, end: End) -> Option<BString> {
    let ends = |at: usize, byte: u8| match end {
        End::At(end) => at >= end,
        End::Line => matches!(byte, b'\n' | b'\r'),
        End::Tab => matches!(byte, b'\n' | b'\r' | b'\t'),
    };
    let length = line
        .iter()
        .enumerate()
        .position(|(at, byte)| ends(at, *byte));
    let text = line.get(..length.unwrap_or(line.len()))?;
    let default_name = || default.map(|name| squash_slashes(name));
    let mut name = text;
    for _ in 0..stripped {
        match name.split_once_str("/") {
            Some((_, rest)) => name = rest,
            None => return default_name(),
        }
    }
    let is_default = |default: &&BStr| default.len() < name.len() && name.starts_with(default);
    if name.is_empty() || default.as_ref().is_some_and(is_default) {
        return default_name();
    }
    Some(squash_slashes(name))
}

fn squash_slashes(name: &[u8]) -> BString {
    let mut squashed = BString::default();
    for byte in name {
        if *byte != b'/' || squashed.last() != Some(&b'/') {
            squashed.push(*byte);
        }
    }
    squashed
}
