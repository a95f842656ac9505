//! The Graph part of one pack: the commits whose closure its push proved.
//!
//! A commit's *number* is its place in an order in which parents come before children. The part
//! is a header and one table after another, all little-endian, 68 bytes a commit:
//!
//! | bytes | table |
//! |---|---|
//! | 20 | magic `CGS2`, number of commits `n`, of external parents `e`, of octopus rows `o`, of packs `p` |
//! | 20 n | commit id, by number |
//! | 20 n | tree id |
//! | 8 n | commit time, seconds since 1970 |
//! | 4 n | generation: 1 for a root, else 1 + the greatest of the parents' |
//! | 8 n | first and second parent |
//! | 8 n | sorted by commit id: the first 4 bytes of the id, and the number |
//! | 20 e | ids of parents that are in segments of other packs |
//! | 4 o | parents from the second on of the commits that have more than two |
//! | 4 p | sorted, the packs that were live when the commits were proved |
//!
//! Parts with the magic `CGS1`, which 0.1 wrote, have the sorted numbers without the bytes of the id.
//!
//! A parent is a number of this segment, or [`format::EXTERNAL`] + a row of the external parents,
//! or [`format::NO_PARENT`]; a second parent may also be [`format::OCTOPUS`] + a row of the octopus
//! table, from which on parents are read up to the one that is marked [`format::LAST`].
//!
//! No commit of the segment was in a segment of the packs that the last table names. So a commit
//! can be in two segments only if two pushes overlapped, and [`super::commits`] needs to look for
//! that only between such packs.

use std::cmp::Ordering;
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::store::{PackId, PackRecord, PackStore, Part, PartReader, Shared, StoreError};
use super::made_part::MadePart;

mod build;
mod format;
mod layout;
mod pages;
#[cfg(test)]
mod tests;

pub(crate) use build::{NewCommit, NewParent, SegmentBuilder};
use format::{EXTERNAL, HEADER_BYTES, LAST, NO_PARENT, OCTOPUS, ROW};
use layout::{Layout, Table};
use pages::{Pages, corrupt};

/// Bytes of a part for each commit, at least.
const COMMIT_BYTES_MIN: usize = 64;

/// Guesses of a commit's place among the sorted ids, before the search halves the rest.
const GUESSES_MAX: u32 = 12;

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

/// A Graph part: one that is read in place, or by pages.
///
/// A question about a number that is not below [`Segment::len`] is answered as if the part were
/// damaged.
#[derive(Debug, Clone)]
pub struct Segment {
    pack_id: PackId,
    layout: Layout,
    bytes: Bytes,
}

#[derive(Debug, Clone)]
enum Bytes {
    Whole(Shared),
    Paged(Rc<Pages>),
}

impl Segment {
    /// Opens a whole part and checks its form: after this, parents are below their children.
    pub(crate) fn open(pack_id: PackId, part: Shared) -> Result<Self, Malformed> {
        let layout = Layout::of(&part).filter(|layout| layout.part_bytes == part.len());
        let segment = Self {
            pack_id,
            layout: layout.ok_or(Malformed("header or length"))?,
            bytes: Bytes::Whole(part),
        };
        segment.check_parents().map_err(|_| Malformed("parents"))?;
        Ok(segment)
    }

    /// Opens the part of a stored pack: by pages if it is large and the store can read it so.
    pub(crate) fn open_stored<S: PackStore + ?Sized>(
        store: &S,
        record: &PackRecord,
    ) -> Result<Self, StoreError> {
        let pack_id = record.pack_id;
        // Commits are objects of the pack, with few exceptions: so most parts are known to be small.
        let objects = usize::try_from(record.object_count).unwrap_or(usize::MAX);
        let bytes = objects.saturating_mul(COMMIT_BYTES_MIN);
        if let Some(reader) = store.part_reader(pack_id)
            && bytes >= reader.paged_bytes_min()
            && let Some(segment) = Self::open_paged(pack_id, reader)?
        {
            return Ok(segment);
        }
        let part = store.part(pack_id, Part::Graph)?;
        Self::open(pack_id, part).map_err(|_| corrupt(pack_id))
    }

    /// Opens a part that is not stored yet: by pages if it is large.
    pub(crate) fn open_made(pack_id: PackId, part: &Rc<MadePart>) -> Result<Self, StoreError> {
        let reader = Rc::clone(part) as Rc<dyn PartReader>;
        if part.len() >= part.paged_bytes_min()
            && let Some(segment) = Self::open_paged(pack_id, reader)?
        {
            return Ok(segment);
        }
        Self::open(pack_id, part.whole()?).map_err(|_| corrupt(pack_id))
    }

