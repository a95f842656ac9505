//! The entries themselves, in blocks; a large pack keeps only some of them in memory.
//!
//! The heap of wasm never shrinks and soon has no large gaps; blocks fit into small ones. Where
//! there is scratch, at most [`RESIDENT_BLOCKS_MAX`] blocks are in memory: the one that was not
//! used for longest makes room, and is written if it has changed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::super::super::store::{Scratch, StoreError};
use super::entry::Entry;
use super::packed;

/// Two to the power of this many entries in a block: 96 KiB.
const BLOCK_BITS: u32 = 11;

const BLOCK_ENTRIES: usize = 1 << BLOCK_BITS;

/// Blocks in memory at most, where others can be put away: 131,072 entries, 6 MiB.
const RESIDENT_BLOCKS_MAX: usize = 64;

/// Entries of a pack that stay in memory even where there is scratch.
pub(crate) const RESIDENT_ENTRIES_MAX: usize = RESIDENT_BLOCKS_MAX << BLOCK_BITS;

/// Entries that room is made for at once beyond the number that was announced.
const SURPLUS_ENTRIES: usize = 64;

/// The entries of a pack, in pack order.
#[derive(Debug, Default)]
pub struct Entries {
    blocks: RefCell<Blocks>,
    count: usize,
}

#[derive(Debug, Default)]
struct Blocks {
    /// All are full but the last.
    all: Vec<Block>,
    /// How many of them are in memory.
    resident: usize,
    /// Room for blocks to come.
    room: Vec<Vec<Entry>>,
    /// Where the search for a block to put away goes on.
    hand: usize,
    scratch: Option<Rc<dyn Scratch>>,
    /// Why scratch failed. Then entries may seem to be missing, and nothing that was found counts.
    failure: Option<StoreError>,
}

#[derive(Debug)]
struct Block {
    /// Empty while it is in scratch.
    entries: Vec<Entry>,
    first_offset: u64,
    is_used: Cell<bool>,
    /// Whether scratch lacks it as it is.
    is_dirty: bool,
}

impl Entries {
    /// Keeps the blocks beyond the bound there from now on.
    pub(super) fn spill_to(&mut self, scratch: Rc<dyn Scratch>) {
        self.blocks.get_mut().scratch = Some(scratch);
    }

    /// Whether some blocks may be away: then a look at any entry may cost a read.
    pub(crate) fn are_spilled(&self) -> bool {
        let blocks = self.blocks.borrow();
        blocks.resident < blocks.all.len()
    }

    /// An error if scratch failed.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &self.blocks.borrow().failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(()),
        }
    }

    /// Scratch, for more data of the entries: rows that have no block's number.
    pub(crate) fn scratch(&self) -> Result<Rc<dyn Scratch>, StoreError> {
        let scratch = self.blocks.borrow().scratch.as_ref().map(Rc::clone);
        scratch.ok_or_else(|| lost("there is no scratch"))
    }

    /// Notes that scratch has failed.
    pub(crate) fn fail(&self, failure: StoreError) {
        self.blocks.borrow_mut().failure.get_or_insert(failure);
    }

    /// Appends an entry, of `announced` in the whole pack; gives its position, or `None` when there
    /// is no memory for more.
    ///
    /// Room is made for as many entries as have come, up to the announced number: in a heap that
    /// has no gaps most blocks then lie side by side, and little that goes is caught between them.
    /// A lie costs no more memory than the bytes sent.
    pub(crate) fn push(&mut self, entry: Entry, announced: u32) -> Option<u32> {
        let (count, number) = (self.count, self.count >> BLOCK_BITS);
        let blocks = self.blocks.get_mut();
        if number == blocks.all.len() {
            blocks.begin(entry.offset, count, usize::try_from(announced).ok()?)?;
        }
        let block = blocks.all.get_mut(number)?;
        if block.entries.len() == block.entries.capacity() {
            let most = BLOCK_ENTRIES.saturating_sub(block.entries.len());
            let more = SURPLUS_ENTRIES.min(most);
            block.entries.try_reserve_exact(more).ok()?;
        }
        block.entries.push(entry);
        block.is_dirty = true;
        self.count = count.checked_add(1)?;
        u32::try_from(count).ok()
    }

    /// Bytes of the blocks in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        let blocks = self.blocks.borrow();
        let held = blocks.all.iter().map(|block| &block.entries);
        let capacity = |block: &Vec<Entry>| block.capacity().saturating_mul(size_of::<Entry>());
        held.chain(&blocks.room).map(capacity).sum()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The entry at a position.
    pub fn get(&self, position: u32) -> Option<Entry> {
        self.with(position, |entry| *entry)
    }

    /// Reads something of the entry at a position.
    pub(crate) fn with<T>(&self, position: u32, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        let (number, at) = place(position);
        let blocks = self.blocks.borrow();
        let block = blocks.all.get(number)?;
        if block.entries.is_empty() {
            drop(blocks);
            self.load(number)?;
            let blocks = self.blocks.borrow();
            return blocks.all.get(number)?.entries.get(at).map(read);
        }
        block.is_used.set(true);
        block.entries.get(at).map(read)
    }

    /// The entry at a position, to be completed.
    pub(crate) fn get_mut(&mut self, position: u32) -> Option<&mut Entry> {
        let (number, at) = place(position);
        let blocks = self.blocks.get_mut();
        if blocks.all.get(number)?.entries.is_empty() {
            blocks.load(number)?;
        }
        let block = blocks.all.get_mut(number)?;
        block.is_used.set(true);
        block.is_dirty = true;
        block.entries.get_mut(at)
    }

    /// All, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Entry> + Clone {
        let count = u32::try_from(self.count).unwrap_or(u32::MAX);
        (0..count).map_while(|position| self.get(position))
    }

    /// The position of the entry that starts at `offset`.
    pub(crate) fn position_at(&self, offset: u64) -> Option<u32> {
        let blocks = self.blocks.borrow();
        let starts = |block: &Block| block.first_offset <= offset;
        let number = blocks.all.partition_point(starts).checked_sub(1)?;
        let is_away = blocks.all.get(number)?.entries.is_empty();
        drop(blocks);
        if is_away {
            self.load(number)?;
        }
        let blocks = self.blocks.borrow();
        let block = blocks.all.get(number)?;
        block.is_used.set(true);
        let at = block
            .entries
            .binary_search_by_key(&offset, |entry| entry.offset);
        u32::try_from((number << BLOCK_BITS).checked_add(at.ok()?)?).ok()
    }

    #[cold]
    fn load(&self, number: usize) -> Option<()> {
        self.blocks.borrow_mut().load(number)
    }
}

