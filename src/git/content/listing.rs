//! The entries of a tree in git's order (`git ls-tree`, and with subtrees `git ls-tree -r -t`),
//! one by one. The walk holds the trees from the root to its place, and no others.

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::object::facts::{Mode, tree_entries};
use super::super::store::{ObjectSource, ReadError, Shared};

/// Bytes that one listing gives at most: each entry counts as its path and [`ENTRY_BYTES`]. A tree of a
/// few hundred bytes may have millions of entries below it.
pub(crate) const LISTED_BYTES_MAX: u64 = 16 << 20;

/// Bytes around an entry's path where it is shown.
const ENTRY_BYTES: u64 = 110;

/// Bytes of trees held at once, at most.
const HELD_BYTES_MAX: usize = 24 << 20;

/// An entry as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its path from the tree that is listed.
    pub path: BString,
    /// Its mode.
    pub mode: Mode,
    /// The object.
    pub id: ObjectId,
}

/// Why a listing ends early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ListingError {
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A subtree is not here: the tree belongs to no commit.
    #[error("tree {0} is not here")]
    Missing(ObjectId),
    /// The trees are nested too deeply.
    #[error("trees are nested more than {0} levels deep")]
    TooDeep(usize),
    /// The place to go on from is not in the tree.
    #[error("the tree has no entry '{0}' to go on from")]
    NotThere(BString),
    /// The trees on the way are too large together.
    #[error("the trees on one path have more than {HELD_BYTES_MAX} bytes")]
    TooLarge,
}

/// A walk over the entries of a tree.
#[derive(Debug)]
pub(crate) struct Listing {
    levels: Vec<Level>,
    /// The subtree to go into before the next entry, and how long its path is.
    pending: Option<(ObjectId, usize)>,
    /// The path of the entry that was given last.
    path: BString,
    /// The names that lead to the entry to go on behind, the last first.
    resume: Vec<BString>,
    recursive: bool,
    depth_max: usize,
    given_bytes_max: u64,
    given: u64,
    given_bytes: u64,
    held_bytes: usize,
}

#[derive(Debug)]
struct Level {
    content: Shared,
    /// Offset of the next entry.
    at: usize,
    /// Bytes of the path that lead here.
    path_bytes: usize,
}

impl Listing {
    /// Lists a tree, given its content.
    pub(crate) fn new(root: Shared, recursive: bool, limits: &Limits) -> Self {
        let held_bytes = root.len();
        Self {
            levels: vec![Level {
                content: root,
                at: 0,
                path_bytes: 0,
            }],
            pending: None,
            path: BString::default(),
            resume: Vec::new(),
            recursive,
            depth_max: limits.tree_depth_max,
            given_bytes_max: LISTED_BYTES_MAX,
            given: 0,
            given_bytes: 0,
            held_bytes,
        }
    }

    /// The same from behind an entry on: where another listing was cut.
    #[must_use]
    pub(crate) fn behind(self, path: &BStr) -> Self {
        let mut names: Vec<BString> = path.split_str("/").map(BString::from).collect();
        names.reverse();
        Self {
            resume: names,
            ..self
        }
    }

    /// The same to the end, however much that is: for a reader that keeps nothing.
    #[must_use]
    pub(crate) fn without_bound(self) -> Self {
        Self {
            given_bytes_max: u64::MAX,
            ..self
        }
    }

    /// Leaves out the entries below the directory that was given last.
    pub(crate) fn skip_below(&mut self) {
        self.pending = None;
    }

    /// The path of the entry that was given last.
    pub(crate) fn last_path(&self) -> &BStr {
        self.path.as_bstr()
    }

    /// How many entries were given.
    pub(crate) fn given(&self) -> u64 {
        self.given
    }

    /// Whether [`LISTED_BYTES_MAX`] were given and there is more.
    pub(crate) fn is_cut(&self) -> bool {
        self.given_bytes >= self.given_bytes_max
            && (self.pending.is_some()
                || (self.levels.iter()).any(|level| level.at < level.content.len()))
    }

    /// The next entry; `None` at the end, or when [`LISTED_BYTES_MAX`] were given of a listing that is cut.
    pub(crate) fn next(
        &mut self,
        objects: &impl ObjectSource,
    ) -> Result<Option<Listed>, ListingError> {
        if self.given_bytes >= self.given_bytes_max {
            return Ok(None);
        }
        self.descend(objects)?;
        while let Some(name) = self.resume.pop() {
            self.skip_behind(name.as_bstr())?;
            self.descend(objects)?;
        }
        while let Some(level) = self.levels.last_mut() {
            let rest = level.content.get(level.at..).unwrap_or_default();
            let mut entries = tree_entries(rest);
            let Some(Ok(entry)) = entries.next() else {
                // As in git, an entry that does not parse ends the tree.
                debug_assert!(
                    self.held_bytes >= level.content.len(),
                    "a level was not counted"
                );
                self.held_bytes = self.held_bytes.saturating_sub(level.content.len());
                self.levels.pop();
                continue;
            };
            let (mode, id) = (entry.mode, entry.id.to_owned());
            self.path.truncate(level.path_bytes);
            self.path.extend_from_slice(entry.name);
            level.at = level.content.len().saturating_sub(entries.rest().len());
            if self.recursive && mode.is_tree() {
                self.pending = Some((id, self.path.len()));
            }
            self.given = self.given.saturating_add(1);
            let bytes = (self.path.len() as u64).saturating_add(ENTRY_BYTES);
            self.given_bytes = self.given_bytes.saturating_add(bytes);
            return Ok(Some(Listed {
                path: self.path.clone(),
                mode,
                id,
            }));
        }
        Ok(None)
    }

    /// Goes behind the entry of this name on the last level, as if it had just been given.
    fn skip_behind(&mut self, name: &BStr) -> Result<(), ListingError> {
        let not_there = ListingError::NotThere(name.to_owned());
        let level = self.levels.last_mut().ok_or(not_there.clone())?;
        let mut entries = tree_entries(&level.content);
        let entry = entries
            .by_ref()
            .map_while(Result::ok)
            .find(|entry| entry.name == name);
        let entry = entry.ok_or(not_there.clone())?;
        let (is_tree, id) = (entry.mode.is_tree(), entry.id.to_owned());
        level.at = level.content.len().saturating_sub(entries.rest().len());
        self.path.truncate(level.path_bytes);
        self.path.extend_from_slice(name);
        match (is_tree, self.resume.is_empty()) {
            (true, true) if !self.recursive => {}
            (true, _) => self.pending = Some((id, self.path.len())),
            (false, true) => {}
            (false, false) => return Err(not_there),
        }
        Ok(())
    }

    /// Goes into the subtree that was given last. Until it is read nothing has changed.
    fn descend(&mut self, objects: &impl ObjectSource) -> Result<(), ListingError> {
        let Some((id, path_bytes)) = self.pending else {
            return Ok(());
        };
        if self.levels.len() >= self.depth_max {
            return Err(ListingError::TooDeep(self.depth_max));
        }
        let Some((ObjectKind::Tree, content)) = objects.read(&id)? else {
            return Err(ListingError::Missing(id));
        };
        self.held_bytes = self.held_bytes.saturating_add(content.len());
        if self.held_bytes > HELD_BYTES_MAX {
            return Err(ListingError::TooLarge);
        }
        self.pending = None;
        self.path.truncate(path_bytes);
        self.path.push(b'/');
        self.levels.push(Level {
            content,
            at: 0,
            path_bytes: self.path.len(),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
