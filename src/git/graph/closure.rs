//! The objects that a tree reaches, without those that other trees have at the same paths.
//!
//! No introduced list has them in three cases: for trees that are fetched by name, for commits at
//! the edge of a shallow history, and for filters that go by an object's place.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString};

use super::super::filter::{Directory, ObjectFilter};
use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::object::facts::FactsError;
use super::super::store::{ObjectSource, ReadError, Shared};
use super::trees::{NewEntry, for_each_new_entry};

/// A tree of the live packs could not be walked: our corruption, or a tree that was never proved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeWalkError {
    /// A tree is not there.
    #[error("tree {id} is missing")]
    Missing {
        /// The tree.
        id: ObjectId,
    },
    /// An object that should be a tree is of another kind.
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
        /// The defect.
        problem: FactsError,
    },
    /// More trees to look at than a fetch may.
    #[error("upload-pack: more than {limit} {what} to look at; ask for less at once")]
    TooMany {
        /// `trees`, `bytes of trees` or `bytes of notes on trees`.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Walks over trees. It enters a tree again only where the filter may decide otherwise. Holds about
/// 50 bytes for each tree seen.
pub(crate) struct TreeWalk<'a> {
    objects: &'a dyn ObjectSource,
    filter: &'a ObjectFilter,
    /// The least depth at which each tree was entered. With a filter by names, by the path too.
    seen: HashMap<(ObjectId, u64), Directory>,
    /// Bytes of the trees that are still to be read, as they are noted.
    pending_bytes: usize,
    visits: u64,
    read_bytes: u64,
    bounds: WalkBounds,
}

/// How much a walk may look at. A tree of a few hundred bytes may stand under millions of paths.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_field_names, reason = "each is a bound, with its unit")]
pub(crate) struct WalkBounds {
    /// Trees, counted as often as they come by.
    pub(crate) visits_max: u64,
    /// Bytes of trees, counted alike.
    pub(crate) read_bytes_max: u64,
    /// Bytes of notes.
    pub(crate) notes_bytes_max: usize,
}

impl WalkBounds {
    /// Those of one fetch.
    pub(crate) fn of_fetch(limits: &Limits) -> Self {
        Self {
            visits_max: limits.tree_visits_max,
            read_bytes_max: limits.tree_walk_bytes_max,
            notes_bytes_max: limits.tree_notes_bytes_max,
        }
    }

    /// Those of maintenance, which looks at each tree once.
    pub(crate) fn of_maintenance(limits: &Limits) -> Self {
        Self {
            visits_max: limits.tree_visits_max,
            read_bytes_max: u64::MAX,
            notes_bytes_max: usize::MAX,
        }
    }
}

/// Bytes of the note on a tree that was seen.
const SEEN_BYTES: usize = 64;

/// A tree that is still to be read.
struct Pending {
    id: ObjectId,
    /// Empty when names do not count.
    path: BString,
    place: Directory,
    /// The trees that others have at the same path.
    bases: Vec<ObjectId>,
}

impl Pending {
    /// Bytes of this note, about.
    fn bytes(&self) -> usize {
        let bases = self.bases.len().saturating_mul(size_of::<ObjectId>());
        size_of::<Self>()
            .saturating_add(self.path.len())
            .saturating_add(bases)
    }
}

impl<'a> TreeWalk<'a> {
    /// Prepares walks over these objects, bounded in the objects that they read.
    pub(crate) fn new(
        objects: &'a dyn ObjectSource,
        filter: &'a ObjectFilter,
        bounds: WalkBounds,
    ) -> Self {
        Self {
            objects,
            filter,
            seen: HashMap::new(),
            pending_bytes: 0,
            visits: 0,
            read_bytes: 0,
            bounds,
        }
    }

    /// Calls `visit` with a commit's tree and with the trees and blobs below it whose place the
    /// filter keeps, except what the trees `had` have at the same path, and except what earlier
    /// walks gave. The receiver must have `had`, or earlier walks have given them. A tree is not
    /// entered twice, so two walks that each counted on the other would both be cut short.
    pub(crate) fn walk_root<E: From<TreeWalkError>>(
        &mut self,
        tree_id: ObjectId,
        had: &[ObjectId],
        mut visit: impl FnMut(ObjectId, ObjectKind) -> Result<(), E>,
    ) -> Result<(), E> {
        if had.contains(&tree_id) {
            return Ok(());
        }
        let place = self.filter.root();
        if self.filter.keeps_root() {
            visit(tree_id, ObjectKind::Tree)?;
        }
        self.walk(tree_id, place, had, &mut visit)
    }

    /// Calls `visit` with what is below a tree that is wanted itself.
    pub(crate) fn walk_wanted<E: From<TreeWalkError>>(
        &mut self,
        tree_id: ObjectId,
        mut visit: impl FnMut(ObjectId, ObjectKind) -> Result<(), E>,
    ) -> Result<(), E> {
        self.walk(tree_id, ObjectFilter::wanted_tree(), &[], &mut visit)
    }

