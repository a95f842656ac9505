//! Packs in R2: the copies, the packs that go cold, the clone that is kept ready and the bundle, the keys
//! that R2 may forget.
//!
//! One run at a time in an object, in bounded steps: [`run_step`] does the first thing that is due
//! and says when it wants to be called again.

use std::rc::Rc;

use crate::git::store::StoreError;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer;
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::snapshot_settings::Settings;
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep::snapshot::surroundings::{
    RepositorySurroundings, SNAPSHOT_BYTES, securing,
};
use crate::storage::fault_log;
use crate::storage::r2::binding::R2;
use crate::storage::repository::copies::StoredPack;
use crate::storage::repository::ready_clone::fingerprint;
use crate::storage::repository::store::RepositoryRecord;

mod audit;
mod bundle;
mod checks;
mod leaving;
mod lfs;
mod purge;
pub(crate) mod ready;
mod secure;
mod surroundings;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub(crate) use audit::{Audit, LfsCheck};
pub(crate) use checks::{audit, check_copies, check_ready, drop_copies, shared_packs, take_leave};
pub(crate) use purge::purge_copies;
pub(crate) use secure::{SecuredPack, is_intact};

/// How many times the time to settle a pack waits for R2 where pushes do not end.
const PATIENCE: i64 = 16;

/// Chunk rows that one step removes: 64 MiB.
const ROWS_A_STEP: u32 = 256;

/// Sees to it that R2 holds every live pack, and gives their keys, in the order of publication.
/// Packs that are published meanwhile are not waited for.
pub(crate) async fn secure_packs(object: &RepoObject) -> Result<Vec<SecuredPack>, ErrorReply> {
    let store = object.store()?;
    let gone = || ErrorReply::new(ErrorCode::NotFound, "repository not found");
    let record = store.load()?.ok_or_else(gone)?;
    let _turn = object.snapshot_turn.take().await;
    loop {
        if let Some(packs) = try_secure(object, &store, &record).await? {
            return Ok(packs);
        }
    }
}

/// `None` when a pack was superseded meanwhile: the list is another one now.
async fn try_secure(
    object: &RepoObject,
    store: &Store,
    record: &RepositoryRecord,
) -> Result<Option<Vec<SecuredPack>>, ErrorReply> {
    let packs = store.stored_packs()?;
    let mut secured = Vec::with_capacity(packs.len());
    let bucket = R2::of(&object.env).map_err(SnapshotError::from)?;
    for pack in packs {
        let Some(r2_key) = secure(object, store, &bucket, record, &pack).await? else {
            return Ok(None);
        };
        secured.push(SecuredPack {
            pack_id: pack.pack_id,
            r2_key,
            pack_bytes: pack.pack_bytes,
            object_count: pack.object_count,
        });
    }
    Ok(Some(secured))
}

async fn secure(
    object: &RepoObject,
    store: &Store,
    bucket: &R2,
    record: &RepositoryRecord,
    pack: &StoredPack,
) -> Result<Option<String>, ErrorReply> {
    if let Some(key) = &pack.r2_key {
        return Ok(Some(key.clone()));
    }
    let _reservation = reserve(SNAPSHOT_BYTES).await?;
    let around = RepositorySurroundings::new(object, store, record);
    Ok(securing(store, bucket, record, &around)
        .secure(pack)
        .await?)
}

/// Does the first thing that is due of all that concerns R2; gives when to call again, in unix
/// milliseconds: now, if there is more to do; `None` when only a push can bring more.
pub(crate) async fn run_step(object: &Rc<RepoObject>) -> Result<Option<i64>, ErrorReply> {
    let store = object.store()?;
    let Some(record) = store.load()? else {
        return Ok(None);
    };
    let _turn = object.snapshot_turn.take().await;
    let bucket = match R2::of(&object.env) {
        Ok(bucket) => bucket,
        Err(error) if !store.names_r2_objects()? => {
            fault_log::warning("r2", &format!("{error}: packs stay in SQLite"));
            return Ok(None);
        }
        Err(error) => return Err(SnapshotError::from(error).into()),
    };
    let step = Step {
        object,
        bucket,
        settings: Settings::of(&object.env, &store.snapshot_settings()?),
        packs: store.stored_packs()?,
        store,
        record,
        now_ms: now_ms(),
    };
    step.run().await
}

/// One step.
struct Step<'a> {
    object: &'a Rc<RepoObject>,
    store: Rc<Store>,
    bucket: R2,
    record: RepositoryRecord,
    settings: Settings,
    packs: Vec<StoredPack>,
    now_ms: i64,
}

