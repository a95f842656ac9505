//! Buckets of ids: the order of a table is looked up and made by them.

use std::ops::Range;

use gix_hash::{ObjectId, oid};

/// Bits of an id that name a bucket, at most: 2 MiB of buckets.
const FAN_BITS_MAX: u32 = 19;

/// Divides the sorted ids into buckets by their first bytes: some four to eight ids a bucket,
/// half a byte an entry.
#[derive(Debug, Default)]
pub(super) struct Fan {
    /// Bits of an id that name its bucket.
    bits: u32,
    /// The end of each bucket. While ids are taken in: the position of its next id.
    ends: Vec<u32>,
}

impl Fan {
    /// Makes buckets for these ids, and leaves each at its start.
    pub(super) fn count(&mut self, count: usize, ids: impl Iterator<Item = ObjectId>) {
        self.begin(count);
        for id in ids {
            self.add(&id);
        }
        self.end();
    }

    /// Makes buckets for so many ids, which are still to be counted.
    pub(super) fn begin(&mut self, count: usize) {
        let bits = (count / 4).checked_ilog2().unwrap_or(0);
        self.bits = bits.min(FAN_BITS_MAX);
        self.ends.clear();
        self.ends.resize(1 << self.bits, 0);
    }

    /// Counts an id.
    pub(super) fn add(&mut self, id: &oid) {
        let bucket = self.bucket(id);
        if let Some(count) = self.ends.get_mut(bucket) {
            *count = count.saturating_add(1);
        }
    }

    /// How many ids of each bucket were counted, before [`Self::end`].
    pub(super) fn counts(&self) -> impl Iterator<Item = usize> + '_ {
        self.ends.iter().map(|count| *count as usize)
    }

    /// Ends the count, and leaves each bucket at its start.
    pub(super) fn end(&mut self) {
        let mut start = 0_u32;
        for end in &mut self.ends {
            start = start.saturating_add(std::mem::replace(end, start));
        }
    }

    /// The place of the next id of its bucket.
    pub(super) fn take(&mut self, id: &oid) -> usize {
        let bucket = self.bucket(id);
        self.ends.get_mut(bucket).map_or(usize::MAX, |next| {
            let place = *next as usize;
            *next = next.saturating_add(1);
            place
        })
    }

    pub(super) fn buckets(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn bucket(&self, id: &oid) -> usize {
        let first = id
            .as_bytes()
            .first_chunk()
            .map_or(0, |first| u32::from_be_bytes(*first));
        // No bits are left: one bucket.
        first.checked_shr(u32::BITS - self.bits).unwrap_or(0) as usize
    }

    /// The 32 bits behind those that name the bucket.
    pub(super) fn mark(&self, id: &oid) -> u32 {
        let first = id.as_bytes().first_chunk();
        let first = first.map_or(0, |first| u64::from_be_bytes(*first));
        let [a, b, c, d, ..] = first.checked_shl(self.bits).unwrap_or(0).to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// As if all of `count` ids had been taken.
    pub(super) fn take_all(&mut self, count: usize) {
        // In place: one more bucket would make the list take twice the room.
        self.ends.rotate_left(1);
        if let Some(last) = self.ends.last_mut() {
            *last = u32::try_from(count).unwrap_or(u32::MAX);
        }
    }

    /// The positions of a bucket's ids, once all are taken.
    pub(super) fn range(&self, bucket: usize) -> Range<usize> {
        let end = |bucket: usize| self.ends.get(bucket).map_or(0, |end| *end as usize);
        bucket.checked_sub(1).map_or(0, end)..end(bucket)
    }
}
