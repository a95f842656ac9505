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

/// Walks over trees, in steps. It enters a tree again only where the filter may decide otherwise. Holds
/// about 50 bytes for each tree seen. Each call gets the same objects and the same filter.
pub(crate) struct TreeWalk {
    /// The least depth at which each tree was entered. With a filter by names, by the path too.
    seen: HashMap<(ObjectId, u64), Directory>,
    /// Trees that are still to be read, the next one last.
    pending: Vec<Pending>,
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

/// Any tree costs as much as so many bytes of one.
const TREE_COST_BYTES: u64 = 256;

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

impl TreeWalk {
    /// Prepares walks that are bounded in the objects that they read.
    pub(crate) fn new(bounds: WalkBounds) -> Self {
        Self {
            seen: HashMap::new(),
            pending: Vec::new(),
            pending_bytes: 0,
            visits: 0,
            read_bytes: 0,
            bounds,
        }
    }

    /// Begins to walk over a commit's tree: [`TreeWalk::walk_on`] gives the trees and blobs below it
    /// whose place the filter keeps, except entries that the trees `had` have at the same path, and objects
    /// that earlier walks gave. The receiver must have `had`, or earlier walks have given them. A tree is not
    /// entered twice, so two walks that each counted on the other would both be cut short. True if the tree
    /// itself must be given too.
    pub(crate) fn enter_root(
        &mut self,
        filter: &ObjectFilter,
        tree_id: ObjectId,
        had: &[ObjectId],
    ) -> bool {
        if had.contains(&tree_id) {
            return false;
        }
        self.enter(filter, tree_id, BString::default(), filter.root(), had);
        filter.keeps_root()
    }

    /// The same for a tree that is wanted itself.
    pub(crate) fn enter_wanted(&mut self, filter: &ObjectFilter, tree_id: ObjectId) {
        let place = ObjectFilter::wanted_tree();
        self.enter(filter, tree_id, BString::default(), place, &[]);
    }

    /// How many trees were read.
    pub(crate) fn visits(&self) -> u64 {
        self.visits
    }

    /// Whether trees are still to be read.
    pub(crate) fn is_under_way(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Reads the next trees, until they have so many bytes together or none is left; `visit` is called with
    /// their entries. Gives the bytes, [`TREE_COST_BYTES`] more for each tree. After a failure to read a tree
    /// it can be called again.
    pub(crate) fn walk_on<E: From<TreeWalkError>>(
        &mut self,
        (objects, filter): (&dyn ObjectSource, &ObjectFilter),
        bytes_max: u64,
        mut visit: impl FnMut(ObjectId, ObjectKind) -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut walked_bytes = 0_u64;
        while let Some(tree) = self.pending.last() {
            self.check_bounds()?;
            let mut read_bytes = 0_u64;
            let content = read(objects, tree.id, &mut read_bytes)?;
            let mut bases = Vec::with_capacity(tree.bases.len());
            for base in &tree.bases {
                bases.push(read(objects, *base, &mut read_bytes)?);
            }
            let Some(tree) = self.pending.pop() else {
                break;
            };
            debug_assert!(self.pending_bytes >= tree.bytes(), "a tree was not counted");
            self.pending_bytes = self.pending_bytes.saturating_sub(tree.bytes());
            self.visits += 1;
            self.read_bytes = self.read_bytes.saturating_add(read_bytes);
            let counted = read_bytes.saturating_add(TREE_COST_BYTES);
            walked_bytes = walked_bytes.saturating_add(counted);
            let mut failed = None;
            let walked: Result<(), Stop> = for_each_new_entry(&content, &bases, |entry| {
                if self.take(filter, &tree, &entry) {
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
            if walked_bytes >= bytes_max {
                break;
            }
        }
        Ok(walked_bytes)
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
    fn take(&mut self, filter: &ObjectFilter, tree: &Pending, entry: &NewEntry<'_>) -> bool {
        let path = if filter.needs_names() {
            joined(&tree.path, entry.name)
        } else {
            BString::default()
        };
        if entry.kind != ObjectKind::Tree {
            return filter.keeps_blob_in(tree.place, path.as_ref());
        }
        let place = filter.enter(tree.place, path.as_ref());
        self.enter(filter, entry.id, path, place, entry.bases);
        filter.keeps_tree_in(tree.place)
    }

    /// Notes a tree to be read, unless nothing below it can be kept or all of that was given.
    fn enter(
        &mut self,
        filter: &ObjectFilter,
        id: ObjectId,
        path: BString,
        place: Directory,
        bases: &[ObjectId],
    ) {
        if !filter.keeps_tree_in(place) || !filter.keeps_content() {
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
        // One tree alone may have enough entries; the walk ends behind it. If the notes take too much, one
        // still goes in, so that the walk goes on and reports the excess.
        if self.notes_bytes() <= self.bounds.notes_bytes_max || self.pending.is_empty() {
            self.seen.insert(key, place);
            self.pending.push(pending);
        }
    }
}

/// Reads a tree, and counts its bytes.
fn read(
    objects: &dyn ObjectSource,
    id: ObjectId,
    read_bytes: &mut u64,
) -> Result<Shared, TreeWalkError> {
    match objects.read(&id)? {
        Some((ObjectKind::Tree, content)) => {
            *read_bytes = read_bytes.saturating_add(content.len() as u64);
            Ok(content)
        }
        Some((found, _)) => Err(TreeWalkError::NotATree { id, found }),
        None => Err(TreeWalkError::Missing { id }),
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
