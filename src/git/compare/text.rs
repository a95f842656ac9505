//! The lines that differ between two texts, exactly as git's xdiff finds them: Myers' algorithm with
//! its heuristics, then groups of lines moved to where they read best (`xdl_change_compact` with the
//! indent heuristic of git's `xdiffi.c`).

use std::ops::Range;
use std::rc::Rc;

use gix_imara_diff::{
    Algorithm, Diff, IndentHeuristic, IndentLevel, InternedInput, NoSliderHeuristic,
};

use super::super::store::Shared;
use super::whitespace;

/// Bytes that git compares at a time where two texts end alike (`trim_common_tail`).
const TAIL_BYTES: usize = 1024;

/// A text, cut into lines; each has the newline that ends it.
#[derive(Debug, Clone)]
pub struct Text {
    content: Shared,
    /// Where each line starts, and the end of the last one.
    starts: Vec<u32>,
}

impl Text {
    /// Cuts a content into lines.
    pub fn new(content: Shared) -> Self {
        let mut starts = vec![0];
        let mut end = 0_usize;
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            end = end.saturating_add(line.len());
            starts.push(u32::try_from(end).unwrap_or(u32::MAX));
        }
        Self { content, starts }
    }

    /// How many lines there are.
    pub fn len(&self) -> u32 {
        u32::try_from(self.starts.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Whether there are no lines.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A line with its newline; empty behind the last one.
    pub fn line(&self, number: u32) -> &[u8] {
        self.lines(number..number.saturating_add(1))
    }

    /// Lines with their newlines; nothing if they are not all there.
    pub(super) fn lines(&self, numbers: Range<u32>) -> &[u8] {
        let place = |number: u32| {
            let at = usize::try_from(number).ok()?;
            let start = self.starts.get(at).copied()?;
            usize::try_from(start).ok()
        };
        let bounds = place(numbers.start).zip(place(numbers.end));
        let lines = bounds.and_then(|(start, end)| self.content.get(start..end));
        lines.unwrap_or_default()
    }
}

/// Lines in the place of others: one of both ranges may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineChange {
    /// The lines of the old text, from 0.
    pub old: Range<u32>,
    /// The lines of the new one.
    pub new: Range<u32>,
}

/// The bytes in which two lines may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whitespace {
    /// Any byte.
    Counts,
    /// Any byte that is not white space (`git diff -w`).
    Ignored,
}

impl Whitespace {
    /// Ignored, where somebody asks for that.
    pub fn ignored_if(is_ignored: bool) -> Self {
        if is_ignored {
            Self::Ignored
        } else {
            Self::Counts
        }
    }
}

/// Two texts and their differences.
#[derive(Debug, Clone)]
pub struct TextDiff {
    /// The old text.
    pub old: Text,
    /// The new text.
    pub new: Text,
    /// The changes, from the first line on; at least one equal line stands between two changes.
    pub changes: Vec<LineChange>,
}

impl TextDiff {
    /// Compares two texts, for hunks with this many lines of context.
    pub fn new(old: Shared, new: Shared, context: u32) -> Self {
        Self::by(Whitespace::Counts, old, new, context)
    }

    /// Compares two texts, whose white space counts or not.
    pub fn by(whitespace: Whitespace, old: Shared, new: Shared, context: u32) -> Self {
        // Without context git compares less, which may give other lines.
        let tail = if context == 0 {
            common_tail(&old, &new)
        } else {
            0
        };
        let head = |content: &Shared| content.len().saturating_sub(tail);
        let changes = line_changes(
            whitespace,
            old.get(..head(&old)).unwrap_or_default(),
            new.get(..head(&new)).unwrap_or_default(),
        );
        Self {
            old: Text::new(old),
            new: Text::new(new),
            changes,
        }
    }

