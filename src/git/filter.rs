//! Filter-specs: the objects that a partial clone leaves out
//! (<https://git-scm.com/docs/git-rev-list#Documentation/git-rev-list.txt---filterltfilter-specgt>).
//!
//! All of git's filters are conditions that an object must meet, and `combine:` asks for all of
//! them; so a filter, however it is written, is one condition of each sort. Objects that are wants
//! go in any case.

use std::rc::Rc;

use gix_object::bstr::BStr;

use super::object::ObjectKind;

pub mod sparse;
mod spec;

use sparse::SparsePatterns;

/// Parts that a filter-spec may combine; each stands for a bit.
const PARTS_MAX: usize = 64;

/// Which objects of the missing commits are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectFilter {
    /// Blobs must have fewer bytes.
    blobs_below: Option<u64>,
    /// Trees and blobs must lie less deep; a commit's tree has depth 0.
    depth_below: Option<u64>,
    /// Nothing else is sent.
    kinds: Option<Vec<ObjectKind>>,
    /// Blobs must lie where all of these say.
    sparse: Vec<Rc<SparsePatterns>>,
}

/// An invalid filter-spec, in git's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Not a filter-spec.
    #[error("invalid filter-spec '{spec}'")]
    Invalid {
        /// The spec that was sent.
        spec: String,
    },
    /// Text in the place of a number.
    #[error("expected 'tree:<depth>'")]
    TreeDepth,
    /// Not the name of a kind of object.
    #[error("'{name}' for 'object:type=<type>' is not a valid object type")]
    ObjectType {
        /// The name that was sent.
        name: String,
    },
    /// A filter that git once had.
    #[error("sparse:path filters support has been dropped")]
    SparsePath,
    /// Nothing is combined.
    #[error("expected something after combine:")]
    CombineNothing,
    /// A character that must be escaped in a part of a combined filter.
    #[error("must escape char in sub-filter-spec: '{0}'")]
    Unescaped(char),
    /// More parts than a filter may have, or parts within parts.
    #[error("filter-spec has too many parts, at most {parts_max}")]
    TooManyParts {
        /// The bound.
        parts_max: usize,
    },
}

/// A directory, as far as its place decides about its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Directory {
    /// How deep its entries lie.
    entries_depth: u64,
    /// By sparse patterns, a bit each: whether they take paths that they do not decide on.
    taken: u64,
}

impl Directory {
    /// Whether all that is sent of a tree in `other` is sent of the same tree here.
    pub(crate) fn covers(self, other: Self) -> bool {
        self.taken == other.taken && self.entries_depth <= other.entries_depth
    }
}

impl ObjectFilter {
    /// Reads a filter-spec. `blob` finds the patterns of the blob that `sparse:oid=` names.
    pub fn parse<E: From<FilterError>>(
        spec: &BStr,
        blob: &mut dyn FnMut(&BStr) -> Result<SparsePatterns, E>,
    ) -> Result<Self, E> {
        spec::parse(spec, blob)
    }

    /// Whether everything is sent.
    pub(crate) fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an object's place in the tree counts: then kind and size alone do not tell.
    pub(crate) fn needs_paths(&self) -> bool {
        !self.sparse.is_empty() || self.depth_below.is_some_and(|depth| depth > 0)
    }

    /// Whether the sent objects depend on names, not only on depth.
    pub(crate) fn needs_names(&self) -> bool {
        !self.sparse.is_empty()
    }

    /// Whether an object of this kind and size is sent, as far as that decides.
    pub(crate) fn keeps(&self, kind: ObjectKind, size_bytes: u64) -> bool {
        let is_below = |bound: Option<u64>| bound.is_none_or(|bound| size_bytes < bound);
        let by_kind = match kind {
            ObjectKind::Commit | ObjectKind::Tag => true,
            ObjectKind::Tree => self.depth_below != Some(0),
            ObjectKind::Blob => self.depth_below != Some(0) && is_below(self.blobs_below),
        };
        let is_listed = |kinds: &Vec<ObjectKind>| kinds.contains(&kind);
        by_kind && self.kinds.as_ref().is_none_or(is_listed)
    }

    /// Whether any tree or blob may be sent that is not wanted itself.
    pub(crate) fn keeps_content(&self) -> bool {
        self.keeps(ObjectKind::Tree, 0) || self.keeps(ObjectKind::Blob, 0)
    }

    /// Whether the tree of a commit is sent, as far as its place decides.
    pub(crate) fn keeps_root(&self) -> bool {
        self.depth_below != Some(0)
    }

    /// The tree of a commit.
    pub fn root(&self) -> Directory {
        let above = Directory {
            entries_depth: 0,
            taken: 0,
        };
        self.enter(above, BStr::new(""))
    }

    /// A tree that is wanted itself: git does not hold it against a filter, and counts the depth
    /// of its entries from there.
    pub(crate) fn wanted_tree() -> Directory {
        Directory {
            entries_depth: 0,
            taken: 0,
        }
    }

    /// The directory of this path in `parent`.
    pub(crate) fn enter(&self, parent: Directory, path: &BStr) -> Directory {
        // Not counted when it does not count, so that equal trees have equal places.
        let step = u64::from(self.depth_below.is_some());
        Directory {
            entries_depth: parent.entries_depth.saturating_add(step),
            taken: self.decide(parent, path, true),
        }
    }

    /// Whether a tree in this directory is sent, as far as its place decides.
    pub(crate) fn keeps_tree_in(&self, directory: Directory) -> bool {
        self.depth_below
            .is_none_or(|depth| directory.entries_depth < depth)
    }

    /// Whether a blob of this path in the directory is sent, as far as its place decides.
    pub(crate) fn keeps_blob_in(&self, directory: Directory, path: &BStr) -> bool {
        let all = match u32::try_from(self.sparse.len()) {
            Ok(count @ 1..) => u64::MAX >> 64_u32.saturating_sub(count),
            _ => 0,
        };
        self.keeps_tree_in(directory) && self.decide(directory, path, false) == all
    }

    fn decide(&self, directory: Directory, path: &BStr, is_directory: bool) -> u64 {
        let mut taken = 0;
        for (place, patterns) in (0..64).zip(&self.sparse) {
            let undecided = directory.taken >> place & 1 == 1;
            let decided = patterns.decide(path, is_directory);
            taken |= u64::from(decided.unwrap_or(undecided)) << place;
        }
        taken
    }

    /// Makes the condition of another filter one of this too.
    fn add(&mut self, other: Self) {
        let least = |left: Option<u64>, right: Option<u64>| match (left, right) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        };
        self.blobs_below = least(self.blobs_below, other.blobs_below);
        self.depth_below = least(self.depth_below, other.depth_below);
        self.kinds = match (self.kinds.take(), other.kinds) {
            (Some(mut kinds), Some(others)) => {
                kinds.retain(|kind| others.contains(kind));
                Some(kinds)
            }
            (kinds, others) => kinds.or(others),
        };
        self.sparse.extend(other.sparse);
    }
}

#[cfg(test)]
mod tests;
