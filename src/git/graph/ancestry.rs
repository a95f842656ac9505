//! Ancestors, merge bases, and whether a negotiation may end.

use std::collections::{BinaryHeap, HashMap, HashSet};

use super::super::store::StoreError;
use super::commits::{CommitGraph, CommitNode};

/// Whether `ancestor` is `descendant` or one of its ancestors: a fast-forward, for one.
///
/// Visits at most the ancestors of `descendant` that are younger in generation than `ancestor`.
pub fn is_ancestor(
    graph: &CommitGraph,
    ancestor: CommitNode,
    descendant: CommitNode,
) -> Result<bool, StoreError> {
    Reach::new(graph, &[ancestor])?.any(descendant)
}

/// Whether every want has a have among its ancestors or is one: then more haves can save little,
/// and the server may say `ready`. (Without haves, no.) The commits of `cut` have no parents.
pub fn is_ready(
    graph: &CommitGraph,
    wants: &[CommitNode],
    haves: &[CommitNode],
    cut: impl IntoIterator<Item = CommitNode>,
) -> Result<bool, StoreError> {
    if haves.is_empty() {
        return Ok(false);
    }
    let mut reach = Reach::new(graph, haves)?;
    for node in cut {
        reach.known.entry(node).or_insert(false);
    }
    for want in wants {
        if !reach.any(*want)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Finds out which commits have one of some targets among their ancestors; remembers answers.
struct Reach<'g> {
    graph: &'g CommitGraph,
    /// True: reaches a target. False: does not, or is on the stack.
    known: HashMap<CommitNode, bool>,
    generation_min: u32,
}

impl<'g> Reach<'g> {
    fn new(graph: &'g CommitGraph, targets: &[CommitNode]) -> Result<Self, StoreError> {
        let known = targets.iter().map(|target| (*target, true)).collect();
        let mut generation_min = u32::MAX;
        for target in targets {
            generation_min = generation_min.min(graph.generation(*target)?);
        }
        Ok(Self {
            graph,
            known,
            generation_min,
        })
    }

    /// Whether a target is reached, following first parents first.
    fn any(&mut self, from: CommitNode) -> Result<bool, StoreError> {
        if let Some(known) = self.known.get(&from) {
            return Ok(*known);
        }
        let mut parents = Vec::new();
        self.known.insert(from, false);
        // Each commit of the path with those of its parents that are still to be tried.
        let mut path = vec![(from, self.parents(from, &mut parents)?)];
        while let Some((_, untried)) = path.last_mut() {
            let Some(parent) = untried.pop() else {
                path.pop();
                continue;
            };
            match self.known.get(&parent) {
                Some(true) => {
                    self.known
                        .extend(path.iter().map(|(node, _)| (*node, true)));
                    return Ok(true);
                }
                Some(false) => {}
                None => {
                    self.known.insert(parent, false);
                    if self.graph.generation(parent)? > self.generation_min {
                        let untried = self.parents(parent, &mut parents)?;
                        path.push((parent, untried));
                    }
                }
            }
        }
        Ok(false)
    }

    /// The parents, last first.
    fn parents(
        &self,
        node: CommitNode,
        parents: &mut Vec<CommitNode>,
    ) -> Result<Vec<CommitNode>, StoreError> {
        self.graph.parents(node, parents)?;
        Ok(parents.iter().rev().copied().collect())
    }
}

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const BOTH: u8 = LEFT | RIGHT;
/// An ancestor of a merge base.
const STALE: u8 = 4;

/// The best common ancestors of two commits, youngest in generation first: common ancestors that
/// are not ancestors of another one.
pub fn merge_bases(
    graph: &CommitGraph,
    left: CommitNode,
    right: CommitNode,
) -> Result<Vec<CommitNode>, StoreError> {
    merge_bases_of(graph, &[left], &[right])
}

/// The same of two merges that need not be commits: one has the commits of `left` as its parents,
/// the other one those of `right`.
pub fn merge_bases_of(
    graph: &CommitGraph,
    left: &[CommitNode],
    right: &[CommitNode],
) -> Result<Vec<CommitNode>, StoreError> {
    let mut marks: HashMap<CommitNode, u8> = HashMap::new();
    let mut queue = BinaryHeap::new();
    // Queued commits that are not stale: when none is left, no merge base can follow.
    let mut fresh = HashSet::new();
    let mut bases = Vec::new();
    let mut parents = Vec::new();
    let lefts = left.iter().map(|node| (*node, LEFT));
    let rights = right.iter().map(|node| (*node, RIGHT));
    for (node, mark) in lefts.chain(rights) {
        let slot = marks.entry(node).or_insert(0);
        if *slot == 0 {
            queue.push((graph.generation(node)?, node));
        }
        *slot |= mark;
        fresh.insert(node);
    }
    while !fresh.is_empty() {
        let Some((_, node)) = queue.pop() else { break };
        fresh.remove(&node);
        let mut spread = marks.get(&node).copied().unwrap_or(0);
        if spread == BOTH {
            bases.push(node);
            spread |= STALE;
        }
        graph.parents(node, &mut parents)?;
        for parent in &parents {
            let mark = marks.entry(*parent).or_insert(0);
            if *mark == 0 {
                queue.push((graph.generation(*parent)?, *parent));
            }
            *mark |= spread;
            if *mark & STALE == 0 {
                fresh.insert(*parent);
            } else {
                fresh.remove(parent);
            }
        }
    }
    Ok(bases)
}
