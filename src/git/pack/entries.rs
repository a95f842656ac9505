//! The table of an incoming pack's entries: 48 bytes an entry, the one thing of a push that grows
//! with its number of objects.

use std::cmp::Ordering;
use std::ops::Range;

use gix_hash::{ObjectId, oid};

mod blocks;
mod entry;

pub(crate) use blocks::Entries;
pub use entry::{Base, Entry};

/// Bits of an id that name a bucket, at most: 256 KiB of buckets.
const FAN_BITS_MAX: u32 = 16;

/// All entries of an incoming pack, in pack order.
#[derive(Debug, Default)]
pub struct EntryTable {
    /// By position.
    pub entries: Entries,
    /// The bases that live packs hold, by number. (While the pack arrives: the base of each
    /// ref-delta, wherever it is; the resolver sorts them out.)
    pub external_bases: Vec<ObjectId>,
    /// Positions sorted by id (then position); filled by [`EntryTable::sort`].
    pub by_id: Vec<u32>,
    fan: Fan,
}

impl EntryTable {
    /// Appends the entry that follows the last one, of `announced` in the whole pack; gives its
    /// position, or `None` when there is no memory for more.
    pub fn push(&mut self, entry: Entry, announced: u32) -> Option<u32> {
        self.entries.push(entry, announced)
    }

    /// Bytes that it takes, with the room that it has made.
    pub fn held_bytes(&self) -> usize {
        let bases = self
            .external_bases
            .capacity()
            .saturating_mul(size_of::<ObjectId>());
        self.entries.held_bytes().saturating_add(bases)
    }

    /// Entries in the table.
    pub fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// The entry at a position.
    pub fn get(&self, position: u32) -> Option<&Entry> {
        self.entries.get(position)
    }

    /// The entry at a position, to be completed.
    pub fn get_mut(&mut self, position: u32) -> Option<&mut Entry> {
        self.entries.get_mut(position)
    }

    /// The position of the entry that starts at `offset`.
    pub(crate) fn position_at(&self, offset: u64) -> Option<u32> {
        self.entries.position_at(offset)
    }

    /// The id of the object that `base` names; `None` for no base.
    pub fn base_id(&self, base: Base) -> Option<ObjectId> {
        match base {
            Base::None => None,
            Base::Position(position) => self.get(position).map(|entry| entry.id),
            Base::External(number) => self.external_bases.get(number as usize).copied(),
        }
    }

    /// Fills [`EntryTable::by_id`]; the table must not change afterwards. The ids are spread over
    /// buckets first, for they are as good as random; then there is little left to sort.
    pub fn sort(&mut self) {
        let Self {
            entries,
            by_id,
            fan,
            ..
        } = self;
        fan.count(entries.len(), entries.iter().map(|entry| &*entry.id));
        by_id.clear();
        by_id.resize(entries.len(), 0);
        for (position, entry) in (0..).zip(entries.iter()) {
            let place = fan.take(&entry.id);
            if let Some(slot) = by_id.get_mut(place) {
                *slot = position;
            }
        }
        for bucket in 0..fan.buckets() {
            if let Some(bucket) = by_id.get_mut(fan.range(bucket)) {
                bucket.sort_unstable_by(|&a, &b| compare(a, b, entries));
            }
        }
    }

    /// The position of the object; of the first one when the pack holds it more than once. Finds
    /// nothing before [`EntryTable::sort`].
    pub fn find(&self, id: &oid) -> Option<u32> {
        let bucket = self.by_id.get(self.fan.range(self.fan.bucket(id)))?;
        let before = |&position: &u32| self.get(position).is_some_and(|entry| *entry.id < *id);
        let position = *bucket.get(bucket.partition_point(before))?;
        self.get(position)
            .filter(|entry| *entry.id == *id)
            .map(|_| position)
    }
}

/// Divides the sorted ids into buckets by their first bytes: some four to eight ids a bucket,
/// half a byte an entry.
#[derive(Debug, Default)]
struct Fan {
    /// Bits of an id that name its bucket.
    bits: u32,
    /// The end of each bucket. While ids are taken in: the position of its next id.
    ends: Vec<u32>,
}

impl Fan {
    /// Makes buckets for these ids, and leaves each at its start.
    fn count<'a>(&mut self, count: usize, ids: impl Iterator<Item = &'a oid>) {
        let bits = (count / 4).checked_ilog2().unwrap_or(0);
        self.bits = bits.min(FAN_BITS_MAX);
        self.ends.clear();
        self.ends.resize(1 << self.bits, 0);
        for id in ids {
            let bucket = self.bucket(id);
            if let Some(count) = self.ends.get_mut(bucket) {
                *count = count.saturating_add(1);
            }
        }
        let mut start = 0_u32;
        for end in &mut self.ends {
            start = start.saturating_add(std::mem::replace(end, start));
        }
    }

    /// The place of the next id of its bucket.
    fn take(&mut self, id: &oid) -> usize {
        let bucket = self.bucket(id);
        self.ends.get_mut(bucket).map_or(usize::MAX, |next| {
            let place = *next as usize;
            *next = next.saturating_add(1);
            place
        })
    }

    fn buckets(&self) -> usize {
        self.ends.len()
    }

    fn bucket(&self, id: &oid) -> usize {
        let first = id
            .as_bytes()
            .first_chunk()
            .map_or(0, |first| u32::from_be_bytes(*first));
        // Of no bits at all: one bucket.
        first.checked_shr(u32::BITS - self.bits).unwrap_or(0) as usize
    }

    /// The positions of a bucket's ids, once all are taken.
    fn range(&self, bucket: usize) -> Range<usize> {
        let end = |bucket: usize| self.ends.get(bucket).map_or(0, |end| *end as usize);
        bucket.checked_sub(1).map_or(0, end)..end(bucket)
    }
}

/// By id, then position. Not inlined: a sort compares at dozens of places, and the wasm would have
/// as many copies.
#[inline(never)]
fn compare(a: u32, b: u32, entries: &Entries) -> Ordering {
    let id = |position: u32| entries.get(position).map(|entry| &entry.id);
    id(a).cmp(&id(b)).then(a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::super::object::ObjectKind;
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

    proptest! {
        #[test]
        fn sorted_as_a_plain_sort_has_it_and_all_found(
            ids in vec((any::<u8>(), any::<[u8; 3]>(), 0..3_u8), 0..600),
            clustered in any::<bool>(),
        ) {
            let mut table = EntryTable::default();
            for (first, middle, last) in ids {
                let mut id = [last; 20];
                id[0] = if clustered { 7 } else { first };
                id[1..4].copy_from_slice(&middle);
                let entry = Entry { id: ObjectId::Sha1(id), ..entry(12, 0) };
                table.push(entry, 600);
            }
            table.sort();
            let mut plain: Vec<u32> = (0..table.count()).collect();
            plain.sort_by_key(|&position| table.get(position).map(|entry| entry.id));
            prop_assert_eq!(&table.by_id, &plain);
            for entry in table.entries.iter() {
                let first = table.entries.iter().position(|other| other.id == entry.id);
                prop_assert_eq!(table.find(&entry.id).map(|found| found as usize), first);
                let mut other = entry.id;
                other.as_mut_slice()[19] ^= 0x80;
                prop_assert_eq!(table.find(&other), None);
            }
        }
    }
}
