//! The lines of a file while hunks are applied, and where a hunk fits (git's `find_pos` and
//! `match_fragment`).
//!
//! Git moves all lines behind a hunk for every hunk. Here the lines are kept in two runs with a gap at
//! the place of the last change, so that hunks in their order cost no more than one pass.

use super::hunk::{Hunk, LineKind};

/// A line, with its newline if it has one.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    bytes: &'a [u8],
    /// A hash of the bytes that are not spaces: most lines then need no comparison.
    hash: u32,
    /// A hunk wrote it: no other hunk may change it again, or use it as context.
    is_patched: bool,
}

impl<'a> Line<'a> {
    fn new(bytes: &'a [u8], is_patched: bool) -> Self {
        let dense = bytes.iter().filter(|byte| !super::names::is_space(**byte));
        let hash = dense.fold(0_u32, |hash, byte| {
            hash.wrapping_mul(3).wrapping_add(u32::from(*byte))
        });
        Self {
            bytes,
            // As many bits as git keeps of it.
            hash: hash & 0x00ff_ffff,
            is_patched,
        }
    }
}

/// Why a hunk is not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    /// Its lines are nowhere.
    Nowhere,
    /// As many lines were compared as may be.
    TooCostly,
}

/// The lines of a file.
#[derive(Debug)]
pub(super) struct Image<'a> {
    /// The lines before the gap.
    head: Vec<Line<'a>>,
    /// The lines behind it, the last first.
    tail: Vec<Line<'a>>,
}

/// The lines that a hunk replaces, and those that replace them.
struct Replacement<'a> {
    old: Vec<Line<'a>>,
    new: Vec<Line<'a>>,
    old_bytes: Vec<u8>,
}

/// Where lines may match.
#[derive(Debug, Clone, Copy)]
struct Anchors {
    beginning: bool,
    end: bool,
}

impl<'a> Image<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        let lines = content.split_inclusive(|byte| *byte == b'\n');
        let mut tail: Vec<_> = lines.map(|line| Line::new(line, false)).collect();
        tail.reverse();
        Self {
            head: Vec::new(),
            tail,
        }
    }

    /// The content as it is now.
    pub(super) fn content(&self) -> Vec<u8> {
        let lines = self.head.iter().chain(self.tail.iter().rev());
        let bytes = lines.clone().map(|line| line.bytes.len()).sum();
        let mut content = Vec::with_capacity(bytes);
        lines.for_each(|line| content.extend_from_slice(line.bytes));
        content
    }

    /// Replaces the lines of a hunk where they are. Subtracts the lines that it compares and moves
    /// from `lines_left`.
    pub(super) fn apply(&mut self, hunk: &Hunk<'a>, lines_left: &mut u64) -> Result<(), Misfit> {
        let replacement = Replacement::new(hunk);
        let anchors = Anchors {
            // A hunk that starts with the first line has to match there, with or without context.
            beginning: hunk.old_start <= 1,
            // A hunk without context behind it has to match the end.
            end: hunk.trailing == 0,
        };
        let start = usize::try_from(hunk.new_start.saturating_sub(1)).unwrap_or(usize::MAX);
        let at = self.find(&replacement, start, anchors, lines_left)?;
        self.move_gap(at, lines_left)?;
        let kept = self.tail.len().saturating_sub(replacement.old.len());
        self.tail.truncate(kept);
        self.head.extend(replacement.new);
        Ok(())
    }

    fn len(&self) -> usize {
        self.head.len().saturating_add(self.tail.len())
    }

    fn line(&self, number: usize) -> Option<&Line<'a>> {
        match number.checked_sub(self.head.len()) {
            None => self.head.get(number),
            Some(behind) => {
                let at = self.tail.len().checked_sub(behind.checked_add(1)?)?;
                self.tail.get(at)
            }
        }
    }

    /// Looks at `start` first, then at both sides of it, ever farther away.
    fn find(
        &self,
        replacement: &Replacement<'a>,
        start: usize,
        anchors: Anchors,
        lines_left: &mut u64,
    ) -> Result<usize, Misfit> {
        let len = self.len();
        let start = if anchors.beginning {
            0
        } else if anchors.end {
            len.checked_sub(replacement.old.len()).unwrap_or(len)
        } else {
            start.min(len)
        };
        let (mut backward, mut forward) = (start, start);
        let mut current = start;
        let mut is_forward = true;
        loop {
            if self.matches(replacement, current, anchors, lines_left)? {
                return Ok(current);
            }
            if backward == 0 && forward == len {
                return Err(Misfit::Nowhere);
            }
            if (is_forward && forward < len) || backward == 0 {
                forward = forward.saturating_add(1);
                current = forward;
            } else {
                backward = backward.saturating_sub(1);
                current = backward;
            }
            is_forward = current == backward;
        }
    }

    /// Whether the old lines are at this place.
    fn matches(
        &self,
        replacement: &Replacement<'a>,
        at: usize,
        anchors: Anchors,
        lines_left: &mut u64,
    ) -> Result<bool, Misfit> {
        *lines_left = lines_left.checked_sub(1).ok_or(Misfit::TooCostly)?;
        let end = at.saturating_add(replacement.old.len());
        let is_elsewhere = (anchors.beginning && at > 0) || (anchors.end && end != self.len());
        if end > self.len() || is_elsewhere {
            return Ok(false);
        }
        for (number, old) in (at..).zip(&replacement.old) {
            *lines_left = lines_left.checked_sub(1).ok_or(Misfit::TooCostly)?;
            let line = self.line(number);
            if line.is_none_or(|line| line.is_patched || line.hash != old.hash) {
                return Ok(false);
            }
        }
        // The bytes are compared in one run, as git compares them.
        let mut rest = replacement.old_bytes.as_slice();
        let mut number = at;
        while !rest.is_empty() {
            let Some(line) = self.line(number) else {
                return Ok(false);
            };
            let common = line.bytes.len().min(rest.len());
            if line.bytes.get(..common) != rest.get(..common) {
                return Ok(false);
            }
            if common < line.bytes.len() && anchors.end {
                return Ok(false);
            }
            rest = rest.get(common..).unwrap_or_default();
            number = number.saturating_add(1);
        }
        Ok(!anchors.end || number >= self.len())
    }

    fn move_gap(&mut self, at: usize, lines_left: &mut u64) -> Result<(), Misfit> {
        let distance = self.head.len().abs_diff(at) as u64;
        // Moving a line costs a fraction of comparing one.
        *lines_left = lines_left
            .checked_sub(distance / 8)
            .ok_or(Misfit::TooCostly)?;
        while self.head.len() > at {
            self.tail.extend(self.head.pop());
        }
        while self.head.len() < at {
            let Some(line) = self.tail.pop() else { break };
            self.head.push(line);
        }
        Ok(())
    }
}

impl<'a> Replacement<'a> {
    fn new(hunk: &Hunk<'a>) -> Self {
        let mut replacement = Self {
            old: Vec::new(),
            new: Vec::new(),
            old_bytes: Vec::new(),
        };
        for (kind, bytes) in &hunk.lines {
            if *kind != LineKind::Added {
                replacement.old.push(Line::new(bytes, false));
                replacement.old_bytes.extend_from_slice(bytes);
            }
            if *kind != LineKind::Removed {
                replacement.new.push(Line::new(bytes, true));
            }
        }
        replacement
    }
}
