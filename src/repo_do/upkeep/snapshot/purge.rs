//! R2 after a purge: what is not needed any more goes at once, whoever may still stream it.

use super::secure::Surroundings as _;
use super::surroundings::{RepositorySurroundings, SNAPSHOT_BYTES, ledger, securing};
use crate::repo_do::contract::{ErrorReply, Holder};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::store::Store;
use crate::storage::db::row::INTEGER_MAX;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::{Bucket as _, PACKS_PREFIX};

/// How often the record is written again because it changed meanwhile.
const RECORD_ATTEMPTS_MAX: u32 = 8;

/// What became of the copies.
#[derive(Debug, Default)]
pub struct PurgedCopies {
    /// Objects of R2 that were given up.
    pub removed: u64,
    /// Repositories of the network that may still hold what this one had.
    pub holders: Vec<Holder>,
}

/// Gives up every object of R2 that the repository does not need: the ready clone, packs that were
/// replaced. The record names their successors first, so that nothing is lost with the object.
pub async fn purge_copies(object: &RepoObject, store: &Store) -> Result<PurgedCopies, ErrorReply> {
    let mut purged = PurgedCopies::default();
    let Some(record) = store.load()? else {
        return Ok(purged);
    };
    let _turn = object.snapshot_turn.take().await;
    let bucket = match R2::of(&object.env) {
        Ok(bucket) => bucket,
        Err(_) if store.r2_keys()?.is_empty() && store.next_release()?.is_none() => {
            return Ok(purged);
        }
        Err(error) => return Err(SnapshotError::from(error).into()),
    };
    let around = RepositorySurroundings::new(object, store, &record);
    let securing = securing(store, &bucket, &record, &around);
    securing.end_strays(now_ms()).await?;
    store.drop_ready_clone(now_ms())?;
    if store.recorded()?.is_some() {
        let _reservation = reserve(SNAPSHOT_BYTES).await?;
        for _ in 0..RECORD_ATTEMPTS_MAX {
            for pack in store.stored_packs()? {
                securing.secure(&pack).await?;
            }
            if securing.write_record().await? {
                break;
            }
        }
    }
    loop {
        let due = store.releases_due(INTEGER_MAX)?;
        for key in due.iter().filter(|key| !key.starts_with(PACKS_PREFIX)) {
            // The repository's own: nobody else can name it.
            bucket.delete(key).await.map_err(SnapshotError::from)?;
            around.release(key).await?;
        }
        let is_last = due.is_empty();
        let of_network = due
            .iter()
            .filter(|key| key.starts_with(PACKS_PREFIX))
            .cloned();
        let of_network: Vec<String> = of_network.collect();
        // Asked without keys too: what was given up before may wait there for its time.
        if is_last || !of_network.is_empty() {
            let asked = around.member.purge(of_network).await;
            purged.holders = asked.map_err(|error| ledger("the network's packs", error))?;
        }
        for key in &due {
            store.released(key)?;
            purged.removed = purged.removed.saturating_add(1);
        }
        if is_last {
            return Ok(purged);
        }
    }
}
