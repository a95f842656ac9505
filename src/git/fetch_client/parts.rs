//! Cuts a long history into fetches of bounded size.
//!
//! A request cannot bound the objects that its fetch brings: `deepen` cuts a history from its new end, so
//! that the commits at the cut lack their parents. When the cuts start at the old end, every part
//! is complete. The client first fetches the commits (without trees), orders them with parents
//! before children, and divides them. A part's *frontier* is the commits of all parts so far that
//! have no child among them; it reaches everything so far. So part n is a fetch that wants the
//! frontier of n and has the frontier of n - 1, and its pack is complete.

use std::collections::HashSet;

use gix_hash::{ObjectId, oid};
use gix_object::bstr::ByteSlice as _;
use smallvec::SmallVec;

use super::super::object::facts::CommitFacts;
use super::super::store::StoreError;

/// The commits whose parents are being visited, each with the parents still to visit. It is never longer
/// than the history has commits.
type Path = Vec<(ObjectId, SmallVec<[ObjectId; 2]>)>;

/// A history of which the caller has the commits alone.
pub trait History {
    /// The commit, if it is part of the history.
    fn commit(&self, commit_id: &oid) -> Option<CommitFacts>;

    /// Whether the commit is here already, with all that it reaches.
    fn is_here(&self, commit_id: &oid) -> Result<bool, StoreError>;
}

/// A history cannot be cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// The history refers to a commit that is not part of it.
    #[error("the remote's history lacks commit {commit_id}")]
    Gap {
        /// The commit.
        commit_id: ObjectId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The points at which to cut.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// Commits that are here already and that the rest builds on.
    pub here: Vec<ObjectId>,
    /// The frontier of each part but the last, which wants the refs themselves.
    pub(crate) frontiers: Vec<Vec<ObjectId>>,
    /// The number of commits to fetch.
    pub commits: usize,
}

impl Parts {
    /// Cuts the history of `tips` after every `commits_a_part` commits.
    pub fn cut(
        history: &impl History,
        tips: &[ObjectId],
        commits_a_part: usize,
    ) -> Result<Self, CutError> {
        let mut walk = Walk {
            seen: HashSet::new(),
            here: HashSet::new(),
            frontier: HashSet::new(),
            commits_a_part: commits_a_part.max(1),
            parts: Self::default(),
        };
        for tip in tips {
            walk.visit(history, *tip)?;
        }
        let mut parts = walk.parts;
        // A cut behind the last commit would leave nothing to the last part.
        if parts.commits.is_multiple_of(walk.commits_a_part) {
            parts.frontiers.pop();
        }
        parts.here = sorted(&walk.here);
        Ok(parts)
    }
}

struct Walk {
    seen: HashSet<ObjectId>,
    here: HashSet<ObjectId>,
    frontier: HashSet<ObjectId>,
    commits_a_part: usize,
    parts: Parts,
}

impl Walk {
    /// Visits a commit after its parents.
    fn visit(&mut self, history: &impl History, tip: ObjectId) -> Result<(), CutError> {
        let mut path = Path::new();
        self.enter(history, tip, &mut path)?;
        while let Some((commit_id, parents)) = path.last_mut() {
            if let Some(parent) = parents.pop() {
                self.enter(history, parent, &mut path)?;
                continue;
            }
            let commit_id = *commit_id;
            path.pop();
            self.leave(history, commit_id);
        }
        Ok(())
    }

    fn enter(
        &mut self,
        history: &impl History,
        commit_id: ObjectId,
        path: &mut Path,
    ) -> Result<(), CutError> {
        if self.seen.contains(&commit_id) {
            return Ok(());
        }
        if history.is_here(&commit_id)? {
            self.here.insert(commit_id);
            return Ok(());
        }
        let commit = history
            .commit(&commit_id)
            .ok_or(CutError::Gap { commit_id })?;
        self.seen.insert(commit_id);
        // The last one is visited first.
        let parents = commit.parents.iter().rev().copied().collect();
        path.push((commit_id, parents));
        Ok(())
    }

    fn leave(&mut self, history: &impl History, commit_id: ObjectId) {
        let parents = history.commit(&commit_id).map(|commit| commit.parents);
        for parent in parents.iter().flatten() {
            self.frontier.remove(parent);
        }
        self.frontier.insert(commit_id);
        self.parts.commits = self.parts.commits.saturating_add(1);
        if self.parts.commits.is_multiple_of(self.commits_a_part) {
            self.parts.frontiers.push(sorted(&self.frontier));
        }
    }
}

fn sorted(set: &HashSet<ObjectId>) -> Vec<ObjectId> {
    let mut ids: Vec<_> = set.iter().copied().collect();
    ids.sort_unstable();
    ids
}

/// Object ids as they are stored: one after the other.
pub(crate) fn join_ids(ids: &[ObjectId]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.as_bytes()).copied().collect()
}

/// The ids that [`join_ids`] joined; an incomplete id at the end is left out.
pub(crate) fn split_ids(bytes: &[u8]) -> Vec<ObjectId> {
    let width = gix_hash::Kind::Sha1.len_in_bytes();
    let ids = bytes.chunks_exact(width);
    ids.filter_map(|id| ObjectId::try_from(id.as_bytes()).ok())
        .collect()
}

#[cfg(test)]
mod tests;
