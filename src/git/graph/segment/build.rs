//! Writing the Graph part.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::super::store::{PackId, StoreError};
use super::super::columns::ID_BYTES;
use super::super::made_part::MadePart;
use super::super::spool::{Spill, Spool};
use super::format::{COMMITS_MAX, EXTERNAL, HEADER_BYTES, LAST, MAGIC, NO_PARENT, OCTOPUS, ROW};

/// Commits that are sorted at once: 2 MiB. Each more of them cost a look over all ids.
const SORTED_AT_ONCE: usize = 1 << 18;

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

/// Builds a Graph part: 60 bytes a commit, and 8 more once they are sorted. Where there is scratch, the
/// tables of a large part keep 1 MiB each in memory, and the sort 2.
#[derive(Debug)]
pub(crate) struct SegmentBuilder {
    commits: u32,
    ids: Spool,
    trees: Spool,
    times: Spool,
    generations: Spool,
    parents: Spool,
    spill: Option<Rc<Spill>>,
    external_ids: Vec<ObjectId>,
    external_rows: HashMap<ObjectId, u32>,
    octopus: Vec<u32>,
    proved_beside: Vec<PackId>,
}

impl SegmentBuilder {
    /// Starts a segment whose commits are in no segment of the packs given, with room for
    /// `commits`: tables grown step by step would leave holes in memory that never shrinks.
    pub(crate) fn new(proved_beside: Vec<PackId>, commits: usize) -> Self {
        Self::with_spill(proved_beside, commits, None)
    }

    /// The same where tables that grow large go to scratch.
    pub(crate) fn spilling_to(
        spill: &Rc<Spill>,
        proved_beside: Vec<PackId>,
        commits: usize,
    ) -> Self {
        Self::with_spill(proved_beside, commits, Some(Rc::clone(spill)))
    }

