//! The commits that a client of version 0 or 1 has in common with us, have by have.

use std::collections::HashSet;

use gix_hash::ObjectId;

use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::store::StoreError;

/// The common haves of a request of version 0 or 1.
#[derive(Default)]
pub(crate) struct Common {
    /// Their commits, in the order sent.
    pub nodes: Vec<CommitNode>,
    /// The newest of them.
    pub last: Option<ObjectId>,
    /// Commits that were haves, and their parents: git takes these for known.
    expected: HashSet<CommitNode>,
    /// Haves that were not expected.
    pub(crate) news: usize,
    /// How many have to be common before it is worth looking again whether that is enough.
    due: usize,
}

impl Common {
    /// Takes one more for common.
    pub(crate) fn add(
        &mut self,
        graph: &CommitGraph,
        id: ObjectId,
        node: CommitNode,
    ) -> Result<(), StoreError> {
        let mut parents = Vec::new();
        graph.parents(node, &mut parents)?;
        self.news += usize::from(self.expected.insert(node));
        self.expected.extend(parents);
        self.nodes.push(node);
        self.last = Some(id);
        Ok(())
    }

    /// Whether to look: each look may cost a walk over the repository, and a client may send a
    /// hundred thousand haves.
    pub(crate) fn is_due(&mut self) -> bool {
        let is_due = self.nodes.len() >= self.due.max(1);
        if is_due {
            self.due = self.nodes.len() + self.nodes.len() / 8 + 1;
        }
        is_due
    }
}
