//! Which commits a client lacks, and which it has: two colours spread from wants and haves to
//! their ancestors.
//!
//! Commits are taken by falling generation. All descendants of a commit have a greater
//! generation, so its colours are final when it is taken, whatever the clocks said; and the walk
//! ends when nothing is left that only the wants reach, so its cost follows the number of missing commits and
//! how far back they branched off. A table of one byte a commit is kept.

use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;

use super::super::store::StoreError;
use super::commits::{CommitGraph, CommitNode};

/// Reached from a want.
const WANT: u8 = 1;
/// Reached from a have.
const COMMON: u8 = 2;
/// Is or was in the queue.
const QUEUED: u8 = 4;

/// Commits at which the walk stops: the edges of shallow histories.
#[derive(Debug, Clone, Default)]
pub struct Cuts {
    /// Commits whose parents are not wanted on their account: the new shallow boundary.
    pub wants: HashSet<CommitNode>,
    /// Commits whose parents the client does not have on their account: its shallow boundary.
    pub haves: HashSet<CommitNode>,
}

/// The walk. It can be asked on after [`Paint::missing`]: the walk then follows the client's commits further
/// back, as far as the question needs.
#[derive(Debug)]
pub struct Paint {
    graph: Rc<CommitGraph>,
    cuts: Cuts,
    colours: Vec<u8>,
    /// By generation, then by number.
    queue: BinaryHeap<(u32, CommitNode)>,
    /// Queued commits below which something may be missing.
    open: usize,
    /// The client's history is cut where the new one is not.
    is_deepening: bool,
    parents: Vec<CommitNode>,
}

impl Paint {
    /// Prepares the walk.
    pub fn new(
        graph: Rc<CommitGraph>,
        wants: &[CommitNode],
        haves: &[CommitNode],
        cuts: Cuts,
    ) -> Result<Self, StoreError> {
        let mut paint = Self::unpainted(graph, cuts);
        for have in haves {
            paint.colour(*have, COMMON)?;
        }
        for want in wants {
            paint.colour(*want, WANT)?;
        }
        Ok(paint)
    }

    /// A walk without wants and haves.
    pub(crate) fn unpainted(graph: Rc<CommitGraph>, cuts: Cuts) -> Self {
        let colours = vec![0; graph.len()];
        let queue = BinaryHeap::new();
        let is_deepening = !cuts.haves.is_subset(&cuts.wants);
        let parents = Vec::new();
        Self {
            graph,
            cuts,
            colours,
            queue,
            open: 0,
            is_deepening,
            parents,
        }
    }

    /// Adds a have; whether it had not been reached from one before.
    pub(crate) fn add_have(&mut self, have: CommitNode) -> Result<bool, StoreError> {
        let is_new = !self.is_painted(have);
        self.colour(have, COMMON)?;
        Ok(is_new)
    }

    /// Goes on over a graph that begins with the packs of the former one: their commits keep
    /// their numbers.
    pub fn extend(&mut self, graph: Rc<CommitGraph>) {
        self.colours.resize(graph.len(), 0);
        self.graph = graph;
    }

    /// Walks to the end: all colours are final then.
    pub fn finish(&mut self) -> Result<(), StoreError> {
        while self.take()?.is_some() {}
        Ok(())
    }

    /// Whether the commit was reached from a have so far.
    pub(crate) fn is_painted(&self, node: CommitNode) -> bool {
        self.has(node, COMMON)
    }

    fn has(&self, node: CommitNode, all: u8) -> bool {
        let colours = self.colours.get(node.index());
        colours.is_some_and(|colours| colours & all == all)
    }

    /// Whether something may be missing at or below a commit with these colours. Below a commit
    /// that the client has it has everything, unless its history is cut where the new one is not.
    fn is_open(&self, colours: u8) -> bool {
        colours & WANT != 0 && (colours & COMMON == 0 || self.is_deepening)
    }

    fn colour(&mut self, node: CommitNode, add: u8) -> Result<(), StoreError> {
        let Some(slot) = self.colours.get_mut(node.index()) else {
            debug_assert!(false, "{node:?} is not a node of the graph");
            return Ok(());
        };
        let before = *slot;
        if before & QUEUED == 0 {
            self.queue.push((self.graph.generation(node)?, node));
        }
        let after = before | add | QUEUED;
        *slot = after;
        let was_open = self.is_open(before);
        let now_open = self.is_open(after);
        self.open += usize::from(now_open && !was_open);
        debug_assert!(
            self.open > 0 || !was_open || now_open,
            "no open commit is left"
        );
        self.open = self.open.saturating_sub(usize::from(was_open && !now_open));
        Ok(())
    }

