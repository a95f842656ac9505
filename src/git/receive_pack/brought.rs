//! The commits that an update of a push brings to its ref, for the receivers of its event.
//!
//! The commits of an update are those that the new id reaches and the old one does not, as
//! `git rev-list old..new` lists them. A new ref has no old id, and may reach the whole history: its commits
//! are those that its push brought.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::graph::paint::{Cuts, Paint};
use super::super::store::StoreError;

/// The commits that one update brings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brought {
    /// The ref's former commit is not an ancestor of its new one.
    pub forced: bool,
    /// The newest, oldest first.
    pub newest: Vec<ObjectId>,
    /// How many there are.
    pub total: u64,
}

/// Which commits are new to the ref.
enum Extent {
    /// Those that the want reaches and the have does not; and the have.
    Missing(Box<Paint>, CommitNode),
    /// Those of the pushed segment.
    OfSegment(Segment),
}

/// A walk that stays within one segment.
struct Segment {
    /// Its place in the graph.
    ordinal: u32,
    /// Commits to look at.
    open: Vec<CommitNode>,
    /// By number: whether the commit was put there.
    seen: Vec<bool>,
}

impl Segment {
    fn new(graph: &CommitGraph, ordinal: u32, tip: CommitNode) -> Option<Self> {
        let commits = usize::try_from(graph.segment(ordinal)?.len()).ok()?;
        let mut segment = Self {
            ordinal,
            open: Vec::new(),
            seen: vec![false; commits],
        };
        segment.put(graph, tip);
        Some(segment)
    }

    /// Whether the commit is of this segment, and of no earlier one.
    fn holds(&self, graph: &CommitGraph, node: CommitNode) -> bool {
        let place = graph.place(node);
        place.is_some_and(|place| place.ordinal == self.ordinal)
    }

    /// Notes a commit to look at, once.
    fn put(&mut self, graph: &CommitGraph, node: CommitNode) {
        let place = graph
            .place(node)
            .filter(|place| place.ordinal == self.ordinal);
        let number = place.and_then(|place| usize::try_from(place.number).ok());
        let slot = number.and_then(|number| self.seen.get_mut(number));
        if let Some(seen) = slot.filter(|seen| !**seen) {
            *seen = true;
            self.open.push(node);
        }
    }

    /// Goes on to count its commits; true once all are counted.
    fn count(
        &mut self,
        graph: &CommitGraph,
        commits_max: usize,
        total: &mut u64,
    ) -> Result<bool, StoreError> {
        let mut parents = Vec::new();
        for _ in 0..commits_max {
            let Some(node) = self.open.pop() else {
                break;
            };
            *total = total.saturating_add(1);
            graph.parents(node, &mut parents)?;
            for parent in &parents {
                self.put(graph, *parent);
            }
        }
        Ok(self.open.is_empty())
    }
}

/// Finds them, in steps.
pub struct BroughtWalk {
    graph: Rc<CommitGraph>,
    tip: CommitNode,
    extent: Extent,
    total: u64,
    newest_max: usize,
}

impl BroughtWalk {
    /// Looks in a graph whose last segment is the pushed one, if `has_segment`. `old` and `new` are
    /// peeled; `None` if there is nothing to find: the new one is not a commit of the graph.
    pub fn new(
        graph: &Rc<CommitGraph>,
        has_segment: bool,
        (old, new): (Option<ObjectId>, ObjectId),
        newest_max: usize,
    ) -> Result<Option<Self>, StoreError> {
        let Some(tip) = graph.lookup(&new)? else {
            return Ok(None);
        };
        let old = old.map(|old| graph.lookup(&old)).transpose()?.flatten();
        let extent = if let Some(old) = old {
            let paint = Paint::new(Rc::clone(graph), &[tip], &[old], Cuts::default())?;
            Extent::Missing(Box::new(paint), old)
        } else {
            let ordinal = graph.last_ordinal().filter(|_| has_segment);
            let segment = ordinal.and_then(|ordinal| Segment::new(graph, ordinal, tip));
            let Some(segment) = segment else {
                return Ok(None);
            };
            Extent::OfSegment(segment)
        };
        Ok(Some(Self {
            graph: Rc::clone(graph),
            tip,
            extent,
            total: 0,
            newest_max,
        }))
    }

    /// Looks at up to `commits_max` commits; gives the answer once it has seen all.
    pub fn step(&mut self, commits_max: usize) -> Result<Option<Brought>, StoreError> {
        let is_done = match &mut self.extent {
            Extent::Missing(paint, _) => paint.count_missing(commits_max, &mut self.total)?,
            Extent::OfSegment(segment) => {
                segment.count(&self.graph, commits_max, &mut self.total)?
            }
        };
        if !is_done {
            return Ok(None);
        }
        let forced = match &mut self.extent {
            Extent::Missing(paint, old) => !paint.is_wanted_and_common(*old)?,
            Extent::OfSegment(_) => false,
        };
        Ok(Some(Brought {
            forced,
            newest: self.newest()?,
            total: self.total,
        }))
    }

    fn is_new(&self, node: CommitNode) -> bool {
        match &self.extent {
            Extent::Missing(paint, _) => paint.is_missing(node),
            Extent::OfSegment(segment) => segment.holds(&self.graph, node),
        }
    }

    /// The newest of them in git's order: by the committer's time, and a parent only once a child of
    /// it was listed.
    fn newest(&self) -> Result<Vec<ObjectId>, StoreError> {
        let (mut newest, mut parents) = (Vec::new(), Vec::new());
        let (mut queue, mut seen, mut arrived) = (BinaryHeap::new(), HashSet::new(), 0_u64);
        let mut put = |queue: &mut BinaryHeap<_>, node: CommitNode| -> Result<(), StoreError> {
            if self.is_new(node) && seen.insert(node) {
                // Commits of one time go in the order in which they came.
                arrived = arrived.saturating_add(1);
                queue.push((self.graph.time_seconds(node)?, Reverse(arrived), node));
            }
            Ok(())
        };
        put(&mut queue, self.tip)?;
        while newest.len() < self.newest_max
            && let Some((_, _, node)) = queue.pop()
        {
            newest.push(self.graph.commit_id(node)?);
            self.graph.parents(node, &mut parents)?;
            for parent in &parents {
                put(&mut queue, *parent)?;
            }
        }
        newest.reverse();
        Ok(newest)
    }
}