    /// Opens the part of a stored pack for a caller that goes over it from end to end.
    pub(crate) fn scan<S: PackStore + ?Sized>(
        store: &S,
        record: &PackRecord,
    ) -> Result<Self, StoreError> {
        let objects = usize::try_from(record.object_count).unwrap_or(usize::MAX);
        let bytes = objects.saturating_mul(COMMIT_BYTES_MIN);
        if let Some(reader) = store.part_scanner(record.pack_id)
            && bytes >= reader.paged_bytes_min()
            && let Some(segment) = Self::open_scanned(record.pack_id, reader)?
        {
            return Ok(segment);
        }
        let part = store.part(record.pack_id, Part::Graph)?;
        Self::open(record.pack_id, part).map_err(|_| corrupt(record.pack_id))
    }

    /// The same by a reader; `None` if that does not read it
    /// by ranges.
    pub(crate) fn open_scanned(
        pack_id: PackId,
        reader: Rc<dyn PartReader>,
    ) -> Result<Option<Self>, StoreError> {
        let Some(len) = reader.part_len(pack_id, Part::Graph)? else {
            return Ok(None);
        };
        if len < reader.paged_bytes_min() {
            let part = reader.part(pack_id, Part::Graph)?;
            let segment = Self::open(pack_id, part).map_err(|_| corrupt(pack_id))?;
            return Ok(Some(segment));
        }
        let segment = Self::open_paged(pack_id, reader)?;
        let is_whole = |segment: &Self| segment.layout.part_bytes == len;
        let segment = segment.filter(is_whole).ok_or_else(|| corrupt(pack_id))?;
        Ok(Some(segment))
    }

    fn open_paged(pack_id: PackId, reader: Rc<dyn PartReader>) -> Result<Option<Self>, StoreError> {
        let Some(header) = reader.part_range(pack_id, Part::Graph, 0..HEADER_BYTES)? else {
            return Ok(None);
        };
        let layout = Layout::of(&header).ok_or_else(|| corrupt(pack_id))?;
        let is_large = layout.part_bytes >= reader.paged_bytes_min();
        Ok(is_large.then(|| Self::paged(pack_id, layout, reader)))
    }

    fn paged(pack_id: PackId, layout: Layout, reader: Rc<dyn PartReader>) -> Self {
        Self {
            pack_id,
            layout,
            bytes: Bytes::Paged(Rc::new(Pages::new(pack_id, reader))),
        }
    }

    /// Bytes of the part that are here.
    pub(crate) fn held_bytes(&self) -> usize {
        match &self.bytes {
            Bytes::Whole(part) => part.len(),
            Bytes::Paged(pages) => pages.held_bytes(),
        }
    }

    /// Whether it is read by pages.
    pub(crate) fn is_paged(&self) -> bool {
        matches!(self.bytes, Bytes::Paged(_))
    }

    fn array<const N: usize>(&self, table: Table, row: u32) -> Result<[u8; N], StoreError> {
        let column = self.layout.column(table);
        match &self.bytes {
            Bytes::Whole(part) => column.array(part, row).ok_or_else(|| self.corrupt()),
            Bytes::Paged(pages) => pages.array(table, column, row),
        }
    }

    fn u32(&self, table: Table, row: u32) -> Result<u32, StoreError> {
        self.array(table, row).map(u32::from_le_bytes)
    }

    fn check_parents(&self) -> Result<(), StoreError> {
        for number in 0..self.len() {
            self.for_each_parent(number, |_| Ok(()))?;
        }
        Ok(())
    }

    /// Commits in the segment.
    pub fn len(&self) -> u32 {
        self.layout.commits
    }

    /// Whether it has no commits: a push of tags alone, or of nothing new.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of a commit.
    pub(crate) fn lookup(&self, commit_id: &oid) -> Result<Option<u32>, StoreError> {
        let Some(wanted) = beginning(commit_id) else {
            return Ok(None);
        };
        let (mut low, mut high) = (0, self.len());
        // The ids between begin with a number from the first of these on, and below the second.
        let (mut low_beginning, mut high_beginning) = (0_u64, 1_u64 << 32);
        let mut guesses_left = if self.is_paged() { GUESSES_MAX } else { 0 };
        while low < high {
            let at = if let Some(left) = guesses_left.checked_sub(1) {
                guesses_left = left;
                let ids = u64::from(high - low);
                let ahead = ids.saturating_mul(u64::from(wanted).saturating_sub(low_beginning))
                    / high_beginning.saturating_sub(low_beginning).max(1);
                let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
                low.saturating_add(ahead).min(high - 1)
            } else {
                low + (high - low) / 2
            };
            let (number, found, order) = self.compare(at, wanted, commit_id)?;
            match order {
                Ordering::Equal => return Ok(Some(number)),
                Ordering::Less => (low, low_beginning) = (at + 1, u64::from(found)),
                Ordering::Greater => (high, high_beginning) = (at, u64::from(found) + 1),
            }
        }
        Ok(None)
    }

