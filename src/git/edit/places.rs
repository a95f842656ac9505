//! The places that changes name, as a tree of their own, checked against each other.

use std::collections::BTreeMap;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};
use gix_object::tree::EntryKind;

use super::super::limits::Limits;
use super::super::store::Shared;
use super::change::{Action, Change, ChangeFault, EditError, Field, Object};
use super::path;

/// An entry of a tree: its mode as git writes it, and its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: EntryKind,
    pub(super) id: ObjectId,
}

/// Why the entry at a place goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    Deleted,
    MovedAway,
}

impl Removal {
    /// The part of the change that names the place.
    pub(super) fn field(self) -> Field {
        match self {
            Self::Deleted => Field::Path,
            Self::MovedAway => Field::From,
        }
    }
}

/// The object that a change puts at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    /// The number of the change.
    pub(super) index: usize,
    pub(super) kind: Option<EntryKind>,
    pub(super) object: Option<Object>,
    /// The place that it is moved from.
    pub(super) source: Option<usize>,
}

/// A place that a change names, or a directory on the way to one.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) name: BString,
    pub(super) parent: usize,
    pub(super) children: BTreeMap<BString, usize>,
    pub(super) target: Option<Target>,
    /// A tree may have a directory of this name.
    is_directory_name: bool,
    /// Why the entry here goes away, and the number of the change.
    pub(super) removal: Option<(Removal, usize)>,
    /// A change here or above it removes all that stood here.
    pub(super) is_cleared: bool,
    /// The entry of the tree before the change.
    pub(super) standing: Option<Entry>,
    /// The directory's entries as they were; `None` where none of them stays.
    pub(super) stored: Option<Shared>,
    /// How many of them no change names.
    pub(super) untouched: usize,
}

impl Place {
    fn new(name: &BStr, parent: usize) -> Self {
        Self {
            name: name.to_owned(),
            parent,
            children: BTreeMap::new(),
            target: None,
            is_directory_name: false,
            removal: None,
            is_cleared: false,
            standing: None,
            stored: None,
            untouched: 0,
        }
    }
}

/// All places of a request. The root is the first, and each place comes behind its parent.
#[derive(Debug)]
pub(super) struct Places(Vec<Place>);