    /// Lines that were added, and lines that were deleted.
    pub fn counts(&self) -> (u64, u64) {
        let count = |range: &Range<u32>| u64::from(range.end.saturating_sub(range.start));
        let added = self.changes.iter().map(|change| count(&change.new)).sum();
        let deleted = self.changes.iter().map(|change| count(&change.old)).sum();
        (added, deleted)
    }
}

/// The lines that differ.
fn line_changes(whitespace: Whitespace, old: &[u8], new: &[u8]) -> Vec<LineChange> {
    if whitespace == Whitespace::Ignored {
        return changes_of(&whitespace::compute(old, new, indent_of));
    }
    let input = InternedInput::new(old, new);
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    let indent = |token| indent_of(input.interner[token]);
    diff.postprocess_with_heuristic(&input, IndentHeuristic::new(indent));
    changes_of(&diff)
}

fn indent_of(line: &[u8]) -> IndentLevel {
    // For git a form feed is not a blank.
    let bytes = line.iter().map(|byte| match byte {
        b'\x0c' => b'x',
        other => *other,
    });
    IndentLevel::for_ascii_line(bytes, 8)
}

/// The lines that differ, where an indent means nothing: groups of lines end as far down as they can.
pub(super) fn token_changes(old: &[u8], new: &[u8]) -> Vec<LineChange> {
    let input = InternedInput::new(old, new);
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_with_heuristic(&input, NoSliderHeuristic);
    changes_of(&diff)
}

fn changes_of(diff: &Diff) -> Vec<LineChange> {
    let hunks = diff.hunks().map(|hunk| LineChange {
        old: hunk.before,
        new: hunk.after,
    });
    hunks.collect()
}

/// Bytes at the end of both that git leaves out: equal whole blocks, less the line that the first of them
/// cuts.
pub(super) fn common_tail(old: &[u8], new: &[u8]) -> usize {
    let blocks = old
        .rchunks_exact(TAIL_BYTES)
        .zip(new.rchunks_exact(TAIL_BYTES));
    let equal = blocks.take_while(|(old, new)| old == new).count();
    let trimmed = equal.saturating_mul(TAIL_BYTES);
    let tail = old.get(old.len().saturating_sub(trimmed)..);
    let tail = tail.unwrap_or_default();
    let line = tail.iter().position(|byte| *byte == b'\n');
    let recovered = line.map_or(trimmed, |at| at.saturating_add(1));
    trimmed.saturating_sub(recovered)
}

/// No lines at all: the side that has no file.
pub fn no_text() -> Shared {
    Rc::new(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(old: &str, new: &str) -> Vec<(Range<u32>, Range<u32>)> {
        let changes = line_changes(Whitespace::Counts, old.as_bytes(), new.as_bytes());
        let pairs = changes.into_iter().map(|change| (change.old, change.new));
        pairs.collect()
    }

    #[test]
    fn lines_that_differ() {
        assert_eq!(changes("a\nb\nc\n", "a\nx\nc\n"), [(1..2, 1..2)]);
        assert_eq!(changes("", "a\nb\n"), [(0..0, 0..2)]);
        assert_eq!(changes("a\nb", ""), [(0..2, 0..0)]);
        assert_eq!(changes("a\nb", "a\nb\n"), [(1..2, 1..2)]);
        assert!(changes("a\n", "a\n").is_empty());
    }

    #[test]
    fn a_form_feed_is_not_a_blank() {
        // With a blank line in its place the group would begin with it.
        let old = "a\n\x0c\nb\n";
        let new = "a\n\x0c\nb\n\x0c\nb\n";
        assert_eq!(changes(old, new), [(3..3, 3..5)]);
    }

    #[test]
    fn lines_by_number() {
        let text = Text::new(Rc::new(b"one\n\ntwo".to_vec()));
        assert_eq!(text.len(), 3);
        let lines = [&b"one\n"[..], b"\n", b"two", b""];
        for (number, line) in (0..).zip(lines) {
            assert_eq!(text.line(number), line);
        }
        assert!(Text::new(no_text()).is_empty());
    }
}