    /// The number at this place of the sorted ids, how its id begins, and how the id compares.
    fn compare(
        &self,
        at: u32,
        wanted: u32,
        commit_id: &oid,
    ) -> Result<(u32, u32, Ordering), StoreError> {
        let number = if self.layout.has_beginnings {
            let [a, b, c, d, number @ ..] = self.array::<8>(Table::ById, at)?;
            let found = u32::from_be_bytes([a, b, c, d]);
            let number = u32::from_le_bytes(number);
            if found != wanted {
                return Ok((number, found, found.cmp(&wanted)));
            }
            number
        } else {
            self.u32(Table::ById, at)?
        };
        let id = self.commit_id(number)?;
        let found = beginning(&id).unwrap_or_default();
        Ok((number, found, (*id).cmp(commit_id)))
    }

    /// The beginning of the id at this place of the sorted ids, where the part has it, and the number of its
    /// commit.
    pub(crate) fn sorted(&self, at: u32) -> Result<(Option<u32>, u32), StoreError> {
        if !self.layout.has_beginnings {
            return Ok((None, self.u32(Table::ById, at)?));
        }
        let [a, b, c, d, number @ ..] = self.array::<8>(Table::ById, at)?;
        let beginning = u32::from_be_bytes([a, b, c, d]);
        Ok((Some(beginning), u32::from_le_bytes(number)))
    }

    /// The commit's id.
    pub(crate) fn commit_id(&self, number: u32) -> Result<ObjectId, StoreError> {
        self.array(Table::Ids, number).map(id)
    }

    /// The id of the commit's tree.
    pub(crate) fn tree_id(&self, number: u32) -> Result<ObjectId, StoreError> {
        self.array(Table::Trees, number).map(id)
    }

    /// The committer's time, in seconds since 1970.
    pub(crate) fn time_seconds(&self, number: u32) -> Result<u64, StoreError> {
        self.array(Table::Times, number).map(u64::from_le_bytes)
    }

    /// The commit's generation, from 1.
    pub(crate) fn generation(&self, number: u32) -> Result<u32, StoreError> {
        self.u32(Table::Generations, number)
    }

    /// Calls `visit` with each parent, in the commit's order. A parent that is not below the commit
    /// is damage.
    pub(crate) fn for_each_parent(
        &self,
        number: u32,
        mut visit: impl FnMut(Parent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let [a, b, c, d, second @ ..] = self.array::<8>(Table::Parents, number)?;
        let first = u32::from_le_bytes([a, b, c, d]);
        let second = u32::from_le_bytes(second);
        if first != NO_PARENT {
            visit(self.parent(first, number)?)?;
        }
        if second == NO_PARENT {
            return Ok(());
        }
        if second & (EXTERNAL | OCTOPUS) != OCTOPUS {
            return visit(self.parent(second, number)?);
        }
        for row in second & ROW.. {
            let marked = self.u32(Table::Octopus, row)?;
            visit(self.parent(marked & !LAST, number)?)?;
            if marked & LAST != 0 {
                break;
            }
        }
        Ok(())
    }

    /// A parent of the commit, as it is stored.
    fn parent(&self, stored: u32, number: u32) -> Result<Parent, StoreError> {
        let row = stored & !EXTERNAL;
        if stored & EXTERNAL == 0 && stored < number {
            Ok(Parent::Local(stored))
        } else if stored & EXTERNAL != 0 && row < self.layout.externals {
            Ok(Parent::External(row))
        } else {
            Err(self.corrupt())
        }
    }

    /// How many parents are in other segments.
    pub(crate) fn external_count(&self) -> u32 {
        self.layout.externals
    }

    /// The id of an external parent.
    pub(crate) fn external(&self, row: u32) -> Result<ObjectId, StoreError> {
        self.array(Table::ExternalIds, row).map(id)
    }

    /// Whether the commits were proved to be new beside this pack's segment.
    pub(crate) fn proved_beside(&self, pack_id: PackId) -> Result<bool, StoreError> {
        let (mut low, mut high) = (0, self.layout.column(Table::ProvedBeside).rows());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.u32(Table::ProvedBeside, middle)?.cmp(&pack_id.0) {
                Ordering::Equal => return Ok(true),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        Ok(false)
    }

    fn corrupt(&self) -> StoreError {
        corrupt(self.pack_id)
    }
}

/// The number that the first 4 bytes of an id are.
fn beginning(id: &oid) -> Option<u32> {
    let bytes = id.as_bytes().first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

fn id(bytes: [u8; 20]) -> ObjectId {
    ObjectId::from(bytes)
}
