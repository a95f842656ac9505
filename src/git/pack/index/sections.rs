//! The places of an index's sections, and the points at which it may be cut.

use super::super::super::store::PAGED_ROW_BYTES_MAX;
use super::format::{
    ENTRY_ROW_BYTES, FAN_OUT_BYTES, HEADER_BYTES, ID_BYTES, MAGIC, POSITION_BYTES, VERSION,
};

/// The header's numbers, and the offsets of the sections that follow from them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sections {
    pub object_count: u32,
    /// Copies of objects that are in the pack already.
    pub surplus: u32,
    pub ids: usize,
    pub positions: usize,
    pub rows: usize,
    pub external_bases: usize,
    /// The end of the last section: the bytes of the index.
    pub end: usize,
}

impl Sections {
    pub(crate) fn new(header: &[u8; HEADER_BYTES]) -> Option<Self> {
        let [magic, version, objects, externals, surplus] = header.as_chunks::<4>().0 else {
            return None;
        };
        if *magic != MAGIC || word(*version) != VERSION {
            return None;
        }
        let object_count = word(*objects);
        let objects = usize::try_from(object_count).ok()?;
        let externals = usize::try_from(word(*externals)).ok()?;
        let mut end = HEADER_BYTES + FAN_OUT_BYTES;
        let mut section = |count: usize, item_bytes: usize| {
            let start = end;
            end = start.checked_add(count.checked_mul(item_bytes)?)?;
            Some(start)
        };
        Some(Self {
            object_count,
            surplus: word(*surplus),
            ids: section(objects, ID_BYTES)?,
            positions: section(objects, POSITION_BYTES)?,
            rows: section(objects, ENTRY_ROW_BYTES)?,
            external_bases: section(externals, ID_BYTES)?,
            end,
        })
    }

    /// Whether an item of a section starts there, or the end is there.
    pub(crate) fn has_border(&self, at: usize) -> bool {
        let sections = [
            (self.external_bases, ID_BYTES),
            (self.rows, ENTRY_ROW_BYTES),
            (self.positions, POSITION_BYTES),
            (self.ids, ID_BYTES),
        ];
        let section = sections.into_iter().find(|(start, _)| *start <= at);
        section.is_some_and(|(start, item_bytes)| (at - start).is_multiple_of(item_bytes))
    }
}

/// Cuts an index into rows as [`super::IndexBuilder`] would: no item is in two.
pub fn rows(index: &[u8]) -> impl Iterator<Item = &[u8]> {
    let sections = index.first_chunk().and_then(Sections::new);
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = index.get(start..).filter(|rest| !rest.is_empty())?;
        let most = rest.len().min(PAGED_ROW_BYTES_MAX);
        let at_border = |length: &usize| {
            let sections = sections.as_ref();
            *length == rest.len() || sections.is_some_and(|cut| cut.has_border(start + length))
        };
        // Bytes that have no border here get a row of the full length.
        let length = (1..=most).rev().take(ENTRY_ROW_BYTES).find(at_border);
        let row = rest.get(..length.unwrap_or(most));
        start += length.unwrap_or(most);
        row
    })
}

pub(super) fn word(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes)
}
