//! The file in a parent of a commit, under its own name or under the one that it was renamed from
//! (`find_origin` and `find_rename` of git's `blame.c`).

use gix_hash::ObjectId;
use gix_object::bstr::BString;
use gix_object::tree::EntryKind;

use super::super::compare::CompareError;
use super::super::compare::paths::PathLimits;
use super::super::compare::renames::{RenameOptions, Renames};
use super::super::compare::tree::{ChangeList, TreeChanges};
use super::super::content::places::Place;
use super::super::limits::Limits;
use super::super::store::ObjectSource;

/// Changes of a walk that one step looks at.
const STEP_CHANGES: usize = 32;

/// Bytes that the search for renames holds beside the list.
const SEARCH_BYTES: u64 = 6 << 20;

/// A file: an entry that is blamed or may be.
pub(super) type Blob = (EntryKind, ObjectId);

/// The entry that a parent has under the file's own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SamePath {
    /// The file, or a version of it.
    File(Blob),
    /// Something of another type: then git looks for no rename, since the file was not created.
    OtherType,
    /// No file: it may have been renamed.
    Nothing,
}

impl SamePath {
    pub(super) fn of(place: Place, kind: EntryKind) -> Self {
        let is_link = |kind| kind == EntryKind::Link;
        match place {
            None | Some((EntryKind::Tree, _)) => Self::Nothing,
            Some((EntryKind::Commit, _)) => Self::OtherType,
            Some(blob) if is_link(blob.0) == is_link(kind) => Self::File(blob),
            Some(_) => Self::OtherType,
        }
    }
}

/// Looks for the name that a file had in a parent.
#[derive(Debug)]
pub(super) struct RenameSearch {
    path: BString,
    walk: TreeChanges,
    changes: ChangeList,
    renames: Option<Renames>,
    /// Bytes of the list that the search took.
    listed_bytes: u64,
}

/// The result of a step.
#[derive(Debug)]
pub(super) enum Searched {
    /// There is more to do.
    Working,
    /// The name and the file, if it was renamed.
    Found(Option<(BString, Blob)>),
}

impl RenameSearch {
    /// Looks among the differences between the trees of the parent and of the commit.
    pub(super) fn new(path: BString, parent: ObjectId, own: ObjectId, limits: &Limits) -> Self {
        Self {
            path,
            walk: TreeChanges::new(Some(parent), Some(own), PathLimits::default(), limits),
            changes: ChangeList::default(),
            renames: None,
            listed_bytes: 0,
        }
    }

    /// Bytes of trees and files that were read.
    pub(super) fn read_bytes(&self) -> u64 {
        let renames = self.renames.as_ref().map_or(0, Renames::read_bytes);
        self.walk.read_bytes().saturating_add(renames)
    }

    /// Bytes that it needs: the list, as much again for the tables of the search, and the contents that the
    /// search keeps.
    pub(super) fn needed_bytes(&self) -> u64 {
        let list = (self.changes.bytes() as u64).max(self.listed_bytes);
        list.saturating_mul(2).saturating_add(SEARCH_BYTES)
    }

    /// Does a piece of the work. After an error the same can be asked again.
    pub(super) fn step(&mut self, objects: &impl ObjectSource) -> Result<Searched, CompareError> {
        if let Some(renames) = &mut self.renames {
            if renames.step(objects)? {
                return Ok(Searched::Working);
            }
            let changes = self.renames.take().map(Renames::into_changes);
            let mut renamed = changes.into_iter().flatten().filter_map(|change| {
                let from = change.renamed.filter(|_| change.path == self.path)?.from;
                change.old.map(|old| (from, (old.kind, old.id)))
            });
            return Ok(Searched::Found(renamed.next()));
        }
        for _ in 0..STEP_CHANGES {
            let Some(change) = self.walk.next(objects)? else {
                // Like git, which looks for this one file only.
                self.listed_bytes = self.changes.bytes() as u64;
                let changes = std::mem::take(&mut self.changes).into_changes();
                self.renames = Some(Renames::new(changes, RenameOptions::default()));
                return Ok(Searched::Working);
            };
            let is_source = change.new.is_none();
            let is_file = change.old.is_none() && change.path == self.path;
            if is_source || is_file {
                self.changes.push(change)?;
            }
        }
        Ok(Searched::Working)
    }
}
