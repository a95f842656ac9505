//! The order of a spilled table by id, 4 bytes an entry: its position, and above it as many of the id's bits
//! behind the bucket as there is room for. A search mostly looks at one entry by them.

use std::ops::Range;

/// Two to the power of this many entries in a block: 64 KiB, for which there is room in any heap.
const BLOCK_BITS: u32 = 14;

/// The order.
#[derive(Debug, Default)]
pub(super) struct Order {
    blocks: Vec<Vec<u32>>,
    len: usize,
    /// Bits of a position.
    position_bits: u32,
}

impl Order {
    /// Nothing yet of the order of so many entries.
    pub(super) fn of(entries: usize) -> Self {
        Self {
            position_bits: entries
                .checked_ilog2()
                .map_or(0, |bits| bits.saturating_add(1)),
            ..Self::default()
        }
    }

    /// The beginning of the bits behind those that name an id's bucket, as far as it is noted.
    pub(super) fn mark(&self, bits: u32) -> u32 {
        bits.checked_shr(self.position_bits).unwrap_or(0)
    }

    /// Adds the next entry; `None` if there is no memory for it.
    pub(super) fn push(&mut self, position: u32, bits: u32) -> Option<()> {
        if self.len.is_multiple_of(1 << BLOCK_BITS) {
            let mut block = Vec::new();
            block.try_reserve_exact(1 << BLOCK_BITS).ok()?;
            self.blocks.push(block);
        }
        let mark = self.mark(bits).checked_shl(self.position_bits).unwrap_or(0);
        self.blocks.last_mut()?.push(mark | position);
        self.len = self.len.saturating_add(1);
        Some(())
    }

    /// Entries so far.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn get(&self, place: usize) -> Option<u32> {
        let block = self.blocks.get(place >> BLOCK_BITS)?;
        block.get(place % (1 << BLOCK_BITS)).copied()
    }

    fn position(&self, noted: u32) -> u32 {
        noted & !u32::MAX.checked_shl(self.position_bits).unwrap_or(0)
    }

    /// The position of the entry at a place.
    pub(super) fn position_at(&self, place: usize) -> Option<u32> {
        self.get(place).map(|noted| self.position(noted))
    }

    /// All positions, in order.
    pub(super) fn positions(&self) -> impl Iterator<Item = u32> + '_ {
        let noted = self.blocks.iter().flatten();
        noted.map(|noted| self.position(*noted))
    }

    /// The positions of the entries of a bucket whose ids have this mark, in order.
    pub(super) fn alike(&self, bucket: Range<usize>, mark: u32) -> impl Iterator<Item = u32> + '_ {
        let has_mark = move |noted: u32| {
            let noted = noted.checked_shr(self.position_bits).unwrap_or(0);
            noted.cmp(&mark)
        };
        let (mut start, mut end) = (bucket.start, bucket.end);
        while start < end {
            let middle = start.midpoint(end);
            let is_before = self
                .get(middle)
                .is_some_and(|noted| has_mark(noted).is_lt());
            if is_before {
                start = middle.saturating_add(1);
            } else {
                end = middle;
            }
        }
        let rest = (start..bucket.end).map_while(|place| self.get(place));
        rest.take_while(move |noted| has_mark(*noted).is_eq())
            .map(|noted| self.position(noted))
    }
}
