//! Two commits merged, over all their merge bases (`merge_ort_internal` of git's `merge-ort.c`).
//!
//! Several merge bases are merged with each other first, conflicts and all, the oldest two first; the result
//! is the base. Merging them may need merge bases again.

use gix_hash::{ObjectId, oid};
use gix_object::bstr::BString;

use super::super::compare::history;
use super::super::edit::new_objects::NewObjects;
use super::super::graph::ancestry;
use super::super::graph::commits::CommitGraph;
use super::super::store::{ColdChunk, ObjectSource, StoreError};
use super::tree::{
    BranchNames, Favor, MergedTree, TreeMerge, TreeMergeError, TreeMergeLimits, TreeMergeOptions,
};

/// Merges of merge bases for one merge, at most. Real histories need a handful.
const INNER_MERGES_MAX: usize = 64;

/// The work of finding merge bases, as a merge of trees counts it: enough for others to get their turn.
const BASES_WORK: u64 = 20_000;

/// Digits of a merge base's id in a marker.
const BASE_DIGITS: usize = 7;

/// The questions that a merge asks about the history.
pub trait History {
    /// The tree of a commit; `None` if the commit is not here.
    fn tree_of(&self, commit: &oid) -> Result<Option<ObjectId>, StoreError>;

    /// The best common ancestors of a merge of `ours` and one of `theirs`, the youngest first.
    fn merge_bases(
        &self,
        ours: &[ObjectId],
        theirs: &[ObjectId],
    ) -> Result<Vec<ObjectId>, StoreError>;
}

impl History for CommitGraph {
    fn tree_of(&self, commit: &oid) -> Result<Option<ObjectId>, StoreError> {
        let node = self.lookup(commit)?;
        node.map(|node| self.tree_id(node)).transpose()
    }

    fn merge_bases(
        &self,
        ours: &[ObjectId],
        theirs: &[ObjectId],
    ) -> Result<Vec<ObjectId>, StoreError> {
        let (ours, theirs) = (self.lookup_all(ours)?, self.lookup_all(theirs)?);
        let bases = ancestry::merge_bases_of(self, &ours, &theirs)?;
        self.commit_ids(&history::latest_first(self, &bases)?)
    }
}

/// Why two commits cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitMergeError {
    /// Their trees cannot be merged.
    #[error(transparent)]
    Tree(#[from] TreeMergeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit is not here.
    #[error("commit {0} is not here")]
    NoCommit(ObjectId),
    /// They have no history in common.
    #[error("the histories of {ours} and {theirs} have no commit in common")]
    Unrelated {
        /// The one merged into.
        ours: ObjectId,
        /// The one merged.
        theirs: ObjectId,
    },
    /// Too many merge bases have to be merged.
    #[error("more than {limit} merges of merge bases are needed")]
    TooManyBases {
        /// The bound.
        limit: usize,
    },
}

impl CommitMergeError {
    /// The chunk to fetch before the same step is taken again, if that is all that is wrong.
    pub fn cold(&self) -> Option<ColdChunk> {
        match self {
            Self::Tree(error) => error.cold(),
            Self::Store(error) => error.cold(),
            _ => None,
        }
    }

    /// Bytes to find room for before the same step is taken again, if that is all that is wrong.
    pub fn wanted_room(&self) -> Option<u64> {
        match self {
            Self::Tree(error) => error.wanted_room(),
            _ => None,
        }
    }
}

/// A commit, or a merge of merge bases that is not a commit.
#[derive(Debug, Clone)]
struct Side {
    /// The commit; for a merge of merge bases, the commits that it merges.
    commits: Vec<ObjectId>,
    tree: ObjectId,
}

/// A merge that waits for the merge of its bases.
#[derive(Debug)]
struct Frame {
    sides: [Side; 2],
    names: [BString; 2],
    /// The base, as far as it is merged.
    base: Side,
    base_name: BString,
    /// Bases that are still to be merged, the youngest first.
    rest: Vec<Side>,
}

/// The merge of two commits under way.
#[derive(Debug)]
pub struct CommitMerge {
    frames: Vec<Frame>,
    trees: Option<TreeMerge>,
    favor: Favor,
    limits: TreeMergeLimits,
    inner_merges: usize,
    /// Work since it was asked for last, without that of `trees`.
    work: u64,
    result: Option<MergedTree>,
}

impl CommitMerge {
    /// Merges `theirs` into `ours`; the names appear in markers and moved paths. `merge_bases` are
    /// those of the two, in the order of [`History::merge_bases`].
    pub fn new(
        history: &impl History,
        [ours, theirs]: [ObjectId; 2],
        merge_bases: &[ObjectId],
        names: [BString; 2],
        favor: Favor,
    ) -> Result<Self, CommitMergeError> {
        let side = |commit: ObjectId| side_of(history, commit);
        let sides = [side(ours)?, side(theirs)?];
        let frame = Frame::new(history, sides, merge_bases, names)?;
        let Some(frame) = frame else {
            return Err(CommitMergeError::Unrelated { ours, theirs });
        };
        Ok(Self {
            frames: vec![frame],
            trees: None,
            favor,
            limits: TreeMergeLimits::default(),
            inner_merges: 0,
            work: 0,
            result: None,
        })
    }

