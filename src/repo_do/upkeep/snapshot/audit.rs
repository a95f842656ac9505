//! Compares the objects in R2 with the repository's records of them and with the account of its
//! network.
//!
//! It repairs nothing. While it runs, no other code writes to R2 for this repository. Other
//! repositories of the network may, and the account has an object before it is in R2.

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::secure::{Securing, Surroundings};
use crate::git::store::CHUNK_BYTES;
use crate::repo_do::state::failure::SnapshotError;
use crate::storage::db::sql::Database;
use crate::storage::r2::bucket::{
    Bucket, BucketError, LFS_PREFIX, PACKS_PREFIX, PART_BYTES, READY_PREFIX, record_key,
};
use crate::storage::repository::copies::StoredPack;
use crate::storage::repository::ready_clone::ReadyClone;

/// Problems that are described in words.
const PROBLEMS_MAX: usize = 100;

/// The account of a fork network, as far as the audit asks it.
pub(crate) trait Ledger {
    /// Some of the keys that the repository names, in order: those after this one; none after the last.
    async fn held(&self, after: &str) -> Result<Vec<String>, SnapshotError>;

    /// Which of these keys the repository does not name.
    async fn unheld(&self, keys: Vec<String>) -> Result<Vec<String>, SnapshotError>;

    /// Which of these keys nobody names, nor is about to remove.
    async fn unnamed(&self, keys: Vec<String>) -> Result<Vec<String>, SnapshotError>;
}

/// How thoroughly objects of Git LFS are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LfsCheck {
    /// Whether each is in R2, with as many bytes.
    Sizes,
    /// Whether it has the bytes whose digest is its name: all are read.
    Digests,
}

/// Counts. All but the first two are 0 in a sound repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Audit {
    /// R2 objects of the network's packs and of its objects of Git LFS, and the repository's own.
    pub(crate) objects: u64,
    /// Objects of Git LFS that the repository has.
    pub(crate) lfs_objects: u64,
    /// Objects that the repository names and R2 does not have, or not whole.
    pub(crate) missing: u64,
    /// Objects in R2 that nobody names.
    pub(crate) orphaned: u64,
    /// Objects that the repository names without the account knowing: they may be removed any time.
    pub(crate) unheld: u64,
    /// Objects that the account thinks the repository names: they are never removed.
    pub(crate) astray: u64,
    /// The first of this in words.
    #[serde(skip)]
    pub(crate) problems: Vec<String>,
}

