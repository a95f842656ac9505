//! A part that was just made, table by table, and is not stored yet.

use std::ops::Range;
use std::rc::Rc;

use super::super::store::{PackId, Part, PartReader, Shared, StoreError};
use super::spool::Spool;

/// The part: its tables, one after the other. What of them is in scratch is read when it is asked for.
#[derive(Debug)]
pub struct MadePart {
    tables: Vec<Spool>,
    len: usize,
    row_bytes_max: usize,
}

impl MadePart {
    /// `row_bytes` gives from the bytes of the part those of a row at most.
    pub(super) fn new(tables: Vec<Spool>, row_bytes: impl FnOnce(usize) -> usize) -> Self {
        let len = tables.iter().map(Spool::len).sum();
        Self {
            tables,
            len,
            row_bytes_max: row_bytes(len).max(1),
        }
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
        let starts = (0..self.len).step_by(self.row_bytes_max);
        starts.map(|start| self.range(start..start.saturating_add(self.row_bytes_max)))
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

    fn part_range(
        &self,
        _: PackId,
        _: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        self.range(range).map(|bytes| Some(Rc::new(bytes)))
    }
}
