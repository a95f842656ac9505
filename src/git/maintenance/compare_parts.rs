//! Compares the stored graph and lists of a pack with those made again, where both have the same index.
//!
//! The commits of both are put side by side in the order of their ids, and then compared in the order in
//! which the stored ones stand. Nothing is joined: only a number for each commit is in memory.

use std::collections::BTreeSet;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::graph::connectivity::Incoming;
use super::super::graph::introduced::scanned::ScannedLists;
use super::super::graph::made_part::{MadePart, ScannedMade};
use super::super::graph::segment::{Parent, Segment};
use super::super::store::scan::ScannedPart;
use super::super::store::{PackId, PackRecord, PackStore, Part, PartReader, StoreError};

/// A commit that has no number of the other side yet.
const NONE: u32 = u32::MAX;

/// The graph and the lists of a pack, as one side has them.
pub(crate) struct Side {
    segment: Segment,
    lists: ScannedLists,
}

impl Side {
    /// Those that are stored.
    pub(crate) fn stored<S: PackStore + ?Sized>(
        store: &S,
        record: &PackRecord,
    ) -> Result<Self, StoreError> {
        let lists = ScannedPart::open(store, record, Part::Introduced)?;
        Self::new(Segment::scan(store, record)?, lists)
    }

    /// Those that were made.
    pub(crate) fn made(
        pack_id: PackId,
        graph: &Rc<MadePart>,
        introduced: &Rc<MadePart>,
    ) -> Result<Self, StoreError> {
        let missing = |what| StoreError::Missing {
            what,
            pack: pack_id.0,
        };
        let reader =
            |part: &Rc<MadePart>| Rc::new(ScannedMade(Rc::clone(part))) as Rc<dyn PartReader>;
        let segment = Segment::open_scanned(pack_id, reader(graph))?;
        let lists = ScannedPart::by_ranges(pack_id, Part::Introduced, reader(introduced))?;
        let lists = lists.ok_or(missing("introduced lists"))?;
        Self::new(segment.ok_or(missing("commit graph"))?, lists)
    }

    fn new(segment: Segment, lists: ScannedPart) -> Result<Self, StoreError> {
        let pack = lists.pack_id().0;
        let lists = ScannedLists::open(lists)?;
        let what = "introduced lists";
        let fits = lists.len() == segment.len();
        fits.then_some(Self { segment, lists })
            .ok_or(StoreError::Corrupt { what, pack })
    }

    fn parents(&self, number: u32) -> Result<Vec<Parent>, StoreError> {
        let mut parents = Vec::new();
        self.segment.for_each_parent(number, |parent| {
            parents.push(parent);
            Ok(())
        })?;
        Ok(parents)
    }

    fn parent_id(&self, parent: Parent) -> Result<ObjectId, StoreError> {
        match parent {
            Parent::Local(number) => self.segment.commit_id(number),
            Parent::External(row) => self.segment.external(row),
        }
    }
}

/// The objects that one commit introduces.
#[derive(Default)]
struct List {
    positions: Vec<u32>,
    rows: Vec<u32>,
}

impl List {
    fn read(&mut self, side: &Side, number: u32) -> Result<(), StoreError> {
        side.lists.list(number, &mut self.positions, &mut self.rows)
    }

    fn externals(&self, side: &Side) -> Result<BTreeSet<ObjectId>, StoreError> {
        self.rows
            .iter()
            .map(|row| side.lists.external(*row))
            .collect()
    }
}

/// The comparison.
pub(crate) struct PartsCompare<'a> {
    /// The pack, which knows the ids of its positions.
    pack: &'a dyn Incoming,
    stored: Side,
    made: Side,
    /// By number of the stored commit: that of the made one.
    numbers: Vec<u32>,
    /// Places of the sorted ids that were put side by side.
    sorted: u32,
    /// Commits compared.
    compared: u32,
    lists: [List; 2],
}

