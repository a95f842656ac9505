//! The history of a commit, newest first, as `git log` walks it; with a path, as `git log -- path`
//! with its default simplification
//! (<https://git-scm.com/docs/git-log#_history_simplification>).
//!
//! Without a path nothing but the graph is read. With one, the trees along the path are: a commit
//! whose parent has the same there is not shown, and of a merge only that parent is followed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::store::{ObjectSource, ReadError, StoreError};
use super::lookup::TreePath;
use super::places::PathPlaces;

/// The result of one step of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A commit of the log.
    Shown(CommitNode),
    /// A commit that does not touch the path.
    Passed,
    /// There are no more.
    Ended,
}

/// A walk over a history.
#[derive(Debug)]
pub(crate) struct Log {
    graph: Rc<CommitGraph>,
    /// By date, the latest first; of two with one date, the one that was found first.
    queue: BinaryHeap<(u64, Reverse<u64>, CommitNode)>,
    found: u64,
    /// A bit for each commit that was ever in the queue.
    seen: Vec<u64>,
    path: Option<PathHistory>,
    first_parents: bool,
}

impl Log {
    /// The history of `start`; only commits that change the path, unless that is the root.
    pub(crate) fn new(
        graph: Rc<CommitGraph>,
        start: CommitNode,
        path: TreePath,
    ) -> Result<Self, StoreError> {
        let seen = vec![0; graph.len().div_ceil(64)];
        let mut log = Self {
            graph,
            queue: BinaryHeap::new(),
            found: 0,
            seen,
            path: (!path.is_root()).then(|| PathHistory::new(path)),
            first_parents: false,
        };
        log.find(start)?;
        Ok(log)
    }

    /// The same along the first parents alone: `git log --first-parent`.
    #[must_use]
    pub(crate) fn of_first_parents(self) -> Self {
        Self {
            first_parents: true,
            ..self
        }
    }

    /// The graph whose nodes it gives.
    pub(crate) fn graph(&self) -> &CommitGraph {
        &self.graph
    }

    /// Bytes of the trees that were read along the path.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.path
            .as_ref()
            .map_or(0, |path| path.places.read_bytes())
    }

    /// Whether no commit is left to look at.
    pub(crate) fn is_ended(&self) -> bool {
        self.queue.is_empty()
    }

    /// Takes the next commit. After an error the same can be asked again.
    pub(crate) fn step(&mut self, objects: &impl ObjectSource) -> Result<Step, ReadError> {
        let Some(first) = self.queue.pop() else {
            return Ok(Step::Ended);
        };
        let step = self.take(objects, first.2);
        if step.is_err() {
            self.queue.push(first);
        }
        step
    }

    fn take(&mut self, objects: &impl ObjectSource, node: CommitNode) -> Result<Step, ReadError> {
        let mut parents = Vec::new();
        self.graph.parents(node, &mut parents)?;
        if self.first_parents {
            parents.truncate(1);
        }
        let is_shown = match &mut self.path {
            Some(path) => path.simplify(&self.graph, objects, node, &mut parents)?,
            None => true,
        };
        for parent in parents {
            self.find(parent)?;
        }
        Ok(if is_shown {
            Step::Shown(node)
        } else {
            Step::Passed
        })
    }

    fn find(&mut self, node: CommitNode) -> Result<(), StoreError> {
        let (word, bit) = (node.index() / 64, node.index() % 64);
        let Some(word) = self.seen.get_mut(word) else {
            return Ok(());
        };
        if *word & (1 << bit) == 0 {
            let date = self.graph.time_seconds(node)?;
            *word |= 1 << bit;
            self.queue.push((date, Reverse(self.found), node));
            self.found = self.found.saturating_add(1);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct PathHistory {
    places: PathPlaces,
}

impl PathHistory {
    fn new(path: TreePath) -> Self {
        Self {
            places: PathPlaces::new(path),
        }
    }

    /// Whether the commit is shown; leaves of its parents those to follow.
    fn simplify(
        &mut self,
        graph: &CommitGraph,
        objects: &impl ObjectSource,
        node: CommitNode,
        parents: &mut Vec<CommitNode>,
    ) -> Result<bool, ReadError> {
        let tree = graph.tree_id(node)?;
        if parents.is_empty() {
            return self.places.differ(objects, Some(tree), None);
        }
        for at in 0..parents.len() {
            let Some(parent) = parents.get(at).copied() else {
                break;
            };
            let parent_tree = graph.tree_id(parent)?;
            if !(self.places).differ(objects, Some(tree), Some(parent_tree))? {
                *parents = vec![parent];
                return Ok(false);
            }
        }
        Ok(true)
    }
}
