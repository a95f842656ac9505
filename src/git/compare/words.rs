//! The words that differ within lines that differ, as `git diff --word-diff` finds them
//! (`diff_words_show` of git's `diff.c`): the text between two blanks is a word.
//!
//! Only the words are compared; the blanks around common ones are those of the new text.

use std::borrow::Cow;
use std::ops::Range;

use super::text::{LineChange, Text, TextDiff, common_tail, token_changes};

/// Words of one side of a change, at most. Beyond this all of it counts as another text.
const WORDS_MAX: usize = 200_000;

/// The lines of one change, and how their words differ.
#[derive(Debug)]
pub struct WordDiff<'a> {
    old: Cow<'a, [u8]>,
    new: Cow<'a, [u8]>,
    runs: Vec<Run>,
}

/// A stretch of text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    kind: RunKind,
    bytes: Range<usize>,
}

/// A stretch of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// Both sides have its words.
    Context,
    /// The old side alone has it.
    Deleted,
    /// The new side alone has it.
    Added,
}

impl<'a> WordDiff<'a> {
    /// Compares the words of a change.
    pub fn of(diff: &'a TextDiff, change: &LineChange) -> Self {
        let old = ended(&diff.old, &change.old);
        let new = ended(&diff.new, &change.new);
        let runs = runs(&old, &new);
        Self { old, new, runs }
    }

    /// The stretches, in the order in which git shows them; none is empty.
    pub fn runs(&self) -> impl Iterator<Item = (RunKind, &[u8])> {
        let runs = self.runs.iter().map(|run| {
            let side = match run.kind {
                RunKind::Deleted => &self.old,
                RunKind::Context | RunKind::Added => &self.new,
            };
            (run.kind, side.get(run.bytes.clone()).unwrap_or_default())
        });
        runs.filter(|(_, bytes)| !bytes.is_empty())
    }

    /// Appends it as `--word-diff=plain` shows it.
    pub(super) fn write_plain(&self, out: &mut Vec<u8>) {
        for (kind, bytes) in self.runs() {
            let (before, behind): (&[u8], &[u8]) = match kind {
                RunKind::Context => (b"", b""),
                RunKind::Deleted => (b"[-", b"-]"),
                RunKind::Added => (b"{+", b"+}"),
            };
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                let text = line.strip_suffix(b"\n").unwrap_or(line);
                if !text.is_empty() {
                    out.extend_from_slice(before);
                    out.extend_from_slice(text);
                    out.extend_from_slice(behind);
                }
                if text.len() < line.len() {
                    out.push(b'\n');
                }
            }
        }
    }
}

/// Lines of a text; the last one is ended with a newline if the text ends without one, as in a patch.
fn ended<'a>(text: &'a Text, lines: &Range<u32>) -> Cow<'a, [u8]> {
    let bytes = text.lines(lines.clone());
    match bytes.last() {
        None | Some(b'\n') => Cow::Borrowed(bytes),
        Some(_) => Cow::Owned([bytes, b"\n"].concat()),
    }
}

fn runs(old: &[u8], new: &[u8]) -> Vec<Run> {
    let run = |kind, bytes| Run { kind, bytes };
    if new.is_empty() {
        return vec![run(RunKind::Deleted, 0..old.len())];
    }
    let (old_words, new_words) = (words(old), words(new));
    let (Some(old_words), Some(new_words)) = (old_words, new_words) else {
        let whole = [(RunKind::Deleted, old), (RunKind::Added, new)];
        return whole.map(|(kind, text)| run(kind, 0..text.len())).to_vec();
    };
    let mut runs = Vec::new();
    let mut shown = 0;
    for change in word_changes((old, &old_words), (new, &new_words)) {
        let deleted = bounds(&old_words, &change.old);
        let added = bounds(&new_words, &change.new);
        runs.push(run(RunKind::Context, shown..added.start));
        runs.push(run(RunKind::Deleted, deleted));
        shown = added.end;
        runs.push(run(RunKind::Added, added));
    }
    runs.push(run(RunKind::Context, shown..new.len()));
    runs
}

/// The bytes from the first of these words to the last; without words, the end of the one before.
fn bounds(words: &[Range<usize>], of: &Range<u32>) -> Range<usize> {
    let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let (first, end) = (at(of.start), at(of.end));
    let last_end = |end: usize| {
        let last = end.checked_sub(1).and_then(|last| words.get(last));
        last.map_or(0, |word| word.end)
    };
    match words.get(first) {
        Some(word) if first < end => word.start..last_end(end),
        _ => last_end(first)..last_end(first),
    }
}

/// The words that differ: each is compared as a line of its own.
fn word_changes(
    (old, old_words): (&[u8], &[Range<usize>]),
    (new, new_words): (&[u8], &[Range<usize>]),
) -> Vec<LineChange> {
    let lines = |text: &[u8], words: &[Range<usize>]| {
        let mut lines = Vec::with_capacity(text.len());
        for word in words {
            lines.extend_from_slice(text.get(word.clone()).unwrap_or_default());
            lines.push(b'\n');
        }
        lines
    };
    let (old, new) = (lines(old, old_words), lines(new, new_words));
    let tail = common_tail(&old, &new);
    let head = |lines: &Vec<u8>| lines.len().saturating_sub(tail);
    token_changes(
        old.get(..head(&old)).unwrap_or_default(),
        new.get(..head(&new)).unwrap_or_default(),
    )
}

/// The places of the words; `None` if there are too many.
fn words(text: &[u8]) -> Option<Vec<Range<usize>>> {
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let mut words = Vec::new();
    let mut start = None;
    for (at, byte) in text.iter().enumerate() {
        match (is_blank(*byte), start) {
            (false, None) => start = Some(at),
            (true, Some(begun)) => {
                words.push(begun..at);
                start = None;
            }
            _ => {}
        }
        if words.len() > WORDS_MAX {
            return None;
        }
    }
    words.extend(start.map(|begun| begun..text.len()));
    Some(words)
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn plain(old: &str, new: &str) -> String {
        let shared = |text: &str| Rc::new(text.as_bytes().to_vec());
        let diff = TextDiff::new(shared(old), shared(new), 3);
        let mut out = Vec::new();
        for change in &diff.changes {
            WordDiff::of(&diff, change).write_plain(&mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn words_that_differ_are_marked_on_each_line() {
        assert_eq!(plain("a b c\n", "a x c\n"), "a [-b-]{+x+} c\n");
        assert_eq!(plain("a b\n", "a\n b c\n"), "a\n b {+c+}\n");
        assert_eq!(
            plain("", "  one two\n\nthree"),
            "  {+one two+}\n\n{+three+}\n"
        );
        assert_eq!(plain("one\n\ntwo\n", ""), "[-one-]\n\n[-two-]\n");
        assert_eq!(plain("a\tb\n", "a b\n"), "a b\n");
        assert_eq!(plain("a", "a\n"), "a\n");
    }

    #[test]
    fn too_many_words_are_another_text() {
        let words = |word: &str| format!("{} same\n", vec![word; WORDS_MAX].join(" "));
        let shown = plain(&words("x"), &words("y"));
        assert!(shown.starts_with("[-x x ") && shown.ends_with(" same+}\n"));
        assert_eq!(shown.matches("same").count(), 2);
    }
}