    fn with_spill(
        mut proved_beside: Vec<PackId>,
        commits: usize,
        spill: Option<Rc<Spill>>,
    ) -> Self {
        proved_beside.sort_unstable();
        let table = |width| Spool::new(width, commits, spill.as_ref());
        Self {
            commits: 0,
            ids: table(ID_BYTES),
            trees: table(ID_BYTES),
            times: table(8),
            generations: table(4),
            parents: table(8),
            spill,
            external_ids: Vec::new(),
            external_rows: HashMap::new(),
            octopus: Vec::new(),
            proved_beside,
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
        self.commits
    }

    /// The parents so far that are in other segments.
    pub(crate) fn externals(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.external_ids.iter().copied()
    }

    /// The tree of a commit that was added.
    pub(crate) fn tree_id(&self, number: u32) -> Result<Option<ObjectId>, StoreError> {
        Ok(self.trees.array(number)?.map(ObjectId::Sha1))
    }

    /// Adds a commit after its parents and gives it its number. `None` if a local parent was not
    /// added before, or the segment is full. After an error of the store nothing can come of it.
    pub(crate) fn push(
        &mut self,
        commit: &NewCommit,
        parents: &[NewParent],
    ) -> Result<Option<u32>, StoreError> {
        let number = self.len();
        if number >= COMMITS_MAX {
            return Ok(None);
        }
        let mut generation = 0_u32;
        let mut stored = Vec::with_capacity(parents.len());
        for parent in parents {
            let Some((name, parent_generation)) = self.store_parent(*parent)? else {
                return Ok(None);
            };
            generation = generation.max(parent_generation);
            stored.push(name);
        }
        let parents = self.store_parents(&stored);
        let Some(((first, second), generation)) = parents.zip(generation.checked_add(1)) else {
            return Ok(None);
        };
        self.ids.put(commit.commit_id.as_bytes())?;
        self.trees.put(commit.tree_id.as_bytes())?;
        self.times.put(&commit.time_seconds.to_le_bytes())?;
        self.generations.put(&generation.to_le_bytes())?;
        self.parents
            .put(&pair(first.to_le_bytes(), second.to_le_bytes()))?;
        self.commits = number.saturating_add(1);
        Ok(Some(number))
    }

    fn store_parent(&mut self, parent: NewParent) -> Result<Option<(u32, u32)>, StoreError> {
        match parent {
            NewParent::Local(number) => {
                let generation = self.generations.array(number)?;
                Ok(generation.map(|generation| (number, u32::from_le_bytes(generation))))
            }
            NewParent::External {
                commit_id,
                generation,
            } => {
                let next = u32::try_from(self.external_ids.len()).unwrap_or(u32::MAX);
                let row = *self.external_rows.entry(commit_id).or_insert(next);
                if row == next {
                    self.external_ids.push(commit_id);
                }
                Ok((row <= ROW).then_some((EXTERNAL | row, generation)))
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

    /// The part. Its tables in scratch stay there until somebody asks for them.
    pub(crate) fn finish(self) -> Result<MadePart, StoreError> {
        let by_id = self.sorted()?;
        let counts = [
            self.ids.len() / ID_BYTES,
            self.external_ids.len(),
            self.octopus.len(),
            self.proved_beside.len(),
        ];
        let mut header = MAGIC.to_vec();
        for rows in counts {
            let rows = u32::try_from(rows).unwrap_or(u32::MAX);
            header.extend_from_slice(&rows.to_le_bytes());
        }
        debug_assert_eq!(header.len(), HEADER_BYTES, "of the format");
        let packs = self.proved_beside.iter().map(|pack_id| pack_id.0);
        let tables = vec![
            Spool::of([header]),
            self.ids,
            self.trees,
            self.times,
            self.generations,
            self.parents,
            by_id,
            Spool::of(self.external_ids.iter().map(ObjectId::as_slice)),
            Spool::of(self.octopus.iter().map(|row| row.to_le_bytes())),
            Spool::of(packs.map(u32::to_le_bytes)),
        ];
        Ok(MadePart::new(tables))
    }

    /// The beginnings of the ids and the numbers, in the order of the ids.
    fn sorted(&self) -> Result<Spool, StoreError> {
        let commits = usize::try_from(self.commits).unwrap_or(usize::MAX);
        let mut by_id = Spool::new(8, commits, self.spill.as_ref());
        for range in self.ranges(SORTED_AT_ONCE)? {
            self.sort_range(range, &mut by_id)?;
        }
        Ok(by_id)
    }

    /// Ranges of beginnings that have no more ids than are sorted at once, as far as their first 16 bits tell.
    fn ranges(&self, sorted_at_once: usize) -> Result<Vec<RangeInclusive<u32>>, StoreError> {
        if usize::try_from(self.commits).is_ok_and(|commits| commits <= sorted_at_once) {
            return Ok(vec![0..=u32::MAX]);
        }
        let mut counts = vec![0_usize; 1 << 16];
        for number in 0..self.commits {
            let bucket = usize::try_from(self.beginning(number)? >> 16);
            if let Some(count) = bucket.ok().and_then(|bucket| counts.get_mut(bucket)) {
                *count = count.saturating_add(1);
            }
        }
        let (mut ranges, mut start, mut ids) = (Vec::new(), 0_u32, 0_usize);
        for (bucket, count) in (0_u32..).zip(counts) {
            let first = bucket << 16;
            if ids > 0 && ids.saturating_add(count) > sorted_at_once {
                ranges.push(start..=first.saturating_sub(1));
                (start, ids) = (first, 0);
            }
            ids = ids.saturating_add(count);
        }
        ranges.push(start..=u32::MAX);
        Ok(ranges)
    }

    /// The first four bytes of a commit's id.
    fn beginning(&self, number: u32) -> Result<u32, StoreError> {
        let [a, b, c, d, ..] = self.ids.array::<ID_BYTES>(number)?.unwrap_or_default();
        Ok(u32::from_be_bytes([a, b, c, d]))
    }

    /// Appends the ids of a range, in order.
    fn sort_range(&self, range: RangeInclusive<u32>, by_id: &mut Spool) -> Result<(), StoreError> {
        let commits = usize::try_from(self.commits).unwrap_or(usize::MAX);
        let mut all = Vec::with_capacity(commits.min(SORTED_AT_ONCE));
        for number in 0..self.commits {
            let beginning = self.beginning(number)?;
            if range.contains(&beginning) {
                all.push(u64::from(beginning) << 32 | u64::from(number));
            }
        }
        all.sort_unstable();
        let number_of = |one: u64| u32::try_from(one & u64::from(u32::MAX)).unwrap_or_default();
        for alike in all.chunk_by_mut(|a, b| a >> 32 == b >> 32) {
            if alike.len() > 1 {
                // Few ids have the same beginning.
                let mut whole = Vec::with_capacity(alike.len());
                for one in alike.iter() {
                    whole.push((self.ids.array::<ID_BYTES>(number_of(*one))?, *one));
                }
                whole.sort_unstable();
                for (slot, (_, one)) in alike.iter_mut().zip(whole) {
                    *slot = one;
                }
            }
        }
        for one in all {
            let [a, b, c, d, ..] = one.to_be_bytes();
            by_id.put(&pair([a, b, c, d], number_of(one).to_le_bytes()))?;
        }
        Ok(())
    }
}

fn pair(first: [u8; 4], second: [u8; 4]) -> [u8; 8] {
    let [first, second] = [first, second].map(|half| u64::from(u32::from_le_bytes(half)));
    (second << 32 | first).to_le_bytes()
}
