//! The trees of the result. Paths come in an order in which all that is below a directory comes
//! before the directory itself, so each tree is written once, when its last entry is known.

use std::cmp::Ordering;

use gix_hash::ObjectId;
use gix_object::bstr::BString;
use gix_object::tree::EntryKind;

use super::super::super::edit::new_objects::NewObjects;
use super::super::super::object::ObjectKind;
use super::super::super::object::facts::base_name_compare;
use super::error::TreeMergeError;
use super::state::State;
use super::version::{Path, Stage, Version, basename};

/// The entries of directories that are not complete yet.
#[derive(Debug, Default)]
pub(super) struct Directories {
    entries: Vec<(BString, Version)>,
    /// The open directories, and where the entries of each begin.
    open: Vec<(Path, usize)>,
}

/// The order in which a directory comes right before its entries: as though each path had a slash
/// at its end.
pub(super) fn order(one: &[u8], other: &[u8]) -> Ordering {
    let common = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let next = |path: &[u8]| path.get(common).copied();
    let (first, second) = (next(one), next(other));
    match first.unwrap_or(b'/').cmp(&second.unwrap_or(b'/')) {
        Ordering::Equal => one.len().cmp(&other.len()),
        unequal => unequal,
    }
}

impl Directories {
    /// Makes this directory the one of the next entry. If the one before it is complete, its tree is
    /// written and becomes the result at its path.
    pub(super) fn enter(
        &mut self,
        state: &mut State,
        new_objects: &mut NewObjects,
        directory: &[u8],
    ) -> Result<(), TreeMergeError> {
        let is_inside = match self.open.last() {
            Some((last, _)) if **last == *directory => return Ok(()),
            Some((last, _)) => directory.starts_with(last),
            None => true,
        };
        if !is_inside {
            let tree = self.close(new_objects)?;
            if let Some((path, tree)) = tree
                && let Some(entry) = state.find(&path).and_then(|id| state.entry_mut(id))
            {
                entry.is_null = tree.is_none();
                if tree.is_some() {
                    entry.result = tree;
                }
            }
        }
        if self
            .open
            .last()
            .is_none_or(|(last, _)| **last != *directory)
        {
            self.open.push((Path::from(directory), self.entries.len()));
        }
        Ok(())
    }

    /// Takes an entry of the directory that was entered last.
    pub(super) fn record(&mut self, path: &[u8], result: Stage) {
        if let Some(version) = result {
            self.entries.push((basename(path).into(), version));
        }
    }

    /// Writes the tree of the directory that was entered last; none if it is empty.
    fn close(
        &mut self,
        new_objects: &mut NewObjects,
    ) -> Result<Option<(Path, Stage)>, TreeMergeError> {
        let Some((path, start)) = self.open.pop() else {
            return Ok(None);
        };
        let entries = self.entries.split_off(start.min(self.entries.len()));
        if entries.is_empty() {
            return Ok(Some((path, None)));
        }
        let id = write(new_objects, entries)?;
        let kind = EntryKind::Tree;
        Ok(Some((path, Some(Version { kind, id }))))
    }

    /// Writes the root.
    pub(super) fn finish(
        &mut self,
        new_objects: &mut NewObjects,
    ) -> Result<ObjectId, TreeMergeError> {
        debug_assert!(self.open.len() <= 1, "only the root is left");
        write(new_objects, std::mem::take(&mut self.entries))
    }
}

fn write(
    new_objects: &mut NewObjects,
    mut entries: Vec<(BString, Version)>,
) -> Result<ObjectId, TreeMergeError> {
    entries.sort_by(|(one, one_version), (other, other_version)| {
        let is_tree = |version: &Version| version.is_tree();
        base_name_compare(one, is_tree(one_version), other, is_tree(other_version))
    });
    let mut content = Vec::with_capacity(entries.len().saturating_mul(40));
    for (name, version) in &entries {
        content.extend_from_slice(digits(version.kind));
        content.push(b' ');
        content.extend_from_slice(name);
        content.push(0);
        content.extend_from_slice(version.id.as_slice());
    }
    Ok(new_objects.add(ObjectKind::Tree, content)?)
}

/// A mode as it stands in a tree.
fn digits(kind: EntryKind) -> &'static [u8] {
    match kind {
        EntryKind::Tree => b"40000",
        EntryKind::Blob => b"100644",
        EntryKind::BlobExecutable => b"100755",
        EntryKind::Link => b"120000",
        EntryKind::Commit => b"160000",
    }
}
