//! Checks of the packs in R2 for maintenance, with the object around them.

use std::collections::BTreeSet;

use super::audit::{Audit, Ledger, LfsCheck, ReadyState};
use super::surroundings::{RepositorySurroundings, SNAPSHOT_BYTES, ledger, securing};
use crate::git::store::PackId;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::fetch::ready;
use crate::repo_do::object::{self, RepoObject};
use crate::repo_do::r2::network::Member;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::{clock, timer};
use crate::repo_do::schedule;
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::store::Store;
use crate::storage::r2::binding::R2;
use crate::storage::repository::copies::StoredPack;
use crate::storage::repository::store::RepositoryRecord;

/// Chunk rows that one step removes: 64 MiB.
const ROWS_A_STEP: u32 = 256;

impl Ledger for RepositorySurroundings<'_> {
    async fn held(&self, after: &str) -> Result<Vec<String>, SnapshotError> {
        let held = self.member.held(after).await;
        held.map_err(|error| ledger("the repository's objects", error))
    }

    async fn unheld(&self, keys: Vec<String>) -> Result<Vec<String>, SnapshotError> {
        let unheld = self.member.unheld(keys).await;
        unheld.map_err(|error| ledger("the repository's objects", error))
    }

    async fn unnamed(&self, keys: Vec<String>) -> Result<Vec<String>, SnapshotError> {
        let unnamed = self.member.unnamed(keys).await;
        unnamed.map_err(|error| ledger("the network's objects", error))
    }
}

/// Which of these packs another repository of the network names as well.
pub(crate) async fn shared_packs(
    object: &RepoObject,
    store: &Store,
    pack_ids: &[PackId],
) -> Result<BTreeSet<PackId>, ErrorReply> {
    let Some(record) = store.load()? else {
        return Ok(BTreeSet::new());
    };
    let member = Member::of(&object.env, &record);
    let packs = store.stored_packs()?;
    let asked = packs.iter().filter(|pack| pack_ids.contains(&pack.pack_id));
    let keys = asked.filter_map(|pack| pack.r2_key.clone()).collect();
    let shared = member.shared(keys).await?;
    let is_shared =
        |pack: &&StoredPack| pack.r2_key.as_ref().is_some_and(|key| shared.contains(key));
    Ok(packs
        .iter()
        .filter(is_shared)
        .map(|pack| pack.pack_id)
        .collect())
}

/// Reads the copies of all live packs; gives their faults. The chunks of cold
/// packs are in rows afterwards, until [`drop_copies`] or the next run.
pub(crate) async fn check_copies(
    object: &RepoObject,
    store: &Store,
) -> Result<Vec<(PackId, String)>, ErrorReply> {
    let packs = store.stored_packs()?;
    let Some(record) = store
        .load()?
        .filter(|_| packs.iter().any(|pack| pack.r2_key.is_some()))
    else {
        return Ok(Vec::new());
    };
    let _turn = object.snapshot_turn.take().await;
    let _reservation = reserve(SNAPSHOT_BYTES).await?;
    // Whether or not this run finishes, another one removes its rest.
    let at_ms = clock::now_ms().saturating_add(object::GRACE_MS);
    schedule::copies_due(object, at_ms);
    schedule::wake_or_log(object, at_ms).await;
    let bucket = R2::of(&object.env).map_err(SnapshotError::from)?;
    let around = RepositorySurroundings::new(object, store, &record);
    let securing = securing(store, &bucket, &record, &around);
    let mut wrong = Vec::new();
    for pack in &packs {
        let found = securing.check_copy(pack).await?;
        wrong.extend(found.map(|problem| (pack.pack_id, problem)));
    }
    Ok(wrong)
}

/// Removes the chunks of cold packs from rows.
pub(crate) async fn drop_copies(object: &RepoObject, store: &Store) -> Result<(), ErrorReply> {
    while object.is_open(store) && store.drop_cold_chunks(ROWS_A_STEP)? > 0 {
        timer::after(0).await;
    }
    Ok(())
}

/// Reads the ready clone, and forgets one that is damaged, so that another is made. Gives the fault, if there
/// was one.
pub(crate) async fn check_ready(
    object: &RepoObject,
    store: &Store,
) -> Result<Option<String>, ErrorReply> {
    let _turn = object.snapshot_turn.take().await;
    let (Some(ready), Some(record)) = (store.ready_clone()?, store.load()?) else {
        return Ok(None);
    };
    let _reservation = reserve(SNAPSHOT_BYTES).await?;
    let bucket = R2::of(&object.env).map_err(SnapshotError::from)?;
    let around = RepositorySurroundings::new(object, store, &record);
    let securing = securing(store, &bucket, &record, &around);
    let problem = match securing.check_ready(&ready).await? {
        ReadyState::Sound => return Ok(None),
        ReadyState::Unknown => None,
        ReadyState::Damaged(problem) => {
            let problem = format!("the ready clone: {problem}; another one is made");
            Some(problem)
        }
    };
    if object.is_open(store) {
        ready::forget(object, store, &ready).await?;
    }
    Ok(problem)
}

/// Compares R2, the rows and the network's account; `None` where R2 has nothing and is not there. The
/// bytes of objects of Git LFS are read if that is asked for.
pub(crate) async fn audit(
    object: &RepoObject,
    store: &Store,
    record: &RepositoryRecord,
    lfs: LfsCheck,
) -> Result<Option<Audit>, ErrorReply> {
    let _turn = object.snapshot_turn.take().await;
    let bucket = match R2::of(&object.env) {
        Ok(bucket) => bucket,
        Err(_) if !store.names_r2_objects()? => return Ok(None),
        Err(error) => return Err(SnapshotError::from(error).into()),
    };
    let around = RepositorySurroundings::new(object, store, record);
    let _reservation = match lfs {
        LfsCheck::Sizes => None,
        LfsCheck::Digests => Some(reserve(SNAPSHOT_BYTES).await?),
    };
    Ok(Some(
        securing(store, &bucket, record, &around)
            .audit(&record.id, lfs)
            .await?,
    ))
}

/// Releases every key that a repository being deleted holds, and removes its own objects.
pub(crate) async fn take_leave(
    object: &RepoObject,
    store: &Store,
    record: &RepositoryRecord,
) -> Result<(), ErrorReply> {
    let bucket = R2::of(&object.env).map_err(SnapshotError::from)?;
    let around = RepositorySurroundings::new(object, store, record);
    let securing = securing(store, &bucket, record, &around);
    Ok(securing.take_leave(&record.id).await?)
}
