//! Compares a tree with its parents' trees at the same path.
//!
//! Trees are sorted, so one pass over all of them side by side finds the new entries. If a
//! parent's tree is not sorted, the pass may take a known entry for new, but never the reverse.

use std::cmp::Ordering;

use cairn_common_prefix::common_prefix;
use gix_hash::ObjectId;
use gix_object::bstr::BStr;

use super::super::object::ObjectKind;
use super::super::object::facts::{
    FactsError, TreeEntries, TreeEntry, base_name_compare, tree_entries,
};
use super::super::store::Shared;

/// Bytes of the shortest entry: a digit, a space, a letter, a NUL and an id.
const ENTRY_BYTES_MIN: usize = 24;

/// The kind of object that an entry names; `None` for a submodule's commit, which is not an object of the
/// repository.
pub(super) fn entry_kind(entry: &TreeEntry<'_>) -> Option<ObjectKind> {
    if entry.mode.is_tree() {
        Some(ObjectKind::Tree)
    } else if entry.mode.is_gitlink() {
        None
    } else {
        Some(ObjectKind::Blob)
    }
}

/// An object that a tree names and no parent's tree has under the same name.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewEntry<'a> {
    /// The object.
    pub(super) id: ObjectId,
    /// The kind that the entry claims.
    pub(super) kind: ObjectKind,
    /// Its name.
    pub(super) name: &'a BStr,
    /// For a tree: the trees that the parents have under this name, each once.
    pub(super) bases: &'a [ObjectId],
}

/// Calls `visit` with the entries of `tree` that none of the parents' trees has.
pub(super) fn for_each_new_entry<E: From<FactsError>>(
    tree: &[u8],
    parents: &[Shared],
    mut visit: impl FnMut(NewEntry<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut cursors: Vec<Cursor<'_>> = parents.iter().map(|tree| Cursor::new(tree)).collect();
    let mut bases = Vec::new();
    let mut entries = tree_entries(tree);
    loop {
        skip_shared(&mut entries, &mut cursors)?;
        let Some(entry) = entries.next() else {
            return Ok(());
        };
        let entry = entry?;
        let kind = entry_kind(&entry);
        bases.clear();
        let mut is_known = false;
        for cursor in &mut cursors {
            let Some(other) = cursor.seek(&entry) else {
                continue;
            };
            is_known |= other.id == entry.id && entry_kind(&other) == kind;
            let base = other.id.to_owned();
            if kind == Some(ObjectKind::Tree) && !bases.contains(&base) {
                bases.push(base);
            }
        }
        if let Some(kind) = kind.filter(|_| !is_known) {
            visit(NewEntry {
                id: entry.id.to_owned(),
                kind,
                name: entry.name,
                bases: &bases,
            })?;
        }
    }
}

/// Goes on to the next entry that is not, byte for byte, the next one of a parent's tree. Two
/// versions of a tree differ in few entries, and equal entries need no look: all that follows
/// the last difference is left out at once. (If it is damaged, so is the parent's tree.)
fn skip_shared(
    entries: &mut TreeEntries<'_>,
    cursors: &mut [Cursor<'_>],
) -> Result<(), FactsError> {
    for cursor in cursors {
        let (rest, other) = (entries.rest(), cursor.entries.rest());
        let shared = common_prefix(rest, other);
        if shared == rest.len() && shared == other.len() {
            *entries = tree_entries(&[]);
            return Ok(());
        }
        if shared < ENTRY_BYTES_MIN {
            continue;
        }
        let mut after = entries.clone();
        while let Some(entry) = after.next() {
            entry?;
            if rest.len().saturating_sub(after.rest().len()) > shared {
                break;
            }
            *entries = after.clone();
        }
        cursor.skip(rest.len().saturating_sub(entries.rest().len()));
    }
    Ok(())
}

/// A place in a parent's tree.
struct Cursor<'a> {
    entries: TreeEntries<'a>,
}

impl<'a> Cursor<'a> {
    /// A tree whose end is damaged has no entry that can be read, not even a first one; so it has
    /// none to be the same as another tree's.
    fn new(tree: &'a [u8]) -> Self {
        let entries = tree_entries(tree);
        let is_readable = matches!(entries.clone().next(), Some(Ok(_)));
        Self {
            entries: if is_readable {
                entries
            } else {
                tree_entries(&[])
            },
        }
    }

    /// Skips entries of `bytes` in all.
    fn skip(&mut self, bytes: usize) {
        self.entries = tree_entries(self.entries.rest().get(bytes..).unwrap_or_default());
    }

    /// Goes on to the entry of the same name, both or neither a tree, and behind it, if there is
    /// one.
    fn seek(&mut self, entry: &TreeEntry<'_>) -> Option<TreeEntry<'a>> {
        let mut after = self.entries.clone();
        while let Some(Ok(next)) = after.next() {
            let (one, other) = (next.mode.is_tree(), entry.mode.is_tree());
            match base_name_compare(next.name, one, entry.name, other) {
                Ordering::Less => self.entries = after.clone(),
                Ordering::Equal => {
                    self.entries = after;
                    return Some(next);
                }
                Ordering::Greater => return None,
            }
        }
        None
    }
}

/// A tree that is still to be walked.
pub(super) struct PendingTree {
    /// The tree.
    pub(super) id: ObjectId,
    /// The commit, tree or tag that refers to it; the tree itself if it is a tip.
    pub(super) referred_by: ObjectId,
    /// The parents' trees at the same path.
    pub(super) bases: Vec<ObjectId>,
    /// Its level, 1 for a root tree.
    pub(super) depth: usize,
}

/// The trees that are still to be walked, the last first; 44 bytes each, and 20 for each base.
#[derive(Default)]
pub(super) struct TreeStack {
    rows: Vec<TreeRow>,
    bases: Vec<ObjectId>,
}

struct TreeRow {
    id: ObjectId,
    referred_by: ObjectId,
    /// Index of its first base.
    bases_start: u32,
    depth: u32,
}

impl TreeStack {
    pub(super) fn push(
        &mut self,
        id: ObjectId,
        referred_by: ObjectId,
        bases: &[ObjectId],
        depth: usize,
    ) {
        let bases_start = u32::try_from(self.bases.len()).unwrap_or(u32::MAX);
        debug_assert!(u32::try_from(depth).is_ok(), "a tree {depth} deep");
        let depth = u32::try_from(depth).unwrap_or(u32::MAX);
        self.bases.extend_from_slice(bases);
        self.rows.push(TreeRow {
            id,
            referred_by,
            bases_start,
            depth,
        });
    }

    pub(super) fn pop(&mut self) -> Option<PendingTree> {
        let row = self.rows.pop()?;
        let start = usize::try_from(row.bases_start).unwrap_or(usize::MAX);
        let bases = self.bases.split_off(start.min(self.bases.len()));
        let depth = usize::try_from(row.depth).unwrap_or(usize::MAX);
        Some(PendingTree {
            id: row.id,
            referred_by: row.referred_by,
            bases,
            depth,
        })
    }
}

#[cfg(test)]
mod tests;
