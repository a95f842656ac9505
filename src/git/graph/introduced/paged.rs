//! An Introduced part that is read by pages and lists: only its header stays with the reader. A caller that
//! asks for the lists of very many commits, in the order of their numbers, gets them out of runs.

use std::cell::{Cell, OnceCell, RefCell};
use std::ops::Range;

use gix_hash::ObjectId;

use super::super::super::pack::index::PagedError;
use super::super::super::store::{PackId, PackStore, Part, Shared, StoreError};
use super::super::columns::Column;
use super::Layout;
use super::format::HEADER_BYTES;

#[cfg(test)]
mod tests;

/// Rows of a table that are read at once: 2 to 40 KiB.
const PAGE_ROWS: u32 = 2_048;

/// Rows of ends that are read at once by runs: 64 KiB.
const RUN_ROWS: u32 = 16_384;

/// Bytes of lists that are read at once by runs.
const RUN_BYTES: usize = 128 << 10;

/// Commits of the part for each read that may be asked for, until the whole part is better.
const COMMITS_PER_READ: u32 = 128;

/// The Introduced part of one pack, in pages.
#[derive(Debug)]
pub(in super::super) struct PagedIntroduced {
    pack_id: PackId,
    layout: Layout,
    reads_left: Cell<u32>,
    /// It is never taken whole: runs are read instead.
    is_bounded: bool,
    by_runs: Cell<bool>,
    /// The run of ends read last, with its first row.
    ends: RefCell<Option<(u32, Shared)>>,
    /// The run of lists read last, with its first byte from the start of the lists.
    lists: RefCell<Option<(usize, Shared)>>,
    /// Bytes of all lists.
    lists_bytes: OnceCell<usize>,
}

impl PagedIntroduced {
    /// Reads the header; `None` if the store does not read this part by ranges.
    pub(in super::super) fn open<S: PackStore + ?Sized>(
        pack_id: PackId,
        store: &S,
        is_bounded: bool,
    ) -> Result<Option<Self>, StoreError> {
        let Some(header) = store.part_range(pack_id, Part::Introduced, 0..HEADER_BYTES)? else {
            return Ok(None);
        };
        let layout = Layout::of(&header).ok_or_else(|| corrupt(pack_id))?;
        Ok(Some(Self {
            pack_id,
            layout,
            reads_left: Cell::new(layout.commits / COMMITS_PER_READ),
            is_bounded,
            by_runs: Cell::new(false),
            ends: RefCell::default(),
            lists: RefCell::default(),
            lists_bytes: OnceCell::new(),
        }))
    }

    /// From now on reads runs, if it is bounded: much will be asked.
    pub(in super::super) fn expect_many_questions(&self) {
        self.by_runs.set(self.is_bounded);
    }

    /// Gives the runs up; they may be read again.
    pub(in super::super) fn forget_runs(&self) {
        self.ends.take();
        self.lists.take();
    }

    /// Reads the objects that the commit introduces, as [`super::Introduced::for_each`] does.
    pub(in super::super) fn for_each<S: PackStore + ?Sized>(
        &self,
        store: &S,
        number: u32,
        position: impl FnMut(u32),
        external: impl FnMut(u32),
    ) -> Result<(), PagedError> {
        let corrupt = || corrupt(self.pack_id);
        let start = match number.checked_sub(1) {
            Some(before) => self.end(store, before)?,
            None => Some(0),
        };
        let end = self.end(store, number)?;
        let range = start.zip(end).filter(|(start, end)| start <= end);
        let (start, end) = range.ok_or_else(corrupt)?;
        let at = |list: u32| usize::try_from(list).map_err(|_| corrupt());
        let range = at(start)?..at(end)?;
        let read = if self.by_runs.get() {
            let run = self.lists_run(store, range.start)?;
            if let Some((first, run)) = &run
                && let Some(list) = within(run, *first, &range)
            {
                self.layout.read_list(list, position, external)
            } else {
                let list = self.lists(store, range)?;
                self.layout.read_list(&list, position, external)
            }
        } else {
            let list = self.lists(store, range)?;
            self.layout.read_list(&list, position, external)
        };
        Ok(read.map_err(|_| corrupt())?)
    }

    /// The end of a commit's list.
    fn end<S: PackStore + ?Sized>(
        &self,
        store: &S,
        number: u32,
    ) -> Result<Option<u32>, PagedError> {
        let table = self.layout.ends;
        if !self.by_runs.get() {
            return self.number(store, table, number);
        }
        let first = number - number % RUN_ROWS;
        let rows = table.rows();
        if number >= rows {
            return Ok(None);
        }
        let end = first.saturating_add(RUN_ROWS).min(rows);
        let alone = table.alone(end.saturating_sub(first));
        let alone = alone.ok_or_else(|| corrupt(self.pack_id))?;
        if let Some((kept, run)) = &*self.ends.borrow()
            && *kept == first
        {
            return Ok(alone.u32(run, number - first));
        }
        let range = table.range(first..end);
        let run = self.read(store, range.ok_or_else(|| corrupt(self.pack_id))?)?;
        let found = alone.u32(&run, number - first);
        self.ends.replace(Some((first, run)));
        Ok(found)
    }