impl Blocks {
    /// Begins the next block, with room of its own or that of one which is put away.
    fn begin(&mut self, first_offset: u64, count: usize, announced: usize) -> Option<()> {
        if self.room.is_empty() && !self.is_full() {
            self.make_room(count, announced)?;
        }
        let entries = self.take_room()?;
        self.all.try_reserve(1).ok()?;
        self.all.push(Block {
            entries,
            first_offset,
            is_used: Cell::new(true),
            is_dirty: true,
        });
        self.resident = self.resident.checked_add(1)?;
        Some(())
    }

    /// Whether as many blocks are in memory as may be.
    fn is_full(&self) -> bool {
        self.scratch.is_some() && self.resident >= RESIDENT_BLOCKS_MAX
    }

    /// Makes room for the next blocks: one, then as many as there are.
    fn make_room(&mut self, count: usize, announced: usize) -> Option<()> {
        let left = announced.saturating_sub(count);
        let mut left = left.min(count.max(BLOCK_ENTRIES));
        if self.scratch.is_some() {
            let most = RESIDENT_BLOCKS_MAX.saturating_sub(self.resident);
            left = left.min(most << BLOCK_BITS);
        }
        loop {
            let entries = left.min(BLOCK_ENTRIES);
            let mut block = Vec::new();
            block.try_reserve_exact(entries).ok()?;
            self.room.try_reserve(1).ok()?;
            self.room.push(block);
            left = left.saturating_sub(entries);
            if left == 0 {
                // The first that was made is taken first.
                self.room.reverse();
                return Some(());
            }
        }
    }

    /// Empty room for a block.
    fn take_room(&mut self) -> Option<Vec<Entry>> {
        if self.is_full() {
            self.put_one_away()?;
        }
        self.room.pop()
    }

    /// Puts away the block that was not used for longest, or nearly so.
    fn put_one_away(&mut self) -> Option<()> {
        let last = self.all.len().saturating_sub(1);
        // Once round to forget recent uses, once to find, and the block that others are added to.
        for _ in 0..self.all.len().saturating_mul(2).saturating_add(2) {
            let at = self.hand;
            self.hand = if at >= last { 0 } else { at.saturating_add(1) };
            let Some(block) = self.all.get_mut(at) else {
                continue;
            };
            let is_open = at == last && block.entries.len() < BLOCK_ENTRIES;
            if block.entries.is_empty() || is_open || block.is_used.replace(false) {
                continue;
            }
            if block.is_dirty {
                let written = write(self.scratch.as_deref(), at, &block.entries);
                if let Err(failure) = written {
                    self.failure.get_or_insert(failure);
                    return None;
                }
                block.is_dirty = false;
            }
            let mut room = std::mem::take(&mut block.entries);
            room.clear();
            self.room.push(room);
            self.resident = self.resident.saturating_sub(1);
            return Some(());
        }
        None
    }

    /// Brings a block back into memory.
    fn load(&mut self, number: usize) -> Option<()> {
        let mut entries = self.take_room()?;
        match read(self.scratch.as_deref(), number, &mut entries) {
            Ok(()) => {
                let block = self.all.get_mut(number)?;
                block.entries = entries;
                block.is_used.set(true);
                self.resident = self.resident.saturating_add(1);
                Some(())
            }
            Err(failure) => {
                entries.clear();
                self.room.push(entries);
                self.failure.get_or_insert(failure);
                None
            }
        }
    }
}

fn write(
    scratch: Option<&dyn Scratch>,
    number: usize,
    entries: &[Entry],
) -> Result<(), StoreError> {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    let scratch = scratch.ok_or_else(|| lost("there is no scratch"))?;
    scratch.put(number, &packed::pack(entries))
}

fn read(
    scratch: Option<&dyn Scratch>,
    number: usize,
    entries: &mut Vec<Entry>,
) -> Result<(), StoreError> {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    let scratch = scratch.ok_or_else(|| lost("there is no scratch"))?;
    let bytes = scratch.get(number)?;
    let unpacked = packed::unpack(&bytes, entries).filter(|()| !entries.is_empty());
    unpacked.ok_or_else(|| lost("a block in scratch is not what was written"))
}

fn lost(what: &str) -> StoreError {
    StoreError::Failed(format!("entries of a pack: {what}"))
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
mod tests;
