//! The files that differ between two trees, in the order of `git diff-tree -r --no-renames`.
//!
//! Subtrees with equal ids are not read, so the cost follows the change. The walk holds the trees
//! from the root to its place, and no others.

use std::cmp::Ordering;

use gix_hash::ObjectId;
use gix_object::bstr::BString;
use gix_object::tree::EntryKind;

use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::object::facts::{base_name_compare, tree_entries};
use super::super::store::{ObjectSource, Shared};
use super::error::CompareError;
use super::paths::{Cover, PathLimits};

/// Bytes of trees held at once, at most.
const HELD_BYTES_MAX: usize = 24 << 20;

/// Bytes of changes held at once, at most: some 150,000 files.
const CHANGES_BYTES_MAX: usize = 24 << 20;

/// A file on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// The kind; never a tree.
    pub kind: EntryKind,
    /// Its blob, or the commit of a submodule.
    pub id: ObjectId,
}

impl Side {
    /// Whether it is a file, executable or not: no symbolic link and no submodule.
    pub fn is_regular(&self) -> bool {
        matches!(self.kind, EntryKind::Blob | EntryKind::BlobExecutable)
    }
}

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path on the new side; on the old one where it was deleted.
    pub path: BString,
    /// The old side; `None` if the file was created.
    pub old: Option<Side>,
    /// The new side; `None` if the file was deleted.
    pub new: Option<Side>,
    /// Where it was before, if the file was renamed; then `old` is the entry there.
    pub renamed: Option<Box<Renamed>>,
}

/// From where a file was renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// Its path on the old side.
    pub from: BString,
    /// How similar the two are; [`super::score::SCORE_MAX`] if they are equal.
    pub score: u16,
}

impl Change {
    /// The path on the old side.
    pub fn old_path(&self) -> &BString {
        match &self.renamed {
            Some(renamed) => &renamed.from,
            None => &self.path,
        }
    }

    /// How similar the two sides of a rename are, in per cent, as git rounds it.
    pub fn similarity_percent(&self) -> Option<u16> {
        let renamed = self.renamed.as_ref()?;
        Some(super::score::percent(renamed.score))
    }

    /// Bytes that it takes in a list.
    pub fn held_bytes(&self) -> usize {
        let renamed = self.renamed.as_ref();
        let renamed = renamed.map_or(0, |renamed| {
            size_of::<Renamed>().saturating_add(renamed.from.capacity())
        });
        size_of::<Self>()
            .saturating_add(self.path.capacity())
            .saturating_add(renamed)
    }
}

/// A walk over the differences between two trees.
#[derive(Debug)]
pub struct TreeChanges {
    levels: Vec<Level>,
    /// The subtrees to go into before the next entry; their path is in `path`.
    pending: Option<Pending>,
    path: BString,
    limits: PathLimits,
    depth_max: usize,
    held_bytes: usize,
    read_bytes: u64,
}

#[derive(Debug)]
struct Pending {
    old: Unread,
    new: Unread,
    /// Whether all that is below is inside the limits.
    is_whole: bool,
}

/// A tree that is read at the next step, or was before the other one's chunk was cold.
#[derive(Debug)]
struct Unread {
    id: Option<ObjectId>,
    content: Option<Shared>,
}

/// A directory on both sides; one of them may have none.
#[derive(Debug)]
struct Level {
    old: Entries,
    new: Entries,
    /// Bytes of the path that leads here, with the slash.
    path_bytes: usize,
    is_whole: bool,
}

#[derive(Debug, Default)]
struct Entries {
    content: Option<Shared>,
    /// Where the next entry starts.
    at: usize,
}

impl TreeChanges {
    /// Compares two trees; without a tree there are no files.
    pub fn new(
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        paths: PathLimits,
        limits: &Limits,
    ) -> Self {
        let is_whole = paths.cover(b"", true) == Cover::Whole;
        Self {
            levels: Vec::new(),
            pending: (old != new).then_some(Pending {
                old: Unread::new(old),
                new: Unread::new(new),
                is_whole,
            }),
            path: BString::default(),
            limits: paths,
            depth_max: limits.tree_depth_max,
            held_bytes: 0,
            read_bytes: 0,
        }
    }

    /// Bytes of the trees that were read.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// The next file that differs; `None` behind the last one. After an error the same can be asked
    /// again.
    pub fn next(&mut self, objects: &impl ObjectSource) -> Result<Option<Change>, CompareError> {
        loop {
            self.descend(objects)?;
            let Some(level) = self.levels.last_mut() else {
                return Ok(None);
            };
            let Some((old, new, cover)) = level.next(&mut self.path, &self.limits) else {
                let bytes = level.bytes();
                debug_assert!(self.held_bytes >= bytes, "a level was not counted");
                self.held_bytes = self.held_bytes.saturating_sub(bytes);
                self.levels.pop();
                continue;
            };
            // Where both sides have an entry, both are trees or neither is.
            if old.or(new).is_some_and(|side| side.kind == EntryKind::Tree) {
                self.pending = Some(Pending {
                    old: Unread::new(old.map(|side| side.id)),
                    new: Unread::new(new.map(|side| side.id)),
                    is_whole: cover == Cover::Whole,
                });
                continue;
            }
            return Ok(Some(Change {
                path: self.path.as_slice().into(),
                old,
                new,
                renamed: None,
            }));
        }
    }

    /// Puts all that are left into `changes`. After an error the same can be asked again with the
    /// same list.
    pub fn collect_into(
        &mut self,
        objects: &impl ObjectSource,
        changes: &mut ChangeList,
    ) -> Result<(), CompareError> {
        while let Some(change) = self.next(objects)? {
            changes.push(change)?;
        }
        Ok(())
    }

