//! The objects that are sent with the missing commits, and the wants that are not commits.

use std::collections::HashSet;

use gix_hash::ObjectId;

use super::super::filter::ObjectFilter;
use super::super::graph::closure::{TreeWalk, WalkBounds};
use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::graph::introductions::Introductions;
use super::super::graph::paint::Paint;
use super::super::graph::peel::{Peeled, Peeler};
use super::super::pack::index::RowRun;
use super::super::pack::reader::{LivePacks, Location, PAGED_OBJECTS_MIN};
use super::super::pack::selection::Selection;
use super::super::store::{PackStore, StoreError};
use super::error::PlanError;

/// Commits of the client to compare a shallow edge's tree with, at most.
const EDGE_BASES_MAX: usize = 4;

/// Objects that are looked up together: 320 KB of ids.
const LOOKED_UP_TOGETHER: usize = 1 << 14;

/// The sources of a plan, the same in each step.
pub(super) struct Ground<'a, S> {
    pub(super) packs: &'a LivePacks<S>,
    pub(super) graph: &'a CommitGraph,
    pub(super) filter: &'a ObjectFilter,
}

impl<S> Clone for Ground<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Ground<'_, S> {}

/// The objects selected so far.
pub(super) struct Objects {
    introductions: Introductions,
    trees: TreeWalk,
    /// The objects to send.
    selection: Selection,
    /// The objects to send if the filter keeps their kind and size, which is looked up in the packs' own
    /// order. It is empty if the filter keeps everything.
    unfiltered: Selection,
    /// Objects whose places are still to be looked up.
    named: Vec<ObjectId>,
    /// Those of them that are looked up now, by falling id.
    looked_up: Vec<ObjectId>,
    /// Tags that were followed.
    seen_tags: HashSet<ObjectId>,
}

impl Objects {
    pub(super) fn new<S: PackStore>(packs: &LivePacks<S>, graph: &CommitGraph) -> Self {
        Self {
            introductions: Introductions::to_fetch(graph, packs.records(), PAGED_OBJECTS_MIN),
            trees: TreeWalk::new(WalkBounds::of_fetch(packs.limits())),
            selection: packs.select_none(),
            unfiltered: packs.select_none(),
            named: Vec::new(),
            looked_up: Vec::new(),
            seen_tags: HashSet::new(),
        }
    }

    /// Prepares for the lists and objects of many commits.
    pub(super) fn expect_many_commits<S: PackStore>(&self, packs: &LivePacks<S>) {
        packs.expect_many_look_ups();
        self.introductions.expect_many_questions();
    }

    /// The selection, and the lists for more questions.
    pub(super) fn finish(self) -> (Selection, Introductions) {
        let is_looked_up = self.named.is_empty() && self.looked_up.is_empty();
        debug_assert!(is_looked_up, "objects were not looked up");
        debug_assert!(!self.trees.is_under_way(), "trees were not walked");
        self.introductions.forget_runs();
        (self.selection, self.introductions)
    }

    /// Adds a want; the commit that it is or leads to, if it does. Nothing below a tree is added yet:
    /// see [`Objects::walk_on`]. After an error it can be called again.
    pub(super) fn add_want<S: PackStore>(
        &mut self,
        ground: Ground<'_, S>,
        want: ObjectId,
    ) -> Result<Option<CommitNode>, PlanError> {
        match self.peel(ground, want)? {
            Peeled::Commit(node) => return Ok(Some(node)),
            Peeled::Tree(id, at) => {
                self.selection.insert(at.pack, at.position);
                self.trees.enter_wanted(ground.filter, id);
            }
            Peeled::Blob(at) => {
                self.selection.insert(at.pack, at.position);
            }
            Peeled::SeenTag => {}
            Peeled::Nothing => return Err(PlanError::NotOurRef(want)),
        }
        Ok(None)
    }

    /// Follows tags, and adds them.
    fn peel<S: PackStore>(
        &mut self,
        ground: Ground<'_, S>,
        id: ObjectId,
    ) -> Result<Peeled, PlanError> {
        let seen = std::mem::take(&mut self.seen_tags);
        let mut peeler = Peeler::resume(ground.packs, ground.graph, seen);
        let end = peeler.peel(id, |tag| {
            self.selection.insert(tag.pack, tag.position);
        });
        self.seen_tags = peeler.into_seen();
        Ok(end?)
    }