impl Audit {
    pub(super) fn tell(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

impl<D: Database, B: Bucket, S: Surroundings + Ledger> Securing<'_, D, B, S> {
    /// Counts.
    pub(crate) async fn audit(
        &self,
        repository_id: &str,
        lfs: LfsCheck,
    ) -> Result<Audit, SnapshotError> {
        let mut audit = Audit::default();
        self.check_named(repository_id, &mut audit).await?;
        self.check_lfs_objects(lfs, &mut audit).await?;
        self.check_held(repository_id, &mut audit).await?;
        for prefix in [PACKS_PREFIX, LFS_PREFIX] {
            let of_network = format!("{prefix}{}/", self.network_id);
            self.check_listed(&of_network, &mut audit).await?;
        }
        let ready = format!("{READY_PREFIX}{repository_id}/");
        self.check_listed(&ready, &mut audit).await?;
        Ok(audit)
    }

    async fn check_named(&self, id: &str, audit: &mut Audit) -> Result<(), SnapshotError> {
        let objects = self.store.r2_objects()?;
        for (key, bytes) in &objects {
            let found = self.bucket.size(key).await?;
            if found != Some(*bytes) {
                audit.missing += 1;
                audit.tell(wrong_size(key, found, *bytes));
            }
        }
        let key = record_key(id);
        if self.store.recorded()?.is_some() && self.bucket.size(&key).await?.is_none() {
            audit.missing += 1;
            audit.tell(wrong_size(&key, None, 0));
        }
        let keys = objects.into_iter().map(|(key, _)| key).collect();
        self.check_unheld(keys, audit).await
    }

    /// Tells of keys of which the account does not know that the repository names them.
    pub(super) async fn check_unheld(
        &self,
        keys: Vec<String>,
        audit: &mut Audit,
    ) -> Result<(), SnapshotError> {
        for key in self.around.unheld(keys).await? {
            audit.unheld += 1;
            let problem = format!("r2: object {key} is not in the network's account");
            audit.tell(problem);
        }
        Ok(())
    }

    async fn check_held(&self, id: &str, audit: &mut Audit) -> Result<(), SnapshotError> {
        let mut after = String::new();
        loop {
            let held = self.around.held(&after).await?;
            let Some(last) = held.last() else {
                return Ok(());
            };
            after.clone_from(last);
            // The record is held before it is noted that it was written.
            let mut named = BTreeSet::from_iter(self.store.r2_keys()?);
            named.insert(record_key(id));
            for key in held {
                if !named.contains(&key) && !self.has_lfs_object(&key)? {
                    audit.astray += 1;
                    let problem =
                        format!("the network's account has {key}, which is named no more");
                    audit.tell(problem);
                }
            }
        }
    }

    async fn check_listed(&self, prefix: &str, audit: &mut Audit) -> Result<(), SnapshotError> {
        let mut after: Option<String> = None;
        loop {
            let listed = self.bucket.list(prefix, after.as_deref()).await?;
            let keys: Vec<_> = listed.into_iter().map(|(key, _)| key).collect();
            let Some(last) = keys.last() else {
                return Ok(());
            };
            after = Some(last.clone());
            audit.objects += keys.len() as u64;
            for key in self.around.unnamed(keys).await? {
                // It may have gone since it was listed.
                if self.bucket.size(&key).await?.is_some() {
                    audit.orphaned += 1;
                    let problem = format!("r2: object {key} is named by nobody");
                    audit.tell(problem);
                }
            }
        }
    }
}

impl<D: Database, B: Bucket, S> Securing<'_, D, B, S> {
    /// Reads a pack's copy from end to end; gives its fault, if it has one. The chunks of a cold pack are put
    /// back into rows as they come.
    pub(crate) async fn check_copy(
        &self,
        pack: &StoredPack,
    ) -> Result<Option<String>, SnapshotError> {
        let Some(key) = &pack.r2_key else {
            return Ok(None);
        };
        let found = self.bucket.size(key).await?;
        if found != Some(pack.pack_bytes) {
            return Ok(Some(wrong_size(key, found, pack.pack_bytes)));
        }
        let mut keep = |start: u64, bytes: &[u8]| {
            let first = u32::try_from(start / CHUNK_BYTES as u64).unwrap_or(u32::MAX);
            for (number, chunk) in (first..).zip(bytes.chunks(CHUNK_BYTES)) {
                self.store.keep_chunk(pack.pack_id, number, chunk)?;
            }
            Ok(())
        };
        let mut ignore = |_: u64, _: &[u8]| Ok(());
        let read = if pack.chunks_here {
            self.read_back(pack, key, &mut ignore).await
        } else {
            self.read_back(pack, key, &mut keep).await
        };
        let corrupt = || SnapshotError::Corrupt { key: key.clone() };
        Ok((!read?).then(|| corrupt().to_string()))
    }
}

impl<D: Database, B: Bucket, S: Surroundings> Securing<'_, D, B, S> {
    /// Reads the ready clone from end to end; whether it has the bytes that were written. Nobody can
    /// say so of one that an earlier version made.
    pub(crate) async fn check_ready(
        &self,
        ready: &ReadyClone,
    ) -> Result<ReadyState, SnapshotError> {
        let key = &ready.r2_key;
        let found = self.bucket.size(key).await?;
        if found != Some(ready.response_bytes) {
            let problem = wrong_size(key, found, ready.response_bytes);
            return Ok(ReadyState::Damaged(problem));
        }
        let Some(written) = &ready.written else {
            return Ok(ReadyState::Unknown);
        };
        let (mut hasher, mut start) = (Sha256::new(), 0);
        while start < ready.response_bytes {
            let end = start.saturating_add(PART_BYTES as u64);
            let part = start..end.min(ready.response_bytes);
            hasher.update(&self.bucket.read(key, part).await?);
            start = end;
            self.around.pause().await;
        }
        if <[u8; 32]>::from(hasher.finalize()) == written.sha256 {
            return Ok(ReadyState::Sound);
        }
        let corrupt = SnapshotError::Corrupt { key: key.clone() };
        Ok(ReadyState::Damaged(corrupt.to_string()))
    }
}

/// The result of reading a ready clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadyState {
    /// It has the bytes that were written.
    Sound,
    /// Nobody noted the written object.
    Unknown,
    /// It is damaged, in this way.
    Damaged(String),
}

pub(super) fn wrong_size(key: &str, found: Option<u64>, expected: u64) -> String {
    match found {
        None => {
            let key = key.to_owned();
            BucketError::Missing { key }.to_string()
        }
        Some(found) => format!("r2: object {key} has {found} bytes, not {expected}"),
    }
}
