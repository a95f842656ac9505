//! The judgement of each ref update once the objects are known: whether all that it reaches is
//! here, and whether the ref may go there.

use std::collections::HashSet;
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::super::r2::cold::Faults;
use super::super::state::store::Store;
use super::closure::PushTips;
use super::finish::PushJob;
use super::push::settings;
use super::refused::Refused;
use crate::git::graph::ancestry::is_ancestor;
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::{Connected, Incoming as _};
use crate::git::object::ObjectKind;
use crate::git::protocol::push_commands::PushCommand;
use crate::git::receive_pack::pushed::Pushed;
use crate::git::receive_pack::rules::{self, Rejection};
use crate::git::refname;
use crate::git::store::{ObjectSource as _, ReadError};
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::prove::{Subject, prove};
use crate::repo_do::intake::steps::Steps;

impl PushJob {
    /// Proves the new tips; those that are not complete are rejected. `None` when nothing is left.
    pub(super) async fn connect(
        &mut self,
        steps: Steps<'_>,
        graph: &CommitGraph,
        pushed: &Pushed<'_, Rc<Store>>,
    ) -> Result<Option<Connected>, Refused> {
        self.progress.remark("Checking connectivity: ");
        let limits = self.push.limits;
        let subject = Subject {
            graph,
            objects: pushed,
            incoming: pushed,
            limits: &limits,
        };
        let mut closure = PushTips {
            push: &mut self.push,
            progress: &self.progress,
        };
        let connected = match prove(steps, subject, &mut closure).await {
            Ok(connected) => connected,
            Err(IntakeError::TooManyWalks(_)) => {
                self.push.updates.reject_open(&Rejection::MissingObjects);
                None
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(connected) = &connected {
            self.progress
                .remark(&format!("{}, done.\n", connected.stats.commits));
        }
        Ok(connected)
    }

    /// Judges the complete tips, and again after each wait: nothing is awaited between the last judgement
    /// and the return.
    pub(super) async fn judge_complete(
        &mut self,
        steps: Steps<'_>,
        graph: &CommitGraph,
        pushed: &Pushed<'_, Rc<Store>>,
    ) -> Result<(), Refused> {
        let mut faults = Faults::default();
        loop {
            self.push.renew().await;
            match self.judge_tips(graph, pushed) {
                Ok(()) => return Ok(()),
                Err(error) => steps.fetch_cold_chunk(&mut faults, error.into()).await?,
            }
        }
    }

    /// Judges the kinds of the tips, by the present settings, and notes the object that each peels to.
    /// After a failure to read it can be called again.
    pub(super) fn judge_tips(
        &mut self,
        graph: &CommitGraph,
        pushed: &Pushed<'_, Rc<Store>>,
    ) -> Result<(), ReadError> {
        self.push.judge();
        let authorized = &self.push.authorized;
        let settings = settings(authorized, self.push.overrides);
        // While the hook is asked, a rule may come that asks whether a move is forced.
        let waits = authorized.record.policies.pre_receive.is_some();
        self.push.updates.try_judge(|update| {
            let command = &update.command;
            let Some(new) = command.new else {
                return Ok(None);
            };
            let kind = pushed.kind(&new)?;
            if rules::names_a_branch(command.name.as_bstr()) && kind != Some(ObjectKind::Commit) {
                return Ok(Some(Rejection::NotACommit { id: new }));
            }
            if waits || rules::asks_for_force(command, &settings) {
                let is_forced = is_forced(graph, pushed, command)?;
                update.is_forced = Some(is_forced);
                if is_forced && let Err(rejection) = rules::forced(command, &settings) {
                    return Ok(Some(rejection));
                }
            }
            update.peeled = pushed.peel(&new)?;
            Ok(None)
        })
    }
}

/// Whether the ref moves as Git's client moves it only when it is forced (`set_ref_status_for_push` in
/// git's `remote.c`).
pub(crate) fn is_forced(
    graph: &CommitGraph,
    pushed: &Pushed<'_, Rc<Store>>,
    command: &PushCommand,
) -> Result<bool, ReadError> {
    let (Some(old), Some(new)) = (command.old, command.new) else {
        return Ok(false);
    };
    if old == new {
        return Ok(false);
    }
    Ok(command.name.starts_with_str(refname::TAGS) || !moves_forward(graph, pushed, old, new)?)
}

/// Whether both are commits, and the old one is an ancestor of the new one. The new one is not in the
/// live graph yet, so the pushed commits are walked down to where they meet it.
fn moves_forward(
    graph: &CommitGraph,
    pushed: &Pushed<'_, Rc<Store>>,
    old: ObjectId,
    new: ObjectId,
) -> Result<bool, ReadError> {
    let Some(ancestor) = graph.lookup(&old)? else {
        return Ok(false);
    };
    let (mut seen, mut open) = (HashSet::from([new]), vec![new]);
    while let Some(commit_id) = open.pop() {
        if let Some(node) = graph.lookup(&commit_id)? {
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
