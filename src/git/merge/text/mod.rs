//! Three versions of a text merged, as git merges them (`xdiff/xmerge.c`).
//!
//! | file | what |
//! |---|---|
//! | `options` | how to merge |
//! | `lines` | the three versions cut into lines |
//! | `histogram`, `compact` | which lines a side changed |
//! | `regions` | the changes of both sides laid over each other |
//! | `output` | the result, with markers around what conflicts |

mod compact;
mod histogram;
mod lines;
mod options;
mod output;
mod regions;
#[cfg(test)]
mod tests;

use histogram::Histogram;
use lines::Versions;
use regions::Resolution;

pub use options::Favor;
pub(crate) use options::{Labels, Style, TextOptions};

/// Characters of a marker, where nothing nests.
pub(crate) const MARKER_SIZE: usize = 7;

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
