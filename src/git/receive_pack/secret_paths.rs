//! The paths of some blobs of a push, in its own trees.
//!
//! A blob that is new stands in trees that are new. One pass over the pack's trees notes for each tree
//! one that holds it, 4 bytes an object. From a blob the way then leads up to a root. No tree is read
//! twice but those on the way, and nothing recurses, whatever the trees are.

use std::collections::{BTreeMap, BTreeSet};

use gix_hash::ObjectId;
use gix_object::bstr::BString;

use super::super::graph::connectivity::Incoming as _;
use super::super::object::ObjectKind;
use super::super::object::facts;
use super::super::store::{ObjectSource as _, PackStore, ReadError};
use super::pushed::Pushed;

/// Says that no tree is known which holds the object.
const NONE: u32 = u32::MAX;

/// Bytes of a path, at most: what has more is cut at its beginning.
const PATH_BYTES_MAX: usize = 4096;

/// A search for the paths of blobs.
pub(crate) struct PathSearch {
    /// The blobs, and for each the position of a tree that holds it.
    blobs: BTreeMap<ObjectId, u32>,
    /// By position: a tree that holds the tree.
    holders: Vec<u32>,
    /// The position at which the pass goes on.
    next: u32,
    /// How many levels a path may have.
    depth_max: usize,
}

impl PathSearch {
    /// A search for these blobs.
    pub(crate) fn new(blobs: &BTreeSet<ObjectId>, object_count: u32, depth_max: usize) -> Self {
        Self {
            blobs: blobs.iter().map(|id| (*id, NONE)).collect(),
            holders: vec![NONE; object_count as usize],
            next: 0,
            depth_max,
        }
    }

    /// The blobs.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = &ObjectId> {
        self.blobs.keys()
    }

    /// Looks at so many trees; gives whether that were all. After a failure to read it can be called
    /// again.
    pub(crate) fn step<S: PackStore>(
        &mut self,
        pushed: &Pushed<'_, S>,
        trees: usize,
    ) -> Result<bool, ReadError> {
        let mut looked = 0;
        while looked < trees {
            let Some((id, kind)) = pushed.at(self.next) else {
                return Ok(true);
            };
            if kind == Some(ObjectKind::Tree) {
                self.look(pushed, &id)?;
                looked += 1;
            }
            self.next = self.next.saturating_add(1);
        }
        Ok(false)
    }

    fn look<S: PackStore>(
        &mut self,
        pushed: &Pushed<'_, S>,
        tree_id: &ObjectId,
    ) -> Result<(), ReadError> {
        let Some((_, content)) = pushed.read(tree_id)? else {
            return Ok(());
        };
        for entry in facts::tree_entries(&content).map_while(Result::ok) {
            let holder = if entry.mode.is_tree() {
                let position = pushed.locate(entry.id);
                position.and_then(|(position, _)| self.holders.get_mut(position as usize))
            } else {
                self.blobs.get_mut(entry.id)
            };
            if let Some(holder) = holder.filter(|holder| **holder == NONE) {
                *holder = self.next;
            }
        }
        Ok(())
    }

    /// The path of a blob, once the pass is over; `None` if no tree holds it.
    pub(crate) fn path<S: PackStore>(
        &self,
        pushed: &Pushed<'_, S>,
        blob: &ObjectId,
    ) -> Result<Option<BString>, ReadError> {
        let (mut id, mut holder) = (*blob, self.blobs.get(blob).copied().unwrap_or(NONE));
        let mut path = Vec::new();
        for _ in 0..self.depth_max {
            let Some((tree_id, _)) = pushed.at(holder).filter(|_| holder != NONE) else {
                break;
            };
            let Some((_, content)) = pushed.read(&tree_id)? else {
                break;
            };
            let mut entries = facts::tree_entries(&content).map_while(Result::ok);
            let Some(entry) = entries.find(|entry| entry.id == id) else {
                break;
            };
            if path.len().saturating_add(entry.name.len()) > PATH_BYTES_MAX {
                break;
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend(entry.name.iter().rev());
            (id, holder) = (
                tree_id,
                self.holders.get(holder as usize).copied().unwrap_or(NONE),
            );
        }
        path.reverse();
        Ok((!path.is_empty()).then(|| path.into()))
    }
}
