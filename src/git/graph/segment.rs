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
//! A parent is a number of this segment, or [`EXTERNAL`] + a row of the external parents, or
//! [`NO_PARENT`]; a second parent may also be [`OCTOPUS`] + a row of the octopus table, from
//! which on parents are read up to the one that is marked [`LAST`].
//!
//! No commit of the segment was in a segment of the packs that the last table names. So a commit
//! can be in two segments only if two pushes overlapped, and [`super::commits`] needs to look for
//! that only between such packs.

use std::cmp::Ordering;

use gix_hash::{ObjectId, oid};

use super::super::store::{PackId, Shared};
use super::columns::{Column, ID_BYTES, u32_at};

const MAGIC: &[u8; 4] = b"CGS1";
const HEADER_BYTES: usize = 20;
const NO_PARENT: u32 = u32::MAX;
const LAST: u32 = 1 << 31;
const EXTERNAL: u32 = 1 << 30;
const OCTOPUS: u32 = 1 << 29;
const ROW: u32 = OCTOPUS - 1;

/// Most commits of one segment: the number must leave room for the marks.
pub const COMMITS_MAX: u32 = ROW;

/// A parent, as its segment names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
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
    pub fn open(part: Shared) -> Result<Self, Malformed> {
        let segment = Self::lay_out(part).ok_or(Malformed("header or length"))?;
        segment.check_parents().ok_or(Malformed("parents"))?;
        Ok(segment)
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
    pub fn lookup(&self, commit_id: &oid) -> Option<u32> {
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
    pub fn commit_id(&self, number: u32) -> ObjectId {
        self.ids.id(&self.part, number).unwrap_or_else(null_id)
    }

    /// The id of the commit's tree.
    pub fn tree_id(&self, number: u32) -> ObjectId {
        self.trees.id(&self.part, number).unwrap_or_else(null_id)
    }

    /// The committer's time, in seconds since 1970.
    pub fn time_seconds(&self, number: u32) -> u64 {
        self.times.u64(&self.part, number).unwrap_or(0)
    }

    /// The commit's generation, from 1.
    pub fn generation(&self, number: u32) -> u32 {
        self.generations.u32(&self.part, number).unwrap_or(0)
    }

    /// Calls `visit` with each parent, in the commit's order.
    pub fn for_each_parent(&self, number: u32, mut visit: impl FnMut(Parent)) {
        let Some((first, second)) = self.parent_pair(number) else { return };
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
        let row = self.parents.row(&self.part, usize::try_from(number).ok()?)?;
        Some((u32_at(row, 0)?, u32_at(row, 4)?))
    }

    /// How many parents are in other segments.
    pub fn external_count(&self) -> u32 {
        self.externals
    }

    /// The id of an external parent.
    pub fn external(&self, row: u32) -> ObjectId {
        self.external_ids.id(&self.part, row).unwrap_or_else(null_id)
    }

    /// Whether the commits were proved to be new beside this pack's segment.
    pub fn proved_beside(&self, pack_id: PackId) -> bool {
        let (mut low, mut high) = (0, self.proved_beside.rows());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.proved_beside.u32(&self.part, middle).cmp(&Some(pack_id.0)) {
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

/// A commit to be added to a segment.
#[derive(Debug, Clone, Copy)]
pub struct NewCommit {
    /// Its id.
    pub commit_id: ObjectId,
    /// Its tree.
    pub tree_id: ObjectId,
    /// The committer's time, in seconds since 1970.
    pub time_seconds: u64,
}

/// A parent of a commit to be added.
#[derive(Debug, Clone, Copy)]
pub enum NewParent {
    /// A commit of this segment, by number.
    Local(u32),
    /// A commit of another live segment.
    External {
        /// Its id.
        commit_id: ObjectId,
        /// Its generation.
        generation: u32,
    },
}

/// Builds a Graph part: 64 bytes a commit, twice that while [`SegmentBuilder::finish`] runs.
#[derive(Debug, Default)]
pub struct SegmentBuilder {
    ids: Vec<ObjectId>,
    trees: Vec<u8>,
    times: Vec<u8>,
    generations: Vec<u32>,
    parents: Vec<u8>,
    external_ids: Vec<ObjectId>,
    external_rows: std::collections::HashMap<ObjectId, u32>,
    octopus: Vec<u32>,
    proved_beside: Vec<PackId>,
}

impl SegmentBuilder {
    /// Starts a segment whose commits are in no segment of the packs given.
    pub fn new(mut proved_beside: Vec<PackId>) -> Self {
        proved_beside.sort_unstable();
        Self { proved_beside, ..Self::default() }
    }

    /// Commits so far.
    pub fn len(&self) -> u32 {
        u32::try_from(self.ids.len()).unwrap_or(u32::MAX)
    }

    /// Whether it has no commits yet.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The id of a commit that was added.
    pub fn commit_id(&self, number: u32) -> Option<ObjectId> {
        self.ids.get(usize::try_from(number).ok()?).copied()
    }

    /// The tree of a commit that was added.
    pub fn tree_id(&self, number: u32) -> Option<ObjectId> {
        let start = usize::try_from(number).ok()?.checked_mul(ID_BYTES)?;
        ObjectId::try_from(self.trees.get(start..start.checked_add(ID_BYTES)?)?).ok()
    }

    /// Adds a commit after its parents and gives it its number. `None` if a local parent was not
    /// added before, or the segment is full.
    pub fn push(&mut self, commit: &NewCommit, parents: &[NewParent]) -> Option<u32> {
        let number = self.len();
        if number >= COMMITS_MAX {
            return None;
        }
        let mut generation = 0;
        let mut stored = Vec::with_capacity(parents.len());
        for parent in parents {
            let (name, parent_generation) = self.store_parent(*parent)?;
            generation = generation.max(parent_generation);
            stored.push(name);
        }
        let (first, second) = self.store_parents(&stored)?;
        self.ids.push(commit.commit_id);
        self.trees.extend_from_slice(commit.tree_id.as_bytes());
        self.times.extend_from_slice(&commit.time_seconds.to_le_bytes());
        self.generations.push(generation.checked_add(1)?);
        self.parents.extend_from_slice(&first.to_le_bytes());
        self.parents.extend_from_slice(&second.to_le_bytes());
        Some(number)
    }

    fn store_parent(&mut self, parent: NewParent) -> Option<(u32, u32)> {
        match parent {
            NewParent::Local(number) => {
                let generation = self.generations.get(usize::try_from(number).ok()?)?;
                Some((number, *generation))
            }
            NewParent::External { commit_id, generation } => {
                let next = u32::try_from(self.external_ids.len()).ok()?;
                let row = *self.external_rows.entry(commit_id).or_insert(next);
                if row == next {
                    self.external_ids.push(commit_id);
                }
                (row <= ROW).then_some((EXTERNAL | row, generation))
            }
        }
    }

    fn store_parents(&mut self, parents: &[u32]) -> Option<(u32, u32)> {
        match *parents {
            [] => Some((NO_PARENT, NO_PARENT)),
            [first] => Some((first, NO_PARENT)),
            [first, second] => Some((first, second)),
            [first, ref rest @ .., last] => {
                let row = u32::try_from(self.octopus.len()).ok()?;
                self.octopus.extend_from_slice(rest);
                self.octopus.push(last | LAST);
                (row <= ROW).then_some((first, OCTOPUS | row))
            }
        }
    }

    /// The part.
    pub fn finish(self) -> Vec<u8> {
        let Self { ids, external_ids, octopus, proved_beside, .. } = &self;
        let mut by_id: Vec<u32> = (0..self.len()).collect();
        by_id.sort_unstable_by_key(|number| self.commit_id(*number));

        let mut part = Vec::with_capacity(HEADER_BYTES + ids.len() * 64 + external_ids.len() * 20);
        part.extend_from_slice(MAGIC);
        for rows in [ids.len(), external_ids.len(), octopus.len(), proved_beside.len()] {
            put_u32(&mut part, u32::try_from(rows).unwrap_or(u32::MAX));
        }
        for id in ids {
            part.extend_from_slice(id.as_bytes());
        }
        part.extend_from_slice(&self.trees);
        part.extend_from_slice(&self.times);
        for number in &self.generations {
            put_u32(&mut part, *number);
        }
        part.extend_from_slice(&self.parents);
        for number in by_id {
            put_u32(&mut part, number);
        }
        for id in external_ids {
            part.extend_from_slice(id.as_bytes());
        }
        for parent in octopus {
            put_u32(&mut part, *parent);
        }
        for pack_id in proved_beside {
            put_u32(&mut part, pack_id.0);
        }
        part
    }
}

fn put_u32(part: &mut Vec<u8>, number: u32) {
    part.extend_from_slice(&number.to_le_bytes());
}
