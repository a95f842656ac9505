//! The objects of Git LFS that a record names: held, looked for in R2, and written down if they are
//! there.

use super::alive::Attempt;
use super::error::RecoverError;
use crate::git::lfs::LfsOid;
use crate::repo_do::r2::lfs_presence::LfsPresence;
use crate::repo_do::r2::network::Member;
use crate::repo_do::runtime::clock::now_ms;
use crate::storage::fault_log;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::copies::Release;
use crate::storage::repository::lfs_life::{LFS_PAGE, NamedLfsObject};

/// Objects that R2 lacks which the log names.
const MISSING_TOLD: usize = 10;

/// Objects of one record, in the order in which it names them.
pub(super) struct LfsAdoption<'a> {
    attempt: &'a Attempt,
    lost_id: &'a str,
    presence: LfsPresence<'a, R2>,
    network_id: String,
    /// Objects that are still to be looked for.
    waiting: Vec<NamedLfsObject>,
    missing: u64,
    missing_first: Vec<LfsOid>,
}

impl<'a> LfsAdoption<'a> {
    /// Nothing is written yet.
    pub(super) fn new(
        attempt: &'a Attempt,
        bucket: &'a R2,
        network_id: String,
        lost_id: &'a str,
    ) -> Self {
        Self {
            attempt,
            lost_id,
            presence: LfsPresence::new(bucket, &network_id),
            network_id,
            waiting: Vec::new(),
            missing: 0,
            missing_first: Vec::new(),
        }
    }

    /// Takes the next objects, which come after those before.
    pub(super) async fn push(&mut self, objects: Vec<NamedLfsObject>) -> Result<(), RecoverError> {
        self.waiting.extend(objects);
        while self.waiting.len() >= LFS_PAGE as usize {
            let page: Vec<_> = self.waiting.drain(..LFS_PAGE as usize).collect();
            self.adopt(page).await?;
        }
        Ok(())
    }

    /// Takes the rest, and tells which objects are lost.
    pub(super) async fn finish(mut self) -> Result<(), RecoverError> {
        let page = std::mem::take(&mut self.waiting);
        if !page.is_empty() {
            self.adopt(page).await?;
        }
        if self.missing > 0 {
            let (missing, first) = (self.missing, &self.missing_first);
            let id = self.lost_id;
            let told = format!("{missing} lfs objects of {id} are not in r2, as {first:?}");
            fault_log::warning("recovery", &told);
        }
        Ok(())
    }

    /// Holds the objects before it looks for them, so that they stay if they are there.
    async fn adopt(&mut self, page: Vec<NamedLfsObject>) -> Result<(), RecoverError> {
        let attempt = self.attempt;
        let here = attempt.check_alive()?;
        attempt.store.join_network(&self.network_id)?;
        let member = |repository_id| Member {
            env: &attempt.object.env,
            network_id: &self.network_id,
            repository_id,
            path: (&here.namespace, &here.name),
        };
        let key = |oid: &LfsOid| lfs_key(&self.network_id, oid);
        let keys: Vec<_> = page.iter().map(|(oid, _)| key(oid)).collect();
        for holder in [self.lost_id, here.id.as_str()] {
            let taken = member(holder).take(keys.clone()).await;
            taken.map_err(RecoverError::Unavailable)?;
            attempt.check_alive()?;
        }
        let (mut present, mut releases) = (Vec::new(), Vec::new());
        for (oid, bytes) in page {
            if self.presence.size(&oid).await? == Some(bytes) {
                present.push((oid, bytes));
                continue;
            }
            self.missing = self.missing.saturating_add(1);
            if self.missing_first.len() < MISSING_TOLD {
                self.missing_first.push(oid);
            }
            releases.push(Release {
                r2_key: key(&oid),
                not_before: now_ms(),
            });
        }
        if !releases.is_empty() {
            let sent = member(&here.id).release(releases).await;
            sent.map_err(RecoverError::Unavailable)?;
        }
        attempt.check_alive()?;
        Ok(attempt.store.put_lfs_objects(&present, now_ms())?)
    }
}
