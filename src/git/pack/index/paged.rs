//! An index that is read by pages: only its head stays with the reader.
//!
//! A page has [`PAGE_ITEMS`] items of one section, 2 to 12 KiB. A look-up guesses the page of the
//! id from the fan-out and the id's own bytes, as ids are as good as random; then it reads one page
//! of the positions and one of the entries. So its cost does not depend on the pack's size.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use gix_hash::{ObjectId, oid};

use super::super::super::store::{PackId, PackStore, Part, Shared, StoreError};
use super::format::{
    ENTRY_ROW_BYTES, FAN_OUT_BYTES, HEADER_BYTES, ID_BYTES, POSITION_BYTES, RUN_ITEMS,
};
use super::sections::{Sections, word};
use super::view::Row;

#[cfg(test)]
mod tests;

/// Items of a page.
const PAGE_ITEMS: u32 = 512;

/// Runs of a section that stay with the reader: an entry and its base are mostly in two neighbours.
const RECENT_RUNS: u32 = 2;

/// Sections of an index.
const SECTIONS: usize = 4;

/// Pages that a search tries beside the guessed one before it halves the rest.
const NEIGHBOURS_MAX: u32 = 3;

/// Objects of the pack for each page that may be asked for, until the whole index is better: to
/// read it costs about as much as a page for every five hundred objects.
const OBJECTS_PER_PAGE_ASKED: u32 = 1_024;

/// Pages that may be asked for in any case: twice as many as a push of one commit asks for.
const PAGES_ASKED_MIN: u32 = 96;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PagedError {
    /// The store failed, or the index is corrupt.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The whole index must be asked instead: the store cannot read it by ranges any more, or
    /// so many pages were asked for that the rest costs less as a whole.
    #[error("the index is read whole")]
    Whole,
}

/// The index of one stored pack, in pages.
#[derive(Debug)]
pub(crate) struct PagedIndex {
    pack_id: PackId,
    sections: Sections,
    /// The header and the fan-out.
    head: Shared,
    pages_left: Cell<u32>,
    /// It is never taken whole, whatever is asked: runs are read instead.
    is_bounded: bool,
    by_runs: Cell<bool>,
    /// Pages and runs that were asked of the store.
    asked: Cell<u64>,
    /// The runs read last, by section, with the offset of each.
    recent: RefCell<[Option<(usize, Shared)>; SECTIONS * RECENT_RUNS as usize]>,
}

/// Rows of an index that stand side by side: a caller that goes through a pack asks for them one after the
/// other.
#[derive(Debug)]
pub(crate) struct RowRun {
    first: u32,
    bytes: Shared,
}

impl RowRun {
    /// The row of this entry, if it is one of these.
    pub(crate) fn row(&self, position: u32) -> Option<Row> {
        let (rows, _) = self.bytes.as_chunks();
        let place = usize::try_from(position.checked_sub(self.first)?).ok()?;
        Row::decode(rows.get(place)?)
    }
}

/// A section, and how many items it has.
#[derive(Clone, Copy)]
struct Items {
    /// Which of the sections.
    place: u32,
    start: usize,
    count: u32,
    item_bytes: usize,
}

impl PagedIndex {
    /// Reads the head; `None` if the store does not read this index by ranges.
    ///
    /// One that `is_bounded` is read by runs where another would be taken whole.
    pub(crate) fn open(
        pack_id: PackId,
        store: &impl PackStore,
        is_bounded: bool,
    ) -> Result<Option<Self>, StoreError> {
        let head = store.part_range(pack_id, Part::Index, 0..HEADER_BYTES + FAN_OUT_BYTES)?;
        let Some(head) = head else {
            return Ok(None);
        };
        let corrupt = corrupt(pack_id);
        let sections = head.first_chunk().and_then(Sections::new);
        let sections = sections.ok_or_else(|| corrupt.clone())?;
        let fan_out = head.get(HEADER_BYTES..).unwrap_or_default();
        let (fan_out, _) = fan_out.as_chunks::<4>();
        let count = sections.object_count;
        let is_sound = fan_out.len() == FAN_OUT_BYTES / 4
            && fan_out.is_sorted()
            && fan_out.last().copied().map(word) == Some(count);
        let index = Self {
            pack_id,
            sections,
            head,
            pages_left: Cell::new(PAGES_ASKED_MIN.max(count / OBJECTS_PER_PAGE_ASKED)),
            is_bounded,
            by_runs: Cell::new(false),
            asked: Cell::new(0),
            recent: RefCell::default(),
        };
        is_sound.then_some(Some(index)).ok_or(corrupt)
    }

