//! The Graph part of one pack: the commits whose closure its push proved.
//!
//! A commit's *number* is its place in an order in which parents come before children. The part
//! is a header and one table after another, all little-endian, 64 bytes a commit:
//!
//! | bytes | table |
//! |---|---|
//! | 20 | magic `CGS1`, number of commits `n`, of external parents `e`, of octopus rows `o`, of packs `p` |
//! | 20 n | commit id, by number |
//! | 20 n | tree id |
//! | 8 n | commit time, seconds since 1970 |
//! | 4 n | generation: 1 for a root, else 1 + the greatest of the parents' |
//! | 8 n | first and second parent |
//! | 4 n | numbers, sorted by commit id |
//! | 20 e | ids of parents that are in segments of other packs |
//! | 4 o | parents from the second on of the commits that have more than two |
//! | 4 p | sorted, the packs that were live when the commits were proved |
//!
//! A parent is a number of this segment, or [`format::EXTERNAL`] + a row of the external parents,
//! or [`format::NO_PARENT`]; a second parent may also be [`format::OCTOPUS`] + a row of the octopus
//! table, from which on parents are read up to the one that is marked [`format::LAST`].
//!
//! No commit of the segment was in a segment of the packs that the last table names. So a commit
//! can be in two segments only if two pushes overlapped, and [`super::commits`] needs to look for
//! that only between such packs.

use std::cmp::Ordering;

use gix_hash::{ObjectId, oid};

use super::super::store::{PackId, Shared};
use super::columns::{Column, ID_BYTES, u32_at};

mod build;
mod format;
#[cfg(test)]
mod tests;

pub(crate) use build::{NewCommit, NewParent, SegmentBuilder};
pub(crate) use format::COMMITS_MAX;
use format::{EXTERNAL, HEADER_BYTES, LAST, MAGIC, NO_PARENT, OCTOPUS, ROW};

/// A parent, as its segment names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parent {
    /// The commit with this number, of the same segment.
    Local(u32),
    /// A row of the external parents ([`Segment::external`]).
    External(u32),
}

