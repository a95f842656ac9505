//! The judgement of each ref update once the objects are known: whether all that it reaches is
//! here, and whether the ref may go there.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::super::fetch::reach::Visible;
use super::super::r2::cold::Faults;
use super::super::runtime::timer::pause;
use super::super::state::reach_cache::Audience;
use super::super::state::store::Store;
use super::finish::PushJob;
use super::refused::Refused;
use super::{Push, settings};
use crate::git::graph::ancestry::is_ancestor;
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::{
    Connected, Connectivity, ConnectivityError, Incoming as _, Progress,
};
use crate::git::object::ObjectKind;
use crate::git::protocol::push_commands::PushCommand;
use crate::git::receive_pack::pushed::Pushed;
use crate::git::receive_pack::rules::{self, Rejection};
use crate::git::store::{ObjectSource as _, ReadError};

/// Objects read between two pauses: about 20 ms of CPU.
const CHECK_STEP_OBJECTS: usize = 2000;

/// Walks that one push may take to find the tips that are not complete. The first finds them
/// all, and the second proves the rest, but for trees and blobs that refs name directly.
const WALKS_MAX: usize = 16;

impl PushJob {
    /// Walks from the new tips: what they reach must be here, in the pack or where the pusher may
    /// see it. Tips that are not complete are rejected, and the rest is proved; `None` when nothing
    /// is left of it.
    pub(super) async fn connect(
        &mut self,
        graph: &CommitGraph,
        pushed: &Pushed<'_, Rc<Store>>,
    ) -> Result<Option<Connected>, Refused> {
        self.remark("Checking connectivity: ");
        let mut hidden = Rc::new(HashSet::new());
        for _ in 0..WALKS_MAX {
            let tips = self.tips();
            if tips.is_empty() {
                return Ok(None);
            }
            let mut walk =
                Connectivity::new(graph, pushed, pushed, &tips, &self.push.limits).without(&hidden);
            let mut bad = HashMap::new();
            let mut faults = Faults::default();
            loop {
                let step = walk.step(CHECK_STEP_OBJECTS);
                if step.is_ok() {
                    faults.settled();
                }
                match step {
                    Ok(Progress::Working) => pause().await,
                    Ok(Progress::Done) => break,
                    Err(ConnectivityError::Read(error)) => {
                        self.fetch_cold_chunk(&mut faults, error.cold().ok_or(error)?)
                            .await?;
                    }
                    Err(error) if error.is_of_tip() => {
                        if bad.is_empty() {
                            self.remark(&format!("failed.\nerror: {error}\n"));
                        }
                        let rejection = self.rejection_of(&error);
                        bad.insert(walk.give_up_tip(), rejection);
                        pause().await;
                    }
                    Err(error) => return Err(Refused::of(error.to_string())),
                }
            }
            if bad.is_empty() {
                let connected = walk.finish();
                let more = self.hidden(&connected.relied_on).await?;
                if !more.is_empty() {
                    Rc::make_mut(&mut hidden).extend(more);
                    continue;
                }
                self.remark(&format!("{}, done.\n", connected.stats.commits));
                return Ok(Some(connected));
            }
            self.reject_tips(&bad);
        }
        for slot in &mut self.push.rejections {
            slot.get_or_insert(Rejection::MissingObjects);
        }
        Ok(None)
    }

    /// Objects that the push relies on and that no ref of this repository reaches, nor its reflog:
    /// whoever knows such an id must not be given the object for naming it.
    async fn hidden(&self, relied_on: &[ObjectId]) -> Result<HashSet<ObjectId>, Refused> {
        let mut faults = Faults::default();
        loop {
            let Push { object, store, .. } = &self.push;
            match Visible::to(object, store, Audience::Member).hidden(relied_on) {
                Ok(hidden) => return Ok(hidden),
                Err(error) => {
                    self.fetch_cold_chunk(&mut faults, error.cold().ok_or(error)?)
                        .await?;
                }
            }
        }
    }

    /// Why a tip is refused that is not complete. What a shallow repository lacks, git names so.
    fn rejection_of(&self, error: &ConnectivityError) -> Rejection {
        let shallow = &self.push.commands.shallow;
        let is_shallow = match error {
            ConnectivityError::Missing {
                kind: ObjectKind::Commit,
                referred_by,
                ..
            } => shallow.contains(referred_by),
            ConnectivityError::Incomplete { .. } => !shallow.is_empty(),
            _ => false,
        };
        if is_shallow {
            Rejection::ShallowUpdate
        } else {
            Rejection::MissingObjects
        }
    }

    fn reject_tips(&mut self, bad: &HashMap<ObjectId, Rejection>) {
        let commands = &self.push.commands.commands;
        for (command, slot) in commands.iter().zip(&mut self.push.rejections) {
            if let Some(rejection) = command.new.and_then(|new| bad.get(&new)) {
                slot.get_or_insert_with(|| rejection.clone());
            }
        }
        self.push.propagate_atomic();
    }

    /// The new ids of the refs that may still change.
    fn tips(&self) -> Vec<ObjectId> {
        let commands = self
            .push
            .commands
            .commands
            .iter()
            .zip(&self.push.rejections);
        let open = commands.filter(|(_, rejection)| rejection.is_none());
        open.filter_map(|(command, _)| command.new).collect()
    }

    /// Judges what the tips are, by the settings as they are now; gives what each peels to. After a
    /// failure to read it can be called again.
    pub(super) fn judge_tips(
        &mut self,
        graph: &CommitGraph,
        pushed: &Pushed<'_, Rc<Store>>,
    ) -> Result<Vec<Option<ObjectId>>, ReadError> {
        self.push.judge();
        let settings = settings(&self.push.authorized.record);
        let mut peeled = Vec::with_capacity(self.push.rejections.len());
        let commands = self
            .push
            .commands
            .commands
            .iter()
            .zip(&mut self.push.rejections);
        for (command, rejection) in commands {
            let Some(new) = command.new.filter(|_| rejection.is_none()) else {
                peeled.push(None);
                continue;
            };
            let kind = pushed.kind(&new)?;
            if rules::names_a_branch(command.name.as_bstr()) && kind != Some(ObjectKind::Commit) {
                *rejection = Some(Rejection::NotACommit { id: new });
            } else if rules::must_fast_forward(command, &settings)
                && !moves_forward(graph, pushed, command)?
            {
                *rejection = Some(Rejection::NonFastForward);
            }
            peeled.push(pushed.peel(&new)?);
        }
        self.push.propagate_atomic();
        Ok(peeled)
    }
}

/// Whether the branch's old commit is an ancestor of its new one. The new one is not in the live
/// graph yet, so the pushed commits are walked down to where they meet it.
fn moves_forward(
    graph: &CommitGraph,
    pushed: &Pushed<'_, Rc<Store>>,
    command: &PushCommand,
) -> Result<bool, ReadError> {
    let (Some(old), Some(new)) = (command.old, command.new) else {
        return Ok(true);
    };
    let Some(ancestor) = graph.lookup(&old) else {
        return Ok(old == new);
    };
    let (mut seen, mut open) = (HashSet::from([new]), vec![new]);
    while let Some(commit_id) = open.pop() {
        if let Some(node) = graph.lookup(&commit_id) {
            if is_ancestor(graph, ancestor, node)? {
                return Ok(true);
            }
        } else if let Some(facts) = pushed.commit(&commit_id) {
            open.extend(
                facts
                    .parents
                    .into_iter()
                    .filter(|parent| seen.insert(*parent)),
            );
        }
    }
    Ok(false)
}
