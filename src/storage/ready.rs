//! The ready clone: the answer to a full clone, kept in R2 as it goes over the wire.

use std::ops::ControlFlow;

use gix_hash::ObjectId;
use sha2::{Digest as _, Sha256};

use super::repository::RepoStore;
use super::row::Value;
use super::sql::{Database, in_transaction, query_first};
use crate::git::store::StoreError;

/// Where the refs are that a clone takes, unless it is told otherwise.
const CLONED: [&[u8]; 2] = [b"refs/heads/", b"refs/tags/"];

/// A ready clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyClone {
    /// The R2 object.
    pub r2_key: String,
    /// Of the objects wanted: [`fingerprint`].
    pub fingerprint: [u8; 32],
    /// Bytes of the object.
    pub response_bytes: u64,
    /// Objects of the pack.
    pub object_count: u32,
    /// Unix milliseconds.
    pub made_at: i64,
}

/// Names a set of objects: the SHA-256 of their ids, each once, sorted.
pub fn fingerprint(mut ids: Vec<ObjectId>) -> [u8; 32] {
    ids.sort_unstable();
    ids.dedup();
    let mut hasher = Sha256::new();
    for id in ids {
        hasher.update(id.as_slice());
    }
    hasher.finalize().into()
}

impl<D: Database> RepoStore<D> {
    /// What a full clone wants now: the distinct targets of branches and tags, sorted.
    pub fn cloned_tips(&self) -> Result<Vec<ObjectId>, StoreError> {
        let mut tips = Vec::new();
        for prefix in CLONED {
            self.visit_refs(prefix, |reference| {
                tips.push(reference.target);
                ControlFlow::Continue(())
            })?;
        }
        tips.sort_unstable();
        tips.dedup();
        Ok(tips)
    }

    /// The ready clone, of whatever refs it was made.
    pub fn ready_clone(&self) -> Result<Option<ReadyClone>, StoreError> {
        let sql = "SELECT r2_key, fingerprint, response_bytes, object_count, made_at
            FROM ready_clone";
        let found = query_first(&self.db, sql, &[], |row| {
            let fingerprint = row.blob(1)?;
            Ok(ReadyClone {
                r2_key: row.text(0)?,
                fingerprint: fingerprint.try_into().unwrap_or_default(),
                response_bytes: row.unsigned(2)?,
                object_count: row.unsigned32(3)?,
                made_at: row.integer(4)?,
            })
        })?;
        Ok(found)
    }

    /// Registers a ready clone that is written, in place of the one before, which may go at
    /// `not_before`.
    pub fn set_ready_clone(&self, ready: &ReadyClone, not_before: i64) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            let before = self.ready_clone()?;
            if let Some(before) = before.filter(|before| before.r2_key != ready.r2_key) {
                self.release_later(&before.r2_key, not_before)?;
            }
            let sql = "INSERT INTO ready_clone (singleton, r2_key, fingerprint, response_bytes,
                    object_count, made_at)
                VALUES (1, ?1, ?2, ?3, ?4, ?5) ON CONFLICT (singleton) DO UPDATE SET
                    r2_key = excluded.r2_key, fingerprint = excluded.fingerprint,
                    response_bytes = excluded.response_bytes,
                    object_count = excluded.object_count, made_at = excluded.made_at";
            let response_bytes = i64::try_from(ready.response_bytes).unwrap_or(i64::MAX);
            let params = [
                ready.r2_key.as_str().into(),
                Value::Blob(&ready.fingerprint),
                response_bytes.into(),
                ready.object_count.into(),
                ready.made_at.into(),
            ];
            self.db.execute(sql, &params)?;
            self.released(&ready.r2_key)
        })
    }

    /// Forgets the ready clone; its object may go at `not_before`.
    pub fn drop_ready_clone(&self, not_before: i64) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            if let Some(ready) = self.ready_clone()? {
                self.release_later(&ready.r2_key, not_before)?;
                self.db.execute("DELETE FROM ready_clone", &[])?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_that_of_a_set() {
        let id = |byte: u8| ObjectId::from_bytes_or_panic(&[byte; 20]);
        let named = fingerprint(vec![id(1), id(2)]);
        assert_eq!(fingerprint(vec![id(2), id(1), id(2)]), named);
        assert_ne!(fingerprint(vec![id(1)]), named);
    }
}
