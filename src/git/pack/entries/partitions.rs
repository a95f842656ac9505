//! Many items put in order by way of scratch: they are spread over partitions, each of which is then sorted
//! in memory and written back. So nothing is read more than twice, however many there are.

use super::super::super::store::{Scratch, StoreError};

/// Bytes of a row.
const ROW_BYTES: usize = 48 << 10;

/// Bytes that the partitions are to have, about: one is in memory at a time.
pub(crate) const PARTITION_BYTES: usize = 3 << 20;

/// Rows of scratch from here on are for items; those below are for blocks of entries. One thing at a time is
/// put in order, so all use the same ones.
const FIRST_ROW: u32 = 1 << 13;

/// Items of `N` bytes, which are ordered as their bytes are.
#[derive(Debug, Default)]
pub(crate) struct Partitions<const N: usize> {
    all: Vec<Partition>,
    rows: u32,
}

#[derive(Debug, Default)]
struct Partition {
    /// Places of all items before.
    start: usize,
    items: usize,
    /// The rows that it has; all are full but the last.
    rows: Vec<u32>,
    /// Items of the row that is not written yet.
    open: Vec<u8>,
}

impl<const N: usize> Partitions<N> {
    /// Items of a row.
    pub(crate) const ROW_ITEMS: usize = ROW_BYTES / N;

    /// So many partitions without items.
    pub(crate) fn new(count: usize) -> Self {
        let mut all = Vec::new();
        all.resize_with(count, Partition::default);
        Self { all, rows: 0 }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// Adds an item.
    pub(crate) fn put(
        &mut self,
        partition: usize,
        item: &[u8; N],
        scratch: &dyn Scratch,
    ) -> Result<(), StoreError> {
        let partition = self.all.get_mut(partition);
        let partition = partition.ok_or_else(|| odd("there is no such partition"))?;
        if partition.open.is_empty() {
            let reserved = partition.open.try_reserve_exact(Self::ROW_ITEMS * N);
            reserved.map_err(|_| odd("there is no memory for a row"))?;
        }
        partition.open.extend_from_slice(item);
        partition.items = partition.items.saturating_add(1);
        if partition.open.len() >= Self::ROW_ITEMS * N {
            partition.flush(&mut self.rows, scratch)?;
        }
        Ok(())
    }

    /// Ends the spreading.
    pub(crate) fn close(&mut self, scratch: &dyn Scratch) -> Result<(), StoreError> {
        let mut start = 0_usize;
        for partition in &mut self.all {
            partition.start = start;
            start = start.saturating_add(partition.items);
            if !partition.open.is_empty() {
                partition.flush(&mut self.rows, scratch)?;
            }
            partition.open = Vec::new();
        }
        Ok(())
    }

    /// Sorts a partition, and gives its items.
    pub(crate) fn sort(
        &self,
        partition: usize,
        scratch: &dyn Scratch,
    ) -> Result<Vec<[u8; N]>, StoreError> {
        let partition = self.all.get(partition);
        let partition = partition.ok_or_else(|| odd("there is no such partition"))?;
        let mut items = Vec::new();
        let reserved = items.try_reserve_exact(partition.items);
        reserved.map_err(|_| odd("there is no memory to sort it"))?;
        for row in &partition.rows {
            items.extend_from_slice(scratch.get(*row)?.as_chunks::<N>().0);
        }
        if items.len() != partition.items {
            return Err(odd("a row has another length than it had"));
        }
        sort(&mut items);
        for (row, items) in partition.rows.iter().zip(items.chunks(Self::ROW_ITEMS)) {
            scratch.put(*row, items.as_flattened())?;
        }
        Ok(items)
    }

    /// The items of the row that has a place, and the place of the first of them.
    pub(crate) fn read(
        &self,
        place: usize,
        scratch: &dyn Scratch,
    ) -> Result<(usize, Vec<[u8; N]>), StoreError> {
        let (row, start) = self
            .row_at(place)
            .ok_or_else(|| odd("there is no such place"))?;
        let bytes = scratch.get(row)?;
        let (items, rest) = bytes.as_chunks::<N>();
        if items.is_empty() || !rest.is_empty() {
            return Err(odd("a row is not what was written"));
        }
        Ok((start, items.to_vec()))
    }

    fn row_at(&self, place: usize) -> Option<(u32, usize)> {
        let after = self.all.partition_point(|other| other.start <= place);
        let partition = self.all.get(after.checked_sub(1)?)?;
        let within = place.checked_sub(partition.start)?;
        let number = within / Self::ROW_ITEMS;
        let row = partition.rows.get(number)?;
        let before = number.saturating_mul(Self::ROW_ITEMS);
        (within < partition.items).then(|| (*row, partition.start.saturating_add(before)))
    }
}

impl Partition {
    fn flush(&mut self, rows: &mut u32, scratch: &dyn Scratch) -> Result<(), StoreError> {
        let row = FIRST_ROW.saturating_add(*rows);
        scratch.put(row, &self.open)?;
        *rows = rows.saturating_add(1);
        self.rows.push(row);
        self.open.clear();
        Ok(())
    }
}

/// Groups neighbouring buckets, which have so many items each, into partitions; gives the bucket behind
/// the last one of each.
pub(crate) fn grouped(counts: impl Iterator<Item = usize>, item_bytes: usize) -> Vec<usize> {
    let (mut ends, mut bytes, mut buckets) = (Vec::new(), 0_usize, 0_usize);
    for (bucket, count) in counts.enumerate() {
        let more = count.saturating_mul(item_bytes);
        if bytes > 0 && bytes.saturating_add(more) > PARTITION_BYTES {
            ends.push(bucket);
            bytes = 0;
        }
        bytes = bytes.saturating_add(more);
        buckets = bucket.saturating_add(1);
    }
    ends.push(buckets);
    ends
}

/// The partition of a bucket.
pub(crate) fn partition_of(ends: &[usize], bucket: usize) -> usize {
    ends.partition_point(|end| *end <= bucket)
}

/// Not inlined: a sort compares at dozens of places, and the wasm would have as many copies.
#[inline(never)]
fn sort<const N: usize>(items: &mut [[u8; N]]) {
    items.sort_unstable();
}

fn odd(what: &str) -> StoreError {
    StoreError::Failed(format!("items in scratch: {what}"))
}

#[cfg(test)]
mod tests;
