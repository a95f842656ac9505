//! The entries at one path in many trees: entries along the path are remembered by tree, since most
//! commits leave most trees as they were.

use std::collections::HashMap;

use gix_hash::ObjectId;
use gix_object::tree::EntryKind;

use super::super::store::{ObjectSource, ReadError};
use super::lookup::{self, TreePath};

/// Trees along the path whose entry is remembered; some 80 bytes each.
const REMEMBERED_MAX: usize = 50_000;

/// The entry at some point of the path, if there is one.
pub(crate) type Place = Option<(EntryKind, ObjectId)>;

/// A path, and its entries in the trees that were asked for.
#[derive(Debug)]
pub(crate) struct PathPlaces {
    path: TreePath,
    /// By level and tree: the tree's entry for the path's name of that level.
    remembered: HashMap<(usize, ObjectId), Place>,
    read_bytes: u64,
}

impl PathPlaces {
    /// Nothing is known yet.
    pub(crate) fn new(path: TreePath) -> Self {
        Self {
            path,
            remembered: HashMap::new(),
            read_bytes: 0,
        }
    }

    /// Bytes of the trees that were read.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// The entry at the path below a root tree.
    pub(crate) fn at(
        &mut self,
        objects: &impl ObjectSource,
        root: ObjectId,
    ) -> Result<Place, ReadError> {
        let mut place = Some((EntryKind::Tree, root));
        for level in 0..self.path.names().len() {
            place = self.below(objects, level, place)?;
        }
        Ok(place)
    }

    /// Whether two root trees differ at the path; no tree is one without entries. Goes down on
    /// both sides only as far as they differ.
    pub(crate) fn differ(
        &mut self,
        objects: &impl ObjectSource,
        one: Option<ObjectId>,
        other: Option<ObjectId>,
    ) -> Result<bool, ReadError> {
        let root = |id: Option<ObjectId>| id.map(|id| (EntryKind::Tree, id));
        let (mut one, mut other) = (root(one), root(other));
        for level in 0..self.path.names().len() {
            if one == other {
                return Ok(false);
            }
            one = self.below(objects, level, one)?;
            other = self.below(objects, level, other)?;
        }
        Ok(one != other)
    }

    fn below(
        &mut self,
        objects: &impl ObjectSource,
        level: usize,
        place: Place,
    ) -> Result<Place, ReadError> {
        let Some((EntryKind::Tree, tree_id)) = place else {
            return Ok(None);
        };
        if let Some(known) = self.remembered.get(&(level, tree_id)) {
            return Ok(*known);
        }
        let Some(name) = self.path.names().get(level) else {
            return Ok(None);
        };
        let is_last = level.saturating_add(1) == self.path.names().len();
        let found = lookup::counted_entry(objects, tree_id, name, &mut self.read_bytes)?;
        let found = found.filter(|found| !is_last || self.path.may_name(found.mode));
        let place = found.map(|found| (found.mode.kind(), found.id));
        if self.remembered.len() >= REMEMBERED_MAX {
            self.remembered.clear();
        }
        self.remembered.insert((level, tree_id), place);
        Ok(place)
    }
}