/// The part is not one that [`SegmentBuilder`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("graph part is malformed: {0}")]
pub struct Malformed(pub &'static str);

/// A Graph part, read in place.
///
/// A number that is not below [`Segment::len`] has the null id, generation 0 and no parents.
#[derive(Debug, Clone)]
pub struct Segment {
    part: Shared,
    commits: u32,
    externals: u32,
    ids: Column,
    trees: Column,
    times: Column,
    generations: Column,
    parents: Column,
    by_id: Column,
    external_ids: Column,
    octopus: Column,
    proved_beside: Column,
}

impl Segment {
    /// Opens a part and checks its form: after this, parents are below their children.
    pub(crate) fn open(part: Shared) -> Result<Self, Malformed> {
        let segment = Self::lay_out(part).ok_or(Malformed("header or length"))?;
        segment.check_parents().ok_or(Malformed("parents"))?;
        Ok(segment)
    }

    /// Bytes of the part.
    pub(crate) fn part_bytes(&self) -> usize {
        self.part.len()
    }

    fn lay_out(part: Shared) -> Option<Self> {
        if part.get(..4)? != MAGIC {
            return None;
        }
        let commits = u32_at(&part, 4)?;
        let externals = u32_at(&part, 8)?;
        let octopus_rows = u32_at(&part, 12)?;
        let packs = u32_at(&part, 16)?;
        if commits > COMMITS_MAX {
            return None;
        }
        let mut end = HEADER_BYTES;
        let end = &mut end;
        let segment = Self {
            commits,
            externals,
            ids: Column::after(end, commits, ID_BYTES)?,
            trees: Column::after(end, commits, ID_BYTES)?,
            times: Column::after(end, commits, 8)?,
            generations: Column::after(end, commits, 4)?,
            parents: Column::after(end, commits, 8)?,
            by_id: Column::after(end, commits, 4)?,
            external_ids: Column::after(end, externals, ID_BYTES)?,
            octopus: Column::after(end, octopus_rows, 4)?,
            proved_beside: Column::after(end, packs, 4)?,
            part,
        };
        (segment.part.len() == *end).then_some(segment)
    }

    fn check_parents(&self) -> Option<()> {
        for number in 0..self.commits {
            let pair = self.parent_pair(number)?;
            self.check_parent(pair.0, number)?;
            if pair.1 != NO_PARENT && pair.1 & (EXTERNAL | OCTOPUS) == OCTOPUS {
                let mut row = pair.1 & ROW;
                loop {
                    let parent = self.octopus.u32(&self.part, row)?;
                    self.check_parent(parent & !LAST, number)?;
                    if parent & LAST != 0 {
                        break;
                    }
                    row = row.checked_add(1)?;
                }
            } else {
                self.check_parent(pair.1, number)?;
            }
        }
        Some(())
    }

    fn check_parent(&self, parent: u32, number: u32) -> Option<()> {
        let fits = parent == NO_PARENT
            || (parent & EXTERNAL != 0 && parent & !EXTERNAL < self.externals)
            || parent < number;
        fits.then_some(())
    }

    /// Commits in the segment.
    pub fn len(&self) -> u32 {
        self.commits
    }

    /// Whether it has no commits: a push of tags alone, or of nothing new.
    pub fn is_empty(&self) -> bool {
        self.commits == 0
    }

    /// The number of a commit.
    pub(crate) fn lookup(&self, commit_id: &oid) -> Option<u32> {
        let (mut low, mut high) = (0, self.commits);
        while low < high {
            let middle = low + (high - low) / 2;
            let number = self.by_id.u32(&self.part, middle)?;
            let id = self.ids.row(&self.part, usize::try_from(number).ok()?)?;
            match id.cmp(commit_id.as_bytes()) {
                Ordering::Equal => return Some(number),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The commit's id.
    pub(crate) fn commit_id(&self, number: u32) -> ObjectId {
        self.ids.id(&self.part, number).unwrap_or_else(null_id)
    }

    /// The id of the commit's tree.
    pub(crate) fn tree_id(&self, number: u32) -> ObjectId {
        self.trees.id(&self.part, number).unwrap_or_else(null_id)
    }

    /// The committer's time, in seconds since 1970.
    pub(crate) fn time_seconds(&self, number: u32) -> u64 {
        self.times.u64(&self.part, number).unwrap_or(0)
    }

    /// The commit's generation, from 1.
    pub(crate) fn generation(&self, number: u32) -> u32 {
        self.generations.u32(&self.part, number).unwrap_or(0)
    }

    /// Calls `visit` with each parent, in the commit's order.
    pub(crate) fn for_each_parent(&self, number: u32, mut visit: impl FnMut(Parent)) {
        let Some((first, second)) = self.parent_pair(number) else {
            return;
        };
        if first != NO_PARENT {
            visit(parent(first));
        }
        if second == NO_PARENT {
            return;
        }
        if second & (EXTERNAL | OCTOPUS) != OCTOPUS {
            visit(parent(second));
            return;
        }
        let mut row = second & ROW;
        while let Some(marked) = self.octopus.u32(&self.part, row) {
            visit(parent(marked & !LAST));
            if marked & LAST != 0 {
                return;
            }
            row += 1;
        }
    }

    fn parent_pair(&self, number: u32) -> Option<(u32, u32)> {
        let row = self
            .parents
            .row(&self.part, usize::try_from(number).ok()?)?;
        Some((u32_at(row, 0)?, u32_at(row, 4)?))
    }

    /// How many parents are in other segments.
    pub(crate) fn external_count(&self) -> u32 {
        self.externals
    }

    /// The id of an external parent.
    pub(crate) fn external(&self, row: u32) -> ObjectId {
        self.external_ids
            .id(&self.part, row)
            .unwrap_or_else(null_id)
    }

    /// Whether the commits were proved to be new beside this pack's segment.
    pub(crate) fn proved_beside(&self, pack_id: PackId) -> bool {
        let (mut low, mut high) = (0, self.proved_beside.rows());
        while low < high {
            let middle = low + (high - low) / 2;
            match self
                .proved_beside
                .u32(&self.part, middle)
                .cmp(&Some(pack_id.0))
            {
                Ordering::Equal => return true,
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        false
    }
}

fn parent(stored: u32) -> Parent {
    if stored & EXTERNAL == 0 {
        Parent::Local(stored)
    } else {
        Parent::External(stored & !EXTERNAL)
    }
}

fn null_id() -> ObjectId {
    ObjectId::null(gix_hash::Kind::Sha1)
}
