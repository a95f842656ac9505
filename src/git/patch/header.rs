//! The headers of one file in a patch.

use gix_object::bstr::{BString, ByteSlice};
use gix_object::tree::EntryKind;

use super::super::object::facts::Mode;
use super::error::{PatchError, SyntaxFault};
use super::names;
use super::timestamp;

/// The part of a patch that is for one file, without its hunks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header<'a> {
    /// The path before; `None` for a file that is made.
    pub(super) old_name: Option<BString>,
    /// The path after; `None` for a file that is deleted.
    pub(super) new_name: Option<BString>,
    pub(super) old_kind: Option<EntryKind>,
    pub(super) new_kind: Option<EntryKind>,
    /// Whether it makes a file; `None` where the header leaves it open.
    pub(super) is_new: Option<bool>,
    /// Whether it deletes one.
    pub(super) is_delete: Option<bool>,
    pub(super) is_rename: bool,
    pub(super) is_copy: bool,
    /// The ids of the `index` line, as they stand there.
    pub(super) old_id: &'a [u8],
    pub(super) new_id: &'a [u8],
    /// The line of the patch at which the header starts, from 1.
    pub(super) line: u64,
}

/// The lines of a patch, with their newlines, and the number of the next one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines<'a> {
    pub(super) rest: &'a [u8],
    /// From 1.
    pub(super) number: u64,
}

impl<'a> Lines<'a> {
    /// The next line, not taken.
    pub(super) fn peek(&self) -> Option<&'a [u8]> {
        let end = match self.rest.find_byte(b'\n') {
            Some(newline) => newline.saturating_add(1),
            None => self.rest.len(),
        };
        self.rest.get(..end).filter(|line| !line.is_empty())
    }

    /// Takes the next line.
    pub(super) fn take(&mut self) -> Option<&'a [u8]> {
        let line = self.peek()?;
        self.rest = self.rest.get(line.len()..).unwrap_or_default();
        self.number = self.number.saturating_add(1);
        Some(line)
    }

    /// An error about the line that comes next.
    pub(super) fn fault(&self, fault: SyntaxFault) -> PatchError {
        PatchError::Syntax {
            line: self.number,
            fault,
        }
    }
}

/// Whether a header goes on.
enum Next {
    More,
    End,
}

impl<'a> Header<'a> {
    /// Takes the header that starts with a `diff --git` line (git's `parse_git_diff_header`); `None`,
    /// and that line alone taken, where no header line follows it.
    pub(super) fn take_git(lines: &mut Lines<'a>) -> Result<Option<Self>, PatchError> {
        let mut header = Self {
            line: lines.number,
            is_new: Some(false),
            is_delete: Some(false),
            ..Self::default()
        };
        let first = lines.take().unwrap_or_default();
        let default = names::of_git_header(first);
        let mut is_empty = true;
        while let Some(line) = lines.peek().filter(|line| line.ends_with(b"\n")) {
            let next = header.take_line(line, default.as_ref());
            let next = next.map_err(|fault| lines.fault(fault))?;
            let kinds = [
                header.is_new,
                header.is_delete,
                Some(header.is_rename),
                Some(header.is_copy),
            ];
            if kinds.into_iter().filter(|kind| *kind == Some(true)).count() > 1 {
                return Err(lines.fault(SyntaxFault::Inconsistent));
            }
            if matches!(next, Next::End) {
                break;
            }
            lines.take();
            is_empty = false;
        }
        if header.old_name.is_none() && header.new_name.is_none() {
            let default = default.ok_or(lines.fault(SyntaxFault::NoName))?;
            header.old_name = Some(default.clone());
            header.new_name = Some(default);
        }
        let is_old_missing = header.old_name.is_none() && header.is_new != Some(true);
        let is_new_missing = header.new_name.is_none() && header.is_delete != Some(true);
        if is_old_missing || is_new_missing {
            return Err(lines.fault(SyntaxFault::NoName));
        }
        Ok(Some(header).filter(|_| !is_empty))
    }

    /// Reads one line of a git header.
    fn take_line(
        &mut self,
        line: &'a [u8],
        default: Option<&BString>,
    ) -> Result<Next, SyntaxFault> {
        let text = line.as_bstr();
        if text.starts_with(b"@@ -") {
            return Ok(Next::End);
        } else if let Some(rest) = line.strip_prefix(b"--- ") {
            verify_name(&mut self.old_name, rest, self.is_new == Some(true))?;
        } else if let Some(rest) = line.strip_prefix(b"+++ ") {
            verify_name(&mut self.new_name, rest, self.is_delete == Some(true))?;
        } else if let Some(rest) = line.strip_prefix(b"old mode ") {
            self.old_kind = Some(mode(rest)?);
        } else if let Some(rest) = line.strip_prefix(b"new mode ") {
            self.new_kind = Some(mode(rest)?);
        } else if let Some(rest) = line.strip_prefix(b"deleted file mode ") {
            self.is_delete = Some(true);
            self.old_name = default.cloned();
            self.old_kind = Some(mode(rest)?);
        } else if let Some(rest) = line.strip_prefix(b"new file mode ") {
            self.is_new = Some(true);
            self.new_name = default.cloned();
            self.new_kind = Some(mode(rest)?);
        } else if let Some(rest) = line.strip_prefix(b"copy from ") {
            self.is_copy = true;
            self.old_name = names::of_extension(rest);
        } else if let Some(rest) = line.strip_prefix(b"copy to ") {
            self.is_copy = true;
            self.new_name = names::of_extension(rest);
        } else if let Some(rest) = either(line, b"rename from ", b"rename old ") {
            self.is_rename = true;
            self.old_name = names::of_extension(rest);
        } else if let Some(rest) = either(line, b"rename to ", b"rename new ") {
            self.is_rename = true;
            self.new_name = names::of_extension(rest);
        } else if let Some(rest) = line.strip_prefix(b"index ") {
            self.take_index(rest)?;
        } else if either(line, b"similarity index ", b"dissimilarity index ").is_none() {
            return Ok(Next::End);
        }
        Ok(Next::More)
    }

