//! Compares the index that is stored with the one that is made of a table, a row of the latter at a time.
//!
//! How deep a delta chain is may differ, and in which order bases of other packs stand: the packs before
//! may have been merged since.

use gix_hash::ObjectId;

use super::super::super::store::StoreError;
use super::super::super::store::scan::ScannedPart;
use super::super::entries::{Base, EntryTable};
use super::build::{IndexError, IndexRows};
use super::format::{ENTRY_ROW_BYTES, FAN_OUT_BYTES, HEADER_BYTES, ID_BYTES, POSITION_BYTES};
use super::sections::Sections;
use super::view::Row;

/// Entries that are checked in one step: some ms.
pub(crate) const CHECK_STEP_ENTRIES: u32 = 1 << 15;

/// The comparison. Beside the table it holds what [`IndexRows`] does, and two rows.
pub(crate) struct IndexCompare<'a> {
    table: &'a EntryTable,
    made: IndexRows,
    stored: ScannedPart,
    /// The stored index's sections, and whether its bases of other packs are those of the table in the same
    /// order.
    opened: Option<(Sections, bool)>,
    /// Bytes that are compared.
    at: usize,
}

/// How far a comparison has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Compared {
    /// Call `step` again.
    More,
    /// They say the same.
    Same,
    /// The first difference.
    Differs(String),
}

impl<'a> IndexCompare<'a> {
    /// Nothing is compared yet.
    pub(crate) fn new(table: &'a EntryTable, stored: ScannedPart) -> Self {
        Self {
            table,
            made: IndexRows::default(),
            stored,
            opened: None,
            at: 0,
        }
    }

    /// Checks the table for a step; true once it is checked, which must be before rows are compared.
    pub(crate) fn check_some(&mut self) -> Result<bool, IndexError> {
        self.made.check_some(self.table, CHECK_STEP_ENTRIES)
    }

    /// Compares the next row.
    pub(crate) fn step(&mut self) -> Result<Compared, StoreError> {
        let (sections, same_externals) = match self.opened {
            Some(opened) => opened,
            None => match self.open()? {
                Ok(sections) => {
                    let same_externals = self.has_same_externals(&sections)?;
                    *self.opened.insert((sections, same_externals))
                }
                Err(differs) => return Ok(Compared::Differs(differs)),
            },
        };
        let Some(row) = self.made.next_row(self.table) else {
            return Ok(Compared::Same);
        };
        let start = self.at;
        self.at = start.saturating_add(row.len());
        // As many entries: so the sections are at the same places, up to the last one.
        let end = self.at.min(sections.external_bases);
        if start >= end {
            return Ok(Compared::More);
        }
        let made = row.get(..end.saturating_sub(start)).unwrap_or(&row);
        let mut stored = Vec::with_capacity(made.len());
        self.stored.read(start..end, &mut stored)?;
        if stored == made && (same_externals || end <= sections.rows) {
            return Ok(Compared::More);
        }
        let differs = self.difference(&sections, start, made, &stored)?;
        Ok(differs.map_or(Compared::More, Compared::Differs))
    }

    /// The places of the stored sections, or their fault.
    fn open(&self) -> Result<Result<Sections, String>, StoreError> {
        let sections = if self.stored.len() >= HEADER_BYTES {
            Sections::new(&self.stored.array(0)?)
        } else {
            None
        };
        let sections = sections.filter(|sections| sections.end == self.stored.len());
        let Some(sections) = sections else {
            return Err(StoreError::Corrupt {
                what: "index",
                pack: self.stored.pack_id().0,
            });
        };
        let (stored, made) = (sections.object_count, self.table.count());
        if stored != made {
            let differs = format!("its index has {stored} entries, its bytes {made}");
            return Ok(Err(differs));
        }
        Ok(Ok(sections))
    }

    fn has_same_externals(&self, sections: &Sections) -> Result<bool, StoreError> {
        let mut at = sections.external_bases;
        for id in &self.table.external_bases {
            if at >= sections.end || self.stored.array::<ID_BYTES>(at)?.as_slice() != id.as_slice()
            {
                return Ok(false);
            }
            at = at.saturating_add(ID_BYTES);
        }
        Ok(at == sections.end)
    }

