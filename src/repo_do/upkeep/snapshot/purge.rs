//! R2 after a purge: unneeded objects go at once, even if a client still streams them.

use super::secure::{Securing, Surroundings};
use super::surroundings::{RepositorySurroundings, SNAPSHOT_BYTES, ledger, securing};
use crate::repo_do::contract::{ErrorReply, Holder};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::store::Store;
use crate::storage::db::row::INTEGER_MAX;
use crate::storage::db::sql::Database;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::{Bucket, is_of_network};
use crate::storage::repository::copies::Release;

/// How often the record is written again because it changed meanwhile.
const RECORD_ATTEMPTS_MAX: u32 = 8;

/// When the caller of a purge should try again if pushes keep it from finishing.
const RETRY_SECONDS: u32 = 10;

/// The outcome for the copies.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PurgedCopies {
    /// Objects of R2 that were given up.
    pub(crate) removed: u64,
    /// Repositories of the network that may still hold this one's objects.
    pub(crate) holders: Vec<Holder>,
}

/// The account of the fork network, as a purge asks it.
pub(crate) trait PurgeAccount {
    /// Gives these up, and removes at once the objects that nobody names, however long it was to stay.
    /// Gives the repositories that may still hold this one's objects.
    async fn purge(&self, releases: Vec<Release>) -> Result<Vec<Holder>, SnapshotError>;
}

impl PurgeAccount for RepositorySurroundings<'_> {
    async fn purge(&self, releases: Vec<Release>) -> Result<Vec<Holder>, SnapshotError> {
        let purged = self.member.purge(releases).await;
        purged.map_err(|error| ledger("the network's objects", error))
    }
}

/// Gives up every object of R2 that the repository does not need: the ready clone, the bundle, packs that
/// were replaced. The record names their successors first, so that nothing is lost with the object.
pub(crate) async fn purge_copies(
    object: &RepoObject,
    store: &Store,
) -> Result<PurgedCopies, ErrorReply> {
    let Some(record) = store.load()? else {
        return Ok(PurgedCopies::default());
    };
    let _turn = object.snapshot_turn.take().await;
    let bucket = match R2::of(&object.env) {
        Ok(bucket) => bucket,
        Err(_) if !store.names_r2_objects()? => {
            return Ok(PurgedCopies::default());
        }
        Err(error) => return Err(SnapshotError::from(error).into()),
    };
    let around = RepositorySurroundings::new(object, store, &record);
    let securing = securing(store, &bucket, &record, &around);
    store.drop_bundles(&record.id, now_ms())?;
    securing.forget_ready_clone(now_ms()).await?;
    if store.recorded()?.is_some() {
        let _reservation = reserve(SNAPSHOT_BYTES).await?;
        if !securing.renew_record().await? {
            let message = "pushes run, and what is removed is still on record in r2";
            return Err(ErrorReply::busy(RETRY_SECONDS, message));
        }
    }
    Ok(securing.give_up_all().await?)
}

impl<D: Database, B: Bucket, S: Surroundings + PurgeAccount> Securing<'_, D, B, S> {
    /// Forgets the ready clone, and uploads of packs that are gone: from now on they may go.
    pub(crate) async fn forget_ready_clone(&self, now_ms: i64) -> Result<(), SnapshotError> {
        self.end_strays(now_ms).await?;
        Ok(self.store.drop_ready_clone(now_ms)?)
    }

    /// Copies the live packs, and has the record name them instead of those that they replaced. False
    /// when pushes came in between each time: then the packs that the record names must not go.
    pub(crate) async fn renew_record(&self) -> Result<bool, SnapshotError> {
        for _ in 0..RECORD_ATTEMPTS_MAX {
            for pack in self.store.stored_packs()? {
                self.secure(&pack).await?;
            }
            if self.write_record().await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives up unneeded copies, even if a client still streams them. It forgets them last, so
    /// that an interrupted run can go on where it stopped.
    pub(crate) async fn give_up_all(&self) -> Result<PurgedCopies, SnapshotError> {
        let mut purged = PurgedCopies::default();
        loop {
            let due = self.store.releases_due(INTEGER_MAX)?;
            let (of_network, own): (Vec<_>, Vec<_>) = due
                .iter()
                .cloned()
                .partition(|due| is_of_network(&due.r2_key));
            for release in &own {
                // Nobody else can name it.
                self.bucket.delete(&release.r2_key).await?;
            }
            if !own.is_empty() {
                self.around.release(&own).await?;
            }
            let is_last = due.is_empty();
            // Asked without keys too: a key given up before may wait there for its time.
            if is_last || !of_network.is_empty() {
                let holders = self.around.purge(of_network).await?;
                let known = |holder: &Holder| purged.holders.contains(holder);
                let more: Vec<_> = holders.into_iter().filter(|one| !known(one)).collect();
                purged.holders.extend(more);
            }
            for release in &due {
                self.store.end_release(release)?;
                purged.removed = purged.removed.saturating_add(1);
            }
            if is_last {
                return Ok(purged);
            }
        }
    }
}
