//! The parts of a pack while steps write them; other work may run between two steps.

use super::super::pack::entries::EntryTable;
use super::super::pack::index::{CHECK_STEP_ENTRIES, IndexRows};
use super::super::store::{Part, StoreError};
use super::made_part::MadePart;

/// Rows that a step writes, so that each step takes a similar time.
const STEP_ROWS: u32 = 8;

/// The tables of the parts. They must not change while steps write the parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MadeOf<'a> {
    /// The table of the index.
    pub(crate) table: &'a EntryTable,
    /// The part with the graph.
    pub(crate) graph: &'a MadePart,
    /// The part with the introduced lists.
    pub(crate) introduced: &'a MadePart,
}

/// The progress of the writing. After an error it is useless.
#[derive(Debug, Default)]
pub(crate) struct UnwrittenParts {
    index: IndexRows,
    is_checked: bool,
    part: Option<Part>,
    /// The next row of the part under way.
    row: u32,
    is_over: bool,
}

impl UnwrittenParts {
    /// Writes some rows by `put`, which gets their numbers. Returns true once all rows are written.
    pub(crate) fn step(
        &mut self,
        of: MadeOf<'_>,
        put: &mut impl FnMut(Part, u32, &[u8]) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        if self.is_over {
            return Ok(true);
        }
        if !self.is_checked {
            let checked = self.index.check_some(of.table, CHECK_STEP_ENTRIES);
            // A failed read of scratch would look like a fault of the table, so check it first.
            of.table.check()?;
            self.is_checked = checked.map_err(|error| StoreError::Failed(error.to_string()))?;
            return Ok(false);
        }
        for _ in 0..STEP_ROWS {
            let part = *self.part.get_or_insert(Part::Index);
            let row = match part {
                Part::Index => self.index.next_row(of.table),
                Part::Graph => of.graph.row(self.row).transpose()?,
                Part::Introduced => of.introduced.row(self.row).transpose()?,
            };
            of.table.check()?;
            if let Some(row) = row {
                put(part, self.row, &row)?;
                self.row = self.row.saturating_add(1);
                continue;
            }
            self.row = 0;
            match part {
                Part::Index => self.part = Some(Part::Graph),
                Part::Graph => self.part = Some(Part::Introduced),
                Part::Introduced => {
                    self.is_over = true;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
