//! The changes of both sides laid over each other: where one side changed, where both did.

use super::histogram::Histogram;
use super::lines::{Change, Versions};

/// Conflicts with no more lines between them than this become one: that takes no more lines.
const LINES_BETWEEN_MAX: i32 = 3;

/// The result for a region.
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
///
/// A change that reaches over several of the other side is laid over each of them. Its start, counted
/// back from a later one, may then be before the first line, until it has grown together with the
/// region before: so places are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub resolution: Resolution,
    pub base: i32,
    pub base_count: i32,
    pub ours: i32,
    pub our_count: i32,
    pub theirs: i32,
    pub their_count: i32,
}

/// A number of lines: far below 2^31, since a text that is merged has a bound.
fn signed(lines: usize) -> i32 {
    i32::try_from(lines).unwrap_or(i32::MAX)
}

/// The same back; nothing is before the first line.
pub(super) fn unsigned(lines: i32) -> usize {
    usize::try_from(lines).unwrap_or(0)
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
        last.base_count = next.base + next.base_count - last.base;
        last.our_count = next.ours + next.our_count - last.ours;
        last.their_count = next.theirs + next.their_count - last.theirs;
        return;
    }
    regions.push(next);
}

/// A place in a version that a side left alone there: `line` of the base, which the side has
/// `there`, so much after `base`.
fn shifted(there: usize, base: usize, line: usize) -> i32 {
    signed(there) - signed(base) + signed(line)
}

/// A change that only our side made.
fn only_ours(change: &Change, theirs: i32) -> Region {
    Region {
        resolution: Resolution::Ours,
        base: signed(change.before),
        base_count: signed(change.before_count),
        ours: signed(change.after),
        our_count: signed(change.after_count),
        theirs,
        their_count: signed(change.before_count),
    }
}

/// A change that only their side made.
fn only_theirs(change: &Change, ours: i32) -> Region {
    Region {
        resolution: Resolution::Theirs,
        base: signed(change.before),
        base_count: signed(change.before_count),
        ours,
        our_count: signed(change.before_count),
        theirs: signed(change.after),
        their_count: signed(change.after_count),
    }
}

/// Where both sides changed the same lines: each side is widened to the lines that the other one touches.
fn both(ours: &Change, theirs: &Change) -> Region {
    let base = ours.before.min(theirs.before);
    let our_end = ours.before + ours.before_count;
    let their_end = theirs.before + theirs.before_count;
    let end = our_end.max(their_end);
    let widened = |change: &Change, change_end: usize| {
        let start = signed(change.after) - signed(change.before - base);
        let after_end = change.after + change.after_count + (end - change_end);
        (start, signed(after_end) - start)
    };
    let (our_start, our_count) = widened(ours, our_end);
    let (their_start, their_count) = widened(theirs, their_end);
    Region {
        resolution: Resolution::Conflict,
        base: signed(base),
        base_count: signed(end - base),
        ours: our_start,
        our_count,
        theirs: their_start,
        their_count,
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

/// The regions in order. A change that both sides made alike is not a region.
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
        if !is_conflict || region.our_count <= 0 || region.their_count <= 0 {
            narrowed.push(region);
            continue;
        }
        let (start, count) = (unsigned(region.ours), unsigned(region.our_count));
        let ours = versions.ours.token_run(start, count);
        let (start, count) = (unsigned(region.theirs), unsigned(region.their_count));
        let theirs = versions.theirs.token_run(start, count);
        let changes = histogram.changes(ours, theirs);
        if changes.is_empty() {
            narrowed.push(Region {
                resolution: Resolution::Same,
                ..region
            });
        }
        narrowed.extend(changes.iter().map(|change| Region {
            ours: region.ours + signed(change.before),
            our_count: signed(change.before_count),
            theirs: region.theirs + signed(change.after),
            their_count: signed(change.after_count),
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
            && region.ours - (last.ours + last.our_count) <= LINES_BETWEEN_MAX
        {
            last.our_count = region.ours + region.our_count - last.ours;
            last.their_count = region.theirs + region.their_count - last.theirs;
            continue;
        }
        joined.push(region);
    }
    joined
}
