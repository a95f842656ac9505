//! A table of a part while the part is made: rows of one width, appended and read again.
//!
//! They lie in blocks. Where there is scratch, a few blocks of each table stay in memory: the one that
//! was not used for longest makes room, and is written if it has changed. So a small part writes nothing,
//! and the memory of a large one does not follow its rows.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use super::super::store::{Scratch, StoreError};

/// Bytes of a block, or a little less where that is not a number of rows.
const BLOCK_BYTES: usize = 128 << 10;

/// Blocks of one table that stay in memory where there is scratch: 1 MiB.
const RESIDENT_BLOCKS_MAX: usize = 8;

/// The rows of scratch that the tables of one part share.
#[derive(Debug)]
pub(crate) struct Spill {
    scratch: Rc<dyn Scratch>,
    next: Cell<u32>,
    /// Why a row could not be written. From then on no table of the part can be read.
    failure: RefCell<Option<StoreError>>,
    block_bytes: usize,
    resident_blocks_max: usize,
}

impl Spill {
    pub(crate) fn new(scratch: Rc<dyn Scratch>) -> Self {
        Self::with_bounds(scratch, BLOCK_BYTES, RESIDENT_BLOCKS_MAX)
    }

    /// With smaller blocks, and fewer of them in memory: two at least.
    pub(super) fn with_bounds(
        scratch: Rc<dyn Scratch>,
        block_bytes: usize,
        resident_blocks_max: usize,
    ) -> Self {
        Self {
            scratch,
            next: Cell::new(0),
            failure: RefCell::default(),
            block_bytes,
            resident_blocks_max,
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        match &*self.failure.borrow() {
            Some(failure) => Err(failure.clone()),
            None => Ok(()),
        }
    }

    /// The block with this number.
    pub(super) fn get(&self, number: u32) -> Result<Vec<u8>, StoreError> {
        self.check()?;
        self.scratch.get(number)
    }

    /// Writes a block, and gives its number: a new one if it has none.
    pub(super) fn put(&self, number: Option<u32>, bytes: &[u8]) -> Result<u32, StoreError> {
        let number = number.unwrap_or_else(|| {
            let next = self.next.get();
            self.next.set(next.saturating_add(1));
            next
        });
        let put = self.scratch.put(number, bytes);
        if let Err(error) = &put {
            *self.failure.borrow_mut() = Some(error.clone());
        }
        put.map(|()| number)
    }
}

/// A table: rows of `width` bytes.
#[derive(Debug)]
pub(super) struct Spool {
    width: usize,
    block_bytes: usize,
    /// Bytes of all rows.
    len: usize,
    /// Bytes to come for which blocks are made large enough at once.
    expected_bytes: usize,
    blocks: RefCell<Blocks>,
}

#[derive(Debug, Default)]
struct Blocks {
    /// All are full but the last, which is here as long as rows are appended.
    all: Vec<Block>,
    /// How many of them are in memory.
    resident: usize,
    /// Where the search for a block to put away goes on.
    hand: usize,
    spill: Option<Rc<Spill>>,
}

#[derive(Debug)]
struct Block {
    bytes: Vec<u8>,
    is_here: bool,
    is_used: bool,
    /// Whether scratch lacks it as it is.
    is_dirty: bool,
    /// Its number in scratch, once it was written.
    number: Option<u32>,
}

impl Spool {
    /// No row yet, and so many expected.
    pub(super) fn new(width: usize, rows: usize, spill: Option<&Rc<Spill>>) -> Self {
        let width = width.max(1);
        let block_bytes = spill.map_or(BLOCK_BYTES, |spill| spill.block_bytes);
        Self {
            width,
            block_bytes: (block_bytes / width).max(1).saturating_mul(width),
            len: 0,
            expected_bytes: rows.saturating_mul(width),
            blocks: RefCell::new(Blocks {
                spill: spill.map(Rc::clone),
                ..Blocks::default()
            }),
        }
    }

