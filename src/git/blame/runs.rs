//! Runs of lines, and the runs that a difference makes of them (`blame_chunk` of git's `blame.c`).

use super::super::compare::text::LineChange;

/// Lines of the file that is blamed, side by side both there and in the version where they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first of them in the file, from 0.
    pub line: u32,
    /// How many they are.
    pub lines: u32,
    /// The first of them in the version where they stand, from 0.
    pub original: u32,
}

impl Run {
    /// A part of it, by offsets from its start.
    fn part(&self, start: u32, end: u32) -> Self {
        Self {
            line: self.line.saturating_add(start),
            lines: end.saturating_sub(start),
            original: self.original.saturating_add(start),
        }
    }
}

/// Cuts runs of a new version: those that the old one has as well, as runs of the old one, and those that it
/// does not have.
pub(super) fn pass(runs: &[Run], changes: &[LineChange]) -> (Vec<Run>, Vec<Run>) {
    let (mut passed, mut kept) = (Vec::new(), Vec::new());
    for run in runs {
        let end = run.original.saturating_add(run.lines);
        let mut at = run.original;
        let mut next = changes.partition_point(|change| change.new.end <= at);
        while at < end {
            let change = changes.get(next);
            let (piece_end, is_new) = match change {
                Some(change) if change.new.start <= at => (change.new.end.min(end), true),
                Some(change) => (change.new.start.min(end), false),
                None => (end, false),
            };
            let part = run.part(
                at.saturating_sub(run.original),
                piece_end.saturating_sub(run.original),
            );
            if is_new {
                kept.push(part);
            } else {
                let before = next.checked_sub(1).and_then(|before| changes.get(before));
                let (old_end, new_end) =
                    before.map_or((0, 0), |change| (change.old.end, change.new.end));
                passed.push(Run {
                    original: at.saturating_sub(new_end).saturating_add(old_end),
                    ..part
                });
            }
            at = piece_end;
            while changes.get(next).is_some_and(|change| change.new.end <= at) {
                next = next.saturating_add(1);
            }
        }
    }
    (passed, kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: u32, lines: u32, original: u32) -> Run {
        Run {
            line,
            lines,
            original,
        }
    }

    #[test]
    fn lines_that_are_new_stay_and_others_go_where_they_were() {
        // Line 2 is new, lines 3 and 4 of the old text are gone, lines 8 and 9 are one that changed.
        let change = |old, new| LineChange { old, new };
        let changes = [change(2..2, 2..3), change(3..5, 4..4), change(9..10, 8..10)];
        let (passed, kept) = pass(&[run(100, 12, 0)], &changes);
        let old = [
            run(100, 2, 0),
            run(103, 1, 2),
            run(104, 4, 5),
            run(110, 2, 10),
        ];
        assert_eq!(passed, old);
        assert_eq!(kept, [run(102, 1, 2), run(108, 2, 8)]);
        let (passed, kept) = pass(&[run(0, 1, 9), run(7, 1, 4)], &changes);
        assert_eq!((passed, kept), (vec![run(7, 1, 5)], vec![run(0, 1, 9)]));
    }
}
