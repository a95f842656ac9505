//! A sync under way: its inputs, and whether it may still publish.

use std::collections::HashMap;
use std::rc::Rc;

use gix_object::bstr::BString;

use crate::repo_do::contract::{Credentials, RemoteUrl};
use crate::repo_do::lifecycle::import::attempt::Attempt;
use crate::repo_do::lifecycle::import::error::ImportError;
use crate::repo_do::mirrors::credentials::place::{Direction, Place};
use crate::repo_do::mirrors::credentials::sealed::SealedCredentials;
use crate::repo_do::mirrors::credentials::sealing;
use crate::repo_do::object::RepoObject;
use crate::repo_do::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;
use crate::storage::repository::upstream::{Diverged, Upstream};

/// Diverged refs that are remembered. Each sync fetches the others again.
pub(super) const DIVERGED_MAX: u32 = 1000;

/// State shared by the attempts in one run of the alarm.
pub(super) struct Sync {
    pub(super) attempt: Attempt,
}

/// The inputs of an attempt.
pub(super) struct Ground {
    pub(super) upstream: Upstream,
    pub(super) record: RepositoryRecord,
    pub(super) seq: i64,
    /// Refs that an earlier sync found diverged.
    pub(super) apart: HashMap<BString, Diverged>,
}

impl Sync {
    /// A sync for this life of the object and its present settings.
    pub(super) fn new(object: &Rc<RepoObject>, store: &Rc<Store>) -> Self {
        Self {
            attempt: Attempt::following(object, store),
        }
    }

    /// Call after each `.await`: fails if the repository no longer follows the upstream by the same
    /// settings. After a failure the sync must not write.
    pub(super) fn check_alive(&self) -> Result<(), ImportError> {
        self.attempt.check_alive()
    }

    /// The inputs of an attempt, if the repository takes changes now.
    pub(super) fn ground(&self, seq: i64) -> Result<Ground, ImportError> {
        let store = &self.attempt.store;
        let record = store.load()?.ok_or(ImportError::Deleted)?;
        let upstream = store.upstream()?.ok_or(ImportError::Deleted)?;
        takes_changes(&record)?;
        let apart = store.diverged(DIVERGED_MAX)?.into_iter();
        Ok(Ground {
            upstream,
            record,
            seq,
            apart: apart.map(|found| (found.name.clone(), found)).collect(),
        })
    }

    /// The credentials to send to the upstream.
    pub(super) async fn credentials(
        &self,
        ground: &Ground,
        url: &RemoteUrl,
    ) -> Result<Option<Credentials>, ImportError> {
        let Some(text) = &ground.upstream.credentials else {
            return Ok(None);
        };
        let given_up = |error: &dyn std::fmt::Display| ImportError::GivenUp(error.to_string());
        let sealed = SealedCredentials::parse(text).map_err(|error| given_up(&error))?;
        let place = Place {
            repository_id: &ground.record.id,
            direction: Direction::Upstream,
            url,
        };
        let object = &self.attempt.object;
        let opened = sealing::open(object, &place, &sealed).await;
        self.check_alive()?;
        let opened = opened.map_err(|error| {
            if error.is_temporary() {
                ImportError::Unavailable(error.to_string())
            } else {
                given_up(&error)
            }
        })?;
        if let Some(resealed) = opened.resealed {
            self.attempt.store.reseal_upstream(&resealed.to_text())?;
        }
        Ok(Some(opened.credentials))
    }

    /// Checks that the next publication may go ahead.
    pub(super) fn check_publishable(&self) -> Result<(), ImportError> {
        self.check_alive()?;
        let record = self.attempt.store.load()?.ok_or(ImportError::Deleted)?;
        takes_changes(&record)
    }
}

/// Fails if the repository takes no changes, which holds for its upstream too.
fn takes_changes(record: &RepositoryRecord) -> Result<(), ImportError> {
    let refused = if record.policies.standing.suspended {
        "the namespace is suspended"
    } else if record.is_read_only() {
        "the repository is read-only, also for its upstream"
    } else {
        return Ok(());
    };
    Err(ImportError::GivenUp(refused.to_owned()))
}
