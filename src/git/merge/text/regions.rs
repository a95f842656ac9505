//! The changes of both sides laid over each other: where one side changed, where both did.

use super::histogram::{Change, Histogram};
use super::lines::Versions;

/// Conflicts with no more lines between them than this become one: that takes no more lines.
const LINES_BETWEEN_MAX: usize = 3;

/// What becomes of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolution {
    /// Both sides changed it, and differ.
    Conflict,
    /// Our lines are taken.
    Ours,
    /// Their lines are taken.
    Theirs,
    /// Both sides are the same after all: the lines are taken as they stand in our version.
    Same,
}

/// Lines that a side changed, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub resolution: Resolution,
    pub base: usize,
    pub base_count: usize,
    pub ours: usize,
    pub our_count: usize,
    pub theirs: usize,
    pub their_count: usize,
}

/// Appends a region, or lets the last one grow over it where they touch.
fn append(regions: &mut Vec<Region>, next: Region) {
    if let Some(last) = regions.last_mut()
        && (next.ours <= last.ours + last.our_count
            || next.theirs <= last.theirs + last.their_count)
    {
        if next.resolution != last.resolution {
            last.resolution = Resolution::Conflict;
        }
        let grown = |end: usize, start: usize| end.saturating_sub(start);
        last.base_count = grown(next.base + next.base_count, last.base);
        last.our_count = grown(next.ours + next.our_count, last.ours);
        last.their_count = grown(next.theirs + next.their_count, last.theirs);
        return;
    }
    regions.push(next);
}

/// A place in a version that a side left alone there: `line` of the base, which the side has
/// `there`, so much after `base`.
fn shifted(there: usize, base: usize, line: usize) -> usize {
    (there + line).saturating_sub(base)
}

/// A change that only our side made.
fn only_ours(change: &Change, theirs: usize) -> Region {
    Region {
        resolution: Resolution::Ours,
        base: change.before,
        base_count: change.before_count,
        ours: change.after,
        our_count: change.after_count,
        theirs,
        their_count: change.before_count,
    }
}

/// A change that only their side made.
fn only_theirs(change: &Change, ours: usize) -> Region {
    Region {
        resolution: Resolution::Theirs,
        base: change.before,
        base_count: change.before_count,
        ours,
        our_count: change.before_count,
        theirs: change.after,
        their_count: change.after_count,
    }
}

/// Where both sides changed the same lines: each side widened to what the other one touches.
fn both(ours: &Change, theirs: &Change) -> Region {
    let base = ours.before.min(theirs.before);
    let our_end = ours.before + ours.before_count;
    let their_end = theirs.before + theirs.before_count;
    let end = our_end.max(their_end);
    let our_start = ours.after.saturating_sub(ours.before - base);
    let their_start = theirs.after.saturating_sub(theirs.before - base);
    let our_after = ours.after + ours.after_count + (end - our_end);
    let their_after = theirs.after + theirs.after_count + (end - their_end);
    Region {
        resolution: Resolution::Conflict,
        base,
        base_count: end - base,
        ours: our_start,
        our_count: our_after.saturating_sub(our_start),
        theirs: their_start,
        their_count: their_after.saturating_sub(their_start),
    }
}

/// Whether both sides make the same change.
fn is_same(versions: &Versions<'_>, ours: &Change, theirs: &Change) -> bool {
    ours.before == theirs.before
        && ours.before_count == theirs.before_count
        && ours.after_count == theirs.after_count
        && versions.ours.token_run(ours.after, ours.after_count)
            == versions.theirs.token_run(theirs.after, theirs.after_count)
}

/// The regions in order. What both sides changed alike is none of them.
pub(super) fn lay_over(versions: &Versions<'_>, ours: &[Change], theirs: &[Change]) -> Vec<Region> {
    let mut regions = Vec::new();
    let (mut our_rest, mut their_rest) = (ours, theirs);
    while let ([our, our_next @ ..], [their, their_next @ ..]) = (our_rest, their_rest) {
        if our.before + our.before_count < their.before {
            let theirs = shifted(their.after, their.before, our.before);
            append(&mut regions, only_ours(our, theirs));
            our_rest = our_next;
            continue;
        }
        if their.before + their.before_count < our.before {
            let ours = shifted(our.after, our.before, their.before);
            append(&mut regions, only_theirs(their, ours));
            their_rest = their_next;
            continue;
        }
        if !is_same(versions, our, their) {
            append(&mut regions, both(our, their));
        }
        let our_end = our.before + our.before_count;
        let their_end = their.before + their.before_count;
        if our_end >= their_end {
            their_rest = their_next;
        }
        if their_end >= our_end {
            our_rest = our_next;
        }
    }
    let base_len = versions.base.len();
    for change in our_rest {
        let theirs = shifted(versions.theirs.len(), base_len, change.before);
        append(&mut regions, only_ours(change, theirs));
    }
    for change in their_rest {
        let ours = shifted(versions.ours.len(), base_len, change.before);
        append(&mut regions, only_theirs(change, ours));
    }
    regions
}

/// Narrows conflicts to the lines in which both sides differ.
pub(super) fn narrow(
    histogram: &mut Histogram,
    versions: &Versions<'_>,
    regions: Vec<Region>,
) -> Vec<Region> {
    let mut narrowed = Vec::with_capacity(regions.len());
    for region in regions {
        let is_conflict = region.resolution == Resolution::Conflict;
        if !is_conflict || region.our_count == 0 || region.their_count == 0 {
            narrowed.push(region);
            continue;
        }
        let ours = versions.ours.token_run(region.ours, region.our_count);
        let theirs = versions.theirs.token_run(region.theirs, region.their_count);
        let changes = histogram.changes(ours, theirs);
        if changes.is_empty() {
            narrowed.push(Region {
                resolution: Resolution::Same,
                ..region
            });
        }
        narrowed.extend(changes.iter().map(|change| Region {
            ours: region.ours + change.before,
            our_count: change.before_count,
            theirs: region.theirs + change.after,
            their_count: change.after_count,
            ..region
        }));
    }
    narrowed
}

/// Makes one conflict of those that have hardly a line between them.
pub(super) fn join_near(regions: Vec<Region>) -> Vec<Region> {
    let mut joined: Vec<Region> = Vec::with_capacity(regions.len());
    for region in regions {
        if let Some(last) = joined.last_mut()
            && last.resolution == Resolution::Conflict
            && region.resolution == Resolution::Conflict
            && region.ours.saturating_sub(last.ours + last.our_count) <= LINES_BETWEEN_MAX
        {
            last.our_count = (region.ours + region.our_count).saturating_sub(last.ours);
            last.their_count = (region.theirs + region.their_count).saturating_sub(last.theirs);
            continue;
        }
        joined.push(region);
    }
    joined
}