    /// Adds a commit that is wanted itself, under any filter.
    pub(super) fn add_wanted_commit<S: PackStore>(
        &mut self,
        Ground { packs, graph, .. }: Ground<'_, S>,
        node: CommitNode,
    ) -> Result<(), PlanError> {
        let id = graph.commit_id(node)?;
        let at = packs.find(&id)?.ok_or(PlanError::Missing { id })?;
        self.selection.insert(at.pack, at.position);
        Ok(())
    }

    /// Adds the objects that the commit introduces, on condition that the client gets or has its parents. How
    /// much that is.
    pub(super) fn add_introduced<S: PackStore>(
        &mut self,
        ground: Ground<'_, S>,
        node: CommitNode,
    ) -> Result<u64, PlanError> {
        if ground.filter.needs_paths() {
            return self.add_introduced_by_path(ground, node);
        }
        let named = &mut self.named;
        let kept = kept(ground.filter, &mut self.selection, &mut self.unfiltered);
        let mut count = 0_u64;
        self.introductions.for_each(
            ground.packs.store(),
            ground.graph,
            node,
            |at| {
                count += 1;
                kept.insert(at.pack, at.position);
            },
            |object_id| named.push(object_id),
        )?;
        Ok(count)
    }

    /// The same where the list does not tell, as it has no paths.
    fn add_introduced_by_path<S: PackStore>(
        &mut self,
        ground: Ground<'_, S>,
        node: CommitNode,
    ) -> Result<u64, PlanError> {
        let graph = ground.graph;
        let mut parents = Vec::new();
        graph.parents(node, &mut parents)?;
        let mut had = Vec::with_capacity(parents.len());
        for parent in parents {
            had.push(graph.tree_id(parent)?);
        }
        self.add_with_tree(ground, node, &had)?;
        Ok(1)
    }

    /// Adds a commit whose parents the client will not have, and its whole tree. Objects that the client has
    /// are left out, as far as the trees of a few of its commits tell.
    pub(super) fn add_edge<S: PackStore>(
        &mut self,
        ground: Ground<'_, S>,
        node: CommitNode,
        haves: &[CommitNode],
        paint: &mut Paint,
    ) -> Result<(), PlanError> {
        let graph = ground.graph;
        // All objects of a tree are looked up.
        ground.packs.expect_many_look_ups();
        let mut parents = Vec::new();
        graph.parents(node, &mut parents)?;
        let mut had: Vec<ObjectId> = Vec::new();
        for candidate in parents.iter().chain(haves) {
            let tree_id = graph.tree_id(*candidate)?;
            if had.len() < EDGE_BASES_MAX
                && !had.contains(&tree_id)
                && paint.is_common(*candidate)?
            {
                had.push(tree_id);
            }
        }
        self.add_with_tree(ground, node, &had)?;
        Ok(())
    }

    fn add_with_tree<S: PackStore>(
        &mut self,
        Ground { graph, filter, .. }: Ground<'_, S>,
        node: CommitNode,
        had: &[ObjectId],
    ) -> Result<(), StoreError> {
        self.named.push(graph.commit_id(node)?);
        let tree_id = graph.tree_id(node)?;
        if self.trees.enter_root(filter, tree_id, had) {
            self.named.push(tree_id);
        }
        Ok(())
    }

    /// Reads the next trees that were entered; how many bytes they have, and 0 if none is left. After an
    /// error it can be called again.
    pub(super) fn walk_on<S: PackStore>(
        &mut self,
        Ground { packs, filter, .. }: Ground<'_, S>,
        bytes_max: u64,
    ) -> Result<u64, PlanError> {
        let named = &mut self.named;
        self.trees.walk_on((packs, filter), bytes_max, |id, _| {
            named.push(id);
            Ok(())
        })
    }

    /// How many trees were read.
    pub(super) fn trees_read(&self) -> u64 {
        self.trees.visits()
    }