impl Places {
    /// The root of a tree (without a tree, `None`) alone.
    pub(super) fn new(root: Option<ObjectId>) -> Self {
        let mut top = Place::new(b"".as_bstr(), 0);
        top.standing = root.map(|id| Entry {
            kind: EntryKind::Tree,
            id,
        });
        Self(vec![top])
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Place> {
        self.0.get(at)
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Place> {
        self.0.get_mut(at)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, &Place)> {
        self.0.iter().enumerate()
    }

    /// The path of a place.
    pub(super) fn path(&self, mut at: usize) -> BString {
        let mut names = Vec::new();
        while let Some(place) = self.0.get(at).filter(|_| at > 0) {
            names.push(place.name.as_slice());
            at = place.parent;
        }
        names.reverse();
        BString::from(names.join(&b'/'))
    }

    /// Takes the next change.
    pub(super) fn take(
        &mut self,
        index: usize,
        change: Change,
        limits: &Limits,
    ) -> Result<(), EditError> {
        let path = change.path.as_bstr();
        match change.action {
            Action::Delete => {
                let place = self.place(index, Field::Path, path, None, limits)?;
                self.remove(place, index, Removal::Deleted)
            }
            Action::Put { kind, object } => {
                check_object(index, path, kind, object)?;
                let target = Target {
                    index,
                    kind,
                    object: Some(object),
                    source: None,
                };
                self.put(path, target, limits)
            }
            Action::Move { from, kind, object } => {
                if let Some(object) = object {
                    check_object(index, path, kind, object)?;
                }
                let source = self.place(index, Field::From, from.as_bstr(), None, limits)?;
                self.remove(source, index, Removal::MovedAway)?;
                let target = Target {
                    index,
                    kind,
                    object,
                    source: Some(source),
                };
                self.put(path, target, limits)
            }
        }
    }

    /// The place of a path; `made` is the entry that will stand there, if any.
    fn place(
        &mut self,
        index: usize,
        field: Field,
        path: &BStr,
        made: Option<EntryKind>,
        limits: &Limits,
    ) -> Result<usize, EditError> {
        let fault = |fault| {
            let path = path.to_owned();
            EditError::change(index, field, ChangeFault::Path { path, fault })
        };
        let names = path::names(path, limits).map_err(fault)?;
        let mut at = 0;
        for (level, name) in names.iter().enumerate() {
            at = self.child(at, name);
            let Some(kind) = made else { continue };
            let is_last = level.saturating_add(1) == names.len();
            if is_last {
                path::check_name(name, kind).map_err(fault)?;
            } else if let Some(place) = self.0.get_mut(at)
                && !place.is_directory_name
            {
                path::check_name(name, EntryKind::Tree).map_err(fault)?;
                place.is_directory_name = true;
            }
        }
        Ok(at)
    }

    fn child(&mut self, parent: usize, name: &BStr) -> usize {
        let next = self.0.len();
        let Some(place) = self.0.get_mut(parent) else {
            debug_assert!(false, "place {parent} of {next}");
            return parent;
        };
        if let Some(child) = place.children.get(name) {
            return *child;
        }
        place.children.insert(name.to_owned(), next);
        self.0.push(Place::new(name, parent));
        next
    }

    fn put(&mut self, path: &BStr, target: Target, limits: &Limits) -> Result<(), EditError> {
        let kind = target.kind.unwrap_or(EntryKind::Blob);
        let at = self.place(target.index, Field::Path, path, Some(kind), limits)?;
        let Some(place) = self.0.get_mut(at) else {
            return Ok(());
        };
        let deleted = place.removal.filter(|(why, _)| *why == Removal::Deleted);
        let other = place.target.map(|other| other.index);
        match other.or(deleted.map(|(_, other)| other)) {
            None => {
                place.target = Some(target);
                Ok(())
            }
            Some(other) => Err(self.twice(at, target.index, Field::Path, other)),
        }
    }

    fn remove(&mut self, at: usize, index: usize, removal: Removal) -> Result<(), EditError> {
        let Some(place) = self.0.get_mut(at) else {
            return Ok(());
        };
        let put = place.target.filter(|_| removal == Removal::Deleted);
        let other = place.removal.map(|(_, other)| other);
        match other.or(put.map(|target| target.index)) {
            None => {
                place.removal = Some((removal, index));
                Ok(())
            }
            Some(other) => Err(self.twice(at, index, removal.field(), other)),
        }
    }

    /// Refuses changes inside a directory that another change puts, and removals inside one that another
    /// removes. A move may take a file out of such a place: it reads the tree as it was.
    pub(super) fn check_overlaps(&mut self) -> Result<(), EditError> {
        // For each place the nearest place, from itself upward, at which something is put; and the same for
        // removals.
        let mut nearest: Vec<(Option<usize>, Option<usize>)> = Vec::with_capacity(self.0.len());
        for at in 0..self.0.len() {
            let Some(place) = self.0.get(at) else { break };
            let (put, removed) = nearest.get(place.parent).copied().unwrap_or_default();
            self.check_overlap(at, put, removed)?;
            let put = place.target.map(|_| at).or(put);
            let removed = place.removal.map(|_| at).or(removed);
            nearest.push((put, removed));
        }
        for (place, (put, removed)) in self.0.iter_mut().zip(nearest) {
            place.is_cleared = put.is_some() || removed.is_some();
        }
        Ok(())
    }

    fn check_overlap(
        &self,
        at: usize,
        put: Option<usize>,
        removed: Option<usize>,
    ) -> Result<(), EditError> {
        let Some(place) = self.0.get(at) else {
            return Ok(());
        };
        let deleted = place.removal.filter(|(why, _)| *why == Removal::Deleted);
        let changed = place.target.map(|target| target.index);
        let changed = changed.or(deleted.map(|(_, index)| index));
        if let (Some(above), Some(index)) = (put, changed) {
            return Err(self.inside(at, index, Field::Path, above));
        }
        let outer = removed.and_then(|above| Some((above, self.0.get(above)?.removal?.0)));
        match (outer, place.removal) {
            (Some((_, Removal::Deleted)), Some((Removal::MovedAway, _))) => Ok(()),
            (Some((above, _)), Some((removal, index))) => {
                Err(self.inside(at, index, removal.field(), above))
            }
            _ => Ok(()),
        }
    }

    fn twice(&self, at: usize, index: usize, field: Field, other: usize) -> EditError {
        let path = self.path(at);
        EditError::change(index, field, ChangeFault::Twice { path, other })
    }

    fn inside(&self, at: usize, index: usize, field: Field, above: usize) -> EditError {
        let change_of = |place: &Place| {
            let put = place.target.map(|target| target.index);
            put.or(place.removal.map(|(_, other)| other))
        };
        let other = self.0.get(above).and_then(change_of).unwrap_or_default();
        let fault = ChangeFault::Inside {
            path: self.path(at),
            above: self.path(above),
            other,
        };
        EditError::change(index, field, fault)
    }
}

/// Refuses content where the mode needs an object that is named by its id.
fn check_object(
    index: usize,
    path: &BStr,
    kind: Option<EntryKind>,
    object: Object,
) -> Result<(), EditError> {
    match (kind, object) {
        (Some(kind @ (EntryKind::Tree | EntryKind::Commit)), Object::Later(_)) => {
            let fault = ChangeFault::NoContent {
                path: path.to_owned(),
                mode: kind as u16,
            };
            Err(EditError::change(index, Field::Kind, fault))
        }
        _ => Ok(()),
    }
}
