//! The paths of some blobs of a push, in its own trees.
//!
//! A blob that is new stands in trees that are new. One pass over the pack's trees notes for each tree
//! one that holds it, 4 bytes an object. From a blob the way then leads up to a root. No tree is read
//! twice but those on the way, and nothing recurses, whatever the trees are.

use std::collections::{BTreeMap, BTreeSet};

use gix_hash::ObjectId;
use gix_object::bstr::BString;

use super::super::graph::connectivity::Incoming;
use super::super::object::ObjectKind;
use super::super::object::facts;
use super::super::store::{ObjectSource, ReadError};

/// Says that no tree is known which holds the object.
const NONE: u32 = u32::MAX;

/// Bytes of a path, at most: a longer one loses its beginning.
const PATH_BYTES_MAX: usize = 4096;

/// Trees that are read on all ways up together. The blobs that are left then have no path.
const WAY_TREES_MAX: usize = 100_000;

/// Bytes of a tree that count as one tree more.
const UNIT_BYTES: usize = 8 << 10;

/// The objects of a push; those of its pack have positions.
pub(crate) trait Positions: Incoming + ObjectSource {
    /// The object at a position of the pack.
    fn at(&self, position: u32) -> Option<(ObjectId, Option<ObjectKind>)>;
}

/// A search for the paths of blobs.
pub(crate) struct PathSearch {
    /// The blobs, and for each the position of a tree that holds it.
    blobs: BTreeMap<ObjectId, u32>,
    /// Those whose paths are not looked up yet, once the pass is over.
    left: Option<Vec<ObjectId>>,
    /// By position: a tree that holds the tree.
    holders: Vec<u32>,
    /// The position at which the pass goes on.
    next: u32,
    /// How many levels a path may have.
    depth_max: usize,
    /// Trees that may still be read on the ways up.
    way_trees_left: usize,
    paths: BTreeMap<ObjectId, BString>,
}

impl PathSearch {
    /// A search for these blobs.
    pub(crate) fn new(blobs: &BTreeSet<ObjectId>, object_count: u32, depth_max: usize) -> Self {
        Self {
            blobs: blobs.iter().map(|id| (*id, NONE)).collect(),
            left: None,
            holders: vec![NONE; object_count as usize],
            next: 0,
            depth_max,
            way_trees_left: WAY_TREES_MAX,
            paths: BTreeMap::new(),
        }
    }

    /// Whether this is one of the blobs.
    pub(crate) fn has(&self, blob: &ObjectId) -> bool {
        self.blobs.contains_key(blob)
    }

    /// The path of a blob, if one was found.
    pub(crate) fn path(&self, blob: &ObjectId) -> Option<&BString> {
        self.paths.get(blob)
    }

    /// Reads about so many trees; gives whether the search is over. After a failure to read it can be
    /// called again.
    pub(crate) fn step<P: Positions>(
        &mut self,
        pushed: &P,
        trees: usize,
    ) -> Result<bool, ReadError> {
        let mut read = 0;
        while read < trees {
            if let Some(left) = &self.left {
                let Some(blob) = left.last().copied() else {
                    return Ok(true);
                };
                read += self.climb(pushed, &blob)?;
                if let Some(left) = &mut self.left {
                    left.pop();
                }
            } else if let Some((id, kind)) = pushed.at(self.next) {
                if kind == Some(ObjectKind::Tree) {
                    read += self.look(pushed, &id)?;
                }
                self.next = self.next.saturating_add(1);
            } else {
                self.left = Some(self.blobs.keys().rev().copied().collect());
            }
        }
        Ok(false)
    }

    /// Notes the entries of a tree; gives how many trees it counts as.
    fn look<P: Positions>(&mut self, pushed: &P, tree_id: &ObjectId) -> Result<usize, ReadError> {
        let Some((_, content)) = pushed.read(tree_id)? else {
            return Ok(1);
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
        Ok(1 + content.len() / UNIT_BYTES)
    }

    /// Goes up from a blob and finds its path; gives how many trees the way counts as.
    fn climb<P: Positions>(&mut self, pushed: &P, blob: &ObjectId) -> Result<usize, ReadError> {
        let (mut id, mut holder) = (*blob, self.blobs.get(blob).copied().unwrap_or(NONE));
        let (mut path, mut read) = (Vec::new(), 1);
        for _ in 0..self.depth_max {
            let Some((tree_id, _)) = pushed.at(holder).filter(|_| holder != NONE) else {
                break;
            };
            if read >= self.way_trees_left {
                break;
            }
            let Some((_, content)) = pushed.read(&tree_id)? else {
                break;
            };
            read += 1 + content.len() / UNIT_BYTES;
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
            id = tree_id;
            holder = self.holders.get(holder as usize).copied().unwrap_or(NONE);
        }
        self.way_trees_left = self.way_trees_left.saturating_sub(read);
        path.reverse();
        if !path.is_empty() {
            self.paths.insert(*blob, path.into());
        }
        Ok(read)
    }
}
