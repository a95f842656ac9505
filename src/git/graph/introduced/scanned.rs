//! An Introduced part whose lists are read one after the other.

use gix_hash::ObjectId;

use super::super::super::store::StoreError;
use super::super::super::store::scan::ScannedPart;
use super::super::columns::ID_BYTES;
use super::Layout;
use super::format::HEADER_BYTES;

/// The part: some windows of it are in memory.
pub(crate) struct ScannedLists {
    part: ScannedPart,
    layout: Layout,
}

impl ScannedLists {
    /// The lists of a part.
    pub(crate) fn open(part: ScannedPart) -> Result<Self, StoreError> {
        let corrupt = corrupt(&part);
        if part.len() < HEADER_BYTES {
            return Err(corrupt);
        }
        let layout = Layout::of(&part.array::<HEADER_BYTES>(0)?).ok_or(corrupt.clone())?;
        let lists = Self { part, layout };
        let end = match layout.commits.checked_sub(1) {
            Some(last) => lists.end(last)?,
            None => layout.lists_start,
        };
        (end == lists.part.len()).then_some(lists).ok_or(corrupt)
    }

    /// Commits, as many as in the pack's segment.
    pub(crate) fn len(&self) -> u32 {
        self.layout.commits
    }

    /// Puts the commit's introduced objects in place of the former content of the lists: positions of its
    /// pack, and rows for [`Self::external`], both ascending.
    pub(crate) fn list(
        &self,
        number: u32,
        positions: &mut Vec<u32>,
        rows: &mut Vec<u32>,
    ) -> Result<(), StoreError> {
        positions.clear();
        rows.clear();
        let start = match number.checked_sub(1) {
            Some(before) => self.end(before)?,
            None => self.layout.lists_start,
        };
        let mut list = Vec::new();
        self.part.read(start..self.end(number)?, &mut list)?;
        let read = self
            .layout
            .read_list(&list, |at| positions.push(at), |row| rows.push(row));
        read.map_err(|_| corrupt(&self.part))
    }

    /// The id of an introduced object that is in another pack.
    pub(crate) fn external(&self, row: u32) -> Result<ObjectId, StoreError> {
        let range = self.layout.external_ids.range(row..row.saturating_add(1));
        let range = range.ok_or_else(|| corrupt(&self.part))?;
        self.part.array::<ID_BYTES>(range.start).map(Into::into)
    }

    /// Where the commit's list ends in the part.
    fn end(&self, number: u32) -> Result<usize, StoreError> {
        let range = self.layout.ends.range(number..number.saturating_add(1));
        let range = range.ok_or_else(|| corrupt(&self.part))?;
        let end = u32::from_le_bytes(self.part.array(range.start)?);
        let end = usize::try_from(end).unwrap_or(usize::MAX);
        Ok(self.layout.lists_start.saturating_add(end))
    }
}

fn corrupt(part: &ScannedPart) -> StoreError {
    StoreError::Corrupt {
        what: "introduced lists",
        pack: part.pack_id().0,
    }
}
