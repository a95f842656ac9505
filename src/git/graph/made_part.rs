//! A part that was just made, table by table, and is not stored yet.

use std::ops::Range;
use std::rc::Rc;

use super::super::store::{
    PAGED_ROW_BYTES_MAX, PART_ROW_BYTES_MAX, PackId, Part, PartReader, Scratch, Shared, StoreError,
};
use super::spool::{Spill, Spool};

/// The part: its tables, one after the other. Tables in scratch are read when somebody asks for them.
#[derive(Debug)]
pub struct MadePart {
    tables: Vec<Spool>,
    len: usize,
    rows: Rows,
}

/// How the part is cut into rows.
#[derive(Debug)]
enum Rows {
    /// Into rows of so many bytes.
    Of(usize),
    /// Behind these bytes.
    Ends(Vec<usize>),
}

impl MadePart {
    /// The part with these tables.
    pub(super) fn new(tables: Vec<Spool>) -> Self {
        let len = tables.iter().map(Spool::len).sum();
        Self {
            tables,
            len,
            rows: Rows::Of(row_bytes_max(len)),
        }
    }

    /// Nothing yet of a part that comes in rows; beyond a bound they go to scratch.
    pub(crate) fn of_rows(scratch: Rc<dyn Scratch>) -> Self {
        let spill = Rc::new(Spill::new(scratch));
        Self {
            tables: vec![Spool::new(1, 0, Some(&spill))],
            len: 0,
            rows: Rows::Ends(Vec::new()),
        }
    }

    /// Appends a row to a part that comes in rows.
    pub(crate) fn push_row(&mut self, row: &[u8]) -> Result<(), StoreError> {
        if let (Some(table), Rows::Ends(ends)) = (self.tables.last_mut(), &mut self.rows) {
            table.put(row)?;
            self.len = self.len.saturating_add(row.len());
            ends.push(self.len);
        }
        Ok(())
    }

    /// Moves everything to scratch that can go there: nobody will ask for it soon.
    pub(crate) fn put_away(&self) -> Result<(), StoreError> {
        self.tables.iter().try_for_each(Spool::put_away)
    }

    /// Bytes of the part.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of it that are in memory.
    pub fn held_bytes(&self) -> usize {
        self.tables.iter().map(Spool::held_bytes).sum()
    }

    /// The rows in which it is stored.
    pub fn rows(&self) -> impl Iterator<Item = Result<Vec<u8>, StoreError>> + '_ {
        (0..).map_while(|number| self.row(number))
    }

    /// The row with this number; `None` behind the last.
    pub(crate) fn row(&self, number: u32) -> Option<Result<Vec<u8>, StoreError>> {
        let number = usize::try_from(number).ok()?;
        let row = match &self.rows {
            Rows::Of(bytes) => {
                let start = number.saturating_mul(*bytes);
                start..start.saturating_add(*bytes).min(self.len)
            }
            Rows::Ends(ends) => {
                let before = number
                    .checked_sub(1)
                    .map_or(Some(0), |before| ends.get(before).copied());
                before?..*ends.get(number)?
            }
        };
        (!row.is_empty()).then(|| self.range(row))
    }

    /// All of it in one run.
    pub fn whole(&self) -> Result<Shared, StoreError> {
        self.range(0..self.len).map(Rc::new)
    }

    /// The bytes of a range, as far as the part goes.
    fn range(&self, range: Range<usize>) -> Result<Vec<u8>, StoreError> {
        let range = range.start..range.end.min(self.len);
        let mut bytes = Vec::with_capacity(range.len());
        let mut table_start = 0_usize;
        for table in &self.tables {
            let table_end = table_start.saturating_add(table.len());
            let (start, end) = (range.start.max(table_start), range.end.min(table_end));
            if start < end {
                table.read(start - table_start..end - table_start, &mut bytes)?;
            }
            table_start = table_end;
        }
        Ok(bytes)
    }
}

impl PartReader for MadePart {
    fn paged_bytes_min(&self) -> usize {
        let is_spilled = self.tables.iter().any(Spool::is_spilled);
        if is_spilled { 0 } else { 1 << 20 }
    }

    fn part(&self, _: PackId, _: Part) -> Result<Shared, StoreError> {
        self.whole()
    }

    fn part_len(&self, _: PackId, _: Part) -> Result<Option<usize>, StoreError> {
        Ok(Some(self.len))
    }

    fn part_range(
        &self,
        _: PackId,
        _: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        self.range(range).map(|bytes| Some(Rc::new(bytes)))
    }
}

/// Bytes of a row of a part of so many bytes: one row if that is enough, as a small part is read whole.
pub(crate) fn row_bytes_max(bytes: usize) -> usize {
    if bytes > PART_ROW_BYTES_MAX {
        PAGED_ROW_BYTES_MAX
    } else {
        PART_ROW_BYTES_MAX
    }
}

/// The part for a caller that goes over it from end to end.
#[derive(Debug)]
pub(crate) struct ScannedMade(pub(crate) Rc<MadePart>);

impl PartReader for ScannedMade {
    fn paged_bytes_min(&self) -> usize {
        self.0.paged_bytes_min()
    }

    fn whole_table_bytes_max(&self) -> usize {
        0
    }

    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        self.0.part(pack_id, part)
    }

    fn part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        self.0.part_range(pack_id, part, range)
    }

    fn part_len(&self, pack_id: PackId, part: Part) -> Result<Option<usize>, StoreError> {
        self.0.part_len(pack_id, part)
    }
}
