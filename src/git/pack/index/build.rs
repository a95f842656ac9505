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

/// Entries whose places by id are held at once: 1 MiB.
const PLACES_AT_ONCE: usize = 1 << 18;

/// Makes the index in rows of at most [`PAGED_ROW_BYTES_MAX`], so that it never stands whole in
/// memory: beside the table it holds 1 MiB of places, and one row.
#[derive(Debug)]
pub struct IndexBuilder<'a> {
    table: &'a EntryTable,
    /// From this position on: the places of entries among the sorted ids.
    places: (usize, Vec<u32>),
    surplus: u32,
    /// How many ids start with a byte up to this one.
    fan_out: [u32; 256],
    /// From this place on: the next sorted ids, and the positions of their entries.
    ids: (usize, Vec<(ObjectId, u32)>),
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
            sorted: table.sorted_count(),
        };
        let mut builder = Self {
            table,
            places: (0, Vec::new()),
            surplus: 0,
            fan_out: [0; 256],
            ids: (0, Vec::new()),
            section: Section::Header,
            written: 0,
        };
        if table.sorted_count() != entries || !builder.has_each_once() {
            return Err(unsorted());
        }
        builder.surplus = builder.count_surplus().ok_or_else(unsorted)?;
        builder.check_and_count()?;
        Ok(builder)
    }

    /// Whether each entry is in the order of the ids, as many as are there.
    fn has_each_once(&self) -> bool {
        let mut seen = vec![0_u64; self.table.entries.len().div_ceil(64)];
        self.table.sorted_positions().all(|position| {
            let at = usize::try_from(position / 64).ok();
            let bits = at.and_then(|at| seen.get_mut(at));
            let bit = 1_u64 << (position % 64);
            bits.is_some_and(|bits| {
                let is_new = *bits & bit == 0;
                *bits |= bit;
                is_new
            })
        })
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
        for place in 0..self.table.sorted_count() {
            let item = self.sorted_at(place)?;
            if previous.is_some_and(|last| last >= item) {
                return None;
            }
            surplus =
                surplus.saturating_add(u32::from(previous.is_some_and(|last| last.0 == item.0)));
            previous = Some(item);
        }
        Some(surplus)
    }

    /// The id at this place of those sorted, and the position of its entry; callers ask for one place after
    /// the other.
    fn sorted_at(&mut self, place: usize) -> Option<(ObjectId, u32)> {
        if !self.table.is_spilled() {
            let position = self.table.sorted_at(place)?;
            return Some((self.table.id(position)?, position));
        }
        let (start, ids) = &self.ids;
        let held = place.checked_sub(*start).and_then(|at| ids.get(at));
        if let Some(held) = held {
            return Some(*held);
        }
        if place >= self.table.sorted_count() {
            return None;
        }
        self.ids = self.table.sorted_ids(place)?;
        let at = place.checked_sub(self.ids.0)?;
        self.ids.1.get(at).copied()
    }

    /// The place of an entry among the sorted ids; callers ask for one position after the other.
    fn place_of(&mut self, position: usize) -> Option<u32> {
        let (start, places) = &self.places;
        let held = position.checked_sub(*start).and_then(|at| places.get(at));
        if let Some(held) = held {
            return Some(*held);
        }
        self.read_places(position);
        self.places.1.first().copied()
    }

    /// Finds the places of the entries from this position on in one look over all.
    fn read_places(&mut self, start: usize) {
        let (_, mut places) = std::mem::take(&mut self.places);
        let left = self.table.entries.len().saturating_sub(start);
        places.clear();
        places.resize(left.min(PLACES_AT_ONCE), u32::MAX);
        for (place, position) in (0_u32..).zip(self.table.sorted_positions()) {
            let at = usize::try_from(position).ok();
            let at = at.and_then(|position| position.checked_sub(start));
            if let Some(slot) = at.and_then(|at| places.get_mut(at)) {
                *slot = place;
            }
        }
        self.places = (start, places);
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
            Section::Ids => match self.sorted_at(self.written) {
                Some((id, _)) => row.extend_from_slice(id.as_slice()),
                None => return false,
            },
            Section::Positions => match self.table.sorted_at(self.written) {
                Some(position) => row.extend_from_slice(&position.to_be_bytes()),
                None => return false,
            },
            Section::Rows => {
                let entry = u32::try_from(self.written).ok();
                let entry = entry.and_then(|position| self.table.get(position));
                match entry.zip(self.place_of(self.written)) {
                    Some((entry, index_position)) => {
                        row.extend_from_slice(&encode(&entry, index_position));
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
