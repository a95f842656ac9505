//! Which commits a fetch tells the remote that are here.
//!
//! One request says it all, so the commits are a sample: the youngest ones, and then ever fewer the
//! further back the walk is, as git's skipping negotiator chooses them. The latest commit that the remote has
//! in common lies at most about as far behind the sample's next commit as that is behind the tip.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::store::StoreError;

/// Commits at the beginning that are all told.
const DENSE: u64 = 64;

/// Commits that it tells for each further doubling of the distance.
const OF_A_DOUBLING: u64 = 32;

/// Commits that the walk looks at, at most: it holds some 50 bytes of each that is open or seen.
const LOOKED_AT_MAX: u64 = 100_000;

/// A sample of the history of one commit, made in steps.
pub(crate) struct Haves {
    graph: Rc<CommitGraph>,
    queue: BinaryHeap<(u32, Reverse<CommitNode>)>,
    seen: HashSet<CommitNode>,
    looked_at: u64,
    found: Vec<ObjectId>,
}

impl Haves {
    /// Begins at a commit, which is named in any case.
    pub(crate) fn of(graph: Rc<CommitGraph>, tip: CommitNode) -> Result<Self, StoreError> {
        let queue = BinaryHeap::from([(graph.generation(tip)?, Reverse(tip))]);
        Ok(Self {
            graph,
            queue,
            seen: HashSet::from([tip]),
            looked_at: 0,
            found: Vec::new(),
        })
    }

    /// Looks at some commits; `false` when the sample is whole.
    pub(crate) fn step(&mut self, commits: u64) -> Result<bool, StoreError> {
        let mut parents = Vec::new();
        for _ in 0..commits {
            if self.looked_at >= LOOKED_AT_MAX {
                return Ok(false);
            }
            let Some((_, Reverse(node))) = self.queue.pop() else {
                return Ok(false);
            };
            if is_told(self.looked_at) {
                self.found.push(self.graph.commit_id(node)?);
            }
            self.looked_at = self.looked_at.saturating_add(1);
            self.graph.parents(node, &mut parents)?;
            for parent in &parents {
                if self.seen.insert(*parent) {
                    let generation = self.graph.generation(*parent)?;
                    self.queue.push((generation, Reverse(*parent)));
                }
            }
        }
        Ok(true)
    }

    /// The sample, the youngest first.
    pub(crate) fn finish(self) -> Vec<ObjectId> {
        self.found
    }
}

/// Whether the request names the commit at this place of the walk.
fn is_told(place: u64) -> bool {
    if place < DENSE {
        return true;
    }
    // The power of two up to the place: from there to the next one is a doubling.
    let doubling = 1 << place.ilog2();
    place.is_multiple_of((doubling / OF_A_DOUBLING).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_dense_at_the_tip_and_grows_with_the_logarithm_of_the_history() {
        let told = |places: std::ops::Range<u64>| places.filter(|place| is_told(*place)).count();
        assert_eq!(told(0..64), 64);
        assert_eq!(told(64..128), 32);
        assert_eq!(told(65_536..131_072), 32);
        assert!(told(0..LOOKED_AT_MAX) < 512);
    }

    #[test]
    fn no_gap_of_the_sample_is_longer_than_a_thirtieth_of_the_way_to_it() {
        let mut last = 0;
        for place in (0..LOOKED_AT_MAX).filter(|place| is_told(*place)) {
            assert!(place - last <= 1 + place / 30, "{last} to {place}");
            last = place;
        }
    }
}
