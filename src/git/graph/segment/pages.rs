//! A Graph part that is read by pages.
//!
//! A walk goes mostly from a commit to one with a number near it, so each table keeps the few
//! pages that were read last, and the store keeps more of them by use. A walk over most of the
//! history asks for most pages of the tables that it needs: then such a table is read whole, which
//! costs less than its pages one by one.

use std::cell::{Cell, OnceCell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use super::super::super::store::{PackId, Part, PartReader, Shared, StoreError};
use super::super::columns::{Column, ID_BYTES};
use super::layout::{TABLES, Table};

/// Pages that a table keeps: a walk is at several ends of a history at a time.
const SLOTS: usize = 8;

/// Bytes of a page of numbers.
const PAGE_BYTES: usize = 8 << 10;

/// Ids of a page, 10 KiB.
const PAGE_IDS: u32 = 512;

/// The part, as far as it is here.
pub(super) struct Pages {
    reader: Rc<dyn PartReader>,
    pack_id: PackId,
    /// By [`Table`].
    tables: [PagedTable; TABLES],
    /// The whole part, once the store cannot read it by ranges any more.
    whole: OnceCell<Shared>,
}

#[derive(Default)]
struct PagedTable {
    /// By the page's number, modulo [`SLOTS`].
    slots: RefCell<[Option<(u32, Shared)>; SLOTS]>,
    pages_read: Cell<u32>,
    whole: OnceCell<Shared>,
}

impl Pages {
    /// Nothing is here yet.
    pub(super) fn new(pack_id: PackId, reader: Rc<dyn PartReader>) -> Self {
        Self {
            reader,
            pack_id,
            tables: Default::default(),
            whole: OnceCell::new(),
        }
    }

    /// Bytes that are here.
    pub(super) fn held_bytes(&self) -> usize {
        let table = |table: &PagedTable| {
            let slots = table.slots.borrow();
            let pages = slots.iter().flatten().map(|(_, page)| page.len());
            pages.sum::<usize>() + table.whole.get().map_or(0, |whole| whole.len())
        };
        let whole = self.whole.get().map_or(0, |whole| whole.len());
        self.tables.iter().map(table).sum::<usize>() + whole
    }

    /// One row of a table.
    pub(super) fn array<const N: usize>(
        &self,
        table: Table,
        column: Column,
        row: u32,
    ) -> Result<[u8; N], StoreError> {
        let corrupt = || corrupt(self.pack_id);
        if let Some(part) = self.whole.get() {
            return column.array(part, row).ok_or_else(corrupt);
        }
        let held = self.tables.get(table as usize).ok_or_else(corrupt)?;
        if let Some(whole) = held.whole.get() {
            return row_of(column, whole, row).ok_or_else(corrupt);
        }
        let rows = column.rows();
        if row >= rows {
            return Err(corrupt());
        }
        let page_rows = page_rows(column);
        let (number, place) = (row / page_rows, row % page_rows);
        let slot = usize::try_from(number).unwrap_or_default() % SLOTS;
        if let Some(Some((kept, page))) = held.slots.borrow().get(slot)
            && *kept == number
        {
            return row_of(column, page, place).ok_or_else(corrupt);
        }
        if self.takes_whole(held, column)?
            && let Some(whole) = held.whole.get()
        {
            return row_of(column, whole, row).ok_or_else(corrupt);
        }
        let start = number.saturating_mul(page_rows);
        let end = start.saturating_add(page_rows).min(rows);
        let Some(page) = self.read(column, start..end)? else {
            // The store does not read the part by ranges any more.
            let part = self.reader.part(self.pack_id, Part::Graph)?;
            let part = self.whole.get_or_init(|| part);
            return column.array(part, row).ok_or_else(corrupt);
        };
        let found = row_of(column, &page, place).ok_or_else(corrupt)?;
        if let Some(slot) = held.slots.borrow_mut().get_mut(slot) {
            *slot = Some((number, page));
        }
        Ok(found)
    }

    /// Counts one page more; reads the whole table after more than half of its pages.
    fn takes_whole(&self, held: &PagedTable, column: Column) -> Result<bool, StoreError> {
        let (rows, page_rows) = (column.rows(), page_rows(column));
        let pages_read = held.pages_read.get().saturating_add(1);
        held.pages_read.set(pages_read);
        let bytes = column.range(0..rows).map(|range| range.len());
        let is_due = pages_read > rows.div_ceil(page_rows).div_ceil(2)
            && bytes.is_some_and(|bytes| bytes <= self.reader.whole_table_bytes_max());
        if is_due && let Some(whole) = self.read(column, 0..rows)? {
            held.slots.take();
            held.whole.get_or_init(|| whole);
        }
        Ok(is_due)
    }

    fn read(&self, column: Column, rows: Range<u32>) -> Result<Option<Shared>, StoreError> {
        let range = column.range(rows).ok_or_else(|| corrupt(self.pack_id))?;
        let bytes = range.len();
        let read = self.reader.part_range(self.pack_id, Part::Graph, range)?;
        if read.as_ref().is_some_and(|read| read.len() != bytes) {
            return Err(corrupt(self.pack_id));
        }
        Ok(read)
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let held_bytes = self.held_bytes();
        write!(out, "{held_bytes} bytes of pack {}", self.pack_id.0)
    }
}

/// A row in bytes that hold rows of the table and nothing else.
fn row_of<const N: usize>(column: Column, bytes: &[u8], row: u32) -> Option<[u8; N]> {
    column.alone(column.rows())?.array(bytes, row)
}

/// Rows of a page of the table.
fn page_rows(column: Column) -> u32 {
    if column.width() >= ID_BYTES {
        return PAGE_IDS;
    }
    let rows = PAGE_BYTES / column.width().max(1);
    u32::try_from(rows).unwrap_or(PAGE_IDS).max(1)
}

/// The error that names the part.
pub(super) fn corrupt(pack_id: PackId) -> StoreError {
    StoreError::Corrupt {
        what: "commit graph",
        pack: pack_id.0,
    }
}