    /// Takes the next commit, with its colours, which are final. After a failure to read it is taken
    /// again.
    fn take(&mut self) -> Result<Option<(CommitNode, u8)>, StoreError> {
        let Some((generation, node)) = self.queue.pop() else {
            return Ok(None);
        };
        if let Err(error) = self.spread(node) {
            self.queue.push((generation, node));
            return Err(error);
        }
        let colours = self.colours.get(node.index()).copied().unwrap_or(0);
        debug_assert!(
            self.open > 0 || !self.is_open(colours),
            "no open commit is left"
        );
        self.open = self.open.saturating_sub(usize::from(self.is_open(colours)));
        Ok(Some((node, colours)))
    }

    /// Gives a commit's colours to its parents.
    fn spread(&mut self, node: CommitNode) -> Result<(), StoreError> {
        let colours = self.colours.get(node.index()).copied().unwrap_or(0);
        let mut spread = colours & (WANT | COMMON);
        if self.cuts.wants.contains(&node) {
            spread &= !WANT;
        }
        if self.cuts.haves.contains(&node) {
            spread &= !COMMON;
        }
        if spread == 0 {
            return Ok(());
        }
        let mut parents = std::mem::take(&mut self.parents);
        let read = self.graph.parents(node, &mut parents);
        let coloured = read.and_then(|()| {
            let mut each = parents.iter();
            each.try_for_each(|parent| self.colour(*parent, spread))
        });
        self.parents = parents;
        coloured
    }

    /// The commits that the wants reach and the haves do not, children before their parents.
    pub fn missing(&mut self) -> Result<Vec<CommitNode>, StoreError> {
        let mut missing = Vec::new();
        self.find_missing(usize::MAX, &mut missing)?;
        Ok(missing)
    }

    /// Goes on to find them; looks at up to `commits_max`. True once all are found.
    pub(crate) fn find_missing(
        &mut self,
        commits_max: usize,
        missing: &mut Vec<CommitNode>,
    ) -> Result<bool, StoreError> {
        for _ in 0..commits_max {
            if self.open == 0 {
                break;
            }
            let Some((node, colours)) = self.take()? else {
                return Ok(true);
            };
            if colours & (WANT | COMMON) == WANT {
                missing.push(node);
            }
        }
        Ok(self.open == 0)
    }

    /// Goes on to count the commits that the wants reach and the haves do not; looks at up to
    /// `commits_max`. True once all are counted.
    pub(crate) fn count_missing(
        &mut self,
        commits_max: usize,
        count: &mut u64,
    ) -> Result<bool, StoreError> {
        for _ in 0..commits_max {
            if self.open == 0 {
                break;
            }
            let Some((_, colours)) = self.take()? else {
                return Ok(true);
            };
            if colours & (WANT | COMMON) == WANT {
                *count = count.saturating_add(1);
            }
        }
        Ok(self.open == 0)
    }

    /// Whether a want reaches the commit and no have does. Known once all are counted.
    pub(crate) fn is_missing(&self, node: CommitNode) -> bool {
        self.has(node, WANT) && !self.has(node, COMMON)
    }

    /// Whether the client has the commit: whether it is a have or an ancestor of one.
    pub fn is_common(&mut self, node: CommitNode) -> Result<bool, StoreError> {
        self.reaches(node, COMMON)
    }

    /// Whether a want reaches it too. A client's claim to have a commit proves nothing about the commits it
    /// may see; but a commit that a want reaches is sent to it, or was.
    pub(crate) fn is_wanted_and_common(&mut self, node: CommitNode) -> Result<bool, StoreError> {
        self.reaches(node, WANT | COMMON)
    }

    /// Walks on until the commit has all of these colours, or they are final.
    fn reaches(&mut self, node: CommitNode, all: u8) -> Result<bool, StoreError> {
        let generation = self.graph.generation(node)?;
        let is_above =
            |next: Option<&(u32, CommitNode)>| next.is_some_and(|next| next.0 > generation);
        while !self.has(node, all) && is_above(self.queue.peek()) {
            self.take()?;
        }
        Ok(self.has(node, all))
    }
}
