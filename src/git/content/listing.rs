//! The entries of a tree in git's order (`git ls-tree`, and with subtrees `git ls-tree -r -t`),
//! given one by one: what is held is the trees from the root to where the walk stands.

use gix_hash::ObjectId;
use gix_object::bstr::BString;

use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::object::facts::{Mode, tree_entries};
use super::super::store::{ObjectSource, ReadError, Shared};

/// Entries that one listing gives at most.
pub const ENTRIES_MAX: u64 = 1_000_000;

/// Bytes of trees held at once, at most.
const HELD_BYTES_MAX: usize = 24 << 20;

/// An entry as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its path from the tree that is listed.
    pub path: BString,
    /// What it is.
    pub mode: Mode,
    /// The object.
    pub id: ObjectId,
}

/// Why a listing ends early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A subtree is not here: the tree belongs to no commit.
    #[error("tree {0} is not here")]
    Missing(ObjectId),
    /// The trees are nested too deeply.
    #[error("trees are nested more than {0} levels deep")]
    TooDeep(usize),
    /// The trees on the way are too large together.
    #[error("the trees on one path have more than {HELD_BYTES_MAX} bytes")]
    TooLarge,
}

/// A walk over the entries of a tree.
#[derive(Debug)]
pub struct Listing {
    levels: Vec<Level>,
    /// The subtree to go into before the next entry, and how long its path is.
    pending: Option<(ObjectId, usize)>,
    /// The path of the entry that was given last.
    path: BString,
    recursive: bool,
    depth_max: usize,
    given: u64,
    held_bytes: usize,
}

#[derive(Debug)]
struct Level {
    content: Shared,
    /// Where the next entry starts.
    at: usize,
    /// Bytes of the path that lead here.
    path_bytes: usize,
}

impl Listing {
    /// Lists a tree, given its content.
    pub fn new(root: Shared, recursive: bool, limits: &Limits) -> Self {
        let held_bytes = root.len();
        Self {
            levels: vec![Level {
                content: root,
                at: 0,
                path_bytes: 0,
            }],
            pending: None,
            path: BString::default(),
            recursive,
            depth_max: limits.tree_depth_max,
            given: 0,
            held_bytes,
        }
    }

    /// How many entries were given.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Whether there is more than [`ENTRIES_MAX`], once that many were given.
    pub fn is_cut(&self) -> bool {
        self.given >= ENTRIES_MAX
            && (self.pending.is_some()
                || (self.levels.iter()).any(|level| level.at < level.content.len()))
    }

    /// The next entry; `None` at the end, or when [`ENTRIES_MAX`] were given.
    pub fn next(&mut self, objects: &impl ObjectSource) -> Result<Option<Listed>, ListingError> {
        if self.given >= ENTRIES_MAX {
            return Ok(None);
        }
        self.descend(objects)?;
        while let Some(level) = self.levels.last_mut() {
            let rest = level.content.get(level.at..).unwrap_or_default();
            let mut entries = tree_entries(rest);
            let Some(Ok(entry)) = entries.next() else {
                // What does not parse ends a tree, as in git.
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
            return Ok(Some(Listed {
                path: self.path.clone(),
                mode,
                id,
            }));
        }
        Ok(None)
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
