//! Which lines changed, as git's histogram diff finds it (`xdiff/xhistogram.c`).
//!
//! Git merges by the histogram diff, without the indent heuristic. `gix-imara-diff` has a histogram
//! diff of its own, which finds other changes than git: it strips common ends first, and it counts
//! occurrences differently. Its Myers diff is git's, and is used where git falls back to it.
//!
//! The search looks for the longest run of lines that both sides share, among those with the rarest lines,
//! and then does the same on both sides of that run.

use gix_imara_diff::{Algorithm, Diff, Token};

use super::compact;
use super::lines::Change;

/// A line that occurs more often in a region than this is not a place to start a run.
const OCCURRENCES_MAX: u32 = 64;

/// Comparisons of lines for one diff, at most: some tenths of a second. Beyond it the regions that are
/// left are compared by Myers' algorithm, whose heuristics bound its time. No real file comes near it.
const COMPARISONS_MAX: u64 = 1 << 27;

/// Tables that the comparisons of one merge share.
pub(super) struct Histogram {
    /// For each distinct line its first place in the region before, plus one; 0 for none.
    first: Vec<u32>,
    /// For each distinct line how often it occurs in the region before.
    occurrences: Vec<u32>,
    comparisons: u64,
}

impl Histogram {
    /// `distinct` bounds the numbers of the tokens.
    pub(super) fn new(distinct: u32) -> Self {
        Self {
            first: vec![0; distinct as usize],
            occurrences: vec![0; distinct as usize],
            comparisons: 0,
        }
    }

    /// The changes that lead from one version to another, in order, slid as git slides them.
    pub(super) fn changes(&mut self, before: &[Token], after: &[Token]) -> Vec<Change> {
        let mut search = Search {
            before,
            after,
            index: self,
            next: vec![0; before.len()],
            removed: vec![false; before.len()],
            added: vec![false; after.len()],
        };
        search.run();
        let Search {
            mut removed,
            mut added,
            ..
        } = search;
        compact::slide(before, &mut removed, &mut added);
        compact::slide(after, &mut added, &mut removed);
        compact::script(&removed, &added)
    }

    fn work(&mut self, comparisons: usize) {
        self.comparisons = self.comparisons.saturating_add(comparisons as u64);
    }

    fn is_exhausted(&self) -> bool {
        self.comparisons > COMPARISONS_MAX
    }
}

/// Lines that are still to be compared: `before..before_end` and `after..after_end`.
#[derive(Debug, Clone, Copy)]
struct Region {
    before: usize,
    before_end: usize,
    after: usize,
    after_end: usize,
}

/// The best run so far.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    before: usize,
    after: usize,
    count: usize,
}

/// The lines that both sides of a region have.
enum Common {
    /// Nothing.
    Nothing,
    /// This run.
    Run(Run),
    /// Only lines that occur too often, or the search takes too long.
    TooMuch,
}

struct Search<'a> {
    before: &'a [Token],
    after: &'a [Token],
    index: &'a mut Histogram,
    /// For each line before the next place of the same line in the region, plus one.
    next: Vec<u32>,
    removed: Vec<bool>,
    added: Vec<bool>,
}

fn at<T: Copy + Default>(values: &[T], index: usize) -> T {
    values.get(index).copied().unwrap_or_default()
}

fn set<T>(values: &mut [T], index: usize, value: T) {
    if let Some(place) = values.get_mut(index) {
        *place = value;
    }
}

