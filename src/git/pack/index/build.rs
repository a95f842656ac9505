//! Writing the index of a pack, a row at a time.

use gix_hash::ObjectId;

use super::super::super::store::PAGED_ROW_BYTES_MAX;
use super::super::entries::{Base, EXTERNAL_BASE, Entry, EntryTable, NO_BASE};
use super::format::{ENTRY_ROW_BYTES, MAGIC, OFFSET_MAX, VERSION};

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

/// Ids that are read at once from a table whose entries are in scratch: 2.5 MiB.
const IDS_AT_ONCE: usize = 1 << 17;

/// Makes the index in rows of at most [`PAGED_ROW_BYTES_MAX`], so that it never stands whole in
/// memory: what is held beside the table is 4 bytes an object and one row.
#[derive(Debug)]
pub struct IndexBuilder<'a> {
    table: &'a EntryTable,
    /// By position.
    index_positions: Vec<u32>,
    surplus: u32,
    /// How many ids start with a byte up to this one.
    fan_out: [u32; 256],
    /// The next ids of a table whose entries are in scratch, from this place on.
    ids: (usize, Vec<ObjectId>),
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
        for (index_position, position) in (0_u32..).zip(&table.by_id) {
            let at = usize::try_from(*position).ok();
            let place = at.and_then(|at| index_positions.get_mut(at));
            let place = place.filter(|place| **place == u32::MAX);
            *place.ok_or_else(unsorted)? = index_position;
        }
        if table.by_id.len() != entries {
            return Err(unsorted());
        }
        let mut builder = Self {
            table,
            index_positions,
            surplus: 0,
            fan_out: [0; 256],
            ids: (0, Vec::new()),
            section: Section::Header,
            written: 0,
        };
        builder.surplus = builder.count_surplus().ok_or_else(unsorted)?;
        builder.check_and_count()?;
        Ok(builder)
    }

    /// Checks all entries, and counts the first bytes of their ids.
    fn check_and_count(&mut self) -> Result<(), IndexError> {
        let (entries, externals) = (self.table.entries.len(), self.table.external_bases.len());
        for (position, entry) in (0_u32..).zip(self.table.entries.iter()) {
            check(position, &entry, entries, externals)?;
            let first = entry.id.as_slice().first().copied().map(usize::from);
            if let Some(count) = first.and_then(|first| self.fan_out.get_mut(first)) {
                *count = count.saturating_add(1);
            }
        }
        let mut up_to = 0_u32;
        for count in &mut self.fan_out {
            up_to = up_to.saturating_add(*count);
            *count = up_to;
        }
        Ok(())
    }

    /// Copies of objects that are in the pack already; `None` if the ids are not in order.
    fn count_surplus(&mut self) -> Option<u32> {
        let (mut surplus, mut previous) = (0_u32, None::<(ObjectId, u32)>);
        for place in 0..self.table.by_id.len() {
            let id = self.id_at(place)?;
            let position = *self.table.by_id.get(place)?;
            if previous.is_some_and(|last| last >= (id, position)) {
                return None;
            }
            surplus = surplus.saturating_add(u32::from(previous.is_some_and(|last| last.0 == id)));
            previous = Some((id, position));
        }
        Some(surplus)
    }

    /// The id at this place of those sorted; of one place after the other.
    fn id_at(&mut self, place: usize) -> Option<ObjectId> {
        if !self.table.is_spilled() {
            return self.table.id(*self.table.by_id.get(place)?);
        }
        let (start, ids) = &self.ids;
        let held = place.checked_sub(*start).and_then(|at| ids.get(at));
        if let Some(id) = held {
            return Some(*id);
        }
        self.read_ids(place);
        self.ids.1.first().copied()
    }

    /// Reads the ids from this place on in one pass over the table.
    fn read_ids(&mut self, start: usize) {
        let (_, mut ids) = std::mem::take(&mut self.ids);
        let count = self
            .table
            .by_id
            .len()
            .saturating_sub(start)
            .min(IDS_AT_ONCE);
        ids.clear();
        ids.resize(count, ObjectId::null(gix_hash::Kind::Sha1));
        for (entry, place) in self.table.entries.iter().zip(&self.index_positions) {
            let at = usize::try_from(*place)
                .ok()
                .and_then(|place| place.checked_sub(start));
            if let Some(slot) = at.and_then(|at| ids.get_mut(at)) {
                *slot = entry.id;
            }
        }
        self.ids = (start, ids);
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
    fn item(&mut self, row: &mut Vec<u8>) -> bool {
        match self.section {
            Section::Header if self.written == 0 => self.header(row),
            Section::FanOut => match self.fan_out.get(self.written) {
                Some(count) => row.extend_from_slice(&count.to_be_bytes()),
                None => return false,
            },
            Section::Ids => match self.id_at(self.written) {
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
                        row.extend_from_slice(&encode(&entry, *index_position));
                    }
                    None => return false,
                }
            }
            Section::ExternalBases => match self.table.external_bases.get(self.written) {
                Some(id) => row.extend_from_slice(id.as_slice()),
                None => return false,
            },
            Section::Header | Section::End => return false,
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
    let mut row = [0; ENTRY_ROW_BYTES];
    let (first, rest) = row.split_at_mut(8);
    first.copy_from_slice(&word.to_be_bytes());
    let words = [
        entry.stored_bytes,
        entry.size_bytes,
        entry.base.word(),
        index_position,
    ];
    for (place, word) in rest.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *place = word.to_be_bytes();
    }
    row
}