    /// Bytes that it holds beside the new objects.
    pub fn held_bytes(&self) -> usize {
        self.trees.as_ref().map_or(0, TreeMerge::held_bytes)
    }

    /// Takes note of the bytes that there is room for while one text is merged.
    pub fn set_text_room(&mut self, bytes: u64) {
        self.limits.text_room_bytes = bytes;
        if let Some(trees) = &mut self.trees {
            trees.set_text_room(bytes);
        }
    }

    /// How much work was done since this was asked last, in some microseconds.
    pub fn take_work(&mut self) -> u64 {
        let of_trees = self.trees.as_mut().map_or(0, TreeMerge::take_work);
        std::mem::take(&mut self.work).saturating_add(of_trees)
    }

    /// Takes one step, which reads little; `false` when all is done. After an error the same can be
    /// asked again.
    pub fn step(
        &mut self,
        history: &impl History,
        stored: &impl ObjectSource,
        new_objects: &mut NewObjects,
    ) -> Result<bool, CommitMergeError> {
        if let Some(trees) = &mut self.trees {
            if !trees.step(stored, new_objects)? {
                self.end_merge();
            }
            return Ok(true);
        }
        let depth = self.frames.len().saturating_sub(1);
        let Some(frame) = self.frames.last_mut() else {
            return Ok(false);
        };
        // Known before any of them is merged.
        if self.inner_merges.saturating_add(frame.rest.len()) > INNER_MERGES_MAX {
            return Err(CommitMergeError::TooManyBases {
                limit: INNER_MERGES_MAX,
            });
        }
        let Some(next) = frame.rest.pop() else {
            let [ours, theirs] = &frame.sides;
            let [our_name, their_name] = frame.names.clone();
            let options = TreeMergeOptions {
                names: BranchNames {
                    base: frame.base_name.clone(),
                    ours: our_name,
                    theirs: their_name,
                },
                favor: self.favor,
                depth,
                limits: self.limits,
            };
            let trees = [frame.base.tree, ours.tree, theirs.tree];
            self.trees = Some(TreeMerge::new(trees, options));
            return Ok(true);
        };
        self.inner_merges = self.inner_merges.saturating_add(1);
        self.work = self.work.saturating_add(BASES_WORK);
        let sides = [frame.base.clone(), next];
        let names = ["Temporary merge branch 1", "Temporary merge branch 2"].map(BString::from);
        let [ours, theirs] = &sides;
        let bases = history.merge_bases(&ours.commits, &theirs.commits)?;
        let inner = match Frame::new(history, sides.clone(), &bases, names.clone())? {
            Some(inner) => inner,
            None => Frame::unrelated(sides, names),
        };
        self.frames.push(inner);
        Ok(true)
    }

    /// Takes over the result of the innermost merge.
    fn end_merge(&mut self) {
        let merged = self.trees.take().and_then(TreeMerge::into_result);
        let (Some(merged), Some(done)) = (merged, self.frames.pop()) else {
            return;
        };
        match self.frames.last_mut() {
            None => self.result = Some(merged),
            Some(frame) => {
                let [ours, theirs] = done.sides;
                frame.base = Side {
                    commits: [ours.commits, theirs.commits].concat(),
                    tree: merged.tree,
                };
            }
        }
    }

    /// The result, once no step is left.
    pub fn into_result(self) -> Option<MergedTree> {
        self.result
    }
}

fn side_of(history: &impl History, commit: ObjectId) -> Result<Side, CommitMergeError> {
    let tree = history.tree_of(&commit)?;
    Ok(Side {
        commits: vec![commit],
        tree: tree.ok_or(CommitMergeError::NoCommit(commit))?,
    })
}

impl Frame {
    /// `None` if the sides have nothing in common.
    fn new(
        history: &impl History,
        sides: [Side; 2],
        bases: &[ObjectId],
        names: [BString; 2],
    ) -> Result<Option<Self>, CommitMergeError> {
        let bases = bases.iter().map(|base| side_of(history, *base));
        let mut rest = bases.collect::<Result<Vec<_>, _>>()?;
        let Some(base) = rest.pop() else {
            return Ok(None);
        };
        let base_name = match base.commits.first() {
            Some(commit) if rest.is_empty() => commit.to_hex_with_len(BASE_DIGITS).to_string(),
            _ => "merged common ancestors".to_owned(),
        };
        Ok(Some(Self {
            sides,
            names,
            base,
            base_name: base_name.into(),
            rest,
        }))
    }

    fn unrelated(sides: [Side; 2], names: [BString; 2]) -> Self {
        Self {
            sides,
            names,
            base: Side {
                commits: Vec::new(),
                tree: ObjectId::empty_tree(gix_hash::Kind::Sha1),
            },
            base_name: "empty tree".into(),
            rest: Vec::new(),
        }
    }
}
