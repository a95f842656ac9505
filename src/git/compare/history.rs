//! Where histories meet: merge bases, and the commits that one side has and the other has not. The
//! walk takes steps, and reads nothing but the graph.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::store::StoreError;

const BASE: u8 = 1;
const HEAD: u8 = 2;
const BOTH: u8 = BASE | HEAD;
/// An ancestor of a merge base.
const STALE: u8 = 4;
const IS_QUEUED: u8 = 8;
/// Reached from the heads alone.
const IS_AHEAD: u8 = 16;
/// Was in the log's queue.
const IS_LOGGED: u8 = 32;

/// A walk over the history of a base and of one or more heads, which count as one merged commit.
#[derive(Debug)]
pub struct CommonHistory {
    graph: Rc<CommitGraph>,
    heads: Vec<CommitNode>,
    marks: Vec<u8>,
    queue: BinaryHeap<(u32, CommitNode)>,
    /// Queued commits that are not stale: when none is left, the walk has found everything.
    fresh: usize,
    merge_bases: Vec<CommitNode>,
    ahead: u64,
    behind: u64,
}

impl CommonHistory {
    /// Begins at the base and the heads.
    pub fn new(
        graph: Rc<CommitGraph>,
        base: CommitNode,
        heads: &[CommitNode],
    ) -> Result<Self, StoreError> {
        let mut history = Self {
            marks: vec![0; graph.len()],
            graph,
            heads: heads.to_vec(),
            queue: BinaryHeap::new(),
            fresh: 0,
            merge_bases: Vec::new(),
            ahead: 0,
            behind: 0,
        };
        history.colour(base, BASE)?;
        for head in heads {
            history.colour(*head, HEAD)?;
        }
        Ok(history)
    }

    /// Bytes that it holds for each commit of the graph, at most.
    pub const COMMIT_BYTES: u64 = 9;

    fn mark(&self, node: CommitNode) -> u8 {
        self.marks.get(node.index()).copied().unwrap_or(0)
    }

    fn set(&mut self, node: CommitNode, bits: u8) {
        if let Some(mark) = self.marks.get_mut(node.index()) {
            *mark |= bits;
        }
    }

    fn colour(&mut self, node: CommitNode, colours: u8) -> Result<(), StoreError> {
        let before = self.mark(node);
        self.set(node, colours | IS_QUEUED);
        let was_fresh = before & IS_QUEUED != 0 && before & STALE == 0;
        let is_fresh = (before | colours) & STALE == 0;
        if before & IS_QUEUED == 0 {
            self.queue.push((self.graph.generation(node)?, node));
        }
        match (was_fresh, is_fresh) {
            (false, true) => self.fresh = self.fresh.saturating_add(1),
            (true, false) => self.fresh = self.fresh.saturating_sub(1),
            _ => {}
        }
        Ok(())
    }

    /// Looks at some commits; `false` when all is found.
    pub fn step(&mut self, commits: usize) -> Result<bool, StoreError> {
        let mut parents = Vec::new();
        for _ in 0..commits {
            if self.fresh == 0 {
                return Ok(false);
            }
            let Some((_, node)) = self.queue.pop() else {
                return Ok(false);
            };
            // All its children were taken before: its colours are final.
            let mark = self.mark(node);
            let mut spread = mark & (BOTH | STALE);
            if mark & STALE == 0 {
                self.fresh = self.fresh.saturating_sub(1);
                match mark & BOTH {
                    BOTH => {
                        self.merge_bases.push(node);
                        spread |= STALE;
                    }
                    HEAD => {
                        self.set(node, IS_AHEAD);
                        self.ahead = self.ahead.saturating_add(1);
                    }
                    _ => self.behind = self.behind.saturating_add(1),
                }
            }
            if let Some(mark) = self.marks.get_mut(node.index()) {
                *mark &= !IS_QUEUED;
            }
            self.graph.parents(node, &mut parents)?;
            for parent in &parents {
                self.colour(*parent, spread)?;
            }
        }
        Ok(true)
    }

    /// The best common ancestors, the youngest first: `git merge-base --all`.
    pub fn merge_bases(&self) -> Result<Vec<CommitNode>, StoreError> {
        latest_first(&self.graph, &self.merge_bases)
    }

    /// How many commits the heads have that the base has not.
    pub fn ahead_by(&self) -> u64 {
        self.ahead
    }

    /// How many commits the base has that the heads have not.
    pub fn behind_by(&self) -> u64 {
        self.behind
    }

    /// The commits that the heads have and the base has not, in the order of `git log base..head`.
    /// All steps must have been taken.
    pub fn into_ahead(self) -> Result<Ahead, StoreError> {
        debug_assert!(self.fresh == 0, "the walk is not over");
        let heads = self.heads.clone();
        let mut ahead = Ahead {
            history: self,
            queue: BinaryHeap::new(),
            found: 0,
        };
        for head in heads {
            ahead.find(head)?;
        }
        Ok(ahead)
    }
}

/// Commits by the committer's time, the latest first; commits of one time stay in the order given.
pub(crate) fn latest_first(
    graph: &CommitGraph,
    nodes: &[CommitNode],
) -> Result<Vec<CommitNode>, StoreError> {
    let mut dated = Vec::with_capacity(nodes.len());
    for node in nodes {
        dated.push((Reverse(graph.time_seconds(*node)?), *node));
    }
    dated.sort_by_key(|(time_seconds, _)| *time_seconds);
    Ok(dated.into_iter().map(|(_, node)| node).collect())
}

/// The commits of the heads alone, the latest first.
#[derive(Debug)]
pub struct Ahead {
    history: CommonHistory,
    /// By date; of two with one date, the one that was found first.
    queue: BinaryHeap<(u64, Reverse<u64>, CommitNode)>,
    found: u64,
}

impl Ahead {
    /// The next commit.
    pub fn next_commit(&mut self) -> Result<Option<CommitNode>, StoreError> {
        let Some((_, _, node)) = self.queue.pop() else {
            return Ok(None);
        };
        let mut parents = Vec::new();
        self.history.graph.parents(node, &mut parents)?;
        for parent in parents {
            self.find(parent)?;
        }
        Ok(Some(node))
    }

    fn find(&mut self, node: CommitNode) -> Result<(), StoreError> {
        if self.history.mark(node) & (IS_AHEAD | IS_LOGGED) == IS_AHEAD {
            self.history.set(node, IS_LOGGED);
            let date = self.history.graph.time_seconds(node)?;
            self.queue.push((date, Reverse(self.found), node));
            self.found = self.found.saturating_add(1);
        }
        Ok(())
    }
}
