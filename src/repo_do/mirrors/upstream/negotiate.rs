//! The objects that a sync requests, and the commits that it claims to have.
//!
//! A sync sends one request, so it names a bounded sample of the commits here: the targets of the refs
//! that change, a part of the history of some of them, and the heads of other branches.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::sync::Sync;
use crate::git::fetch_client::haves::Haves;
use crate::git::graph::commits::CommitGraph;
use crate::git::refname;
use crate::repo_do::fetch::reach::Visible;
use crate::repo_do::lifecycle::import::error::ImportError;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::reach_cache::Audience;

/// Refs whose old targets are named.
const TARGETS_MAX: usize = 256;

/// Refs whose history is sampled. Upstream knows the targets of its own refs here, unless somebody pushed
/// to them.
const SAMPLED_MAX: usize = 4;

/// Other branches whose heads are named as well.
const BRANCHES_MAX: usize = 256;

/// Commits of a history between two pauses.
const STEP_COMMITS: u64 = 4096;

/// The objects to request, and the commits that are here.
#[derive(Debug, Default)]
pub(super) struct Needed {
    /// Objects that this repository lacks, each once.
    pub(super) wants: Vec<ObjectId>,
    /// Commits that are here with everything that they reach.
    pub(super) haves: Vec<ObjectId>,
}

impl Sync {
    /// The objects that these changes of refs need.
    pub(super) async fn needed(
        &self,
        changes: &[(Option<ObjectId>, ObjectId)],
        graph: &Rc<CommitGraph>,
    ) -> Result<Needed, ImportError> {
        let mut seen = HashSet::new();
        let targets = changes.iter().map(|(_, new)| *new);
        let targets: Vec<_> = targets.filter(|id| seen.insert(*id)).collect();
        let mut here = Vec::new();
        for target in &targets {
            if graph.lookup(target)?.is_some() {
                here.push(*target);
            }
        }
        // An object that merely lies here does not count: naming it must not reveal it.
        let store = &self.attempt.store;
        let visible = Visible::to(&self.attempt.object, store, Audience::Member);
        let hidden = || Ok(visible.hidden(&here)?);
        let hidden = self.attempt.steps().read(hidden).await?;
        self.check_alive()?;
        here.retain(|id| !hidden.contains(id));
        let is_here: HashSet<_> = here.iter().copied().collect();
        let wants: Vec<_> = targets
            .into_iter()
            .filter(|id| !is_here.contains(id))
            .collect();
        if wants.is_empty() {
            return Ok(Needed::default());
        }
        here.truncate(TARGETS_MAX);
        let haves = self.haves(changes, graph, here).await?;
        Ok(Needed { wants, haves })
    }

    async fn haves(
        &self,
        changes: &[(Option<ObjectId>, ObjectId)],
        graph: &Rc<CommitGraph>,
        mut haves: Vec<ObjectId>,
    ) -> Result<Vec<ObjectId>, ImportError> {
        let store = &self.attempt.store;
        let olds = changes.iter().filter_map(|(old, _)| *old);
        let olds: Vec<_> = olds.take(TARGETS_MAX).collect();
        haves.extend(&olds);
        let room = haves.len().saturating_add(BRANCHES_MAX);
        let mut first = olds.first().copied();
        store.visit_refs(refname::HEADS.as_bytes(), |record| {
            haves.push(record.target);
            first.get_or_insert(record.target);
            if haves.len() < room {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        let sampled = olds.iter().copied().chain(first).take(SAMPLED_MAX);
        for tip in sampled.collect::<Vec<_>>() {
            let Some(node) = graph.lookup(&tip)? else {
                continue;
            };
            let mut sample = Haves::of(Rc::clone(graph), node)?;
            while sample.step(STEP_COMMITS)? {
                pause().await;
                self.check_alive()?;
            }
            haves.extend(sample.finish());
        }
        let mut seen = HashSet::new();
        haves.retain(|id| seen.insert(*id));
        Ok(haves)
    }
}
