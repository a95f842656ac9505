//! The placeholders of `export-subst` (<https://git-scm.com/docs/gitattributes#_creating_an_archive>): those
//! of `git log --format`, as `git archive` fills them in.
//!
//! | file | what |
//! |---|---|
//! | `known` | the repository's facts about the commit, as far as a placeholder asked for them |
//! | `commit` | the commit: its ids, names, dates and message |
//! | `person`, `dates` | its people, and the times |
//! | `decorations` | the refs that name it |
//! | `trailers` | the trailers of its message |
//! | `describe` | the newest tag behind it |
//! | `arguments` | the arguments in brackets |
//! | `layout`, `columns` | padding, wrapping, and how wide a text is |
//! | `colours` | the sequences that set a colour |
//! | `text` | the characters that are spaces |
//!
//! Git's own archive has no terminal, no notes and no reflog: their placeholders stay or stand for
//! nothing, as there. A placeholder that is not known stays as it stands.

mod arguments;
mod colours;
mod columns;
mod commit;
mod dates;
mod decorations;
pub(crate) mod describe;
pub(crate) mod known;
mod layout;
mod person;
mod text;
mod trailers;

use std::cell::Cell;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use self::commit::Parts;
use self::describe::Arguments;
use self::known::{Known, Stop, Wanted};
use self::layout::{Flush, Layout};
use crate::git::object::facts::FactsError;

/// Bytes that the placeholders of a file may add to it, beside as many as it has: a few bytes stand for
/// a whole message.
const ADDED_BYTES_MAX: usize = 2 << 20;

/// The most bytes that a file of so many may have with its placeholders filled in.
pub(crate) fn filled_bytes_max(content_bytes: usize) -> usize {
    content_bytes
        .saturating_mul(2)
        .saturating_add(ADDED_BYTES_MAX)
}

/// The values of the placeholders for one commit.
#[derive(Debug)]
pub(crate) struct Placeholders<'a> {
    parts: Parts<'a>,
    known: &'a Known,
    /// Whether `%(describe)` is still to come: one archive has one.
    may_describe: Cell<bool>,
}

impl<'a> Placeholders<'a> {
    /// Their values for a commit with this content.
    pub(crate) fn new(
        id: ObjectId,
        content: &'a [u8],
        known: &'a Known,
    ) -> Result<Self, FactsError> {
        Ok(Self {
            parts: Parts::new(id, content)?,
            known,
            may_describe: Cell::new(!known.is_described),
        })
    }

    /// Whether none has described the commit.
    pub(crate) fn may_describe(&self) -> bool {
        self.may_describe.get()
    }

    /// Appends a format with its placeholders filled in, to at most so many bytes.
    pub(super) fn fill(
        &self,
        format: &[u8],
        bytes_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let check = |out: &[u8]| {
            if out.len() > bytes_max {
                Err(Stop::TooLarge)
            } else {
                Ok(())
            }
        };
        // It is a text of C.
        let mut rest = format.split(|byte| *byte == 0).next().unwrap_or_default();
        let mut layout = Layout::new(out.len());
        while let Some((before, behind)) = rest.split_once_str("%") {
            out.extend_from_slice(before);
            if let Some(behind) = behind.strip_prefix(b"%") {
                out.push(b'%');
                rest = behind;
                continue;
            }
            let used = self.item(behind, &mut layout, out)?;
            if used == 0 {
                out.push(b'%');
            }
            check(out)?;
            rest = behind.get(used..).unwrap_or_default();
        }
        out.extend_from_slice(rest);
        layout.rewrap((0, 0, 0), out);
        self.parts.encode(out);
        check(out)
    }

    /// Writes the value of the placeholder at the beginning, and the text that depends on whether it has one;
    /// gives the placeholder's bytes, 0 if no placeholder stands there.
    fn item(&self, text: &[u8], layout: &mut Layout, out: &mut Vec<u8>) -> Result<usize, Stop> {
        let magic = text.first().filter(|byte| b"+- ".contains(byte)).copied();
        let text = text.get(usize::from(magic.is_some())..).unwrap_or_default();
        if magic.is_some() && text.starts_with(b"w") {
            return Ok(0);
        }
        let start = out.len();
        let used = if layout.flush == Flush::None {
            self.one(text, layout, out)?
        } else {
            self.padded(text, layout, out)?
        };
        let Some(magic) = magic else {
            return Ok(used);
        };
        match magic {
            b'-' if out.len() == start => {
                let kept = out.trim_end_with(|c| c == '\n').len();
                out.truncate(kept);
            }
            b'+' if out.len() != start => out.insert(start.min(out.len()), b'\n'),
            b' ' if out.len() != start => out.insert(start.min(out.len()), b' '),
            _ => {}
        }
        Ok(used.saturating_add(1))
    }

    /// Writes a placeholder in its columns.
    fn padded(&self, text: &[u8], layout: &mut Layout, out: &mut Vec<u8>) -> Result<usize, Stop> {
        let (padding, mut filled) = (layout.columns_left(out), Vec::new());
        let mut at = 0_usize;
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let used = self.one(rest, layout, &mut filled)?;
            at = at.saturating_add(used);
            let is_next = text.get(at) == Some(&b'%');
            if rest.first() != Some(&b'C') || !is_next {
                break;
            }
            at = at.saturating_add(1);
        }
        layout.pad(padding, filled, out);
        Ok(at)
    }

    /// Writes the value of the placeholder at the beginning; gives its bytes.
    fn one(&self, text: &[u8], layout: &mut Layout, out: &mut Vec<u8>) -> Result<usize, Stop> {
        if let Some((byte, used)) = arguments::literal(text) {
            out.push(byte);
            return Ok(used);
        }
        match text {
            [b'C', rest @ ..] => return Ok(colours::write(rest, out)),
            [b'w', rest @ ..] => return Ok(layout.wrap(rest, out)),
            [b'<' | b'>', ..] => return Ok(layout.pad_next(text)),
            _ => {}
        }
        if let Some(arguments) = text.strip_prefix(b"(describe") {
            let used = self.describe(arguments, out)?;
            return Ok(used.map_or(0, |used| used.saturating_add("(describe".len())));
        }
        self.parts.write(text, self.known, out)
    }

    fn describe(&self, text: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, Stop> {
        if !self.may_describe.get() {
            return Ok(None);
        }
        let parsed = Arguments::parse(text);
        if let Some((arguments, _)) = &parsed {
            let Some(description) = &self.known.description else {
                return Err(Stop::Wanted(Wanted::Description(arguments.clone())));
            };
            out.extend_from_slice(description);
        }
        // Even one that turns out not to be a placeholder.
        self.may_describe.set(false);
        Ok(parsed.map(|(_, used)| used))
    }
}

#[cfg(test)]
mod tests;
