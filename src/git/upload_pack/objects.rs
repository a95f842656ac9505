//! The objects that are sent with the missing commits, and the wants that are no commits.

use gix_hash::ObjectId;

use super::super::filter::ObjectFilter;
use super::super::graph::closure::{TreeWalk, WalkBounds};
use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::graph::introductions::Introductions;
use super::super::graph::paint::Paint;
use super::super::graph::peel::{Peeled, Peeler};
use super::super::pack::reader::{LivePacks, Location};
use super::super::pack::selection::Selection;
use super::super::store::{PackStore, StoreError};
use super::error::PlanError;

/// Commits of the client to compare a shallow edge's tree with, at most.
const EDGE_BASES_MAX: usize = 4;

/// The objects selected so far.
pub(super) struct Objects<'a, S> {
    packs: &'a LivePacks<S>,
    graph: &'a CommitGraph,
    filter: &'a ObjectFilter,
    introductions: Introductions,
    trees: TreeWalk<'a>,
    selection: Selection,
}

impl<'a, S: PackStore> Objects<'a, S> {
    pub(super) fn new(
        packs: &'a LivePacks<S>,
        graph: &'a CommitGraph,
        filter: &'a ObjectFilter,
    ) -> Self {
        let bounds = WalkBounds::of_fetch(packs.limits());
        Self {
            packs,
            graph,
            filter,
            introductions: Introductions::of(graph),
            trees: TreeWalk::new(packs, filter, bounds),
            selection: packs.select_none(),
        }
    }

    /// Prepares for the lists and objects of many commits.
    pub(super) fn expect_many_commits(&self) {
        self.packs.expect_many_look_ups();
        self.introductions.expect_many_questions();
    }

    /// The selection, and the lists for more questions.
    pub(super) fn finish(self) -> (Selection, Introductions) {
        (self.selection, self.introductions)
    }

    fn insert(&mut self, at: Location) {
        self.selection.insert(at.pack, at.position);
    }

    /// Adds the wants that are not commits; returns those that are.
    pub(super) fn add_wants(&mut self, wants: &[ObjectId]) -> Result<Vec<CommitNode>, PlanError> {
        let mut peeler = Peeler::new(self.packs, self.graph);
        let mut nodes = Vec::with_capacity(wants.len());
        for want in wants {
            let selection = &mut self.selection;
            let end = peeler.peel(*want, |tag| {
                selection.insert(tag.pack, tag.position);
            })?;
            match end {
                Peeled::Commit(node) => nodes.push(node),
                Peeled::Tree(id, at) => {
                    self.insert(at);
                    self.add_wanted_tree(id)?;
                }
                Peeled::Blob(at) => self.insert(at),
                Peeled::SeenTag => {}
                Peeled::Nothing => return Err(PlanError::NotOurRef(*want)),
            }
        }
        Ok(nodes)
    }

    /// Adds a commit that is wanted itself, whatever the filter.
    pub(super) fn add_wanted_commit(&mut self, node: CommitNode) -> Result<(), PlanError> {
        let id = self.graph.commit_id(node)?;
        let at = self.packs.find(&id)?.ok_or(PlanError::Missing { id })?;
        self.insert(at);
        Ok(())
    }

    /// Adds what the commit introduces, on condition that the client gets or has its parents.
    pub(super) fn add_introduced(&mut self, node: CommitNode) -> Result<(), PlanError> {
        if self.filter.needs_paths() {
            return self.add_introduced_by_path(node);
        }
        let (packs, filter, selection) = (self.packs, self.filter, &mut self.selection);
        let mut elsewhere = Vec::new();
        let mut added = Ok(());
        let stored = |at| {
            if added.is_ok() {
                added = add_at(packs, filter, selection, at);
            }
        };
        self.introductions
            .for_each(packs.store(), self.graph, node, stored, |object_id| {
                elsewhere.push(object_id);
            })?;
        added?;
        for id in elsewhere {
            self.add_object(id)?;
        }
        Ok(())
    }

