//! The closure of a push: every object that its new tips reach must be in its pack, or where the
//! pusher may see it. An incomplete tip is rejected, and the others are proved.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use gix_hash::ObjectId;

use super::super::fetch::reach::Visible;
use super::super::state::reach_cache::Audience;
use super::progress::ProgressSink;
use super::push::Push;
use crate::git::graph::connectivity::ConnectivityError;
use crate::git::object::ObjectKind;
use crate::git::receive_pack::rules::Rejection;
use crate::git::store::ReadError;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::prove::Closure;

/// The tips of a push.
pub(super) struct PushTips<'a> {
    pub(super) push: &'a mut Push,
    pub(super) progress: &'a ProgressSink,
}

impl Closure for PushTips<'_> {
    /// The new ids of the refs that may still change.
    fn tips(&self) -> Option<Cow<'_, [ObjectId]>> {
        let open = self.push.updates.open();
        let tips: Vec<_> = open.filter_map(|update| update.command.new).collect();
        (!tips.is_empty()).then_some(Cow::Owned(tips))
    }

    fn failed(&self, error: &ConnectivityError) {
        self.progress.remark(&format!("failed.\nerror: {error}\n"));
    }

    fn leave_out(&mut self, bad: HashMap<ObjectId, ConnectivityError>) -> Result<(), IntakeError> {
        let shallow = &self.push.commands.shallow;
        self.push.updates.judge(|update| {
            let error = bad.get(&update.command.new?)?;
            Some(rejection_of(error, shallow))
        });
        Ok(())
    }

    /// Objects that no ref of this repository reaches, nor its reflog: a client that knows such an id must
    /// not get the object for naming it. A blob that the caller put by REST is its own.
    fn hidden(&self, relied_on: &[ObjectId]) -> Result<HashSet<ObjectId>, ReadError> {
        let Push { object, store, .. } = &*self.push;
        let mut hidden = Visible::to(object, store, Audience::Member).hidden(relied_on)?;
        if let Some(brought) = &self.push.brought {
            hidden.retain(|id| !brought.has(id));
        }
        let putter = self.push.authorized.putter();
        for id in hidden.iter().copied().collect::<Vec<_>>() {
            if store.has_put(&id, putter)? {
                hidden.remove(&id);
            }
        }
        Ok(hidden)
    }
}

/// The reason for an incomplete tip. Git has another word for objects that a shallow repository lacks.
fn rejection_of(error: &ConnectivityError, shallow: &[ObjectId]) -> Rejection {
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
