//! One attempt: the record taken over; or the next pack, proved and its parts made; or, when no packs are
//! left, the end.

use serde_json::json;

use super::super::filling::Outcome;
use super::alive::Attempt;
use super::error::RecoverError;
use super::lfs::LfsAdoption;
use super::lost::{RecordStream, network_id};
use crate::git::store::PackRecord;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::r2::network::Member;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::PUSH_BYTES;
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::upkeep::rebuild::{Rebuild, reserve_pack};
use crate::repo_do::upkeep::snapshot::is_intact;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::record_key;
use crate::storage::repository::packed_refs::PACKED_PAGE_REFS;
use crate::storage::repository::recovery::{RecoveredPack, RecoveryRecord};
use crate::storage::repository::ref_counts::RefCounts;

impl Attempt {
    /// Does the next thing that is left to do.
    pub(crate) async fn next(&self, recovery: &RecoveryRecord) -> Result<Outcome, RecoverError> {
        if !recovery.adopted {
            self.adopt(&recovery.lost_id).await?;
            return Ok(Outcome::More);
        }
        let packs = self.store.recovered_packs()?;
        let with_parts = packs.iter().take_while(|pack| pack.has_parts);
        let with_parts: Vec<_> = with_parts.map(|pack| pack.record).collect();
        match packs.get(with_parts.len()) {
            Some(pack) => {
                self.make_parts(&with_parts, pack).await?;
                Ok(Outcome::More)
            }
            None => self.finish(&with_parts, &recovery.lost_id).await,
        }
    }

    /// Takes over the record. The lost repository's holds are taken once more: should the
    /// account of its network be lost as well, they stand there from now on.
    async fn adopt(&self, lost_id: &str) -> Result<(), RecoverError> {
        let (object, store) = (&self.object, &self.store);
        store.forget_recovered_refs()?;
        let bucket = R2::of(&object.env)?;
        let mut stream = RecordStream::open(object, lost_id).await?;
        let (mut refs, mut lfs, mut counts) = (Vec::new(), None, RefCounts::default());
        while let Some(more) = stream.next().await? {
            self.check_alive()?;
            counts.add(&more.refs);
            refs.extend(more.refs);
            if !more.lfs_objects.is_empty() {
                let network_id = stream.network_id()?;
                lfs.get_or_insert_with(|| LfsAdoption::new(self, &bucket, network_id, lost_id))
                    .push(more.lfs_objects)
                    .await?;
            }
            let whole = refs.len() - refs.len() % PACKED_PAGE_REFS;
            for page in refs
                .drain(..whole)
                .collect::<Vec<_>>()
                .chunks(PACKED_PAGE_REFS)
            {
                store.put_packed_page(page)?;
            }
        }
        store.put_packed_page(&refs)?;
        store.set_ref_counts(counts)?;
        let record = stream.finish()?;
        if let Some(lfs) = lfs {
            lfs.finish().await?;
        }
        let here = self.check_alive()?;
        let network_id = network_id(&record);
        store.join_network(network_id)?;
        let keys = record.packs.iter().map(|pack| pack.r2_key.clone());
        let keys: Vec<_> = keys.collect();
        let member = |repository_id| Member {
            env: &object.env,
            network_id,
            repository_id,
            path: (&record.repository.namespace, &record.repository.name),
        };
        let lost_keys = keys.iter().cloned().chain([record_key(lost_id)]).collect();
        let taken = member(lost_id).take(lost_keys).await;
        taken.map_err(RecoverError::Unavailable)?;
        self.check_alive()?;
        let taken = member(&here.id).take(keys).await;
        taken.map_err(RecoverError::Unavailable)?;
        self.check_alive()?;
        Ok(store.adopt_record(&record, now_ms())?)
    }

    /// Proves a pack's bytes, and makes its parts.
    async fn make_parts(
        &self,
        before: &[PackRecord],
        pack: &RecoveredPack,
    ) -> Result<(), RecoverError> {
        let here = self.check_alive()?;
        let network_id = here.network_id.as_deref().unwrap_or(&here.id);
        let bucket = R2::of(&self.object.env)?;
        let mut memory = reserve_pack(pack.record.object_count)
            .await
            .map_err(RecoverError::Unavailable)?;
        let (key, bytes) = (&pack.r2_key, pack.record.pack_bytes);
        if !is_intact(&bucket, network_id, key, bytes).await? {
            let key = key.clone();
            return Err(SnapshotError::Corrupt { key }.into());
        }
        self.check_alive()?;
        let _reader = self.object.readers.enter(Purpose::Look, now_ms());
        let mut rebuild = Rebuild::of(&self.object, before)?;
        rebuild.make_pack(pack.record, &mut memory).await?;
        self.check_alive()?;
        Ok(self.store.put_recovered_parts(&rebuild.made_parts())?)
    }

    /// Looks whether the packs hold the objects that the refs name, and makes it all visible.
    async fn finish(&self, packs: &[PackRecord], lost_id: &str) -> Result<Outcome, RecoverError> {
        let here = self.check_alive()?;
        let _room = reserve(PUSH_BYTES)
            .await
            .map_err(RecoverError::Unavailable)?;
        let problems = Rebuild::of(&self.object, packs)?.problems_of_refs()?;
        if let Some(problem) = problems.first() {
            return Err(RecoverError::Incomplete(problem.clone()));
        }
        // Objects that only the lost repository has in R2 go: its record, and ready clones.
        let lost = Member {
            env: &self.object.env,
            network_id: here.network_id.as_deref().unwrap_or(&here.id),
            repository_id: lost_id,
            path: (&here.namespace, &here.name),
        };
        lost.leave().await.map_err(RecoverError::Unavailable)?;
        self.check_alive()?;
        in_transaction(self.store.database(), || {
            self.store.finish_recovery(now_ms())?;
            let more = json!({"recoveredFrom": lost_id});
            tell::append_repository(&self.store, EventKind::Created, Doer::operator(), &more)
        })?;
        Ok(Outcome::Finished)
    }
}