    /// Whether trees are still to be read.
    pub(super) fn is_walking(&self) -> bool {
        self.trees.is_under_way()
    }

    /// Whether objects are looked up: enough of them were named.
    pub(super) fn is_looking_up(&mut self) -> bool {
        if self.looked_up.is_empty() && self.named.len() >= LOOKED_UP_TOGETHER {
            self.begin_look_up();
        }
        !self.looked_up.is_empty()
    }

    /// From now on looks up the named objects: in the order of the ids, so that each index is gone through
    /// once.
    pub(super) fn begin_look_up(&mut self) {
        self.looked_up.append(&mut self.named);
        let descending = |one: &ObjectId, other: &ObjectId| other.cmp(one);
        self.looked_up.sort_unstable_by(descending);
        self.looked_up.dedup();
    }

    /// Adds up to `objects_max` objects whose ids alone are known. How many they were. After an error it
    /// can be called again.
    pub(super) fn look_up<S: PackStore>(
        &mut self,
        Ground { packs, filter, .. }: Ground<'_, S>,
        objects_max: u64,
    ) -> Result<u64, PlanError> {
        let kept = kept(filter, &mut self.selection, &mut self.unfiltered);
        let mut count = 0;
        while count < objects_max
            && let Some(id) = self.looked_up.last()
        {
            let at = packs.find(id)?.ok_or(PlanError::Missing { id: *id })?;
            kept.insert(at.pack, at.position);
            self.looked_up.pop();
            count += 1;
        }
        Ok(count)
    }

    /// Objects that the filter is still to look at, and those that it has.
    pub(super) fn unfiltered_count(&self) -> u64 {
        self.unfiltered.count()
    }

    /// Looks with the filter at up to `objects_max` more objects, from this place on; the place to go on
    /// at, if there are more.
    pub(super) fn filter_on<S: PackStore>(
        &mut self,
        Ground { packs, filter, .. }: Ground<'_, S>,
        mut next: Location,
        objects_max: u64,
    ) -> Result<Option<Location>, PlanError> {
        let mut rows: Option<RowRun> = None;
        for _ in 0..objects_max {
            let position = loop {
                if let Some(position) = self.unfiltered.next_from(next.pack, next.position) {
                    break position;
                }
                next = Location {
                    pack: next.pack.saturating_add(1),
                    position: 0,
                };
                rows = None;
                if next.pack >= self.unfiltered.pack_count() {
                    return Ok(None);
                }
            };
            let at = Location { position, ..next };
            let mut row = rows.as_ref().and_then(|rows| rows.row(position));
            if row.is_none() {
                rows = packs.rows_around(at)?;
                row = rows.as_ref().and_then(|rows| rows.row(position));
            }
            let row = match row {
                Some(row) => row,
                None => packs.row(at)?,
            };
            if filter.keeps(row.kind, u64::from(row.size_bytes)) {
                self.selection.insert(next.pack, position);
            }
            next.position = position.saturating_add(1);
        }
        Ok(Some(next))
    }

    /// Adds a tag if the object that it tags is sent, with the tags between, under any filter.
    pub(super) fn include_tag<S: PackStore>(
        &mut self,
        ground: Ground<'_, S>,
        (tag_id, peeled_id): (ObjectId, ObjectId),
    ) -> Result<(), PlanError> {
        let target = ground.packs.find(&peeled_id)?;
        if target.is_some_and(|at| self.selection.contains(at.pack, at.position)) {
            self.peel(ground, tag_id)?;
        }
        Ok(())
    }

    /// From now on tags are followed that were followed before.
    pub(super) fn forget_tags(&mut self) {
        self.seen_tags.clear();
    }

    /// Whether nothing is sent.
    pub(super) fn is_empty(&self) -> bool {
        self.selection.count() == 0
    }
}

/// Where an object goes that is sent if the filter keeps it.
fn kept<'a>(
    filter: &ObjectFilter,
    selection: &'a mut Selection,
    unfiltered: &'a mut Selection,
) -> &'a mut Selection {
    if filter.is_everything() {
        selection
    } else {
        unfiltered
    }
}
