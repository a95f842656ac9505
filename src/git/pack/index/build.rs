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
    rows: IndexRows,
}

impl<'a> IndexBuilder<'a> {
    /// Checks that the table is complete and sorted and that its numbers fit.
    pub fn new(table: &'a EntryTable) -> Result<Self, IndexError> {
        let mut rows = IndexRows::default();
        while !rows.check_some(table, u32::MAX)? {}
        Ok(Self { table, rows })
    }

    /// The next row; `None` after the last.
    pub fn next_row(&mut self) -> Option<Vec<u8>> {
        self.rows.next_row(self.table)
    }

    /// Hands all rows out, one after the other, with their numbers.
    pub fn write<E>(mut self, emit: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        while let Some(row) = self.next_row() {
            emit(&row)?;
        }
        Ok(())
    }
}

/// The same in steps, between which others may use the table, which must not change.
#[derive(Debug, Default)]
pub(crate) struct IndexRows {
    check: Check,
    /// From this position on: the places of entries among the sorted ids.
    places: (usize, Vec<u32>),
    surplus: u32,
    /// How many ids start with a byte up to this one.
    fan_out: FanOut,
    /// From this place on: the next sorted ids, and the positions of their entries.
    ids: (usize, Vec<(ObjectId, u32)>),
    section: Section,
    /// Items of the section that are written.
    written: usize,
}

#[derive(Debug)]
struct FanOut([u32; 256]);

impl Default for FanOut {
    fn default() -> Self {
        Self([0; 256])
    }
}

/// How far the table is checked.
#[derive(Debug, Default)]
enum Check {
    #[default]
    Begin,
    /// The order of the ids, from this place on.
    Order {
        place: usize,
        previous: Option<(ObjectId, u32)>,
        /// A bit for each entry that is in the order so far.
        seen: Vec<u64>,
    },
    /// The entries, from this one on.
    Entries(u32),
    Over,
}

#[derive(Debug, Clone, Copy, Default)]
enum Section {
    #[default]
    Header,
    FanOut,
    Ids,
    Positions,
    Rows,
    ExternalBases,
    End,
}

impl IndexRows {
    /// Checks up to so many more items: that the table is complete and sorted, and that its numbers fit. True
    /// once all are checked, which must be before the first row.
    pub(crate) fn check_some(
        &mut self,
        table: &EntryTable,
        items: u32,
    ) -> Result<bool, IndexError> {
        let entries = table.entries.len();
        self.check = match std::mem::take(&mut self.check) {
            Check::Begin if table.sorted_count() != entries => return Err(unsorted(table)),
            Check::Begin => Check::Order {
                place: 0,
                previous: None,
                seen: vec![0; entries.div_ceil(64)],
            },
            Check::Order {
                place,
                mut previous,
                mut seen,
            } => {
                let items = usize::try_from(items).unwrap_or(usize::MAX);
                let end = place.saturating_add(items).min(entries);
                for place in place..end {
                    let item = self.checked_at(table, place, (previous, &mut seen));
                    previous = Some(item.ok_or_else(|| unsorted(table))?);
                }
                if end < entries {
                    Check::Order {
                        place: end,
                        previous,
                        seen,
                    }
                } else {
                    Check::Entries(0)
                }
            }
            Check::Entries(from) => {
                let end = from.saturating_add(items).min(table.count());
                for position in from..end {
                    self.check_entry(table, position)?;
                }
                if end < table.count() {
                    Check::Entries(end)
                } else {
                    self.add_up();
                    Check::Over
                }
            }
            Check::Over => Check::Over,
        };
        Ok(matches!(self.check, Check::Over))
    }

    /// The next item of the order, if it follows the one before and its entry was not there before.
    fn checked_at(
        &mut self,
        table: &EntryTable,
        place: usize,
        (previous, seen): (Option<(ObjectId, u32)>, &mut [u64]),
    ) -> Option<(ObjectId, u32)> {
        let item = self.sorted_at(table, place)?;
        if table.sorted_at(place)? != item.1 || previous.is_some_and(|last| last >= item) {
            return None;
        }
        let bits = seen.get_mut(usize::try_from(item.1 / 64).ok()?)?;
        let bit = 1_u64 << (item.1 % 64);
        if *bits & bit != 0 {
            return None;
        }
        *bits |= bit;
        // A copy of an object that is in the pack already.
        let is_copy = previous.is_some_and(|last| last.0 == item.0);
        self.surplus = self.surplus.saturating_add(u32::from(is_copy));
        Some(item)
    }

