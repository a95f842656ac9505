//! Changes with the lines around them: the hunks of a unified diff (`xemit.c` of git's xdiff).

use std::ops::Range;

use super::text::{LineChange, Text, TextDiff};

/// Bytes of the line that git shows behind a hunk's ranges, at most.
const FUNCTION_BYTES_MAX: usize = 80;

/// Changes that stand so near each other that their contexts meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The lines of the old text, from 0, context included.
    pub old: Range<u32>,
    /// The lines of the new one.
    pub new: Range<u32>,
    /// Its changes: places in [`TextDiff::changes`].
    pub changes: Range<usize>,
    /// The nearest line above that looks like the head of a function, without its end.
    pub function: Vec<u8>,
}

/// Gives the hunks of a comparison one by one.
#[derive(Debug, Clone)]
pub struct Hunks {
    context: u32,
    next_change: usize,
    /// Lines above this one were searched for the head of a function.
    searched: u32,
    function: Vec<u8>,
}

impl Hunks {
    /// Hunks with this many lines of context.
    pub fn new(context: u32) -> Self {
        Self {
            context,
            next_change: 0,
            searched: 0,
            function: Vec::new(),
        }
    }

    /// The next hunk of this comparison.
    pub fn next(&mut self, diff: &TextDiff) -> Option<Hunk> {
        let start = self.next_change;
        let first = diff.changes.get(start)?;
        let mut last = first;
        let mut end = start.saturating_add(1);
        let common_max = self.context.saturating_mul(2);
        while let Some(change) = diff.changes.get(end)
            && change.old.start.saturating_sub(last.old.end) <= common_max
        {
            last = change;
            end = end.saturating_add(1);
        }
        self.next_change = end;
        let (old, new) = self.bounds(diff, first, last);
        self.find_function(&diff.old, old.start);
        Some(Hunk {
            old,
            new,
            changes: start..end,
            function: self.function.clone(),
        })
    }

    fn bounds(
        &self,
        diff: &TextDiff,
        first: &LineChange,
        last: &LineChange,
    ) -> (Range<u32>, Range<u32>) {
        let behind_old = diff.old.len().saturating_sub(last.old.end);
        let behind_new = diff.new.len().saturating_sub(last.new.end);
        let behind = self.context.min(behind_old).min(behind_new);
        let range = |first: &Range<u32>, last: &Range<u32>| {
            first.start.saturating_sub(self.context)..last.end.saturating_add(behind)
        };
        (range(&first.old, &last.old), range(&first.new, &last.new))
    }

    /// Searches upwards from a hunk to where the hunk before it began its own search; if there is
    /// none, the last one found stays.
    fn find_function(&mut self, old: &Text, start: u32) {
        let mut lines = (self.searched..start).rev();
        if let Some(function) = lines.find_map(|number| function_of(old.line(number))) {
            self.function = function.to_vec();
        }
        self.searched = start.max(self.searched);
    }
}

/// The part of a line that git shows if it takes the line for the head of a function (`def_ff`).
fn function_of(line: &[u8]) -> Option<&[u8]> {
    let first = line.first()?;
    let is_head = first.is_ascii_alphabetic() || matches!(first, b'_' | b'$');
    let shown = line.get(..FUNCTION_BYTES_MAX).unwrap_or(line);
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let end = shown.iter().rposition(|byte| !is_blank(byte));
    is_head.then(|| shown.get(..=end?)).flatten()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn hunks(old: &str, new: &str, context: u32) -> Vec<Hunk> {
        let shared = |text: &str| Rc::new(text.as_bytes().to_vec());
        let diff = TextDiff::new(shared(old), shared(new), context);
        let mut hunks = Hunks::new(context);
        std::iter::from_fn(|| hunks.next(&diff)).collect()
    }

    fn numbered(changed: &[u32]) -> String {
        let line = |number| match number {
            number if changed.contains(&number) => format!("changed {number}\n"),
            number if number % 10 == 0 => format!("fn_{number}()   \n"),
            number => format!(" {number}\n"),
        };
        (0..40).map(line).collect()
    }

    #[test]
    fn changes_whose_contexts_meet_are_one_hunk() {
        let found = hunks(&numbered(&[]), &numbered(&[12, 19]), 3);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].old.clone(), found[0].changes.clone()),
            (9..23, 0..2)
        );
        let found = hunks(&numbered(&[]), &numbered(&[12, 20]), 3);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].new, 17..24);
        assert_eq!(hunks(&numbered(&[]), &numbered(&[12, 13]), 0).len(), 1);
    }

    #[test]
    fn the_head_of_a_function_stays_until_another_one_comes() {
        let found = hunks(&numbered(&[]), &numbered(&[5, 17, 26, 38]), 1);
        let functions = found
            .iter()
            .map(|hunk| String::from_utf8_lossy(&hunk.function));
        let functions: Vec<_> = functions.collect();
        assert_eq!(functions, ["fn_0()", "fn_10()", "fn_20()", "fn_30()"]);
        let old = "head\n 1\n 2\n 3\n 4\n 5\n 6\n";
        let found = hunks(old, &old.replace('2', "x").replace('5', "y"), 0);
        assert_eq!(found[0].function, b"head");
        assert_eq!(found[1].function, b"head");
    }
}
