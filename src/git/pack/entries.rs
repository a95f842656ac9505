//! The table of an incoming pack's entries: 48 bytes an entry, the one thing of a push that grows
//! with its number of objects.

use std::cmp::Ordering;

use gix_hash::{ObjectId, oid};

use super::super::object::ObjectKind;

/// Entries that room is made for before any was seen: 768 KiB. Once they were seen, the header's
/// count is believed: room grown step by step would leave holes, in memory that never shrinks, of
/// almost the table's size. A lie then costs 24 MB, for the 500,000 entries that are accepted.
const ENTRIES_FIRST: usize = 16_384;

/// What an entry's content is built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// Nothing: the object is stored whole.
    None,
    /// The entry at this position of the same pack.
    Position(u32),
    /// An object of another pack: number in [`EntryTable::external_bases`].
    External(u32),
}

/// One entry, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The object's id; null until it is resolved.
    pub id: ObjectId,
    /// Where the entry starts in the pack, its header included.
    pub offset: u64,
    /// Bytes of the entry as stored, its header included.
    pub stored_bytes: u32,
    /// Bytes of the object's content (once resolved), below 4 GiB by the limits.
    pub size_bytes: u32,
    /// The object's kind; `None` until it is resolved.
    pub kind: Option<ObjectKind>,
    /// Links of the delta chain down to a whole object: 0 for a whole object. External bases count
    /// with their own depth.
    pub depth: u16,
    /// What it is built on.
    pub base: Base,
}

/// All entries of an incoming pack, in pack order.
#[derive(Debug, Default)]
pub struct EntryTable {
    /// By position.
    pub entries: Vec<Entry>,
    /// The bases that live packs hold, by number. (While the pack arrives: the base of each
    /// ref-delta, wherever it is; the resolver sorts them out.)
    pub external_bases: Vec<ObjectId>,
    /// Positions sorted by id (then position); filled by [`EntryTable::sort`].
    pub by_id: Vec<u32>,
}

impl EntryTable {
    /// Appends the entry that follows the last one, of `announced` in the whole pack; gives its
    /// position, or `None` when there is no memory for more.
    pub fn push(&mut self, entry: Entry, announced: u32) -> Option<u32> {
        let count = self.entries.len();
        if count == self.entries.capacity() {
            let announced = usize::try_from(announced).ok()?.max(count + 1);
            let room = if count == 0 {
                announced.min(ENTRIES_FIRST)
            } else {
                announced
            };
            self.entries.try_reserve_exact(room - count).ok()?;
        }
        self.entries.push(entry);
        u32::try_from(count).ok()
    }

    /// Entries in the table.
    pub fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// The entry at a position.
    pub fn get(&self, position: u32) -> Option<&Entry> {
        self.entries.get(position as usize)
    }

    /// The entry at a position, to be completed.
    pub fn get_mut(&mut self, position: u32) -> Option<&mut Entry> {
        self.entries.get_mut(position as usize)
    }

    /// The position of the entry that starts at `offset`.
    pub fn position_at(&self, offset: u64) -> Option<u32> {
        let found = self
            .entries
            .binary_search_by_key(&offset, |entry| entry.offset);
        found.ok().and_then(|position| u32::try_from(position).ok())
    }

    /// The id of the object that `base` names; `None` for no base.
    pub fn base_id(&self, base: Base) -> Option<ObjectId> {
        match base {
            Base::None => None,
            Base::Position(position) => self.get(position).map(|entry| entry.id),
            Base::External(number) => self.external_bases.get(number as usize).copied(),
        }
    }

    /// Fills [`EntryTable::by_id`]; the table must not change afterwards.
    pub fn sort(&mut self) {
        let Self { entries, by_id, .. } = self;
        by_id.clear();
        by_id.reserve_exact(entries.len());
        by_id.extend((0..).take(entries.len()));
        by_id.sort_unstable_by(|&a, &b| compare(a, b, entries));
    }

    /// The position of the object; of the first one when the pack holds it more than once. Finds
    /// nothing before [`EntryTable::sort`].
    pub fn find(&self, id: &oid) -> Option<u32> {
        let before = |&position: &u32| self.get(position).is_some_and(|entry| *entry.id < *id);
        let position = *self.by_id.get(self.by_id.partition_point(before))?;
        self.get(position)
            .filter(|entry| *entry.id == *id)
            .map(|_| position)
    }
}

/// By id, then position. Not inlined: a sort compares at dozens of places, and the wasm would have
/// as many copies.
#[inline(never)]
fn compare(a: u32, b: u32, entries: &[Entry]) -> Ordering {
    let id = |position: u32| entries.get(position as usize).map(|entry| &entry.id);
    id(a).cmp(&id(b)).then(a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(offset: u64, first_byte: u8) -> Entry {
        let mut id = [0; 20];
        id[0] = first_byte;
        Entry {
            id: ObjectId::Sha1(id),
            offset,
            stored_bytes: 10,
            size_bytes: 3,
            kind: Some(ObjectKind::Blob),
            depth: 0,
            base: Base::None,
        }
    }

    #[test]
    fn an_entry_has_48_bytes() {
        assert_eq!(size_of::<Entry>(), 48);
    }

    #[test]
    fn entries_are_found_by_offset_and_by_id_the_first_of_equal_ones() {
        let mut table = EntryTable::default();
        for (n, first_byte) in (0..).zip([9, 3, 200, 3, 0]) {
            assert_eq!(
                table.push(entry(12 + 10 * n, first_byte), 5),
                u32::try_from(n).ok()
            );
        }
        table.sort();
        assert_eq!(table.by_id, [4, 1, 3, 0, 2]);
        for (first_byte, position) in [(0, 4), (3, 1), (9, 0), (200, 2)] {
            assert_eq!(table.find(&entry(0, first_byte).id), Some(position));
        }
        assert_eq!(table.find(&entry(0, 4).id), None);
        assert_eq!(table.find(&entry(0, 255).id), None);
        assert_eq!(table.position_at(32), Some(2));
        assert_eq!(table.position_at(33), None);
    }

    #[test]
    fn a_count_that_lies_makes_no_room_and_a_true_one_makes_exactly_enough() {
        let mut table = EntryTable::default();
        table.push(entry(12, 0), 2_000_000);
        assert_eq!(table.entries.capacity(), ENTRIES_FIRST);
        let mut table = EntryTable::default();
        for n in 0..100_000 {
            table.push(entry(n, 0), 100_000);
        }
        assert_eq!(table.entries.capacity(), 100_000);
    }
}
