//! Judges which changes of refs a sync makes: upstream's policy and the repository's own rules must allow
//! the change, and its target must be here whole.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use crate::git::graph::commits::CommitGraph;
use crate::git::graph::connectivity::ConnectivityError;
use crate::git::limits::Limits;
use crate::git::object::ObjectKind;
use crate::git::protocol::push_commands::PushCommand;
use crate::git::receive_pack::pushed::Pushed;
use crate::git::receive_pack::ref_rules::RulesInForce;
use crate::git::receive_pack::rules::{self, Rejection, Settings};
use crate::git::store::{ObjectSource as _, ReadError};
use crate::repo_do::fetch::reach::Visible;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::prove::Closure;
use crate::repo_do::object::RepoObject;
use crate::repo_do::receive::check::is_forced;
use crate::repo_do::state::reach_cache::Audience;
use crate::repo_do::state::store::Store;
use crate::storage::repository::publication::RefUpdate;
use crate::storage::repository::store::RepositoryRecord;
use crate::storage::repository::upstream::UpstreamPolicy;
use crate::storage::repository::upstream_syncs::{RefReport, RefResult};

/// A change of a ref, and its result.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// The change.
    pub(super) update: RefUpdate,
    /// The result, if no other change comes in between.
    pub(super) result: RefResult,
    /// The reason for a refusal.
    pub(super) reason: Option<String>,
}

impl Judged {
    /// A change that no rule has judged yet.
    pub(super) fn new(name: BString, old: Option<ObjectId>, new: Option<ObjectId>) -> Self {
        let result = match (old, new) {
            (_, None) => RefResult::Deleted,
            (None, Some(_)) => RefResult::Created,
            (Some(_), Some(_)) => RefResult::Updated,
        };
        let update = RefUpdate {
            name,
            old,
            new,
            peeled: None,
        };
        Self {
            update,
            result,
            reason: None,
        }
    }

    /// Whether the sync makes the change.
    pub(super) fn is_made(&self) -> bool {
        !matches!(self.result, RefResult::Diverged | RefResult::Rejected)
    }

    /// Refuses the change.
    pub(super) fn reject(&mut self, reason: &dyn std::fmt::Display) {
        self.result = RefResult::Rejected;
        self.reason = Some(reason.to_string());
    }

    /// The change, as the sync's report shows it.
    pub(super) fn report(&self) -> RefReport {
        let hex = |id: &ObjectId| id.to_string();
        RefReport {
            name: self.update.name.to_str_lossy().into_owned(),
            old: self.update.old.as_ref().map(hex),
            new: self.update.new.as_ref().map(hex),
            result: self.result,
            reason: self.reason.clone(),
        }
    }

    fn command(&self) -> PushCommand {
        PushCommand {
            name: self.update.name.clone(),
            old: self.update.old,
            new: self.update.new,
        }
    }
}

/// The rules by which changes are judged.
pub(super) struct Judge<'a> {
    pub(super) record: &'a RepositoryRecord,
    pub(super) policy: UpstreamPolicy,
    /// The branch that HEAD names, or will name.
    pub(super) head: &'a BString,
    pub(super) limits: &'a Limits,
}

impl Judge<'_> {
    fn settings(&self) -> Settings<'_> {
        let record = self.record;
        Settings {
            // `takes_changes` checks this once for all changes.
            read_only: false,
            deny_deletes: record.settings.deny_deletes,
            deny_non_fast_forwards: record.settings.deny_non_fast_forwards,
            head: self.head.as_bstr(),
            rules: RulesInForce {
                token: None,
                repository: &record.policies.ref_rules,
                overrides: false,
            },
            // The upstream itself may change mirrored refs.
            mirrored: None,
        }
    }

    /// Judges by the rules that need no objects.
    pub(super) fn before_pack(&self, judged: &mut Judged) {
        let rules = rules::before_pack(&judged.command(), &self.settings(), self.limits);
        if let Err(rejection) = rules {
            judged.reject(&rejection);
        }
    }

    /// Judges a change whose objects are here now.
    pub(super) fn with_objects(
        &self,
        judged: &mut Judged,
        graph: &CommitGraph,
        pushed: &Pushed<'_, Rc<Store>>,
    ) -> Result<(), ReadError> {
        let (command, Some(new)) = (judged.command(), judged.update.new) else {
            return Ok(());
        };
        if !judged.is_made() {
            return Ok(());
        }
        let is_branch = rules::names_a_branch(command.name.as_bstr());
        if is_branch && pushed.kind(&new)? != Some(ObjectKind::Commit) {
            judged.reject(&Rejection::NotACommit { id: new });
            return Ok(());
        }
        if is_forced(graph, pushed, &command)? {
            if self.policy == UpstreamPolicy::FastForward {
                judged.result = RefResult::Diverged;
                return Ok(());
            }
            if let Err(rejection) = rules::forced(&command, &self.settings()) {
                judged.reject(&rejection);
                return Ok(());
            }
            judged.result = RefResult::Forced;
        }
        judged.update.peeled = pushed.peel(&new)?;
        Ok(())
    }
}

/// The closure of a sync: refuses a ref whose target is not here whole, and lets the others pass.
pub(super) struct Targets<'a> {
    pub(super) object: &'a RepoObject,
    pub(super) store: &'a Rc<Store>,
    pub(super) changes: &'a mut [Judged],
    pub(super) shallow: Vec<ObjectId>,
}

impl Closure for Targets<'_> {
    fn tips(&self) -> Option<Cow<'_, [ObjectId]>> {
        let made = self.changes.iter().filter(|change| change.is_made());
        let mut seen = HashSet::new();
        let tips = made.filter_map(|change| change.update.new);
        let tips: Vec<_> = tips.filter(|id| seen.insert(*id)).collect();
        (!tips.is_empty()).then_some(Cow::Owned(tips))
    }

    fn shallow(&self) -> &[ObjectId] {
        &self.shallow
    }

    fn leave_out(&mut self, bad: HashMap<ObjectId, ConnectivityError>) -> Result<(), IntakeError> {
        for change in self.changes.iter_mut().filter(|change| change.is_made()) {
            let error = change.update.new.and_then(|new| bad.get(&new));
            if let Some(error) = error {
                change.reject(error);
            }
        }
        Ok(())
    }

    /// Objects that neither a ref of this repository nor its reflog reaches: upstream must not gain them
    /// by naming them.
    fn hidden(&self, relied_on: &[ObjectId]) -> Result<HashSet<ObjectId>, ReadError> {
        Visible::to(self.object, self.store, Audience::Member).hidden(relied_on)
    }
}