    /// Goes into the subtrees that were found last. Until both are read nothing has changed.
    fn descend(&mut self, objects: &impl ObjectSource) -> Result<(), CompareError> {
        let Some(pending) = &mut self.pending else {
            return Ok(());
        };
        if self.levels.len() >= self.depth_max {
            return Err(CompareError::TooDeep(self.depth_max));
        }
        pending.old.read(objects)?;
        pending.new.read(objects)?;
        let mut level = Level {
            old: Entries::of(&pending.old),
            new: Entries::of(&pending.new),
            path_bytes: 0,
            is_whole: pending.is_whole,
        };
        let bytes = self.held_bytes.saturating_add(level.bytes());
        if bytes > HELD_BYTES_MAX {
            let limit = HELD_BYTES_MAX;
            return Err(CompareError::TreesTooLarge { bytes, limit });
        }
        self.held_bytes = bytes;
        self.read_bytes = self.read_bytes.saturating_add(level.bytes() as u64);
        if !self.levels.is_empty() {
            self.path.push(b'/');
        }
        level.path_bytes = self.path.len();
        self.levels.push(level);
        self.pending = None;
        Ok(())
    }
}

impl Level {
    fn bytes(&self) -> usize {
        self.old.bytes().saturating_add(self.new.bytes())
    }

    /// The next entry that differs, with its path; paths outside the limits are passed over.
    fn next(
        &mut self,
        path: &mut BString,
        limits: &PathLimits,
    ) -> Option<(Option<Side>, Option<Side>, Cover)> {
        loop {
            self.skip_equal();
            let (old, new) = (self.old.peek(), self.new.peek());
            let order = match (&old, &new) {
                (None, None) => return None,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => {
                    base_name_compare(old.name, old.is_tree(), new.name, new.is_tree())
                }
            };
            let old = old.filter(|_| order.is_le());
            let new = new.filter(|_| order.is_ge());
            path.truncate(self.path_bytes);
            path.extend_from_slice(old.or(new)?.name);
            let (old, old_end) = Peeked::taken(old);
            let (new, new_end) = Peeked::taken(new);
            self.old.at = old_end.unwrap_or(self.old.at);
            self.new.at = new_end.unwrap_or(self.new.at);
            if old == new {
                continue;
            }
            let cover = match old.or(new) {
                _ if self.is_whole => Cover::Whole,
                None => Cover::Outside,
                Some(side) => {
                    let is_directory = matches!(side.kind, EntryKind::Tree | EntryKind::Commit);
                    limits.cover(path, is_directory)
                }
            };
            if cover != Cover::Outside {
                return Some((old, new, cover));
            }
        }
    }

    /// Passes over entries that are the same byte for byte: most of them.
    fn skip_equal(&mut self) {
        while let Some(old) = self.old.peek() {
            let entry = self.old.rest().get(..old.end.saturating_sub(self.old.at));
            if !entry.is_some_and(|entry| self.new.rest().starts_with(entry)) {
                return;
            }
            let bytes = old.end.saturating_sub(self.old.at);
            self.old.at = self.old.at.saturating_add(bytes);
            self.new.at = self.new.at.saturating_add(bytes);
        }
    }
}

/// An entry that was looked at, and where it ends.
#[derive(Clone, Copy)]
struct Peeked<'a> {
    name: &'a [u8],
    side: Side,
    end: usize,
}

impl Peeked<'_> {
    fn is_tree(&self) -> bool {
        self.side.kind == EntryKind::Tree
    }

    fn taken(peeked: Option<Self>) -> (Option<Side>, Option<usize>) {
        (
            peeked.map(|peeked| peeked.side),
            peeked.map(|peeked| peeked.end),
        )
    }
}

impl Unread {
    fn new(id: Option<ObjectId>) -> Self {
        Self { id, content: None }
    }

    fn read(&mut self, objects: &impl ObjectSource) -> Result<(), CompareError> {
        if let (Some(id), None) = (self.id, &self.content) {
            let Some((ObjectKind::Tree, content)) = objects.read(&id)? else {
                return Err(CompareError::Missing(id));
            };
            self.content = Some(content);
        }
        Ok(())
    }
}

impl Entries {
    fn of(read: &Unread) -> Self {
        Self {
            content: read.content.clone(),
            at: 0,
        }
    }

    fn bytes(&self) -> usize {
        self.content.as_ref().map_or(0, |content| content.len())
    }

    fn rest(&self) -> &[u8] {
        let content = self.content.as_ref();
        let rest = content.and_then(|content| content.get(self.at..));
        rest.unwrap_or_default()
    }

    /// The next entry. Bytes that do not parse end a tree, as in git.
    fn peek(&self) -> Option<Peeked<'_>> {
        let mut entries = tree_entries(self.rest());
        let entry = entries.next()?.ok()?;
        Some(Peeked {
            name: entry.name,
            side: Side {
                kind: entry.mode.kind(),
                id: entry.id.to_owned(),
            },
            end: self.bytes().saturating_sub(entries.rest().len()),
        })
    }
}

/// Changes, with the bytes that they take.
#[derive(Debug, Default)]
pub struct ChangeList {
    changes: Vec<Change>,
    bytes: usize,
}

impl ChangeList {
    /// Adds one; refuses one that would take more than [`CHANGES_BYTES_MAX`].
    pub fn push(&mut self, change: Change) -> Result<(), CompareError> {
        self.bytes = self.bytes.saturating_add(change.held_bytes());
        self.changes.push(change);
        if self.bytes > CHANGES_BYTES_MAX {
            return Err(CompareError::TooManyChanges {
                changes: self.changes.len(),
                bytes: self.bytes,
                limit: CHANGES_BYTES_MAX,
            });
        }
        Ok(())
    }

    /// Bytes that they take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The changes.
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }
}

#[cfg(test)]
mod tests;