    /// Reads `1234567..89abcde 100644`; a line of another form is ignored.
    fn take_index(&mut self, rest: &'a [u8]) -> Result<(), SyntaxFault> {
        const ID_DIGITS: usize = 40;
        let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
        let Some(dot) = rest.find_byte(b'.') else {
            return Ok(());
        };
        let (old, after) = rest.split_at_checked(dot).unwrap_or_default();
        let Some(after) = after.strip_prefix(b"..").filter(|_| dot <= ID_DIGITS) else {
            return Ok(());
        };
        self.old_id = old;
        let (new, mode_text) = match after.split_once_str(" ") {
            Some((new, mode_text)) => (new, Some(mode_text)),
            None => (after, None),
        };
        if new.len() > ID_DIGITS {
            return Ok(());
        }
        self.new_id = new;
        if let Some(mode_text) = mode_text {
            self.old_kind = Some(mode_of(mode_text)?);
        }
        Ok(())
    }

    /// Takes a `---` and a `+++` line that no `diff --git` line precedes (git's
    /// `parse_traditional_patch`).
    pub(super) fn take_traditional(lines: &mut Lines<'a>) -> Result<Self, PatchError> {
        let fault = lines.fault(SyntaxFault::NoName);
        let mut header = Self {
            line: lines.number,
            ..Self::default()
        };
        let mut side = |prefix: &[u8]| {
            let line = lines.take().unwrap_or_default();
            line.strip_prefix(prefix).unwrap_or_default()
        };
        let (old, new) = (side(b"--- "), side(b"+++ "));
        let (is_new, is_delete, name) = if names::is_dev_null(old) {
            (true, false, names::of_traditional(new, None))
        } else if names::is_dev_null(new) {
            (false, true, names::of_traditional(old, None))
        } else {
            let first = names::of_traditional(old, None);
            let name = names::of_traditional(new, first.as_ref().map(|name| name.as_bstr()));
            let is_new = timestamp::is_epoch(old);
            (is_new, !is_new && timestamp::is_epoch(new), name)
        };
        let name = name.ok_or(fault)?;
        if is_new || is_delete {
            header.is_new = Some(is_new);
            header.is_delete = Some(is_delete);
        }
        header.old_name = (!is_new).then(|| name.clone());
        header.new_name = (!is_delete).then_some(name);
        Ok(header)
    }

    /// Whether it changes a file even without hunks.
    pub(super) fn changes_more_than_lines(&self) -> bool {
        let is_mode_changed = match (self.old_kind, self.new_kind) {
            (Some(old), Some(new)) => old != new,
            _ => false,
        };
        // Git takes a deletion that is left open for one here.
        let may_delete = self.is_delete != Some(false);
        self.is_rename || self.is_copy || self.is_new == Some(true) || may_delete || is_mode_changed
    }
}

/// Takes the path of a `---` or `+++` line, or compares it with the one that is known (git's
/// `gitdiff_verify_name`).
fn verify_name(name: &mut Option<BString>, line: &[u8], is_null: bool) -> Result<(), SyntaxFault> {
    let is_right = match name {
        None if is_null => names::is_dev_null(line),
        None => {
            *name = names::of_side(line);
            true
        }
        Some(name) => !is_null && names::of_side(line).as_ref() == Some(name),
    };
    is_right.then_some(()).ok_or(SyntaxFault::Inconsistent)
}

fn either<'a>(line: &'a [u8], one: &[u8], other: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(one).or_else(|| line.strip_prefix(other))
}

/// The mode on a line, which a space or the line's end follows.
fn mode(line: &[u8]) -> Result<EntryKind, SyntaxFault> {
    mode_of(line.strip_suffix(b"\n").unwrap_or(line))
}

fn mode_of(text: &[u8]) -> Result<EntryKind, SyntaxFault> {
    let text = text.trim_ascii_start();
    let digits = text
        .iter()
        .take_while(|byte| (b'0'..=b'7').contains(*byte))
        .count();
    let is_ended = text.get(digits).is_none_or(|next| names::is_space(*next));
    if digits == 0 || !is_ended {
        return Err(SyntaxFault::Mode);
    }
    let digits = text.iter().take(digits);
    let number = digits.fold(0_u16, |mode, digit| {
        mode << 3 | u16::from(digit.wrapping_sub(b'0'))
    });
    Ok(Mode(number).kind())
}
