//! The closure of an import: every ref that was asked for must be complete. Tags come unasked; an
//! incomplete one is left out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::error::ImportError;
use super::wanted::Wanted;
use crate::git::fetch_client::remote_refs::RemoteRef;
use crate::git::graph::connectivity::{ConnectivityError, Incoming as _};
use crate::git::receive_pack::pushed::Pushed;
use crate::git::store::ObjectSource as _;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::prove::Closure;
use crate::repo_do::state::store::Store;

/// The closure of an import.
pub(crate) struct RefsAndTags<'a> {
    /// The tips that were asked for.
    pub(crate) tips: &'a [ObjectId],
    /// Tags whose object came, as far as they are complete.
    pub(crate) tags: Vec<&'a RemoteRef>,
    /// Commits at the edge of a history that is here in part.
    pub(crate) shallow: Vec<ObjectId>,
}

impl Closure for RefsAndTags<'_> {
    fn tips(&self) -> Option<Cow<'_, [ObjectId]>> {
        let tags = self.tags.iter().map(|tag| tag.target);
        let tips = self.tips.iter().copied();
        Some(Cow::Owned(tips.chain(tags).collect()))
    }

    fn shallow(&self) -> &[ObjectId] {
        &self.shallow
    }

    fn leave_out(&mut self, bad: HashMap<ObjectId, ConnectivityError>) -> Result<(), IntakeError> {
        if let Some((_, error)) = bad.iter().find(|(tip, _)| self.tips.contains(tip)) {
            return Err(error.clone().into());
        }
        self.tags.retain(|tag| !bad.contains_key(&tag.target));
        Ok(())
    }
}

/// The tags whose object came, and the object that it names. Nobody asks for a tag: it comes along with the
/// object it names.
pub(crate) fn tags_that_came<'a>(
    pushed: &Pushed<'_, Rc<Store>>,
    wanted: &'a Wanted,
) -> Result<Vec<&'a RemoteRef>, ImportError> {
    let mut tags = Vec::new();
    for tag in &wanted.tags {
        let peeled = tag.peeled.unwrap_or(tag.target);
        if pushed.kind(&tag.target)?.is_some() && pushed.kind(&peeled)?.is_some() {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// Commits that the remote calls shallow, and that came and lack parents: a first commit
/// has none to lack.
pub(crate) fn edge(pushed: &Pushed<'_, Rc<Store>>, shallow: &[ObjectId]) -> Vec<ObjectId> {
    let lacks = |id: &&ObjectId| {
        let commit = pushed.commit(id);
        commit.is_some_and(|commit| !commit.parents.is_empty())
    };
    shallow.iter().filter(lacks).copied().collect()
}