    /// Objects, the external bases not included.
    pub(crate) fn len(&self) -> u32 {
        self.sections.object_count
    }

    /// From now on reads runs, if it is bounded: much will be asked.
    pub(crate) fn expect_many_questions(&self) {
        self.by_runs.set(self.is_bounded);
    }

    /// Pages and runs that were asked of the store so far.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.get()
    }

    /// Bytes of the runs that stay here.
    pub(crate) fn run_bytes(&self) -> usize {
        let recent = self.recent.borrow();
        recent.iter().flatten().map(|(_, run)| run.len()).sum()
    }

    /// Gives the runs up; they may be read again.
    pub(crate) fn forget_runs(&self) {
        self.recent.take();
    }

    fn ids(&self) -> Items {
        self.items(0, self.sections.ids, ID_BYTES)
    }

    fn positions(&self) -> Items {
        self.items(1, self.sections.positions, POSITION_BYTES)
    }

    fn rows(&self) -> Items {
        self.items(2, self.sections.rows, ENTRY_ROW_BYTES)
    }

    fn external_bases(&self) -> Items {
        let start = self.sections.external_bases;
        let count = self.sections.end.saturating_sub(start) / ID_BYTES;
        Items {
            place: 3,
            start,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            item_bytes: ID_BYTES,
        }
    }

    fn items(&self, place: u32, start: usize, item_bytes: usize) -> Items {
        Items {
            place,
            start,
            count: self.len(),
            item_bytes,
        }
    }

    /// As [`super::PackIndex::has_copies`].
    pub(crate) fn has_copies(&self) -> bool {
        self.sections.surplus > 0
    }

    /// As [`super::PackIndex::external_base_count`].
    pub(crate) fn external_base_count(&self) -> u32 {
        self.external_bases().count
    }

    /// As [`super::PackIndex::sorted_ids`].
    pub(crate) fn sorted_ids(
        &self,
        store: &impl PackStore,
        from: u32,
    ) -> Result<Vec<(ObjectId, u32)>, PagedError> {
        if from >= self.len() {
            return Ok(Vec::new());
        }
        let (start, ids) = self.page(store, self.ids(), from)?;
        let (_, positions) = self.page(store, self.positions(), from)?;
        let (ids, _) = ids.as_chunks::<ID_BYTES>();
        let (positions, _) = positions.as_chunks::<POSITION_BYTES>();
        let both = ids.iter().zip(positions).skip(place(from, start));
        Ok(both
            .map(|(id, position)| (ObjectId::from(*id), word(*position)))
            .collect())
    }

    /// As [`super::PackIndex::find`].
    pub(crate) fn find(&self, store: &impl PackStore, id: &oid) -> Result<Option<u32>, PagedError> {
        let Some(index_position) = self.search(store, id)? else {
            return Ok(None);
        };
        let item = self.item(store, self.positions(), index_position)?;
        Ok(item.map(|position: [u8; POSITION_BYTES]| word(position)))
    }

    /// As [`super::PackIndex::row`].
    pub(crate) fn row(
        &self,
        store: &impl PackStore,
        position: u32,
    ) -> Result<Option<Row>, PagedError> {
        let item = self.item(store, self.rows(), position)?;
        Ok(item.and_then(|row: [u8; ENTRY_ROW_BYTES]| Row::decode(&row)))
    }

    /// The rows around an entry, side by side.
    pub(crate) fn rows_around(
        &self,
        store: &impl PackStore,
        position: u32,
    ) -> Result<RowRun, PagedError> {
        let (first, bytes) = self.page(store, self.rows(), position)?;
        Ok(RowRun { first, bytes })
    }

    /// As [`super::PackIndex::id`].
    pub(crate) fn id(
        &self,
        store: &impl PackStore,
        position: u32,
    ) -> Result<Option<ObjectId>, PagedError> {
        match self.row(store, position)? {
            Some(row) => self.id_at(store, row.index_position),
            None => Ok(None),
        }
    }

    /// As [`super::PackIndex::external_base`].
    pub(crate) fn external_base(
        &self,
        store: &impl PackStore,
        number: u32,
    ) -> Result<Option<ObjectId>, PagedError> {
        let item = self.item(store, self.external_bases(), number)?;
        Ok(item.map(|id: [u8; ID_BYTES]| ObjectId::from(id)))
    }

    /// As [`super::PackIndex::is_first_copy`].
    pub(crate) fn is_first_copy(
        &self,
        store: &impl PackStore,
        row: &Row,
    ) -> Result<bool, PagedError> {
        let before = row.index_position.checked_sub(1);
        let Some(before) = before.filter(|_| self.sections.surplus > 0) else {
            return Ok(true);
        };
        Ok(self.id_at(store, before)? != self.id_at(store, row.index_position)?)
    }

    fn id_at(
        &self,
        store: &impl PackStore,
        index_position: u32,
    ) -> Result<Option<ObjectId>, PagedError> {
        let item = self.item(store, self.ids(), index_position)?;
        Ok(item.map(|id: [u8; ID_BYTES]| ObjectId::from(id)))
    }

    /// The index position of the id's first copy.
    fn search(&self, store: &impl PackStore, id: &oid) -> Result<Option<u32>, PagedError> {
        let Some((mut low, mut high)) = self.fan_out(id) else {
            return Ok(None);
        };
        let mut guess = guess(low, high, id);
        let mut found = None;
        let mut pages = 0_u32;
        // Ids before `low` are below this one, and those from `high` on are not.
        while low < high {
            let at = guess.clamp(low, high.saturating_sub(1));
            let (start, page) = self.page(store, self.ids(), at)?;
            let (ids, _) = page.as_chunks::<ID_BYTES>();
            let from = low.max(start);
            let end = place(high, start).min(ids.len());
            let looked_at = ids.get(place(from, start)..end);
            let looked_at = looked_at.ok_or_else(|| corrupt(self.pack_id))?;
            let below = looked_at.partition_point(|other| other.as_slice() < id.as_bytes());
            let bound = from.saturating_add(u32::try_from(below).unwrap_or(u32::MAX));
            if let Some(other) = looked_at.get(below) {
                found = (other.as_slice() == id.as_bytes()).then_some(bound);
                high = bound;
            }
            if below > 0 {
                low = bound;
            }
            pages = pages.saturating_add(1);
            guess = if pages > NEIGHBOURS_MAX {
                low.midpoint(high)
            } else if below > 0 {
                low
            } else {
                high.saturating_sub(1)
            };
        }
        Ok(found.filter(|found| *found == low))
    }

    /// How many ids start with a byte below the id's first, and how many with one up to it.
    fn fan_out(&self, id: &oid) -> Option<(u32, u32)> {
        let first = usize::from(*id.as_bytes().first()?);
        let (fan_out, _) = self.head.get(HEADER_BYTES..)?.as_chunks::<4>();
        let up_to = |byte: usize| fan_out.get(byte).copied().map(word);
        let below = first.checked_sub(1).and_then(up_to).unwrap_or(0);
        Some((below, up_to(first)?))
    }

    /// An item of a section.
    fn item<const N: usize>(
        &self,
        store: &impl PackStore,
        items: Items,
        number: u32,
    ) -> Result<Option<[u8; N]>, PagedError> {
        debug_assert_eq!(items.item_bytes, N, "the items of the section");
        if number >= items.count {
            return Ok(None);
        }
        let (start, page) = self.page(store, items, number)?;
        let (all, _) = page.as_chunks::<N>();
        Ok(all.get(place(number, start)).copied())
    }

    /// The page or the run with an item, and the number of its first item.
    fn page(
        &self,
        store: &impl PackStore,
        items: Items,
        number: u32,
    ) -> Result<(u32, Shared), PagedError> {
        if !self.by_runs.get() {
            match self.pages_left.get().checked_sub(1) {
                Some(left) => {
                    self.pages_left.set(left);
                    self.asked.set(self.asked.get().saturating_add(1));
                    let (start, range) = self.range(items, number, PAGE_ITEMS)?;
                    let page = store.part_range(self.pack_id, Part::Index, range.clone())?;
                    return Ok((start, self.checked(page, &range)?));
                }
                None if self.is_bounded => self.by_runs.set(true),
                None => return Err(PagedError::Whole),
            }
        }
        let (start, range) = self.range(items, number, RUN_ITEMS)?;
        let slot = items.place * RECENT_RUNS + number / RUN_ITEMS % RECENT_RUNS;
        let slot = usize::try_from(slot).unwrap_or_default();
        if let Some(Some((at, run))) = self.recent.borrow().get(slot)
            && *at == range.start
        {
            return Ok((start, Shared::clone(run)));
        }
        self.asked.set(self.asked.get().saturating_add(1));
        let run = store.part_run(self.pack_id, Part::Index, range.clone())?;
        let run = self.checked(run, &range)?;
        if let Some(slot) = self.recent.borrow_mut().get_mut(slot) {
            *slot = Some((range.start, Shared::clone(&run)));
        }
        Ok((start, run))
    }

    /// The first of the `many` items around an item, and the bytes of all of them.
    fn range(
        &self,
        items: Items,
        number: u32,
        many: u32,
    ) -> Result<(u32, Range<usize>), StoreError> {
        let start = number - number % many;
        let end = start.saturating_add(many).min(items.count);
        let offset = |number: u32| {
            let bytes = usize::try_from(number)
                .ok()?
                .checked_mul(items.item_bytes)?;
            items.start.checked_add(bytes)
        };
        let range = offset(start).zip(offset(end));
        let (from, to) = range.ok_or_else(|| corrupt(self.pack_id))?;
        Ok((start, from..to))
    }

    fn checked(&self, page: Option<Shared>, range: &Range<usize>) -> Result<Shared, PagedError> {
        let page = page.ok_or(PagedError::Whole)?;
        if page.len() != range.len() {
            return Err(corrupt(self.pack_id).into());
        }
        Ok(page)
    }
}

/// Where among the ids with the same first byte the id stands if they are spread evenly.
fn guess(low: u32, high: u32, id: &oid) -> u32 {
    let part = match id.as_bytes() {
        [_, a, b, c, d, ..] => u64::from(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => 0,
    };
    let ids = u64::from(high.saturating_sub(low));
    // Below `ids`, as `part` is below 2^32.
    let ahead = ids.saturating_mul(part) >> 32;
    low.saturating_add(u32::try_from(ahead).unwrap_or(0))
}

/// The place in the page that starts with the item `start`.
fn place(number: u32, start: u32) -> usize {
    usize::try_from(number.saturating_sub(start)).unwrap_or(usize::MAX)
}

fn corrupt(pack_id: PackId) -> StoreError {
    StoreError::Corrupt {
        what: "index",
        pack: pack_id.0,
    }
}
