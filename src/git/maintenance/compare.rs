//! Compares stored graphs and lists with those made again.
//!
//! They are compared commit by commit, whichever segment holds a commit: a commit that was incomplete for
//! a while may have been proved with a later pack than the one that completed it.

use std::collections::BTreeSet;

use gix_hash::ObjectId;

use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::graph::introductions::Introductions;
use super::super::pack::reader::LivePacks;
use super::super::store::{PackStore, StoreError};

/// A graph and its introduced lists over packs.
pub struct Graph<'a, S> {
    /// The packs.
    pub packs: &'a LivePacks<S>,
    /// Their graph.
    pub graph: &'a CommitGraph,
    /// Their lists.
    pub(crate) introductions: Introductions,
}

impl<'a, S: PackStore> Graph<'a, S> {
    /// Over these packs.
    pub fn new(packs: &'a LivePacks<S>, graph: &'a CommitGraph) -> Self {
        Self {
            packs,
            graph,
            introductions: Introductions::of(graph),
        }
    }

    /// All that the graph says of a commit.
    fn facts(&self, node: CommitNode) -> Result<Facts, StoreError> {
        let mut parents = Vec::new();
        self.graph.parents(node, &mut parents)?;
        let parents = self.graph.commit_ids(&parents)?;
        let mut introduced = BTreeSet::new();
        let (mut stored, mut failed) = (Vec::new(), None);
        let store = self.packs.store();
        self.introductions.for_each(
            store,
            self.graph,
            node,
            |at| stored.push(at),
            |id| {
                introduced.insert(id);
            },
        )?;
        for at in stored {
            match self.packs.id(at) {
                Ok(id) => {
                    introduced.insert(id);
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)?;
        Ok(Facts {
            tree: self.graph.tree_id(node)?,
            time_seconds: self.graph.time_seconds(node)?,
            generation: self.graph.generation(node)?,
            parents,
            introduced,
        })
    }
}

#[derive(PartialEq, Eq)]
struct Facts {
    tree: ObjectId,
    time_seconds: u64,
    generation: u32,
    parents: Vec<ObjectId>,
    introduced: BTreeSet<ObjectId>,
}

/// The defect of the stored commit at this place; `None` if it has no defect.
pub fn commits<S: PackStore, R: PackStore>(
    stored: &Graph<'_, S>,
    rebuilt: &Graph<'_, R>,
    node: CommitNode,
) -> Result<Option<String>, StoreError> {
    let commit_id = stored.graph.commit_id(node)?;
    let Some(other) = rebuilt.graph.lookup(&commit_id)? else {
        return Ok(Some(format!(
            "commit {commit_id} is in its graph and not complete"
        )));
    };
    let agree = stored.facts(node)? == rebuilt.facts(other)?;
    Ok((!agree).then(|| format!("its graph or its lists are wrong about commit {commit_id}")))
}
