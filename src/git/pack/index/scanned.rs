//! An index that is read section by section, from end to end.

use gix_hash::ObjectId;

use super::super::super::store::scan::ScannedPart;
use super::super::super::store::{PackRecord, PackStore, Part, StoreError};
use super::format::{ENTRY_ROW_BYTES, HEADER_BYTES, ID_BYTES, POSITION_BYTES};
use super::sections::{Sections, word};
use super::view::Row;

/// The index: some windows of it are in memory.
pub(crate) struct ScannedIndex {
    part: ScannedPart,
    sections: Sections,
}

impl ScannedIndex {
    /// The index of a stored pack.
    pub(crate) fn open<S: PackStore + ?Sized>(
        store: &S,
        record: &PackRecord,
    ) -> Result<Self, StoreError> {
        let part = ScannedPart::open(store, record, Part::Index)?;
        let corrupt = StoreError::Corrupt {
            what: "index",
            pack: record.pack_id.0,
        };
        if part.len() < HEADER_BYTES {
            return Err(corrupt);
        }
        let sections = Sections::new(&part.array(0)?);
        let is_whole = |sections: &Sections| {
            sections.end == part.len() && sections.object_count == record.object_count
        };
        let sections = sections.filter(is_whole).ok_or(corrupt)?;
        Ok(Self { part, sections })
    }

    /// Whether items far from each other are read as fast as neighbours.
    pub(crate) fn is_whole(&self) -> bool {
        self.part.is_whole()
    }

    /// Objects, the external bases not included.
    pub(crate) fn len(&self) -> u32 {
        self.sections.object_count
    }

    /// The id at an index position.
    pub(crate) fn id_at(&self, index_position: u32) -> Result<ObjectId, StoreError> {
        let id = self.item::<ID_BYTES>(self.sections.ids, index_position);
        id.map(ObjectId::from)
    }

    /// The position of the entry whose id is at an index position.
    pub(crate) fn position_at(&self, index_position: u32) -> Result<u32, StoreError> {
        let position = self.item::<POSITION_BYTES>(self.sections.positions, index_position);
        position.map(word)
    }

    /// The index's facts of the entry at a position.
    pub(crate) fn row(&self, position: u32) -> Result<Row, StoreError> {
        let row = self.item::<ENTRY_ROW_BYTES>(self.sections.rows, position)?;
        Row::decode(&row).ok_or_else(|| self.part.corrupt())
    }

    /// The item of a section.
    fn item<const N: usize>(&self, section: usize, number: u32) -> Result<[u8; N], StoreError> {
        let at = usize::try_from(number).ok().filter(|_| number < self.len());
        let at = at.and_then(|at| at.checked_mul(N)?.checked_add(section));
        self.part.array(at.ok_or_else(|| self.part.corrupt())?)
    }
}
