//! What a tree reaches, less what some other trees have at the same paths.
//!
//! Needed where no introduced list says it: for trees that are fetched by name, and for commits
//! at the edge of a shallow history.

use std::collections::HashSet;

use gix_hash::ObjectId;

use super::super::object::ObjectKind;
use super::super::object::facts::FactsError;
use super::super::store::{ObjectSource, ReadError, Shared};
use super::trees::{TreeStack, for_each_new_entry};

/// A tree of the live packs could not be walked: our corruption, or a tree that was never proved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeWalkError {
    /// A tree is not there.
    #[error("tree {id} is missing")]
    Missing {
        /// The tree.
        id: ObjectId,
    },
    /// What a tree should be is something else.
    #[error("object {id} is a {found}, not a tree")]
    NotATree {
        /// The object.
        id: ObjectId,
        /// Its kind.
        found: ObjectKind,
    },
    /// A tree that git could not read.
    #[error("malformed tree {id}: {problem}")]
    Malformed {
        /// The tree.
        id: ObjectId,
        /// What is wrong with it.
        problem: FactsError,
    },
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Walks over trees, each of them once. Holds about 40 bytes for each tree seen.
pub struct TreeWalk<'a> {
    objects: &'a dyn ObjectSource,
    seen: HashSet<ObjectId>,
}

impl<'a> TreeWalk<'a> {
    /// Prepares walks over these objects.
    pub fn new(objects: &'a dyn ObjectSource) -> Self {
        Self { objects, seen: HashSet::new() }
    }

    /// Calls `visit` with `tree_id` and with every tree and blob below it, except what the trees
    /// `had` have at the same path, and except what is below trees that an earlier walk saw.
    pub fn walk<E: From<TreeWalkError>>(
        &mut self,
        tree_id: ObjectId,
        had: &[ObjectId],
        mut visit: impl FnMut(ObjectId, ObjectKind) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut stack = TreeStack::default();
        if !had.contains(&tree_id) && self.seen.insert(tree_id) {
            visit(tree_id, ObjectKind::Tree)?;
            stack.push(tree_id, tree_id, had, 1);
        }
        while let Some(tree) = stack.pop() {
            let content = self.read(tree.id)?;
            let mut bases = Vec::with_capacity(tree.bases.len());
            for base in &tree.bases {
                bases.push(self.read(*base)?);
            }
            let mut failed = None;
            let walked: Result<(), Stop> = for_each_new_entry(&content, &bases, |entry| {
                if entry.kind == ObjectKind::Tree {
                    if !self.seen.insert(entry.id) {
                        return Ok(());
                    }
                    stack.push(entry.id, tree.id, entry.bases, 0);
                }
                visit(entry.id, entry.kind).map_err(|error| {
                    failed = Some(error);
                    Stop::Visit
                })
            });
            if let Some(error) = failed {
                return Err(error);
            }
            if let Err(Stop::Tree(problem)) = walked {
                return Err(TreeWalkError::Malformed { id: tree.id, problem }.into());
            }
        }
        Ok(())
    }

    fn read(&self, id: ObjectId) -> Result<Shared, TreeWalkError> {
        match self.objects.read(&id)? {
            Some((ObjectKind::Tree, content)) => Ok(content),
            Some((found, _)) => Err(TreeWalkError::NotATree { id, found }),
            None => Err(TreeWalkError::Missing { id }),
        }
    }
}

enum Stop {
    Tree(FactsError),
    Visit,
}

impl From<FactsError> for Stop {
    fn from(problem: FactsError) -> Self {
        Self::Tree(problem)
    }
}