    /// So many rows of zeros, which [`Self::set`] changes. A block is made once it is asked for.
    pub(super) fn of_zeros(width: usize, rows: u32, spill: Option<&Rc<Spill>>) -> Self {
        let mut table = Self::new(width, 0, spill);
        let rows = usize::try_from(rows).unwrap_or(0);
        table.len = rows.saturating_mul(table.width);
        let blocks = table.blocks.get_mut();
        let mut left = table.len;
        while left > 0 {
            let bytes = left.min(table.block_bytes);
            left = left.saturating_sub(bytes);
            // Rows may be appended to the last one.
            let is_here = left == 0;
            blocks.all.push(Block {
                bytes: vec![0; if is_here { bytes } else { 0 }],
                is_here,
                is_used: false,
                is_dirty: false,
                number: None,
            });
            blocks.resident = blocks.resident.saturating_add(usize::from(is_here));
        }
        table
    }

    /// A table with these bytes alone, which stay in memory.
    pub(super) fn of(bytes: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut table = Self::new(1, 0, None);
        for bytes in bytes {
            // Without scratch nothing can fail.
            let put = table.put(bytes.as_ref());
            debug_assert!(put.is_ok(), "{put:?}");
        }
        table
    }

    /// Bytes of all rows.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes that are in memory.
    pub(super) fn held_bytes(&self) -> usize {
        let blocks = self.blocks.borrow();
        blocks.all.iter().map(|block| block.bytes.capacity()).sum()
    }

    /// Whether some of it is in scratch alone.
    pub(super) fn is_spilled(&self) -> bool {
        let blocks = self.blocks.borrow();
        blocks.spill.is_some() && blocks.resident < blocks.all.len()
    }

    /// Writes the rows that scratch lacks, and keeps nothing in memory: for a table that is whole, and will
    /// not be asked for soon.
    pub(super) fn put_away(&self) -> Result<(), StoreError> {
        self.blocks.borrow_mut().put_away()
    }

    /// Appends rows: a number of bytes that is a multiple of the width.
    pub(super) fn put(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        let blocks = self.blocks.get_mut();
        blocks.check()?;
        while !bytes.is_empty() {
            let used = self.len % self.block_bytes;
            if used == 0 {
                let expected_bytes = self.expected_bytes.saturating_sub(self.len);
                blocks.begin(expected_bytes.min(self.block_bytes))?;
            }
            let room = self.block_bytes.saturating_sub(used);
            let (now, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            if let Some(last) = blocks.all.last_mut() {
                last.bytes.extend_from_slice(now);
                self.len = self.len.saturating_add(now.len());
            }
            bytes = rest;
        }
        Ok(())
    }

    /// Puts a row in the place of one that is there.
    pub(super) fn set(&mut self, row: u32, bytes: &[u8]) -> Result<(), StoreError> {
        debug_assert_eq!(bytes.len(), self.width, "the row of another table");
        let row = usize::try_from(row).unwrap_or(usize::MAX);
        let at = row.saturating_mul(self.width);
        let bytes_of_block = self.bytes_of(at);
        let blocks = self.blocks.get_mut();
        let block = blocks.load(at / self.block_bytes, bytes_of_block)?;
        let slot = block.and_then(|block| {
            let start = at % self.block_bytes;
            block.is_dirty = true;
            block
                .bytes
                .get_mut(start..start.saturating_add(bytes.len()))
        });
        slot.ok_or_else(|| odd("there is no such row"))?
            .copy_from_slice(bytes);
        Ok(())
    }

    /// A row of `N` bytes, which is the table's width; `None` where there is no such row.
    pub(super) fn array<const N: usize>(&self, row: u32) -> Result<Option<[u8; N]>, StoreError> {
        debug_assert_eq!(N, self.width, "the row of another table");
        let at = usize::try_from(row).ok().and_then(|row| row.checked_mul(N));
        let Some(at) = at.filter(|at| *at < self.len) else {
            return Ok(None);
        };
        let mut blocks = self.blocks.borrow_mut();
        let block = blocks.load(at / self.block_bytes, self.bytes_of(at))?;
        let row = block.and_then(|block| block.bytes.get(at % self.block_bytes..));
        Ok(row.and_then(|row| row.first_chunk().copied()))
    }

    /// Bytes of the block that the byte is in: the last one may have fewer than the others.
    fn bytes_of(&self, at: usize) -> usize {
        let start = at - at % self.block_bytes;
        self.len.saturating_sub(start).min(self.block_bytes)
    }

    /// Appends the bytes of a range to `out`.
    pub(super) fn read(&self, range: Range<usize>, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let mut at = range.start;
        let mut blocks = self.blocks.borrow_mut();
        while at < range.end {
            let block = blocks.load(at / self.block_bytes, self.bytes_of(at))?;
            let start = at % self.block_bytes;
            let end = start.saturating_add(range.end - at).min(self.block_bytes);
            let bytes = block.and_then(|block| block.bytes.get(start..end));
            let bytes = bytes.ok_or_else(|| odd("the table ends before the range"))?;
            out.extend_from_slice(bytes);
            at = at.saturating_add(bytes.len());
        }
        Ok(())
    }
}

impl Blocks {
    fn check(&self) -> Result<(), StoreError> {
        self.spill.as_ref().map_or(Ok(()), |spill| spill.check())
    }

