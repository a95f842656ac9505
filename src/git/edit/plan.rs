//! The directories that changes touch, found before the ids of new blobs are known.
//!
//! [`TreeEdit`] takes the changes, checks them against each other, and reads the directories along
//! their paths, one a step. The [`Plan`] that comes of it knows which directories are written, and so
//! how many trees there will be; it needs no stored object any more.

use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice;
use gix_object::tree::EntryKind;

use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::object::facts::tree_entries;
use super::super::store::{ObjectSource, ReadError, Shared};
use super::change::{Change, ChangeFault, EditError, Field, Object};
use super::path;
use super::places::{Entry, Places, Target};

pub use super::write::{FinishError, Plan};

/// Bytes of the trees that one edit holds, at most.
const HELD_BYTES_MAX: u64 = 24 << 20;

/// Changes that one step takes.
const CHANGES_A_STEP: usize = 64;

/// The result of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Some changes were taken, a directory was read, or an object looked up; and there are more.
    More,
    /// All is read.
    Done,
}

/// Changes of a tree, while the directories on their paths are read.
#[derive(Debug)]
pub struct TreeEdit {
    places: Places,
    limits: Limits,
    /// The changes that are still to be taken, and the number of the next one.
    incoming: std::vec::IntoIter<Change>,
    taken: usize,
    is_ready: bool,
    /// Places below which something changes, and which are still to be read.
    directories: Vec<usize>,
    /// Places whose object, known by its id, is still to be looked up.
    named: Vec<usize>,
    held_bytes: u64,
}

/// Reads the objects that the changes need, and plans the edit: for callers that need no steps.
pub fn plan(
    objects: &impl ObjectSource,
    root: Option<ObjectId>,
    changes: Vec<Change>,
    limits: &Limits,
) -> Result<Plan, EditError> {
    let mut edit = TreeEdit::new(root, changes, limits)?;
    while edit.step(objects)? == Step::More {}
    edit.plan()
}

impl TreeEdit {
    /// The changes of a tree (without a tree, `None`). The first of them are checked.
    pub fn new(
        root: Option<ObjectId>,
        changes: Vec<Change>,
        limits: &Limits,
    ) -> Result<Self, EditError> {
        let mut edit = Self {
            places: Places::new(root),
            limits: *limits,
            incoming: changes.into_iter(),
            taken: 0,
            is_ready: false,
            directories: vec![0],
            named: Vec::new(),
            held_bytes: 0,
        };
        edit.take_some()?;
        Ok(edit)
    }

    /// Takes and checks some of the changes, reads one directory on a changed path, or looks one object
    /// up. After an error nothing has changed; where a chunk was cold, the same step can be taken
    /// again.
    pub fn step(&mut self, objects: &impl ObjectSource) -> Result<Step, EditError> {
        if !self.is_ready {
            self.take_some()?;
        } else if let Some(at) = self.directories.last() {
            self.read(*at, objects)?;
        } else if let Some(at) = self.named.last() {
            self.look_up(*at, objects)?;
            self.named.pop();
        }
        let is_done = self.is_ready && self.directories.is_empty() && self.named.is_empty();
        Ok(if is_done { Step::Done } else { Step::More })
    }

    /// Takes the next changes; behind the last one, checks all against each other.
    fn take_some(&mut self) -> Result<(), EditError> {
        for change in self.incoming.by_ref().take(CHANGES_A_STEP) {
            self.places.take(self.taken, change, &self.limits)?;
            self.taken = self.taken.saturating_add(1);
        }
        if self.incoming.len() == 0 {
            self.places.check_overlaps()?;
            let is_named = |target: Target| matches!(target.object, Some(Object::Known(_)));
            let places = self.places.iter();
            let named = places.filter(|(_, place)| place.target.is_some_and(is_named));
            self.named = named.map(|(at, _)| at).collect();
            self.is_ready = true;
        }
        Ok(())
    }

    /// The plan, once every step is taken.
    pub fn plan(self) -> Result<Plan, EditError> {
        let is_done = self.is_ready && self.directories.is_empty() && self.named.is_empty();
        debug_assert!(is_done, "steps are left");
        for (_, place) in self.places.iter() {
            let Some(target) = place.target else { continue };
            let Some(source) = target.source else {
                continue;
            };
            let Some(moved) = self.places.get(source).and_then(|place| place.standing) else {
                continue;
            };
            let is_changed = target.kind.is_some() || target.object.is_some();
            if is_changed && matches!(moved.kind, EntryKind::Tree | EntryKind::Commit) {
                let fault = ChangeFault::MovedAsItIs {
                    from: self.places.path(source),
                    mode: moved.kind as u16,
                };
                return Err(EditError::change(target.index, Field::From, fault));
            }
            let kind = target.kind.unwrap_or(moved.kind);
            path::check_name(place.name.as_bstr(), kind).map_err(|fault| {
                let path = place.name.clone();
                let fault = ChangeFault::Path { path, fault };
                EditError::change(target.index, Field::Path, fault)
            })?;
        }
        Ok(Plan::new(self.places))
    }