    /// The run of lists with this byte, and its first byte; `None` behind the last.
    fn lists_run<S: PackStore + ?Sized>(
        &self,
        store: &S,
        at: usize,
    ) -> Result<Option<(usize, Shared)>, PagedError> {
        let first = at - at % RUN_BYTES;
        if let Some((kept, run)) = &*self.lists.borrow()
            && *kept == first
        {
            return Ok(Some((first, Shared::clone(run))));
        }
        let all = self.lists_bytes(store)?;
        let end = first.saturating_add(RUN_BYTES).min(all);
        if first >= end {
            return Ok(None);
        }
        let run = self.lists(store, first..end)?;
        self.lists.replace(Some((first, Shared::clone(&run))));
        Ok(Some((first, run)))
    }

    fn lists_bytes<S: PackStore + ?Sized>(&self, store: &S) -> Result<usize, PagedError> {
        if let Some(bytes) = self.lists_bytes.get() {
            return Ok(*bytes);
        }
        let last = self.layout.commits.checked_sub(1);
        let last = last.map(|last| self.number(store, self.layout.ends, last));
        let bytes = last.transpose()?.flatten().unwrap_or(0);
        let bytes = usize::try_from(bytes).map_err(|_| corrupt(self.pack_id))?;
        Ok(*self.lists_bytes.get_or_init(|| bytes))
    }

    /// The bytes of a range of the lists.
    fn lists<S: PackStore + ?Sized>(
        &self,
        store: &S,
        range: Range<usize>,
    ) -> Result<Shared, PagedError> {
        let at = |list: usize| self.layout.lists_start.checked_add(list);
        let range = at(range.start).zip(at(range.end));
        let (start, end) = range.ok_or_else(|| corrupt(self.pack_id))?;
        self.read(store, start..end)
    }

    /// As [`super::Introduced::external`].
    pub(in super::super) fn external<S: PackStore + ?Sized>(
        &self,
        store: &S,
        row: u32,
    ) -> Result<Option<ObjectId>, PagedError> {
        let page = self.page(store, self.layout.external_ids, row)?;
        Ok(page.and_then(|(table, page, row)| table.id(&page, row)))
    }

    /// As [`super::Introduced::introducer`].
    pub(in super::super) fn introducer<S: PackStore + ?Sized>(
        &self,
        store: &S,
        position: u32,
    ) -> Result<Option<u32>, PagedError> {
        let number = self.number(store, self.layout.introducers, position)?;
        Ok(number.and_then(|number| number.checked_sub(1)))
    }

    fn number<S: PackStore + ?Sized>(
        &self,
        store: &S,
        table: Column,
        row: u32,
    ) -> Result<Option<u32>, PagedError> {
        let page = self.page(store, table, row)?;
        Ok(page.and_then(|(table, page, row)| table.u32(&page, row)))
    }

    /// The page with a row, as a table of its own, and the place of the row there.
    fn page<S: PackStore + ?Sized>(
        &self,
        store: &S,
        table: Column,
        row: u32,
    ) -> Result<Option<(Column, Shared, u32)>, PagedError> {
        if row >= table.rows() {
            return Ok(None);
        }
        let place = row % PAGE_ROWS;
        let start = row.saturating_sub(place);
        let end = start.saturating_add(PAGE_ROWS).min(table.rows());
        let range = table.range(start..end);
        let page = table.alone(end.saturating_sub(start));
        let (range, page) = range.zip(page).ok_or_else(|| corrupt(self.pack_id))?;
        let bytes = self.read(store, range)?;
        Ok(Some((page, bytes, place)))
    }

    fn read<S: PackStore + ?Sized>(
        &self,
        store: &S,
        range: Range<usize>,
    ) -> Result<Shared, PagedError> {
        let bytes = range.len();
        let left = self.reads_left.get().checked_sub(1);
        if left.is_none() {
            self.by_runs.set(self.is_bounded);
        }
        let read = if self.by_runs.get() {
            store.part_run(self.pack_id, Part::Introduced, range)?
        } else {
            self.reads_left.set(left.ok_or(PagedError::Whole)?);
            store.part_range(self.pack_id, Part::Introduced, range)?
        };
        let read = read.ok_or(PagedError::Whole)?;
        if read.len() != bytes {
            return Err(corrupt(self.pack_id).into());
        }
        Ok(read)
    }
}

/// The bytes of a range in a run that begins with the byte `first`.
fn within<'a>(run: &'a [u8], first: usize, range: &Range<usize>) -> Option<&'a [u8]> {
    let start = range.start.checked_sub(first)?;
    run.get(start..range.end.checked_sub(first)?)
}

fn corrupt(pack_id: PackId) -> StoreError {
    StoreError::Corrupt {
        what: "introduced lists",
        pack: pack_id.0,
    }
}
