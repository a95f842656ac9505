//! Where the tables of a Graph part are, as its header says.

use super::super::columns::{Column, ID_BYTES, u32_at};
use super::format::{COMMITS_MAX, HEADER_BYTES, MAGIC, MAGIC_1};

/// A table of the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Ids,
    Trees,
    Times,
    Generations,
    Parents,
    ById,
    ExternalIds,
    Octopus,
    ProvedBeside,
}

/// How many tables there are.
pub(super) const TABLES: usize = 9;

/// The places of the tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) commits: u32,
    pub(super) externals: u32,
    /// Whether the sorted numbers have the beginnings of their ids beside them.
    pub(super) has_beginnings: bool,
    /// By [`Table`].
    columns: [Column; TABLES],
    /// Bytes of the part.
    pub(super) part_bytes: usize,
}

impl Layout {
    /// The layout of the part with this header.
    pub(super) fn of(header: &[u8]) -> Option<Self> {
        let magic = header.first_chunk()?;
        let has_beginnings = magic == MAGIC;
        if !has_beginnings && magic != MAGIC_1 {
            return None;
        }
        let commits = u32_at(header, 4)?;
        let externals = u32_at(header, 8)?;
        let octopus_rows = u32_at(header, 12)?;
        let packs = u32_at(header, 16)?;
        if commits > COMMITS_MAX {
            return None;
        }
        let by_id_bytes = if has_beginnings { 8 } else { 4 };
        let mut end = HEADER_BYTES;
        let mut after = |rows, width| Column::after(&mut end, rows, width);
        let columns = [
            after(commits, ID_BYTES)?,
            after(commits, ID_BYTES)?,
            after(commits, 8)?,
            after(commits, 4)?,
            after(commits, 8)?,
            after(commits, by_id_bytes)?,
            after(externals, ID_BYTES)?,
            after(octopus_rows, 4)?,
            after(packs, 4)?,
        ];
        Some(Self {
            commits,
            externals,
            has_beginnings,
            columns,
            part_bytes: end,
        })
    }

    /// The place of a table.
    pub(super) fn column(&self, table: Table) -> Column {
        self.columns
            .get(table as usize)
            .copied()
            .unwrap_or_default()
    }
}
