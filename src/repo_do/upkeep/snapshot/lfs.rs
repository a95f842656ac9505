//! The objects of Git LFS that a repository has, compared with R2 and with the account of its network.

use sha2::{Digest as _, Sha256};

use super::audit::{Audit, Ledger, LfsCheck, wrong_size};
use super::secure::{Securing, Surroundings};
use crate::git::lfs::LfsOid;
use crate::repo_do::r2::lfs_presence::LfsPresence;
use crate::repo_do::state::failure::SnapshotError;
use crate::storage::db::sql::Database;
use crate::storage::r2::bucket::{Bucket, LFS_PREFIX, PART_BYTES, lfs_key};
use crate::storage::repository::lfs_life::LFS_PAGE;
use crate::storage::repository::lfs_objects::LfsObject;

impl<D: Database, B: Bucket, S: Surroundings + Ledger> Securing<'_, D, B, S> {
    /// Counts the objects, and tells of each that R2 does not have as it was, or may lose.
    pub(super) async fn check_lfs_objects(
        &self,
        check: LfsCheck,
        audit: &mut Audit,
    ) -> Result<(), SnapshotError> {
        let mut presence = LfsPresence::new(self.bucket, self.network_id);
        let mut after = None;
        loop {
            let page = self.store.lfs_objects(after.as_ref(), LFS_PAGE)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.oid);
            audit.lfs_objects += page.len() as u64;
            for object in &page {
                if let Some(problem) = self.check_lfs_object(&mut presence, object, check).await? {
                    audit.missing += 1;
                    audit.tell(problem);
                }
            }
            let keys = page.iter().map(|one| lfs_key(self.network_id, &one.oid));
            self.check_unheld(keys.collect(), audit).await?;
            self.around.pause().await;
        }
    }

    async fn check_lfs_object(
        &self,
        presence: &mut LfsPresence<'_, B>,
        object: &LfsObject,
        check: LfsCheck,
    ) -> Result<Option<String>, SnapshotError> {
        let key = lfs_key(self.network_id, &object.oid);
        let mut found = presence.size(&object.oid).await?;
        if found != Some(object.bytes) {
            // It may have come since R2 listed it.
            found = self.bucket.size(&key).await?;
        }
        if found != Some(object.bytes) {
            return Ok(Some(wrong_size(&key, found, object.bytes)));
        }
        if check == LfsCheck::Digests && self.lfs_digest(object, &key).await? != object.oid {
            return Ok(Some(SnapshotError::Corrupt { key }.to_string()));
        }
        Ok(None)
    }

    async fn lfs_digest(&self, object: &LfsObject, key: &str) -> Result<LfsOid, SnapshotError> {
        let (mut hasher, mut start) = (Sha256::new(), 0);
        while start < object.bytes {
            let end = start.saturating_add(PART_BYTES as u64).min(object.bytes);
            hasher.update(&self.bucket.read(key, start..end).await?);
            start = end;
            self.around.pause().await;
        }
        Ok(LfsOid::from(<[u8; 32]>::from(hasher.finalize())))
    }

    /// Whether the key is an object's that is here or on its way.
    pub(super) fn has_lfs_object(&self, key: &str) -> Result<bool, SnapshotError> {
        let name = key.strip_prefix(LFS_PREFIX);
        let name = name.and_then(|rest| rest.strip_prefix(self.network_id)?.strip_prefix('/'));
        let oid = name.and_then(|name| LfsOid::from_hex(name.as_bytes()));
        Ok(match oid {
            Some(oid) => self.store.lfs_object(&oid)?.is_some(),
            None => false,
        })
    }
}