impl<'a> PartsCompare<'a> {
    /// Nothing is compared yet.
    pub(crate) fn new(pack: &'a dyn Incoming, stored: Side, made: Side) -> Self {
        let commits = usize::try_from(stored.segment.len()).unwrap_or(0);
        Self {
            pack,
            numbers: vec![NONE; commits],
            stored,
            made,
            sorted: 0,
            compared: 0,
            lists: Default::default(),
        }
    }

    /// Compares up to so many commits; tells whether they are the same once that is known.
    pub(crate) fn step(&mut self, budget: u32) -> Result<Option<bool>, StoreError> {
        let count = self.stored.segment.len();
        if count != self.made.segment.len() {
            return Ok(Some(false));
        }
        for _ in 0..budget {
            let is_same = if self.sorted < count {
                self.sorted = self.sorted.saturating_add(1);
                self.put_side_by_side(self.sorted.saturating_sub(1))?
            } else if self.compared < count {
                self.compared = self.compared.saturating_add(1);
                self.are_same(self.compared.saturating_sub(1))?
            } else {
                return Ok(Some(true));
            };
            if !is_same {
                return Ok(Some(false));
            }
        }
        Ok(None)
    }

    /// Takes the commits at this place of the sorted ids for the same one; their ids are compared later.
    fn put_side_by_side(&mut self, at: u32) -> Result<bool, StoreError> {
        let (stored_beginning, stored) = self.stored.segment.sorted(at)?;
        let (made_beginning, made) = self.made.segment.sorted(at)?;
        let begin_alike = match stored_beginning.zip(made_beginning) {
            Some((stored, made)) => stored == made,
            None => true,
        };
        let slot = usize::try_from(stored).ok();
        let slot = slot.and_then(|at| self.numbers.get_mut(at));
        let slot = slot.filter(|slot| **slot == NONE && begin_alike);
        Ok(slot.map(|slot| *slot = made).is_some())
    }

    fn number(&self, stored: u32) -> Option<u32> {
        self.numbers.get(usize::try_from(stored).ok()?).copied()
    }

    fn are_same(&mut self, number: u32) -> Result<bool, StoreError> {
        let Some(made_number) = self.number(number) else {
            return Ok(false);
        };
        let (stored, made) = (&self.stored.segment, &self.made.segment);
        let agree = stored.commit_id(number)? == made.commit_id(made_number)?
            && stored.tree_id(number)? == made.tree_id(made_number)?
            && stored.time_seconds(number)? == made.time_seconds(made_number)?
            && stored.generation(number)? == made.generation(made_number)?;
        Ok(agree
            && self.have_same_parents(number, made_number)?
            && self.have_same_lists(number, made_number)?)
    }

    fn have_same_parents(&self, number: u32, made_number: u32) -> Result<bool, StoreError> {
        let (stored, made) = (
            self.stored.parents(number)?,
            self.made.parents(made_number)?,
        );
        if stored.len() != made.len() {
            return Ok(false);
        }
        for (stored, made) in stored.into_iter().zip(made) {
            let is_same = match (stored, made) {
                (Parent::Local(stored), Parent::Local(made)) => self.number(stored) == Some(made),
                _ => self.stored.parent_id(stored)? == self.made.parent_id(made)?,
            };
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Two copies of an object in one pack, or one there and one in an earlier pack, are the same object.
    fn have_same_lists(&mut self, number: u32, made_number: u32) -> Result<bool, StoreError> {
        let [stored, made] = &mut self.lists;
        stored.read(&self.stored, number)?;
        made.read(&self.made, made_number)?;
        let (mut theirs, mut ours) = (stored.externals(&self.stored)?, made.externals(&self.made)?);
        if stored.positions == made.positions && theirs == ours {
            return Ok(true);
        }
        for (list, ids) in [(&*stored, &mut theirs), (&*made, &mut ours)] {
            for position in &list.positions {
                let Some(id) = self.pack.id(*position) else {
                    return Ok(false);
                };
                ids.insert(id);
            }
        }
        Ok(theirs == ours)
    }
}

#[cfg(test)]
mod tests;
