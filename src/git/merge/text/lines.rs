//! The lines of the three versions of a file, each distinct line with a number of its own.

use gix_imara_diff::{Interner, Token};
use gix_object::bstr::ByteSlice;

/// A version's lines.
#[derive(Debug, Default)]
pub(super) struct Version<'a> {
    /// Each with the line feed that ends it; the last one may have none.
    pub lines: Vec<&'a [u8]>,
    /// The number of each line: two lines are equal if and only if their numbers are.
    pub tokens: Vec<Token>,
}

/// A run of lines that another run takes the place of; one of both may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    /// The first line, before.
    pub before: usize,
    /// Lines before.
    pub before_count: usize,
    /// The first line, after.
    pub after: usize,
    /// Lines after.
    pub after_count: usize,
}

/// The three versions.
pub(super) struct Versions<'a> {
    pub base: Version<'a>,
    pub ours: Version<'a>,
    pub theirs: Version<'a>,
    /// How many distinct lines there are.
    pub distinct: u32,
}

impl<'a> Versions<'a> {
    /// Cuts the versions into lines.
    pub(super) fn new(base: &'a [u8], ours: &'a [u8], theirs: &'a [u8]) -> Self {
        const LINE_BYTES_GUESS: usize = 40;
        let bytes = base.len().saturating_add(ours.len());
        let mut interner = Interner::new(bytes / LINE_BYTES_GUESS);
        let mut version = |content: &'a [u8]| {
            // Counted first: a list that grows takes up to three times its room.
            let mut lines = Vec::with_capacity(content.lines_with_terminator().count());
            lines.extend(content.lines_with_terminator());
            let tokens = lines.iter().map(|line| interner.intern(*line)).collect();
            Version { lines, tokens }
        };
        let (base, ours, theirs) = (version(base), version(ours), version(theirs));
        Self {
            base,
            ours,
            theirs,
            distinct: interner.num_tokens(),
        }
    }
}

impl Version<'_> {
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The line of this number; an empty one beyond the end.
    pub(super) fn line(&self, number: usize) -> &[u8] {
        self.lines.get(number).copied().unwrap_or_default()
    }

    /// Lines `start..start + count`, as far as there are any.
    pub(super) fn run(&self, start: usize, count: usize) -> &[&[u8]] {
        let end = start.saturating_add(count).min(self.lines.len());
        self.lines.get(start..end).unwrap_or_default()
    }

    /// The numbers of lines `start..start + count`.
    pub(super) fn token_run(&self, start: usize, count: usize) -> &[Token] {
        let end = start.saturating_add(count).min(self.tokens.len());
        self.tokens.get(start..end).unwrap_or_default()
    }
}
