//! Three versions of a text merged, as git merges them (`xdiff/xmerge.c`).
//!
//! | file | what |
//! |---|---|
//! | `lines` | the three versions cut into lines |
//! | `histogram`, `compact` | which lines a side changed |
//! | `regions` | the changes of both sides laid over each other |
//! | `output` | the result, with markers around what conflicts |

mod compact;
mod histogram;
mod lines;
mod output;
mod regions;
#[cfg(test)]
mod tests;

use histogram::Histogram;
use lines::Versions;
use regions::Resolution;

/// Characters of a marker, where nothing nests.
pub(crate) const MARKER_SIZE: usize = 7;

/// How a conflict looks in the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Both sides, narrowed to the lines that differ.
    Merge,
    /// Both sides and the base between them.
    Diff3,
}

/// What becomes of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Favor {
    /// It stays one.
    #[default]
    Nobody,
    /// Our lines are taken.
    Ours,
    /// Their lines are taken.
    Theirs,
}

/// What the markers of a conflict say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labels<'a> {
    pub(crate) base: &'a [u8],
    pub(crate) ours: &'a [u8],
    pub(crate) theirs: &'a [u8],
}

/// How to merge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextOptions<'a> {
    pub(crate) style: Style,
    pub(crate) favor: Favor,
    pub(crate) marker_size: usize,
    pub(crate) labels: Labels<'a>,
}

/// The merged text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MergedText {
    pub(crate) content: Vec<u8>,
    /// How many conflicts are left in it.
    pub(crate) conflicts: usize,
}

/// Merges the changes that lead from `base` to `ours` and to `theirs`.
pub(crate) fn merge(
    base: &[u8],
    ours: &[u8],
    theirs: &[u8],
    options: &TextOptions<'_>,
) -> MergedText {
    let versions = Versions::new(base, ours, theirs);
    let mut histogram = Histogram::new(versions.distinct);
    let our_changes = histogram.changes(&versions.base.tokens, &versions.ours.tokens);
    let clean = |content: &[u8]| MergedText {
        content: content.to_vec(),
        conflicts: 0,
    };
    if our_changes.is_empty() {
        return clean(theirs);
    }
    let their_changes = histogram.changes(&versions.base.tokens, &versions.theirs.tokens);
    if their_changes.is_empty() {
        return clean(ours);
    }
    let regions = regions::lay_over(&versions, &our_changes, &their_changes);
    let mut regions = match options.style {
        Style::Merge => {
            let narrowed = regions::narrow(&mut histogram, &versions, regions);
            regions::join_near(narrowed)
        }
        Style::Diff3 => regions,
    };
    let favored = match options.favor {
        Favor::Nobody => Resolution::Conflict,
        Favor::Ours => Resolution::Ours,
        Favor::Theirs => Resolution::Theirs,
    };
    for region in &mut regions {
        if region.resolution == Resolution::Conflict {
            region.resolution = favored;
        }
    }
    let is_conflict = |region: &&regions::Region| region.resolution == Resolution::Conflict;
    MergedText {
        content: output::write(&versions, &regions, options),
        conflicts: regions.iter().filter(is_conflict).count(),
    }
}
