//! The proof that all objects that a pack's tips reach are here.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use gix_hash::ObjectId;

use super::error::IntakeError;
use super::hooks::Stage;
use super::steps::{CHECK_STEP_OBJECTS, Steps};
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::{
    Connected, Connectivity, ConnectivityError, Incoming, Progress,
};
use crate::git::limits::Limits;
use crate::git::store::{ObjectSource, ReadError};

/// Walks that one proof may take to find the tips that are not complete. The first finds them all,
/// and the second proves the rest, except trees and blobs that refs name directly.
const WALKS_MAX: usize = 16;

/// A policy of closure: which tips must be complete, and the fate of the others.
pub(crate) trait Closure {
    /// The tips to be proved; `None` when nothing is left that would need the pack.
    fn tips(&self) -> Option<Cow<'_, [ObjectId]>>;

    /// For a stored pack, the commits that are not tips: all others that the graph lacks are, in place of
    /// [`Self::tips`].
    fn all_commits_but(&self) -> Option<&Rc<HashSet<ObjectId>>> {
        None
    }

    /// Commits that count as if they had no parents.
    fn shallow(&self) -> &[ObjectId] {
        &[]
    }

    /// Walks after which the proof is given up.
    fn walks_max(&self) -> usize {
        WALKS_MAX
    }

    /// Called once in a walk, at the first tip that is not complete.
    fn failed(&self, _error: &ConnectivityError) {}

    /// Leaves out the tips that one walk found not to be complete, or fails. The rest is walked
    /// again: the finding about one tip may rest on another tip that was given up.
    fn leave_out(&mut self, bad: HashMap<ObjectId, ConnectivityError>) -> Result<(), IntakeError>;

    /// Which of the objects that the tips need and the pack lacks the caller may not have: they count
    /// as if they were not here.
    fn hidden(&self, _relied_on: &[ObjectId]) -> Result<HashSet<ObjectId>, ReadError> {
        Ok(HashSet::new())
    }
}

/// The inputs of a proof.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The graph of the live packs.
    pub(crate) graph: &'a CommitGraph,
    /// The objects of the pack and of the live packs.
    pub(crate) objects: &'a dyn ObjectSource,
    /// The pack.
    pub(crate) incoming: &'a dyn Incoming,
    /// The bounds.
    pub(crate) limits: &'a Limits,
}

/// Walks from the tips until all that are left are complete; gives the pack's derived parts. `None`
/// when no tip is left.
pub(crate) async fn prove(
    steps: Steps<'_>,
    subject: Subject<'_>,
    closure: &mut dyn Closure,
) -> Result<Option<Connected>, IntakeError> {
    let mut hidden = Rc::new(HashSet::new());
    let walks_max = closure.walks_max();
    for _ in 0..walks_max {
        let walk = walk_of(subject, closure, &hidden);
        let Some(mut walk) = walk.map(|walk| walk.spilling_to(steps.spill())) else {
            return Ok(None);
        };
        let bad = walk_to_end(steps, &mut walk, closure).await?;
        if !bad.is_empty() {
            closure.leave_out(bad)?;
            continue;
        }
        let connected = walk.finish()?;
        let more = steps
            .read(|| Ok(closure.hidden(&connected.relied_on)?))
            .await?;
        if more.is_empty() {
            return Ok(Some(connected));
        }
        Rc::make_mut(&mut hidden).extend(more);
    }
    Err(IntakeError::TooManyWalks(walks_max))
}

/// The walk from the tips that are left. It keeps their ids alone, so the list goes at once.
fn walk_of<'a>(
    subject: Subject<'a>,
    closure: &dyn Closure,
    hidden: &Rc<HashSet<ObjectId>>,
) -> Option<Connectivity<'a>> {
    let Subject {
        graph,
        objects,
        incoming,
        limits,
    } = subject;
    let walk = Connectivity::new(graph, objects, incoming, &closure.tips()?, limits);
    let walk = match closure.all_commits_but() {
        Some(left_out) => walk.from_all_commits(left_out),
        None => walk,
    };
    let shallow = closure.shallow().iter().copied();
    Some(walk.with_shallow(shallow).without(hidden))
}

/// Walks to the end; gives the tips that are not complete.
async fn walk_to_end(
    steps: Steps<'_>,
    walk: &mut Connectivity<'_>,
    closure: &dyn Closure,
) -> Result<HashMap<ObjectId, ConnectivityError>, IntakeError> {
    let mut bad = HashMap::new();
    let step = || {
        let is_done = match walk.step(CHECK_STEP_OBJECTS) {
            Err(error) if error.is_of_tip() => {
                if bad.is_empty() {
                    closure.failed(&error);
                }
                bad.insert(walk.give_up_tip()?, error);
                false
            }
            step => step? == Progress::Done,
        };
        let commits = walk.commits_proved();
        steps.hooks.at(Stage::Checking { commits });
        Ok(is_done)
    };
    steps.run(step).await?;
    Ok(bad)
}
