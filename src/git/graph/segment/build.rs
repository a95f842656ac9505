//! Writing the Graph part.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::super::store::{PAGED_ROW_BYTES_MAX, PART_ROW_BYTES_MAX, PackId, Pieces, Shared};
use super::super::columns::ID_BYTES;
use super::format::{COMMITS_MAX, EXTERNAL, HEADER_BYTES, LAST, MAGIC, NO_PARENT, OCTOPUS, ROW};

/// A commit to be added to a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewCommit {
    /// Its id.
    pub commit_id: ObjectId,
    /// Its tree.
    pub tree_id: ObjectId,
    /// The committer's time, in seconds since 1970.
    pub time_seconds: u64,
}

/// A parent of a commit to be added.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NewParent {
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

/// Builds a Graph part: 64 bytes a commit, and half as many more while [`SegmentBuilder::finish`]
/// runs, which writes 68.
#[derive(Debug, Default)]
pub(crate) struct SegmentBuilder {
    ids: Vec<ObjectId>,
    trees: Vec<u8>,
    times: Vec<u8>,
    generations: Vec<u32>,
    parents: Vec<u8>,
    external_ids: Vec<ObjectId>,
    external_rows: HashMap<ObjectId, u32>,
    octopus: Vec<u32>,
    proved_beside: Vec<PackId>,
}

impl SegmentBuilder {
    /// Starts a segment whose commits are in no segment of the packs given, with room for
    /// `commits`: tables grown step by step would leave holes in memory that never shrinks.
    pub(crate) fn new(mut proved_beside: Vec<PackId>, commits: usize) -> Self {
        proved_beside.sort_unstable();
        Self {
            ids: Vec::with_capacity(commits),
            trees: Vec::with_capacity(commits.saturating_mul(ID_BYTES)),
            times: Vec::with_capacity(commits.saturating_mul(8)),
            generations: Vec::with_capacity(commits),
            parents: Vec::with_capacity(commits.saturating_mul(8)),
            proved_beside,
            ..Self::default()
        }
    }

    /// The same with other packs beside it; no commit of the segment is in them.
    #[must_use]
    pub(crate) fn beside(self, mut proved_beside: Vec<PackId>) -> Self {
        proved_beside.sort_unstable();
        Self {
            proved_beside,
            ..self
        }
    }

    /// Commits so far.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.ids.len()).unwrap_or(u32::MAX)
    }

    /// The id of a commit that was added.
    pub(crate) fn commit_id(&self, number: u32) -> Option<ObjectId> {
        self.ids.get(usize::try_from(number).ok()?).copied()
    }

    /// Not inlined: a sort compares at dozens of places, and the wasm would have as many copies.
    #[inline(never)]
    fn compare_ids(&self, a: u32, b: u32) -> Ordering {
        self.commit_id(a).cmp(&self.commit_id(b))
    }

    /// The parents so far that are in other segments.
    pub(crate) fn externals(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.external_ids.iter().copied()
    }

    /// The tree of a commit that was added.
    pub(crate) fn tree_id(&self, number: u32) -> Option<ObjectId> {
        let start = usize::try_from(number).ok()?.checked_mul(ID_BYTES)?;
        ObjectId::try_from(self.trees.get(start..start.checked_add(ID_BYTES)?)?).ok()
    }

    /// Adds a commit after its parents and gives it its number. `None` if a local parent was not
    /// added before, or the segment is full.
    pub(crate) fn push(&mut self, commit: &NewCommit, parents: &[NewParent]) -> Option<u32> {
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
        self.times
            .extend_from_slice(&commit.time_seconds.to_le_bytes());
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
            NewParent::External {
                commit_id,
                generation,
            } => {
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

    /// The part, in the rows that are stored. What was written of it is given up on the way.
    pub(crate) fn finish(self) -> Pieces {
        let mut by_id: Vec<u32> = (0..self.len()).collect();
        by_id.sort_unstable_by(|a, b| self.compare_ids(*a, *b));
        let Self {
            ids,
            trees,
            times,
            generations,
            parents,
            external_ids,
            octopus,
            proved_beside,
            ..
        } = self;
        let mut part = Rows::of(HEADER_BYTES + ids.len() * 68 + external_ids.len() * 20);
        part.put(MAGIC);
        for rows in [
            ids.len(),
            external_ids.len(),
            octopus.len(),
            proved_beside.len(),
        ] {
            part.put_u32(u32::try_from(rows).unwrap_or(u32::MAX));
        }
        let beginnings: Vec<[u8; 4]> = by_id
            .iter()
            .map(|number| beginning(&ids, *number))
            .collect();
        part.put_ids(ids);
        part.put(&trees);
        drop(trees);
        part.put(&times);
        part.put_u32s(generations);
        part.put(&parents);
        for (beginning, number) in beginnings.iter().zip(by_id) {
            part.put(beginning);
            part.put_u32(number);
        }
        drop(beginnings);
        part.put_ids(external_ids);
        part.put_u32s(octopus);
        part.put_u32s(proved_beside.into_iter().map(|pack_id| pack_id.0));
        part.finish()
    }
}

/// The first bytes of a commit's id.
fn beginning(ids: &[ObjectId], number: u32) -> [u8; 4] {
    let id = usize::try_from(number).ok().and_then(|at| ids.get(at));
    let bytes = id.and_then(|id| id.as_bytes().first_chunk());
    bytes.copied().unwrap_or_default()
}

/// Bytes that are cut into rows as they come.
struct Rows {
    full: Vec<Shared>,
    row: Vec<u8>,
    /// Bytes of a row at most.
    row_bytes_max: usize,
    /// Bytes to come that are not in `row`'s capacity.
    left: usize,
}

impl Rows {
    /// Rows of this many bytes together, or not many more: one row if that is enough, as a small part
    /// is read whole.
    fn of(bytes: usize) -> Self {
        let mut rows = Self {
            full: Vec::new(),
            row: Vec::new(),
            row_bytes_max: if bytes > PART_ROW_BYTES_MAX {
                PAGED_ROW_BYTES_MAX
            } else {
                PART_ROW_BYTES_MAX
            },
            left: bytes,
        };
        rows.begin();
        rows
    }

    fn begin(&mut self) {
        let room = self.left.min(self.row_bytes_max);
        self.left -= room;
        let row = std::mem::replace(&mut self.row, Vec::with_capacity(room));
        self.full.push(Rc::new(row));
    }

    /// Appends bytes; they are cut wherever a row ends.
    fn put(&mut self, mut bytes: &[u8]) {
        loop {
            let room = self.row_bytes_max.saturating_sub(self.row.len());
            let (now, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.row.extend_from_slice(now);
            if rest.is_empty() {
                return;
            }
            self.begin();
            bytes = rest;
        }
    }

    fn put_u32(&mut self, number: u32) {
        self.put(&number.to_le_bytes());
    }

    fn put_u32s(&mut self, numbers: impl IntoIterator<Item = u32>) {
        for number in numbers {
            self.put_u32(number);
        }
    }

    fn put_ids(&mut self, ids: Vec<ObjectId>) {
        for id in ids {
            self.put(id.as_bytes());
        }
    }

    fn finish(mut self) -> Pieces {
        self.full.push(Rc::new(self.row));
        Pieces::new(self.full)
    }
}