    /// The first difference of two rows that start at `start`. The same bytes may name other bases.
    fn difference(
        &self,
        sections: &Sections,
        start: usize,
        made: &[u8],
        stored: &[u8],
    ) -> Result<Option<String>, StoreError> {
        let mut at = 0;
        while at < made.len() {
            let place = start.saturating_add(at);
            let (section, item_bytes) = section_of(sections, place);
            let item = |bytes: &'_ [u8]| {
                bytes
                    .get(at..at.saturating_add(item_bytes))
                    .map(<[u8]>::to_vec)
            };
            let number = place.saturating_sub(section).checked_div(item_bytes);
            let number = number.and_then(|number| u32::try_from(number).ok());
            let number = number.unwrap_or(u32::MAX);
            let (one, other) = (item(made), item(stored));
            let differs = if one == other && section != sections.rows {
                None
            } else if section == 0 {
                head_difference(one.as_deref(), other.as_deref())
            } else if section == HEADER_BYTES {
                Some("its index counts its ids wrongly".to_owned())
            } else if section == sections.rows {
                let same = self.is_same_row(sections, one.as_deref(), other.as_deref())?;
                (!same).then(|| wrong_about(number))
            } else {
                let by_id = usize::try_from(number).ok();
                let position = by_id.and_then(|at| self.table.sorted_at(at));
                Some(wrong_about(position.unwrap_or(number)))
            };
            if differs.is_some() {
                return Ok(differs);
            }
            at = at.saturating_add(item_bytes);
        }
        Ok(None)
    }

    fn is_same_row(
        &self,
        sections: &Sections,
        made: Option<&[u8]>,
        stored: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        let row = |bytes: Option<&[u8]>| Row::decode(bytes?.first_chunk()?);
        let Some((made, stored)) = row(made).zip(row(stored)) else {
            return Ok(false);
        };
        let bases = match (made.base, stored.base) {
            (Base::External(made), Base::External(stored)) => {
                let theirs = self.stored_external(sections, stored)?;
                theirs.is_some() && theirs == self.table.base_id(Base::External(made))
            }
            (made, stored) => made == stored,
        };
        let alike = Row {
            depth: made.depth,
            base: made.base,
            ..stored
        };
        Ok(bases && alike == made)
    }

    fn stored_external(
        &self,
        sections: &Sections,
        number: u32,
    ) -> Result<Option<ObjectId>, StoreError> {
        let at = usize::try_from(number).ok();
        let at = at.and_then(|at| {
            at.checked_mul(ID_BYTES)?
                .checked_add(sections.external_bases)
        });
        match at.filter(|at| *at < sections.end) {
            Some(at) => self.stored.array::<ID_BYTES>(at).map(|id| Some(id.into())),
            None => Ok(None),
        }
    }
}

/// Where the section starts that the byte is in, and the bytes of its items.
fn section_of(sections: &Sections, at: usize) -> (usize, usize) {
    let all = [
        (sections.rows, ENTRY_ROW_BYTES),
        (sections.positions, POSITION_BYTES),
        (sections.ids, ID_BYTES),
        (HEADER_BYTES, FAN_OUT_BYTES / 256),
    ];
    let section = all.into_iter().find(|(start, _)| *start <= at);
    section.unwrap_or((0, HEADER_BYTES))
}

/// The first twelve bytes are those that have the form and the number of entries; then the number of bases
/// of other packs, which may differ.
fn head_difference(made: Option<&[u8]>, stored: Option<&[u8]>) -> Option<String> {
    let surplus = |head: Option<&[u8]>| {
        head.and_then(|head| head.get(HEADER_BYTES - 4..).map(<[u8]>::to_vec))
    };
    let is_same = surplus(made) == surplus(stored);
    (!is_same).then(|| "its index counts copies of objects wrongly".to_owned())
}

fn wrong_about(position: u32) -> String {
    format!("its index is wrong about the entry at position {position}")
}

#[cfg(test)]
mod tests;