impl Search<'_> {
    fn run(&mut self) {
        let mut regions = vec![Region {
            before: 0,
            before_end: self.before.len(),
            after: 0,
            after_end: self.after.len(),
        }];
        while let Some(region) = regions.pop() {
            if region.before == region.before_end || region.after == region.after_end {
                self.mark(region);
                continue;
            }
            match self.common(region) {
                Common::Nothing => self.mark(region),
                Common::TooMuch => self.fall_back(region),
                Common::Run(run) => {
                    debug_assert!(run.count > 0, "an empty run is no run");
                    regions.push(Region {
                        before: run.before + run.count,
                        after: run.after + run.count,
                        ..region
                    });
                    regions.push(Region {
                        before_end: run.before,
                        after_end: run.after,
                        ..region
                    });
                }
            }
        }
    }

    /// All of the region changed.
    fn mark(&mut self, region: Region) {
        if let Some(removed) = self.removed.get_mut(region.before..region.before_end) {
            removed.fill(true);
        }
        if let Some(added) = self.added.get_mut(region.after..region.after_end) {
            added.fill(true);
        }
    }

    /// Compares the region as git's default diff does.
    fn fall_back(&mut self, region: Region) {
        let before = self.before.get(region.before..region.before_end);
        let after = self.after.get(region.after..region.after_end);
        let (Some(before), Some(after)) = (before, after) else {
            return;
        };
        let mut diff = Diff::default();
        let distinct = u32::try_from(self.index.first.len()).unwrap_or(u32::MAX);
        diff.compute_with(Algorithm::Myers, before, after, distinct);
        for hunk in diff.hunks() {
            for line in hunk.before {
                set(&mut self.removed, region.before + line as usize, true);
            }
            for line in hunk.after {
                set(&mut self.added, region.after + line as usize, true);
            }
        }
    }

    fn common(&mut self, region: Region) -> Common {
        if self.index.is_exhausted() {
            return Common::TooMuch;
        }
        self.enter(region);
        let mut best = Run::default();
        let mut rarest = OCCURRENCES_MAX + 1;
        let mut any = false;
        let mut line = region.after;
        while line < region.after_end && !self.index.is_exhausted() {
            line = self.try_line(region, line, &mut best, &mut rarest, &mut any);
        }
        self.leave(region);
        if self.index.is_exhausted() || (any && rarest > OCCURRENCES_MAX) {
            Common::TooMuch
        } else if best.count == 0 {
            Common::Nothing
        } else {
            Common::Run(best)
        }
    }

    /// Notes where each line of the region is.
    fn enter(&mut self, region: Region) {
        for line in (region.before..region.before_end).rev() {
            let token = at_token(self.before, line);
            set(&mut self.next, line, at(&self.index.first, token));
            #[expect(clippy::cast_possible_truncation, reason = "lines are below 2^31")]
            set(&mut self.index.first, token, line as u32 + 1);
            let count = at(&self.index.occurrences, token);
            set(&mut self.index.occurrences, token, count.saturating_add(1));
        }
        self.index.work(region.before_end - region.before);
    }

    fn leave(&mut self, region: Region) {
        for line in region.before..region.before_end {
            let token = at_token(self.before, line);
            set(&mut self.index.first, token, 0);
            set(&mut self.index.occurrences, token, 0);
        }
    }

    /// Extends every run through this line of the version after. Gives the next line to try.
    fn try_line(
        &mut self,
        region: Region,
        line: usize,
        best: &mut Run,
        rarest: &mut u32,
        any: &mut bool,
    ) -> usize {
        let mut next_line = line + 1;
        let token = at_token(self.after, line);
        let first = at(&self.index.first, token);
        self.index.work(1);
        if first == 0 {
            return next_line;
        }
        *any = true;
        let occurrences = at(&self.index.occurrences, token);
        if occurrences > *rarest {
            return next_line;
        }
        let mut place = first as usize;
        while place > 0 {
            let (run, rarest_inside) = self.extend(region, place - 1, line, occurrences);
            next_line = next_line.max(run.after + run.count);
            if best.count < run.count || rarest_inside < *rarest {
                *best = run;
                *rarest = rarest_inside;
            }
            // The next place that is not inside this run.
            place = at(&self.next, place - 1) as usize;
            while place > 0 && place <= run.before + run.count {
                place = at(&self.next, place - 1) as usize;
                self.index.work(1);
            }
        }
        next_line
    }

    /// The longest run through both lines, and how often its rarest line occurs.
    fn extend(
        &mut self,
        region: Region,
        before: usize,
        after: usize,
        occurrences: u32,
    ) -> (Run, u32) {
        let (mut rarest, mut start, mut after_start) = (occurrences, before, after);
        while start > region.before
            && after_start > region.after
            && at_token(self.before, start - 1) == at_token(self.after, after_start - 1)
        {
            start -= 1;
            after_start -= 1;
            rarest = rarest.min(self.count_of(start));
        }
        let (mut end, mut after_end) = (before + 1, after + 1);
        while end < region.before_end
            && after_end < region.after_end
            && at_token(self.before, end) == at_token(self.after, after_end)
        {
            rarest = rarest.min(self.count_of(end));
            end += 1;
            after_end += 1;
        }
        self.index.work(end - start);
        let run = Run {
            before: start,
            after: after_start,
            count: end - start,
        };
        (run, rarest)
    }

    fn count_of(&self, line: usize) -> u32 {
        at(&self.index.occurrences, at_token(self.before, line))
    }
}

/// The number of a line, as an index.
fn at_token(tokens: &[Token], line: usize) -> usize {
    tokens
        .get(line)
        .map_or(usize::MAX, |token| token.0 as usize)
}
