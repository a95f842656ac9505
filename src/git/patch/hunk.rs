//! Hunks read, as git's `parse_fragment` reads them.

use gix_object::bstr::ByteSlice;

use super::error::{PatchError, SyntaxFault};
use super::header::Lines;

/// Bytes of the shortest line that says that there is no newline at the end.
const NO_NEWLINE_BYTES_MIN: usize = 12;

/// The kind of a line of a hunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    Context,
    Removed,
    Added,
}

/// Lines to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunk<'a> {
    /// The first line of the file before, from 1; 0 where there is none.
    pub(super) old_start: u64,
    /// The first line of the file after, alike.
    pub(super) new_start: u64,
    pub(super) old_lines: u64,
    pub(super) new_lines: u64,
    /// Lines of context at the end.
    pub(super) trailing: u64,
    pub(super) lines: Vec<(LineKind, &'a [u8])>,
    /// The line of the patch at which it starts, from 1.
    pub(super) line: u64,
}

/// The numbers of a hunk's header, `@@ -1,2 +3,4 @@`: both starts, each with its count.
pub(super) fn ranges(line: &[u8]) -> Option<[u64; 4]> {
    let rest = line
        .strip_prefix(b"@@ -")
        .filter(|_| line.ends_with(b"\n"))?;
    let (old_start, old_lines, rest) = range(rest)?;
    let (new_start, new_lines, rest) = range(rest.strip_prefix(b" +")?)?;
    rest.starts_with(b" @@")
        .then_some([old_start, old_lines, new_start, new_lines])
}

fn range(text: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (start, rest) = number(text)?;
    match rest.strip_prefix(b",") {
        None => Some((start, 1, rest)),
        Some(rest) => {
            let (lines, rest) = number(rest)?;
            Some((start, lines, rest))
        }
    }
}

pub(super) fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    Some((digits.to_str().ok()?.parse().ok()?, rest))
}

impl<'a> Hunk<'a> {
    /// Takes a hunk, whose header comes next.
    pub(super) fn take(lines: &mut Lines<'a>) -> Result<Self, PatchError> {
        let fault = lines.fault(SyntaxFault::Hunk);
        let line = lines.number;
        let header = lines.take().unwrap_or_default();
        let [old_start, old_lines, new_start, new_lines] = ranges(header).ok_or(fault.clone())?;
        let mut hunk = Self {
            old_start,
            new_start,
            old_lines,
            new_lines,
            trailing: 0,
            lines: Vec::new(),
            line,
        };
        let (mut old_left, mut new_left) = (old_lines, new_lines);
        let mut is_changed = false;
        while old_left > 0 || new_left > 0 {
            let at = lines.fault(SyntaxFault::Hunk);
            // One that follows no line says nothing (git 2.47 takes it, 2.54 does not).
            if takes_no_newline(lines) {
                continue;
            }
            let line = lines
                .take()
                .filter(|line| line.ends_with(b"\n"))
                .ok_or(at.clone())?;
            let kind = match line.first() {
                Some(b'\n' | b' ') => LineKind::Context,
                Some(b'-') => LineKind::Removed,
                Some(b'+') => LineKind::Added,
                _ => return Err(at),
            };
            if kind != LineKind::Added {
                old_left = old_left.checked_sub(1).ok_or(at.clone())?;
            }
            if kind != LineKind::Removed {
                new_left = new_left.checked_sub(1).ok_or(at)?;
            }
            hunk.trailing = match kind {
                LineKind::Context => hunk.trailing.saturating_add(1),
                LineKind::Removed | LineKind::Added => 0,
            };
            is_changed |= kind != LineKind::Context;
            let is_incomplete = takes_no_newline(lines);
            if let Some(text) = text(line, is_incomplete) {
                hunk.lines.push((kind, text));
            }
        }
        if !is_changed {
            return Err(fault);
        }
        Ok(hunk)
    }
}

/// The line of the file. GNU diff leaves out the space of an empty line.
fn text(line: &[u8], is_incomplete: bool) -> Option<&[u8]> {
    if line == b"\n" {
        return Some(line).filter(|_| !is_incomplete);
    }
    let text = line.get(1..)?;
    if is_incomplete {
        text.strip_suffix(b"\n")
    } else {
        Some(text)
    }
}

/// Takes `\ No newline at end of file`, in any language.
fn takes_no_newline(lines: &mut Lines<'_>) -> bool {
    let next = lines.peek();
    let is_marker =
        next.is_some_and(|next| next.starts_with(b"\\ ") && next.len() >= NO_NEWLINE_BYTES_MIN);
    if is_marker {
        lines.take();
    }
    is_marker
}