    fn walk<E: From<TreeWalkError>>(
        &mut self,
        tree_id: ObjectId,
        place: Directory,
        had: &[ObjectId],
        visit: &mut impl FnMut(ObjectId, ObjectKind) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut stack = Vec::new();
        self.pending_bytes = 0;
        self.enter(tree_id, BString::default(), place, had, &mut stack);
        while let Some(tree) = stack.pop() {
            debug_assert!(self.pending_bytes >= tree.bytes(), "a tree was not counted");
            self.pending_bytes = self.pending_bytes.saturating_sub(tree.bytes());
            self.visits += 1;
            let content = self.read(tree.id)?;
            let mut bases = Vec::with_capacity(tree.bases.len());
            for base in &tree.bases {
                bases.push(self.read(*base)?);
            }
            let mut failed = None;
            let walked: Result<(), Stop> = for_each_new_entry(&content, &bases, |entry| {
                if self.take(&tree, &entry, &mut stack) {
                    visit(entry.id, entry.kind).map_err(|error| {
                        failed = Some(error);
                        Stop::Visit
                    })?;
                }
                Ok(())
            });
            if let Some(error) = failed {
                return Err(error);
            }
            self.check_bounds()?;
            if let Err(Stop::Tree(problem)) = walked {
                let id = tree.id;
                return Err(TreeWalkError::Malformed { id, problem }.into());
            }
        }
        Ok(())
    }

    fn check_bounds(&self) -> Result<(), TreeWalkError> {
        let WalkBounds {
            visits_max,
            read_bytes_max,
            notes_bytes_max,
        } = self.bounds;
        let (what, limit) = if self.visits > visits_max {
            ("trees", visits_max)
        } else if self.read_bytes > read_bytes_max {
            ("bytes of trees", read_bytes_max)
        } else if self.notes_bytes() > notes_bytes_max {
            ("bytes of notes on trees", notes_bytes_max as u64)
        } else {
            return Ok(());
        };
        Err(TreeWalkError::TooMany { what, limit })
    }

    fn notes_bytes(&self) -> usize {
        let seen_bytes = self.seen.len().saturating_mul(SEEN_BYTES);
        seen_bytes.saturating_add(self.pending_bytes)
    }

    /// Whether the filter keeps the entry; enters it if it is a tree.
    fn take(&mut self, tree: &Pending, entry: &NewEntry<'_>, stack: &mut Vec<Pending>) -> bool {
        let filter = self.filter;
        let path = if filter.needs_names() {
            joined(&tree.path, entry.name)
        } else {
            BString::default()
        };
        if entry.kind != ObjectKind::Tree {
            return filter.keeps_blob_in(tree.place, path.as_ref());
        }
        let place = filter.enter(tree.place, path.as_ref());
        self.enter(entry.id, path, place, entry.bases, stack);
        filter.keeps_tree_in(tree.place)
    }

    /// Puts a tree on the stack, unless nothing below it can be kept or all of that was given.
    fn enter(
        &mut self,
        id: ObjectId,
        path: BString,
        place: Directory,
        bases: &[ObjectId],
        stack: &mut Vec<Pending>,
    ) {
        if !self.filter.keeps_tree_in(place) || !self.filter.keeps_content() {
            return;
        }
        let key = (id, path_hash(path.as_ref()));
        if self.seen.get(&key).is_some_and(|seen| seen.covers(place)) {
            return;
        }
        let pending = Pending {
            id,
            path,
            place,
            bases: bases.to_vec(),
        };
        self.pending_bytes = self.pending_bytes.saturating_add(pending.bytes());
        // One tree alone may have enough entries; the walk ends behind it.
        if self.notes_bytes() <= self.bounds.notes_bytes_max {
            self.seen.insert(key, place);
            stack.push(pending);
        }
    }

    fn read(&mut self, id: ObjectId) -> Result<Shared, TreeWalkError> {
        match self.objects.read(&id)? {
            Some((ObjectKind::Tree, content)) => {
                self.read_bytes = self.read_bytes.saturating_add(content.len() as u64);
                Ok(content)
            }
            Some((found, _)) => Err(TreeWalkError::NotATree { id, found }),
            None => Err(TreeWalkError::Missing { id }),
        }
    }
}

fn joined(directory: &BString, name: &BStr) -> BString {
    let mut path = Vec::with_capacity(directory.len() + 1 + name.len());
    if !directory.is_empty() {
        path.extend_from_slice(directory);
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path.into()
}

/// A path as 64 bits: paths are long, and there may be one for each tree.
fn path_hash(path: &BStr) -> u64 {
    if path.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
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