    /// Checks an entry, and counts the first byte of its id.
    fn check_entry(&mut self, table: &EntryTable, position: u32) -> Result<(), IndexError> {
        let entry = table.get(position).ok_or_else(|| unsorted(table))?;
        check(position, &entry, table)?;
        let first = entry.id.as_slice().first().copied().map(usize::from);
        if let Some(count) = first.and_then(|first| self.fan_out.0.get_mut(first)) {
            *count = count.saturating_add(1);
        }
        Ok(())
    }

    fn add_up(&mut self) {
        let mut up_to = 0_u32;
        for count in &mut self.fan_out.0 {
            up_to = up_to.saturating_add(*count);
            *count = up_to;
        }
    }

    /// The id at this place of those sorted, and the position of its entry; callers ask for one place after
    /// the other.
    fn sorted_at(&mut self, table: &EntryTable, place: usize) -> Option<(ObjectId, u32)> {
        if !table.is_spilled() {
            let position = table.sorted_at(place)?;
            return Some((table.id(position)?, position));
        }
        let (start, ids) = &self.ids;
        let held = place.checked_sub(*start).and_then(|at| ids.get(at));
        if let Some(held) = held {
            return Some(*held);
        }
        if place >= table.sorted_count() {
            return None;
        }
        self.ids = table.sorted_ids(place)?;
        let at = place.checked_sub(self.ids.0)?;
        self.ids.1.get(at).copied()
    }

    /// The place of an entry among the sorted ids; callers ask for one position after the other.
    fn place_of(&mut self, table: &EntryTable, position: usize) -> Option<u32> {
        let (start, places) = &self.places;
        let held = position.checked_sub(*start).and_then(|at| places.get(at));
        if let Some(held) = held {
            return Some(*held);
        }
        self.read_places(table, position);
        self.places.1.first().copied()
    }

    /// Finds the places of the entries from this position on in one look over all.
    fn read_places(&mut self, table: &EntryTable, start: usize) {
        let (_, mut places) = std::mem::take(&mut self.places);
        let left = table.entries.len().saturating_sub(start);
        places.clear();
        places.resize(left.min(PLACES_AT_ONCE), u32::MAX);
        for (place, position) in (0_u32..).zip(table.sorted_positions()) {
            let at = usize::try_from(position).ok();
            let at = at.and_then(|position| position.checked_sub(start));
            if let Some(slot) = at.and_then(|at| places.get_mut(at)) {
                *slot = place;
            }
        }
        self.places = (start, places);
    }

    /// The next row; `None` after the last.
    pub(crate) fn next_row(&mut self, table: &EntryTable) -> Option<Vec<u8>> {
        let mut row = Vec::new();
        // The largest item but the header, which comes first, has fewer bytes than this.
        while row.len() <= PAGED_ROW_BYTES_MAX - 32 {
            let is_written = self.item(table, &mut row);
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

    /// Adds the section's next item to the row; false at the end of the section.
    fn item(&mut self, table: &EntryTable, row: &mut Vec<u8>) -> bool {
        match self.section {
            Section::Header if self.written == 0 => self.header(table, row),
            Section::FanOut => match self.fan_out.0.get(self.written) {
                Some(count) => row.extend_from_slice(&count.to_be_bytes()),
                None => return false,
            },
            Section::Ids => match self.sorted_at(table, self.written) {
                Some((id, _)) => row.extend_from_slice(id.as_slice()),
                None => return false,
            },
            Section::Positions => match table.sorted_at(self.written) {
                Some(position) => row.extend_from_slice(&position.to_be_bytes()),
                None => return false,
            },
            Section::Rows => {
                let entry = u32::try_from(self.written).ok();
                let entry = entry.and_then(|position| table.get(position));
                match entry.zip(self.place_of(table, self.written)) {
                    Some((entry, index_position)) => {
                        row.extend_from_slice(&encode(&entry, index_position));
                    }
                    None => return false,
                }
            }
            Section::ExternalBases => match table.external_bases.get(self.written) {
                Some(id) => row.extend_from_slice(id.as_slice()),
                None => return false,
            },
            Section::Header | Section::End => return false,
        }
        true
    }

    fn header(&self, table: &EntryTable, row: &mut Vec<u8>) {
        row.extend_from_slice(&MAGIC);
        row.extend_from_slice(&VERSION.to_be_bytes());
        put(row, table.entries.len());
        put(row, table.external_bases.len());
        row.extend_from_slice(&self.surplus.to_be_bytes());
    }
}

fn unsorted(table: &EntryTable) -> IndexError {
    IndexError::Unsorted {
        entries: table.entries.len(),
        sorted: table.sorted_count(),
    }
}

/// Writes a count; `check` bounded all of them.
fn put(row: &mut Vec<u8>, count: usize) {
    row.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

fn check(position: u32, entry: &Entry, table: &EntryTable) -> Result<(), IndexError> {
    let (entries, externals) = (table.entries.len(), table.external_bases.len());
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