    /// Finds the entries at the places inside a directory, which is the last one to be read.
    fn read(&mut self, at: usize, objects: &impl ObjectSource) -> Result<(), EditError> {
        let standing = self.places.get(at).and_then(|place| place.standing);
        let tree = standing.filter(|entry| entry.kind == EntryKind::Tree);
        let content = match tree {
            Some(tree) => Some(read_tree(objects, tree.id)?),
            None => None,
        };
        let Some(place) = self.places.get_mut(at) else {
            self.directories.pop();
            return Ok(());
        };
        let children = &place.children;
        let mut untouched = 0_usize;
        let mut found = Vec::with_capacity(children.len());
        for entry in content.iter().flat_map(|content| tree_entries(content)) {
            let what = "it does not parse as a tree";
            let id = tree.map_or(ObjectId::null(gix_hash::Kind::Sha1), |tree| tree.id);
            let entry = entry.map_err(|_| ReadError::Corrupt { id, what })?;
            match children.get(entry.name) {
                None => untouched = untouched.saturating_add(1),
                Some(child) => {
                    let (kind, id) = (entry.mode.kind(), entry.id.to_owned());
                    found.push((*child, Entry { kind, id }));
                }
            }
        }
        if let Some(content) = content.filter(|_| !place.is_cleared) {
            let bytes = self.held_bytes.saturating_add(content.len() as u64);
            if bytes > HELD_BYTES_MAX {
                let limit = HELD_BYTES_MAX;
                return Err(EditError::TooLarge { bytes, limit });
            }
            self.held_bytes = bytes;
            place.stored = Some(content);
            place.untouched = untouched;
        }
        let children: Vec<usize> = place.children.values().copied().collect();
        self.directories.pop();
        for (child, entry) in found {
            if let Some(child) = self.places.get_mut(child) {
                child.standing = Some(entry);
            }
        }
        children
            .into_iter()
            .try_for_each(|child| self.arrive(child))
    }

    /// The entry at a place is known now. A change that removes it needs one.
    fn arrive(&mut self, at: usize) -> Result<(), EditError> {
        let Some(place) = self.places.get(at) else {
            return Ok(());
        };
        if let (Some((removal, index)), None) = (place.removal, place.standing) {
            let path = self.places.path(at);
            let fault = ChangeFault::NothingThere { path };
            return Err(EditError::change(index, removal.field(), fault));
        }
        if !place.children.is_empty() {
            self.directories.push(at);
        }
        Ok(())
    }

    /// Makes sure that the object which a change names is here, and of the kind that its mode needs.
    fn look_up(&self, at: usize, objects: &impl ObjectSource) -> Result<(), EditError> {
        let Some(place) = self.places.get(at) else {
            return Ok(());
        };
        let Some(target) = place.target else {
            return Ok(());
        };
        let Some(Object::Known(id)) = target.object else {
            return Ok(());
        };
        let needed = match target.kind {
            Some(EntryKind::Commit) if !id.is_null() => return Ok(()),
            Some(EntryKind::Tree) => ObjectKind::Tree,
            _ => ObjectKind::Blob,
        };
        let fault = match objects.kind(&id)? {
            Some(kind) if kind == needed => return Ok(()),
            Some(kind) => ChangeFault::WrongKind {
                id,
                kind,
                mode: target.kind.unwrap_or(EntryKind::Blob) as u16,
                needed,
            },
            None => ChangeFault::NoObject { id },
        };
        Err(EditError::change(target.index, Field::Object, fault))
    }
}

fn read_tree(objects: &impl ObjectSource, id: ObjectId) -> Result<Shared, ReadError> {
    if id == ObjectId::empty_tree(gix_hash::Kind::Sha1) {
        return Ok(Rc::default());
    }
    match objects.read(&id)? {
        Some((ObjectKind::Tree, content)) => Ok(content),
        Some(_) => Err(ReadError::Corrupt {
            id,
            what: "it stands where a tree should, and is none",
        }),
        None => Err(ReadError::Corrupt {
            id,
            what: "it is a tree that is not here",
        }),
    }
}
