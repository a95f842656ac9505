//! Three versions of a text merged, as git merges them (`xdiff/xmerge.c`).
//!
//! | file | what |
//! |---|---|
//! | `options` | how to merge |
//! | `lines` | the three versions cut into lines |
//! | `histogram`, `compact` | the lines that a side changed |
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

use gix_object::bstr::ByteSlice as _;
use histogram::Histogram;
use lines::Versions;
use regions::Resolution;

pub use options::Favor;
pub(crate) use options::{Labels, Style, TextOptions};

/// Characters of a marker, where nothing nests.
pub(crate) const MARKER_SIZE: usize = 7;

/// Bytes that a merge takes for each line of the three versions, where it takes most: 12 for the
/// line's place and number, 10 for the tables of different lines, 7 for those of changed ones, and 19
/// for changes and regions.
const LINE_BYTES: u64 = 48;

/// The merged text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MergedText {
    pub(crate) content: Vec<u8>,
    /// How many conflicts are left in it.
    pub(crate) conflicts: usize,
}

/// Bytes that versions of so many bytes take together while they are merged, without the notes about their
/// lines: the versions, and the result, which may have all of them in conflicts.
pub(crate) fn whole_bytes(versions_bytes: u64) -> u64 {
    versions_bytes.saturating_mul(2)
}

/// Bytes that merging these versions takes.
pub(crate) fn merge_bytes(versions: [&[u8]; 3]) -> u64 {
    let bytes: usize = versions.iter().map(|version| version.len()).sum();
    let count = |version: &[u8]| version.lines_with_terminator().count();
    let lines: usize = versions.into_iter().map(count).sum();
    let line_bytes = (lines as u64).saturating_mul(LINE_BYTES);
    whole_bytes(bytes as u64).saturating_add(line_bytes)
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