    /// The same where the list does not tell, as it has no paths.
    fn add_introduced_by_path(&mut self, node: CommitNode) -> Result<(), PlanError> {
        let mut parents = Vec::new();
        self.graph.parents(node, &mut parents)?;
        let mut had = Vec::with_capacity(parents.len());
        for parent in parents {
            had.push(self.graph.tree_id(parent)?);
        }
        self.add_object(self.graph.commit_id(node)?)?;
        self.add_tree(self.graph.tree_id(node)?, &had)
    }

    fn add_object(&mut self, id: ObjectId) -> Result<(), PlanError> {
        add_object(self.packs, self.filter, &mut self.selection, id)
    }

    /// Adds a commit whose parents the client will not have, and its whole tree. What the client
    /// has is left out as far as the trees of a few of its commits tell.
    pub(super) fn add_edge(
        &mut self,
        node: CommitNode,
        haves: &[CommitNode],
        paint: &mut Paint,
    ) -> Result<(), PlanError> {
        // All objects of a tree are looked up.
        self.packs.expect_many_look_ups();
        let mut parents = Vec::new();
        self.graph.parents(node, &mut parents)?;
        let mut had: Vec<ObjectId> = Vec::new();
        for candidate in parents.iter().chain(haves) {
            let tree_id = self.graph.tree_id(*candidate)?;
            if had.len() < EDGE_BASES_MAX
                && !had.contains(&tree_id)
                && paint.is_common(*candidate)?
            {
                had.push(tree_id);
            }
        }
        self.add_object(self.graph.commit_id(node)?)?;
        self.add_tree(self.graph.tree_id(node)?, &had)
    }

    fn add_tree(&mut self, tree_id: ObjectId, had: &[ObjectId]) -> Result<(), PlanError> {
        let (packs, filter, selection) = (self.packs, self.filter, &mut self.selection);
        self.trees.walk_root(tree_id, had, |id, _| {
            add_object(packs, filter, selection, id)
        })
    }

    fn add_wanted_tree(&mut self, tree_id: ObjectId) -> Result<(), PlanError> {
        let (packs, filter, selection) = (self.packs, self.filter, &mut self.selection);
        self.trees
            .walk_wanted(tree_id, |id, _| add_object(packs, filter, selection, id))
    }

    /// Adds the tags of objects that are sent, with the tags that they tag, whatever the filter.
    pub(super) fn include_tags(&mut self, tags: &[(ObjectId, ObjectId)]) -> Result<(), PlanError> {
        if self.selection.count() == 0 {
            return Ok(());
        }
        let mut peeler = Peeler::new(self.packs, self.graph);
        for (tag_id, peeled_id) in tags {
            let target = self.packs.find(peeled_id)?;
            if target.is_some_and(|at| self.selection.contains(at.pack, at.position)) {
                let selection = &mut self.selection;
                peeler.peel(*tag_id, |tag| {
                    selection.insert(tag.pack, tag.position);
                })?;
            }
        }
        Ok(())
    }
}

fn add_object<S: PackStore>(
    packs: &LivePacks<S>,
    filter: &ObjectFilter,
    selection: &mut Selection,
    id: ObjectId,
) -> Result<(), PlanError> {
    let at = packs.find(&id)?.ok_or(PlanError::Missing { id })?;
    Ok(add_at(packs, filter, selection, at)?)
}

fn add_at<S: PackStore>(
    packs: &LivePacks<S>,
    filter: &ObjectFilter,
    selection: &mut Selection,
    at: Location,
) -> Result<(), StoreError> {
    let keeps = filter.is_everything() || {
        let row = packs.row(at)?;
        filter.keeps(row.kind, u64::from(row.size_bytes))
    };
    if keeps {
        selection.insert(at.pack, at.position);
    }
    Ok(())
}
