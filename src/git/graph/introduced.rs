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

use std::collections::HashMap;

use gix_hash::ObjectId;

use super::super::store::Shared;
use super::columns::{Column, ID_BYTES, u32_at};
use super::segment::Malformed;

pub(super) mod paged;
#[cfg(test)]
mod tests;

const MAGIC: &[u8; 4] = b"CGI1";
const HEADER_BYTES: usize = 20;

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
    /// That of a part with this header.
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

    /// Calls `position` and `external` with what the commit introduces: positions in this pack,
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

fn put_number(list: &mut Vec<u8>, mut number: u32) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            list.push(low);
            return;
        }
        list.push(low | 0x80);
    }
}

/// Builds an Introduced part. Holds 4 bytes a pack entry, 2 bytes an introduced object, and
/// about 60 bytes an external object.
#[derive(Debug, Default)]
pub(crate) struct IntroducedBuilder {
    ends: Vec<u32>,
    lists: Vec<u8>,
    /// By position: the first introducer's number + 1.
    introducers: Vec<u32>,
    external_ids: Vec<ObjectId>,
    external_rows: HashMap<ObjectId, u32>,
}

impl IntroducedBuilder {
    /// Starts the part of a pack with this many entries.
    pub(crate) fn new(object_count: u32) -> Self {
        let rows = usize::try_from(object_count).unwrap_or(0);
        Self {
            introducers: vec![0; rows],
            ..Self::default()
        }
    }

    /// The row of an object of another pack, and whether it is new.
    pub(crate) fn external(&mut self, id: ObjectId) -> (u32, bool) {
        let next = u32::try_from(self.external_ids.len()).unwrap_or(u32::MAX);
        let row = *self.external_rows.entry(id).or_insert(next);
        if row == next {
            self.external_ids.push(id);
        }
        (row, row == next)
    }

    /// The external objects so far.
    pub(crate) fn externals(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.external_ids.iter().copied()
    }

    /// How many external objects there are so far.
    pub(crate) fn external_count(&self) -> usize {
        self.external_ids.len()
    }

    /// The number of the first commit that introduces the object at this position, so far.
    pub(crate) fn introducer(&self, position: u32) -> Option<u32> {
        self.introducers
            .get(usize::try_from(position).ok()?)?
            .checked_sub(1)
    }

    /// Notes that the commit introduces the object at this position, unless another one did
    /// earlier.
    pub(crate) fn note_introducer(&mut self, position: u32, number: u32) {
        let slot = usize::try_from(position)
            .ok()
            .and_then(|at| self.introducers.get_mut(at));
        if let Some(slot @ 0) = slot {
            *slot = number.saturating_add(1);
        }
    }

    /// Bytes of all lists so far.
    pub(crate) fn list_bytes(&self) -> usize {
        self.lists.len()
    }

    /// Adds the list of the next commit; sorts what it is given and removes repeats.
    pub(crate) fn push(&mut self, positions: &mut Vec<u32>, externals: &mut Vec<u32>) {
        for list in [&mut *positions, &mut *externals] {
            list.sort_unstable();
            list.dedup();
        }
        let count = u32::try_from(positions.len());
        debug_assert!(count.is_ok(), "{} distinct positions", positions.len());
        put_number(&mut self.lists, count.unwrap_or(u32::MAX));
        for list in [positions, externals] {
            let mut before = 0;
            for number in list.iter() {
                put_number(&mut self.lists, number - before);
                before = *number;
            }
        }
        self.ends
            .push(u32::try_from(self.lists.len()).unwrap_or(u32::MAX));
    }

    /// The part.
    pub(crate) fn finish(self) -> Vec<u8> {
        let commits = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        let width = (4 - commits.leading_zeros() / 8).min(4);
        let mut part = Vec::with_capacity(
            HEADER_BYTES
                + self.ends.len() * 4
                + self.introducers.len() * usize::try_from(width).unwrap_or(4)
                + self.external_ids.len() * ID_BYTES
                + self.lists.len(),
        );
        let counts = [self.introducers.len(), self.external_ids.len()]
            .map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        part.extend_from_slice(MAGIC);
        for number in [commits, counts[0], counts[1], width]
            .iter()
            .chain(&self.ends)
        {
            part.extend_from_slice(&number.to_le_bytes());
        }
        for introducer in &self.introducers {
            let bytes = introducer.to_le_bytes();
            part.extend(bytes.iter().take(usize::try_from(width).unwrap_or(4)));
        }
        for id in &self.external_ids {
            part.extend_from_slice(id.as_bytes());
        }
        part.extend_from_slice(&self.lists);
        part
    }
}
