//! The index that is made of a table of entries, in rows or in one run.

use crate::git::pack::entries::EntryTable;
use crate::git::pack::index::IndexBuilder;
use crate::repo_do::state::failure::Failure;

/// Bytes that an index has for each object, its header and external bases left out: so much room is
/// made, since a vector that grows step by step takes twice its bytes.
const INDEX_BYTES_AN_OBJECT: usize = 49;

/// Its rows.
pub(super) fn index_rows(table: &EntryTable) -> Result<IndexBuilder<'_>, Failure> {
    let rows = IndexBuilder::new(table);
    table.check()?;
    rows.map_err(|error| Failure::Broken(error.to_string()))
}

/// All of it.
pub(super) fn index_of(table: &EntryTable) -> Result<Vec<u8>, Failure> {
    let objects = usize::try_from(table.count()).unwrap_or(0);
    let mut index = Vec::with_capacity(objects.saturating_mul(INDEX_BYTES_AN_OBJECT));
    let mut rows = index_rows(table)?;
    while let Some(row) = rows.next_row() {
        index.extend_from_slice(&row);
    }
    table.check()?;
    Ok(index)
}
