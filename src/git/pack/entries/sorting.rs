//! Sorts a table whose entries are in scratch: its ids are spread over partitions, which are sorted one after
//! the other.

use gix_hash::ObjectId;

use super::super::super::store::{Scratch, StoreError};
use super::blocks::Entries;
use super::fan::Fan;
use super::order::Order;
use super::partitions::{Partitions, grouped, partition_of};

/// Bytes of an id and the position of its entry.
const ITEM_BYTES: usize = 24;

/// Entries that are read in one step: some ms, with their blocks.
const STEP_ENTRIES: u32 = 1 << 14;

/// How far the sort has come. Once it is over, the sorted ids can be read.
#[derive(Debug, Default)]
pub(super) struct Sorting {
    stage: Stage,
    /// The bucket behind the last one of each partition.
    ends: Vec<usize>,
    partitions: Partitions<ITEM_BYTES>,
}

#[derive(Debug, Clone, Copy, Default)]
enum Stage {
    #[default]
    Begin,
    /// Ids are counted by bucket, from this position on.
    Counting(u32),
    /// They are spread, from this position on.
    Spreading(u32),
    /// The partitions are sorted, from this one on.
    Partitions(usize),
    Sorted,
}

impl Sorting {
    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Sorted)
    }

    /// Works on for a step; true when the order is complete.
    pub(super) fn step(
        &mut self,
        entries: &Entries,
        scratch: &dyn Scratch,
        (fan, order): (&mut Fan, &mut Order),
    ) -> Result<bool, StoreError> {
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        self.stage = match self.stage {
            Stage::Begin => {
                fan.begin(entries.len());
                *order = Order::of(entries.len());
                Stage::Counting(0)
            }
            Stage::Counting(from) => {
                let end = from.saturating_add(STEP_ENTRIES).min(count);
                for position in from..end {
                    fan.add(&id_at(entries, position)?);
                }
                if end < count {
                    Stage::Counting(end)
                } else {
                    self.ends = grouped(fan.counts(), ITEM_BYTES);
                    self.partitions = Partitions::new(self.ends.len());
                    fan.end();
                    Stage::Spreading(0)
                }
            }
            Stage::Spreading(from) => {
                let end = from.saturating_add(STEP_ENTRIES).min(count);
                for position in from..end {
                    let id = id_at(entries, position)?;
                    let partition = partition_of(&self.ends, fan.bucket(&id));
                    let item = item(&id, position);
                    self.partitions.put(partition, &item, scratch)?;
                }
                if end < count {
                    Stage::Spreading(end)
                } else {
                    self.partitions.close(scratch)?;
                    Stage::Partitions(0)
                }
            }
            Stage::Partitions(partition) if partition < self.partitions.count() => {
                for item in self.partitions.sort(partition, scratch)? {
                    let (id, position) = of_item(&item);
                    let pushed = order.push(position, fan.mark(&id));
                    pushed.ok_or_else(|| failed("there is no memory for its order"))?;
                }
                Stage::Partitions(partition.saturating_add(1))
            }
            Stage::Partitions(_) => {
                fan.take_all(entries.len());
                Stage::Sorted
            }
            Stage::Sorted => Stage::Sorted,
        };
        Ok(self.is_over())
    }

    /// The sorted ids and positions around a place, and the place of the first of them.
    pub(super) fn sorted(
        &self,
        place: usize,
        scratch: &dyn Scratch,
    ) -> Result<(usize, Vec<(ObjectId, u32)>), StoreError> {
        let (start, items) = self.partitions.read(place, scratch)?;
        Ok((start, items.iter().map(of_item).collect()))
    }
}

fn id_at(entries: &Entries, position: u32) -> Result<ObjectId, StoreError> {
    let id = entries.with(position, |entry| entry.id);
    id.ok_or_else(|| failed("an entry is not there"))
}

fn item(id: &ObjectId, position: u32) -> [u8; ITEM_BYTES] {
    let mut item = [0; ITEM_BYTES];
    let bytes = id.as_slice().iter().copied().chain(position.to_be_bytes());
    for (slot, byte) in item.iter_mut().zip(bytes) {
        *slot = byte;
    }
    item
}

fn of_item(item: &[u8; ITEM_BYTES]) -> (ObjectId, u32) {
    let [id @ .., a, b, c, d] = *item;
    (ObjectId::Sha1(id), u32::from_be_bytes([a, b, c, d]))
}

fn failed(what: &str) -> StoreError {
    StoreError::Failed(format!("the sort of a pack's entries: {what}"))
}