impl Step<'_> {
    async fn run(self) -> Result<Option<i64>, ErrorReply> {
        let again = Ok(Some(self.now_ms));
        let bucket = &self.bucket;
        let around = RepositorySurroundings::new(self.object, &self.store, &self.record);
        let securing = securing(&self.store, bucket, &self.record, &around);
        securing.end_strays(self.now_ms).await?;
        let unsecured = self.packs.iter().find(|pack| pack.r2_key.is_none());
        let settled_at = self.settled_at(unsecured);
        match unsecured {
            Some(pack) if settled_at <= self.now_ms => {
                secure(self.object, &self.store, &self.bucket, &self.record, pack).await?;
                return again;
            }
            // A pack that the record in R2 names must not go before the record does.
            Some(_) => {}
            None => {
                if settled_at <= self.now_ms
                    && (!securing.write_record().await? || securing.give_back(self.now_ms).await?)
                {
                    return again;
                }
            }
        }
        if self.cool().await? {
            return again;
        }
        let outdated = self.refresh_ready(settled_at).await?;
        if outdated == Some(self.now_ms) || self.refresh_bundle(settled_at <= self.now_ms).await? {
            return again;
        }
        let settles = (settled_at > self.now_ms).then_some(settled_at);
        let release = self.store.next_release()?.map(|at| at.max(settled_at));
        let next = [settles, outdated, self.next_cooling(), release];
        Ok(next.into_iter().flatten().min())
    }

    /// When the last push, or pack that came otherwise, is long enough ago; or the first pack that
    /// R2 lacks, when they do not end.
    fn settled_at(&self, unsecured: Option<&StoredPack>) -> i64 {
        let published = self.packs.iter().map(|pack| pack.published_at).max();
        let last_change = self.record.last_push_at.max(published).unwrap_or(0);
        let settle_ms = self.settings.settle_ms;
        let patience_ms = settle_ms.saturating_mul(PATIENCE);
        let settled_at = last_change.saturating_add(settle_ms);
        let latest = unsecured.map(|pack| pack.published_at.saturating_add(patience_ms));
        latest.map_or(settled_at, |latest| latest.min(settled_at))
    }

    /// Lets packs go cold whose time has come, and removes some of their chunks.
    async fn cool(&self) -> Result<bool, ErrorReply> {
        let due = self.next_cooling().is_some_and(|at| at <= self.now_ms);
        for pack in self.coolable().filter(|_| due) {
            if self.cools_at(pack) <= self.now_ms {
                let mut row = None;
                loop {
                    row = self.store.deflate_part_row(pack.pack_id, row)?;
                    if row.is_none() {
                        break;
                    }
                    timer::after(0).await;
                }
                self.store.cool(pack.pack_id)?;
            }
        }
        Ok(self.store.drop_cold_chunks(ROWS_A_STEP)? > 0)
    }

    fn coolable(&self) -> impl Iterator<Item = &StoredPack> {
        let coolable = |pack: &&StoredPack| pack.chunks_here && pack.r2_key.is_some();
        self.packs.iter().filter(coolable)
    }

    fn cools_at(&self, pack: &StoredPack) -> i64 {
        pack.published_at
            .saturating_add(self.settings.cold_after_ms)
    }

    /// When the next pack goes cold; never, while there are too few bytes to care.
    fn next_cooling(&self) -> Option<i64> {
        let here = self.packs.iter().filter(|pack| pack.chunks_here);
        let bytes: u64 = here.map(|pack| pack.pack_bytes).sum();
        if bytes < self.settings.cold_bytes_min {
            return None;
        }
        self.coolable().map(|pack| self.cools_at(pack)).min()
    }

    /// Bytes of the live packs.
    fn pack_bytes(&self) -> u64 {
        self.packs.iter().map(|pack| pack.pack_bytes).sum()
    }

    /// Whether it pays to keep all that a clone takes in R2.
    fn is_worth_a_clone(&self) -> Result<bool, StoreError> {
        Ok(self.pack_bytes() >= self.settings.ready_bytes_min
            && !is_untouched_fork(&self.record)
            // Its clients learn where it is cut, which neither a ready answer nor a bundle does.
            && self.store.shallow_commits()?.is_empty())
    }

    /// Drops the ready clone when refs have moved on, and makes one when pushes have settled. When
    /// there is more to do for it.
    async fn refresh_ready(&self, settled_at: i64) -> Result<Option<i64>, ErrorReply> {
        let tips = self.store.cloned_tips()?;
        let is_worth_it = !tips.is_empty() && self.is_worth_a_clone()?;
        let ready = self.store.ready_clone()?;
        let is_current = is_worth_it
            && ready.as_ref().is_some_and(|ready| {
                ready.fingerprint == fingerprint(tips.iter().map(|tip| tip.id))
            });
        if is_current {
            return Ok(None);
        }
        if ready.is_some() {
            let not_before = self.now_ms.saturating_add(ready::GRACE_MS);
            self.store.drop_ready_clone(not_before)?;
        }
        if !is_worth_it || settled_at > self.now_ms {
            return Ok(is_worth_it.then_some(settled_at));
        }
        let (object, store) = (self.object, &self.store);
        ready::make(object, store, &self.bucket, &self.record, &tips).await?;
        Ok(Some(self.now_ms))
    }
}

/// Whether nothing was pushed to the fork yet: as long as that may stay so, it must not cost as much as its
/// source.
pub(crate) fn is_untouched_fork(record: &RepositoryRecord) -> bool {
    record.network() != record.id && record.last_push_at.is_none()
}
