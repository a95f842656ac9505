//! Writing the index of a pack, a row at a time.

use super::super::super::store::PAGED_ROW_BYTES_MAX;
use super::super::entries::{Base, Entry, EntryTable};
use super::format::{ENTRY_ROW_BYTES, EXTERNAL_BASE, MAGIC, NO_BASE, OFFSET_MAX, VERSION};

/// The table cannot be made into an index: a fault of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// An entry's object is not known.
    #[error("pack entry {position} is not resolved")]
    Unresolved {
        /// The entry.
        position: u32,
    },
    /// The order of the ids is not known.
    #[error("{entries} pack entries, of which {sorted} are sorted")]
    Unsorted {
        /// Entries in the table.
        entries: usize,
        /// Entries in `by_id`.
        sorted: usize,
    },
    /// A number exceeds the bits that it has in the index.
    #[error("pack entry {position}: {what} does not fit the index")]
    Overflow {
        /// The entry.
        position: u32,
        /// The number that is too large.
        what: &'static str,
    },
}

/// Makes the index in rows of at most [`PAGED_ROW_BYTES_MAX`], so that it never stands whole in
/// memory: what is held beside the table is 4 bytes an object and one row.
#[derive(Debug)]
pub struct IndexBuilder<'a> {
    table: &'a EntryTable,
    /// By position.
    index_positions: Vec<u32>,
    surplus: u32,
    section: Section,
    /// Items of the section that are written.
    written: usize,
}

#[derive(Debug, Clone, Copy)]
enum Section {
    Header,
    FanOut,
    Ids,
    Positions,
    Rows,
    ExternalBases,
    End,
}

impl<'a> IndexBuilder<'a> {
    /// Checks that the table is complete and sorted and that its numbers fit.
    pub fn new(table: &'a EntryTable) -> Result<Self, IndexError> {
        let entries = table.entries.len();
        let unsorted = || IndexError::Unsorted {
            entries,
            sorted: table.by_id.len(),
        };
        let mut index_positions = vec![u32::MAX; entries];
        let mut surplus = 0;
        let mut previous = None;
        for (index_position, position) in (0_u32..).zip(&table.by_id) {
            let at = usize::try_from(*position).ok();
            let entry = table.get(*position).ok_or_else(unsorted)?;
            let place = at
                .and_then(|at| index_positions.get_mut(at))
                .ok_or_else(unsorted)?;
            if *place != u32::MAX || previous.is_some_and(|last| last >= (entry.id, *position)) {
                return Err(unsorted());
            }
            *place = index_position;
            surplus += u32::from(previous.is_some_and(|(id, _)| id == entry.id));
            previous = Some((entry.id, *position));
        }
        if table.by_id.len() != entries {
            return Err(unsorted());
        }
        let externals = table.external_bases.len();
        for (position, entry) in (0_u32..).zip(table.entries.iter()) {
            check(position, entry, entries, externals)?;
        }
        let section = Section::Header;
        Ok(Self {
            table,
            index_positions,
            surplus,
            section,
            written: 0,
        })
    }

    /// The next row; `None` after the last.
    pub fn next_row(&mut self) -> Option<Vec<u8>> {
        let mut row = Vec::new();
        // The largest item but the header, which comes first, has fewer bytes than this.
        while row.len() <= PAGED_ROW_BYTES_MAX - 32 {
            let is_written = self.item(&mut row);
            self.written += 1;
            if !is_written {
                self.written = 0;
                self.section = match self.section {
                    Section::Header => Section::FanOut,
                    Section::FanOut => Section::Ids,
                    Section::Ids => Section::Positions,
                    Section::Positions => Section::Rows,
                    Section::Rows => Section::ExternalBases,
                    Section::ExternalBases => Section::End,
                    Section::End => break,
                };
            }
        }
        (!row.is_empty()).then_some(row)
    }

    /// Hands all rows out, one after the other, with their numbers.
    pub fn write<E>(mut self, emit: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        while let Some(row) = self.next_row() {
            emit(&row)?;
        }
        Ok(())
    }

    /// Adds the section's next item to the row; false at the end of the section.
    fn item(&self, row: &mut Vec<u8>) -> bool {
        let entry_of = |position: &u32| self.table.get(*position);
        let id_at = |index: usize| Some(entry_of(self.table.by_id.get(index)?)?.id);
        match self.section {
            Section::Header if self.written == 0 => self.header(row),
            Section::FanOut if self.written < 256 => {
                let up_to = |position: &u32| {
                    entry_of(position)
                        .and_then(|entry| entry.id.as_slice().first())
                        .is_some_and(|byte| usize::from(*byte) <= self.written)
                };
                put(row, self.table.by_id.partition_point(up_to));
            }
            Section::Ids => match id_at(self.written) {
                Some(id) => row.extend_from_slice(id.as_slice()),
                None => return false,
            },
            Section::Positions => match self.table.by_id.get(self.written) {
                Some(position) => row.extend_from_slice(&position.to_be_bytes()),
                None => return false,
            },
            Section::Rows => {
                let entry = u32::try_from(self.written).ok();
                let entry = entry.and_then(|position| self.table.get(position));
                match entry.zip(self.index_positions.get(self.written)) {
                    Some((entry, index_position)) => {
                        row.extend_from_slice(&encode(entry, *index_position));
                    }
                    None => return false,
                }
            }
            Section::ExternalBases => match self.table.external_bases.get(self.written) {
                Some(id) => row.extend_from_slice(id.as_slice()),
                None => return false,
            },
            Section::Header | Section::FanOut | Section::End => return false,
        }
        true
    }

    fn header(&self, row: &mut Vec<u8>) {
        row.extend_from_slice(&MAGIC);
        row.extend_from_slice(&VERSION.to_be_bytes());
        put(row, self.table.entries.len());
        put(row, self.table.external_bases.len());
        row.extend_from_slice(&self.surplus.to_be_bytes());
    }
}

/// Writes a count; `check` bounded all of them.
fn put(row: &mut Vec<u8>, count: usize) {
    row.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

fn check(position: u32, entry: &Entry, entries: usize, externals: usize) -> Result<(), IndexError> {
    if entry.kind.is_none() {
        return Err(IndexError::Unresolved { position });
    }
    let is_below = |number: u32, count: usize| usize::try_from(number).is_ok_and(|n| n < count);
    let (fits, what) = match entry.base {
        _ if entry.offset > OFFSET_MAX => (false, "offset"),
        _ if position >= EXTERNAL_BASE => (false, "position"),
        Base::None => (true, ""),
        Base::Position(base) => (is_below(base, entries) && base != position, "base position"),
        Base::External(number) => {
            let has_bits = number < NO_BASE & !EXTERNAL_BASE;
            (
                has_bits && is_below(number, externals),
                "number of the external base",
            )
        }
    };
    if fits {
        Ok(())
    } else {
        Err(IndexError::Overflow { position, what })
    }
}

fn encode(entry: &Entry, index_position: u32) -> [u8; ENTRY_ROW_BYTES] {
    let kind = entry.kind.map_or(0, |kind| kind as u64);
    let word = entry.offset << 24 | u64::from(entry.depth) << 8 | kind;
    let base = match entry.base {
        Base::None => NO_BASE,
        Base::Position(position) => position,
        Base::External(number) => EXTERNAL_BASE | number,
    };
    let mut row = [0; ENTRY_ROW_BYTES];
    let (first, rest) = row.split_at_mut(8);
    first.copy_from_slice(&word.to_be_bytes());
    let words = [entry.stored_bytes, entry.size_bytes, base, index_position];
    for (place, word) in rest.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *place = word.to_be_bytes();
    }
    row
}