    /// Begins the next block, in the memory of one that is put away or in its own.
    fn begin(&mut self, bytes: usize) -> Result<(), StoreError> {
        let mut room = self.make_room()?;
        if bytes > room.capacity() {
            room.reserve_exact(bytes);
        }
        self.all.push(Block {
            bytes: room,
            is_here: true,
            is_used: true,
            is_dirty: true,
            number: None,
        });
        self.resident = self.resident.saturating_add(1);
        Ok(())
    }

    /// Puts a block away if as many are here as may be; gives its memory.
    fn make_room(&mut self) -> Result<Vec<u8>, StoreError> {
        let Some(spill) = &self.spill else {
            return Ok(Vec::new());
        };
        // The last one may not be full yet.
        let others = self.all.len().saturating_sub(1);
        if self.resident < spill.resident_blocks_max || others == 0 {
            return Ok(Vec::new());
        }
        for _ in 0..others.saturating_mul(2) {
            self.hand = self.hand.saturating_add(1) % others;
            let Some(block) = self.all.get_mut(self.hand).filter(|block| block.is_here) else {
                continue;
            };
            if std::mem::take(&mut block.is_used) {
                continue;
            }
            if block.is_dirty {
                block.number = Some(spill.put(block.number, &block.bytes)?);
                block.is_dirty = false;
            }
            block.is_here = false;
            self.resident = self.resident.saturating_sub(1);
            let mut room = std::mem::take(&mut block.bytes);
            room.clear();
            return Ok(room);
        }
        Ok(Vec::new())
    }

    /// Puts all blocks away that go to scratch.
    fn put_away(&mut self) -> Result<(), StoreError> {
        let Some(spill) = &self.spill else {
            return Ok(());
        };
        spill.check()?;
        for block in &mut self.all {
            if block.is_dirty {
                block.number = Some(spill.put(block.number, &block.bytes)?);
                block.is_dirty = false;
            }
            if block.is_here && block.number.is_some() {
                block.bytes = Vec::new();
                block.is_here = false;
                self.resident = self.resident.saturating_sub(1);
            }
        }
        Ok(())
    }

    /// A block, read from scratch if need be.
    fn load(
        &mut self,
        number: usize,
        block_bytes: usize,
    ) -> Result<Option<&mut Block>, StoreError> {
        self.check()?;
        let away = self.all.get(number).filter(|block| !block.is_here);
        if let Some(written) = away.map(|block| block.number) {
            drop(self.make_room()?);
            let row = written.zip(self.spill.as_ref());
            let row = row.map(|(written, spill)| spill.scratch.get(written));
            // A block that was never written has only zeros.
            let bytes = row.unwrap_or_else(|| Ok(vec![0; block_bytes]))?;
            if bytes.len() != block_bytes {
                return Err(odd("a block has another length than it had"));
            }
            if let Some(block) = self.all.get_mut(number) {
                block.bytes = bytes;
                block.is_here = true;
            }
            self.resident = self.resident.saturating_add(1);
        }
        let Some(block) = self.all.get_mut(number) else {
            return Ok(None);
        };
        block.is_used = true;
        Ok(Some(block))
    }
}

fn odd(what: &str) -> StoreError {
    StoreError::Failed(format!("scratch: {what}"))
}

#[cfg(test)]
mod tests;
