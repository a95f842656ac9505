//! The Introduced part of one pack: for each commit of its segment, the objects that the commit
//! introduces.
//!
//! A commit introduces itself, and every object of its tree that no parent's tree has at the same
//! path. So a fetch needs the union of these lists over the missing commits, and reads no tree to
//! find it. The inverse gives for each position the first commit that introduces the object. It
//! tells whether a client that has some commits has a delta's base.
//!
//! Little-endian:
//!
//! | bytes | table |
//! |---|---|
//! | 20 | magic `CGI1`, number of commits `n`, of pack entries `m`, of external objects `e`, width `w` |
//! | 4 n | where each commit's list ends, from the start of the lists |
//! | w m | by position: the first introducer's number + 1, or 0 for none |
//! | 20 e | ids of introduced objects that are in other packs |
//! | | the lists |
//!
//! A list is the number of its positions, the positions ascending (the first, then differences),
//! and then the rows of its external objects in the same way, all as LEB128: 1 to 2 bytes an
//! object. `w` is the least width, 0 to 4 bytes, that holds `n`.

use gix_hash::ObjectId;

use super::super::store::Shared;
use super::columns::{Column, ID_BYTES, u32_at};
use super::segment::Malformed;

mod build;
mod format;
pub(super) mod paged;
pub(crate) mod scanned;
#[cfg(test)]
mod tests;

pub(crate) use build::IntroducedBuilder;
use format::{HEADER_BYTES, MAGIC};

/// The places of the tables in a part, as its header has them.
#[derive(Debug, Clone, Copy)]
struct Layout {
    commits: u32,
    positions: u32,
    externals: u32,
    ends: Column,
    introducers: Column,
    external_ids: Column,
    lists_start: usize,
}

impl Layout {
    /// The layout of a part with this header.
    fn of(header: &[u8]) -> Option<Self> {
        if header.get(..4)? != MAGIC {
            return None;
        }
        let commits = u32_at(header, 4)?;
        let positions = u32_at(header, 8)?;
        let externals = u32_at(header, 12)?;
        let width = usize::try_from(u32_at(header, 16)?)
            .ok()
            .filter(|width| *width <= 4)?;
        let mut end = HEADER_BYTES;
        Some(Self {
            commits,
            positions,
            externals,
            ends: Column::after(&mut end, commits, 4)?,
            introducers: Column::after(&mut end, positions, width)?,
            external_ids: Column::after(&mut end, externals, ID_BYTES)?,
            lists_start: end,
        })
    }

    /// Reads a commit's list, as [`Introduced::for_each`] does.
    fn read_list(
        &self,
        mut list: &[u8],
        mut position: impl FnMut(u32),
        mut external: impl FnMut(u32),
    ) -> Result<(), Malformed> {
        let broken = Malformed("introduced: list");
        let count = take_number(&mut list).ok_or(broken)?;
        let mut at = 0;
        for place in 0..count {
            at = take_next(&mut list, at, place == 0, self.positions).ok_or(broken)?;
            position(at);
        }
        let mut first = true;
        while !list.is_empty() {
            at = take_next(&mut list, at, first, self.externals).ok_or(broken)?;
            first = false;
            external(at);
        }
        Ok(())
    }
}

/// An Introduced part, read in place.
#[derive(Debug, Clone)]
pub struct Introduced {
    part: Shared,
    layout: Layout,
}

impl Introduced {
    /// Opens a part. The lists are checked as they are read.
    pub fn open(part: Shared) -> Result<Self, Malformed> {
        Self::lay_out(part).ok_or(Malformed("introduced: header or length"))
    }

    fn lay_out(part: Shared) -> Option<Self> {
        let layout = Layout::of(&part)?;
        let lists = part.len().checked_sub(layout.lists_start)?;
        let last = match layout.commits.checked_sub(1) {
            Some(last) => layout.ends.u32(&part, last)?,
            None => 0,
        };
        let is_sound = usize::try_from(last).ok()? == lists;
        is_sound.then_some(Self { part, layout })
    }

    /// Commits, as many as in the pack's segment.
    pub fn len(&self) -> u32 {
        self.layout.commits
    }

    /// Whether the segment has no commits.
    pub fn is_empty(&self) -> bool {
        self.layout.commits == 0
    }

    /// Calls `position` and `external` with the objects that the commit introduces: positions in this pack,
    /// and rows for [`Introduced::external`], both ascending.
    pub fn for_each(
        &self,
        number: u32,
        position: impl FnMut(u32),
        external: impl FnMut(u32),
    ) -> Result<(), Malformed> {
        let list = self.list(number).ok_or(Malformed("introduced: list"))?;
        self.layout.read_list(list, position, external)
    }

    fn list(&self, number: u32) -> Option<&[u8]> {
        let start = match number.checked_sub(1) {
            Some(before) => self.layout.ends.u32(&self.part, before)?,
            None => 0,
        };
        let end = self.layout.ends.u32(&self.part, number)?;
        let lists = self.part.get(self.layout.lists_start..)?;
        lists.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// The id of an introduced object that is in another pack.
    pub(crate) fn external(&self, row: u32) -> Option<ObjectId> {
        self.layout.external_ids.id(&self.part, row)
    }

    /// The number of the first commit that introduces the object at this position. `None` for
    /// tags, and for objects that no commit of the segment reaches.
    pub(crate) fn introducer(&self, position: u32) -> Option<u32> {
        self.layout
            .introducers
            .u32(&self.part, position)?
            .checked_sub(1)
    }
}

fn take_next(list: &mut &[u8], at: u32, first: bool, bound: u32) -> Option<u32> {
    let number = take_number(list)?;
    let next = if first {
        number
    } else {
        at.checked_add(number)?
    };
    (next < bound).then_some(next)
}

fn take_number(list: &mut &[u8]) -> Option<u32> {
    let mut number = 0_u32;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = list.split_first()?;
        *list = rest;
        number |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
