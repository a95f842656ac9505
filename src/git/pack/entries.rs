//! The table of an incoming pack's entries: 48 bytes an entry, and once it is sorted 4 more.
//!
//! Where there is scratch, a table of more than [`RESIDENT_ENTRIES_MAX`] entries keeps that many
//! in memory, and 4 bytes for each: its position in the order of the ids, and some bits of the id with
//! which a search mostly finds it without a look at others. Looks at entries that lie near each other
//! cost little. The sorted ids lie in scratch too, for the index.

use std::cmp::Ordering;
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::store::{Scratch, StoreError};

mod blocks;
mod entry;
mod fan;
mod order;
mod packed;
pub(crate) mod partitions;
mod sorting;
#[cfg(test)]
mod tests;

pub(crate) use blocks::{Entries, RESIDENT_ENTRIES_MAX};
pub use entry::{Base, Entry};
pub(crate) use entry::{EXTERNAL_BASE, NO_BASE};
use fan::Fan;
use order::Order;
use sorting::Sorting;

/// All entries of an incoming pack, in pack order.
#[derive(Debug, Default)]
pub struct EntryTable {
    /// By position.
    pub entries: Entries,
    /// The bases that live packs hold, by number. (While the pack arrives: the base of each
    /// ref-delta, wherever it is; the resolver sorts them out.)
    pub external_bases: Vec<ObjectId>,
    /// Positions sorted by id (then position), of a table in memory; filled by [`EntryTable::sort`].
    pub by_id: Vec<u32>,
    /// The same of a spilled table.
    order: Order,
    fan: Fan,
    sorting: Sorting,
}

impl EntryTable {
    /// Keeps entries there from now on, once there are too many for memory.
    pub(crate) fn spill_to(&mut self, scratch: Rc<dyn Scratch>) {
        self.entries.spill_to(scratch);
    }

    /// Fails if scratch has failed: entries may then seem to be missing. To be asked before a
    /// conclusion from that counts.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.entries.check()
    }

    /// Whether a look at any entry may cost a read from scratch.
    pub(crate) fn is_spilled(&self) -> bool {
        self.entries.are_spilled()
    }

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
    pub fn get(&self, position: u32) -> Option<Entry> {
        self.entries.get(position)
    }

    /// The entry at a position, to be completed.
    pub fn get_mut(&mut self, position: u32) -> Option<&mut Entry> {
        self.entries.get_mut(position)
    }

    /// The id of the object at a position.
    pub(crate) fn id(&self, position: u32) -> Option<ObjectId> {
        self.entries.with(position, |entry| entry.id)
    }

    /// The position of the entry that starts at `offset`.
    pub(crate) fn position_at(&self, offset: u64) -> Option<u32> {
        self.entries.position_at(offset)
    }

    /// The id of the object that `base` names; `None` for no base.
    pub fn base_id(&self, base: Base) -> Option<ObjectId> {
        match base {
            Base::None => None,
            Base::Position(position) => self.id(position),
            Base::External(number) => self.external_bases.get(number as usize).copied(),
        }
    }

    /// Fills [`EntryTable::by_id`]; the table must not change afterwards. The ids are spread over
    /// buckets first, for they are as good as random; then there is little left to sort.
    pub fn sort(&mut self) {
        if self.is_spilled() {
            while !self.sort_some() {}
            return;
        }
        let Self {
            entries,
            by_id,
            fan,
            ..
        } = self;
        fan.count(entries.len(), entries.iter().map(|entry| entry.id));
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

    /// A step of the sort of a spilled table; true when it is sorted, or scratch has failed. (Any other is
    /// sorted at once.)
    pub(crate) fn sort_some(&mut self) -> bool {
        if !self.is_spilled() {
            self.sort();
            return true;
        }
        let Self {
            entries,
            order,
            fan,
            sorting,
            ..
        } = self;
        let stepped = entries.scratch().and_then(|scratch| {
            let scratch = &*scratch;
            sorting.step(entries, scratch, (fan, order))
        });
        stepped.unwrap_or_else(|error| {
            entries.fail(error);
            true
        })
    }

    /// How many entries are in the order of the ids.
    pub(crate) fn sorted_count(&self) -> usize {
        if self.is_spilled() {
            self.order.len()
        } else {
            self.by_id.len()
        }
    }

    /// The position of the entry at this place of the order.
    pub(crate) fn sorted_at(&self, place: usize) -> Option<u32> {
        if self.is_spilled() {
            return self.order.position_at(place);
        }
        self.by_id.get(place).copied()
    }

    /// All positions, in the order of the ids.
    pub(crate) fn sorted_positions(&self) -> impl Iterator<Item = u32> + '_ {
        // One of both is empty.
        self.by_id.iter().copied().chain(self.order.positions())
    }

    /// The ids and positions of a spilled table around a place of the order, and the place of the first of
    /// them. `None` if it is not sorted, or if scratch has failed.
    pub(crate) fn sorted_ids(&self, place: usize) -> Option<(usize, Vec<(ObjectId, u32)>)> {
        let scratch = self.entries.scratch();
        let sorted = scratch.and_then(|scratch| self.sorting.sorted(place, &*scratch));
        sorted.map_err(|error| self.entries.fail(error)).ok()
    }

    /// The position of the object; the first one's when the pack holds the object more than once. Finds
    /// nothing before [`EntryTable::sort`].
    pub fn find(&self, id: &oid) -> Option<u32> {
        let range = self.fan.range(self.fan.bucket(id));
        let is_it = |position: u32| self.entries.with(position, |entry| *entry.id == *id);
        if self.sorting.is_over() {
            let mark = self.order.mark(self.fan.mark(id));
            let mut alike = self.order.alike(range, mark);
            return alike.find(|position| is_it(*position).unwrap_or(false));
        }
        let bucket = self.by_id.get(range)?;
        let before = |position: &u32| self.entries.with(*position, |entry| *entry.id < *id);
        let before = |position: &u32| before(position).unwrap_or(false);
        let position = *bucket.get(bucket.partition_point(before))?;
        is_it(position)?.then_some(position)
    }
}

/// By id, then position. Not inlined: a sort compares at dozens of places, and the wasm would have
/// as many copies.
#[inline(never)]
fn compare(a: u32, b: u32, entries: &Entries) -> Ordering {
    let compared = entries.with(a, |a| entries.with(b, |b| a.id.cmp(&b.id)));
    compared
        .flatten()
        .unwrap_or(Ordering::Equal)
        .then(a.cmp(&b))
}
