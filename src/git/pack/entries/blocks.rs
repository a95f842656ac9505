//! The entries themselves, in blocks.
//!
//! A large push has 24 MB of entries. The heap of wasm never shrinks and soon has no gap of that
//! size; blocks fit into small gaps.

use super::entry::Entry;

/// Two to the power of this many entries in a block: 768 KiB.
const BLOCK_BITS: u32 = 14;

const BLOCK_ENTRIES: usize = 1 << BLOCK_BITS;

/// Entries that room is made for at once beyond the number that was announced.
const SURPLUS_ENTRIES: usize = 64;

/// The entries of a pack, in pack order.
#[derive(Debug, Default)]
pub struct Entries {
    /// Full blocks, then at most one that is partly filled, then empty ones with reserved room.
    blocks: Vec<Vec<Entry>>,
    count: usize,
}

impl Entries {
    /// Appends an entry, of `announced` in the whole pack; gives its position, or `None` when there
    /// is no memory for more.
    ///
    /// Room is made for as many entries as have come, up to the announced number: in a heap that
    /// has no gaps most blocks then lie side by side, and little that goes is caught between them.
    /// A lie costs what was sent.
    pub(crate) fn push(&mut self, entry: Entry, announced: u32) -> Option<u32> {
        let (count, number) = (self.count, self.count >> BLOCK_BITS);
        if number == self.blocks.len() {
            self.make_room(usize::try_from(announced).ok()?)?;
        }
        let block = self.blocks.get_mut(number)?;
        if block.len() == block.capacity() {
            let most = BLOCK_ENTRIES.saturating_sub(block.len());
            block.try_reserve_exact(SURPLUS_ENTRIES.min(most)).ok()?;
        }
        block.push(entry);
        self.count = count.checked_add(1)?;
        u32::try_from(count).ok()
    }

    /// Makes the next blocks: one, then as many as there are.
    fn make_room(&mut self, announced: usize) -> Option<()> {
        let left = announced.saturating_sub(self.count);
        let mut left = left.min(self.count.max(BLOCK_ENTRIES));
        loop {
            let entries = left.min(BLOCK_ENTRIES);
            let mut block = Vec::new();
            block.try_reserve_exact(entries).ok()?;
            self.blocks.try_reserve(1).ok()?;
            self.blocks.push(block);
            left = left.saturating_sub(entries);
            if left == 0 {
                return Some(());
            }
        }
    }

    /// Bytes of the blocks.
    pub(crate) fn held_bytes(&self) -> usize {
        let capacity = |block: &Vec<Entry>| block.capacity().saturating_mul(size_of::<Entry>());
        self.blocks.iter().map(capacity).sum()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The entry at a position.
    pub fn get(&self, position: u32) -> Option<&Entry> {
        let (block, at) = place(position);
        self.blocks.get(block)?.get(at)
    }

    /// The entry at a position, to be completed.
    pub(crate) fn get_mut(&mut self, position: u32) -> Option<&mut Entry> {
        let (block, at) = place(position);
        self.blocks.get_mut(block)?.get_mut(at)
    }

    /// All, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.blocks.iter().flatten()
    }

    /// The position of the entry that starts at `offset`.
    pub(crate) fn position_at(&self, offset: u64) -> Option<u32> {
        let starts = |block: &Vec<Entry>| block.first().is_some_and(|first| first.offset <= offset);
        let number = self.blocks.partition_point(starts).checked_sub(1)?;
        let block = self.blocks.get(number)?;
        let at = block.binary_search_by_key(&offset, |entry| entry.offset);
        u32::try_from((number << BLOCK_BITS).checked_add(at.ok()?)?).ok()
    }
}

impl PartialEq for Entries {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Entries {}

/// The block of the entry at a position, and its place there.
fn place(position: u32) -> (usize, usize) {
    let position = position as usize;
    (position >> BLOCK_BITS, position % BLOCK_ENTRIES)
}

impl FromIterator<Entry> for Entries {
    fn from_iter<T: IntoIterator<Item = Entry>>(all: T) -> Self {
        let mut entries = Self::default();
        for entry in all {
            entries.push(entry, 0);
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use gix_hash::ObjectId;

    use super::super::Base;
    use super::*;

    fn entry(number: u32) -> Entry {
        Entry {
            id: ObjectId::null(gix_hash::Kind::Sha1),
            offset: 12 + 10 * u64::from(number),
            stored_bytes: 10,
            size_bytes: 3,
            kind: None,
            depth: 0,
            base: Base::Position(number),
        }
    }

    fn capacities(entries: &Entries) -> Vec<usize> {
        entries.blocks.iter().map(Vec::capacity).collect()
    }

    #[test]
    fn they_are_where_they_would_be_in_one_run() {
        for count in [0, 1, 16_383, 16_384, 16_385, 40_000] {
            let all: Vec<Entry> = (0..count).map(entry).collect();
            let mut entries = Entries::default();
            for (position, entry) in (0..).zip(&all) {
                assert_eq!(entries.push(*entry, count), Some(position));
            }
            assert_eq!(entries, all.iter().copied().collect());
            assert_eq!(entries.len(), all.len());
            assert!(entries.iter().eq(&all));
            for position in 0..=count {
                let expected = all.get(position as usize);
                assert_eq!(entries.get(position), expected);
                assert_eq!(entries.get_mut(position).as_deref(), expected);
                let offset = entry(position).offset;
                let found = expected.map(|_| position);
                assert_eq!(entries.position_at(offset), found);
                assert_eq!(entries.position_at(offset + 1), None);
            }
            assert_eq!(entries.position_at(0), None);
        }
    }

    #[test]
    fn a_count_that_lies_costs_no_more_than_what_came_and_a_true_one_makes_exactly_enough() {
        let block_bytes = BLOCK_ENTRIES * 48;
        let mut entries = Entries::default();
        let mut largest = 0;
        for number in 0..100_000 {
            entries.push(entry(number), 500_000);
            let came = usize::try_from(number).unwrap() * 48;
            largest = largest.max(entries.held_bytes());
            assert!(entries.held_bytes() <= (2 * came).max(block_bytes));
        }
        assert_eq!(largest, 8 * block_bytes);
        let mut entries = Entries::default();
        for number in 0..40_000 {
            entries.push(entry(number), 40_000);
        }
        let all = [BLOCK_ENTRIES, BLOCK_ENTRIES, 40_000 - 2 * BLOCK_ENTRIES];
        assert_eq!(capacities(&entries), all);
    }

    #[test]
    fn more_than_were_announced_have_room_too() {
        let mut entries = Entries::default();
        for number in 0..40_000 {
            assert_eq!(entries.push(entry(number), 3), Some(number));
        }
        let sizes: Vec<usize> = entries.blocks.iter().map(Vec::len).collect();
        assert_eq!(
            sizes,
            [BLOCK_ENTRIES, BLOCK_ENTRIES, 40_000 - 2 * BLOCK_ENTRIES]
        );
    }
}
