//! An Introduced part that is read by pages and lists: only its header stays with the reader.

use std::cell::Cell;
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

/// Commits of the part for each read that may be asked for, until the whole part is better.
const COMMITS_PER_READ: u32 = 128;

/// The Introduced part of one pack, in pages.
#[derive(Debug)]
pub(in super::super) struct PagedIntroduced {
    pack_id: PackId,
    layout: Layout,
    reads_left: Cell<u32>,
}

impl PagedIntroduced {
    /// Reads the header; `None` if the store does not read this part by ranges.
    pub(in super::super) fn open<S: PackStore + ?Sized>(
        pack_id: PackId,
        store: &S,
    ) -> Result<Option<Self>, StoreError> {
        let Some(header) = store.part_range(pack_id, Part::Introduced, 0..HEADER_BYTES)? else {
            return Ok(None);
        };
        let layout = Layout::of(&header).ok_or_else(|| corrupt(pack_id))?;
        Ok(Some(Self {
            pack_id,
            layout,
            reads_left: Cell::new(layout.commits / COMMITS_PER_READ),
        }))
    }

    /// Reads what the commit introduces, as [`super::Introduced::for_each`] does.
    pub(in super::super) fn list<S: PackStore + ?Sized>(
        &self,
        store: &S,
        number: u32,
    ) -> Result<(Vec<u32>, Vec<u32>), PagedError> {
        let corrupt = || corrupt(self.pack_id);
        let start = match number.checked_sub(1) {
            Some(before) => self.number(store, self.layout.ends, before)?,
            None => Some(0),
        };
        let end = self.number(store, self.layout.ends, number)?;
        let range = start.zip(end).filter(|(start, end)| start <= end);
        let range = range.and_then(|(start, end)| {
            let at = |list: u32| {
                self.layout
                    .lists_start
                    .checked_add(usize::try_from(list).ok()?)
            };
            Some(at(start)?..at(end)?)
        });
        let list = self.read(store, range.ok_or_else(corrupt)?)?;
        let (mut positions, mut externals) = (Vec::new(), Vec::new());
        self.layout
            .read_list(&list, |at| positions.push(at), |row| externals.push(row))
            .map_err(|_| corrupt())?;
        Ok((positions, externals))
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
        let left = self.reads_left.get().checked_sub(1);
        self.reads_left.set(left.ok_or(PagedError::Whole)?);
        let bytes = range.len();
        let read = store.part_range(self.pack_id, Part::Introduced, range)?;
        let read = read.ok_or(PagedError::Whole)?;
        if read.len() != bytes {
            return Err(corrupt(self.pack_id).into());
        }
        Ok(read)
    }
}

fn corrupt(pack_id: PackId) -> StoreError {
    StoreError::Corrupt {
        what: "introduced lists",
        pack: pack_id.0,
    }
}
