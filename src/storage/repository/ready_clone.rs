//! The ready clone: the answer to a full clone, kept in R2 as it goes over the wire.

use std::ops::ControlFlow;

use gix_hash::ObjectId;
use sha2::{Digest as _, Sha256};

use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::git::upload_pack::full_clone::Tip;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, in_transaction, query_first};

/// The refs that a clone takes by default.
const CLONED: [&[u8]; 2] = [b"refs/heads/", b"refs/tags/"];

/// Targets gathered before those that come twice are left out.
const TIPS_AT_ONCE: usize = 32_768;

/// A ready clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyClone {
    /// The R2 object.
    pub r2_key: String,
    /// Fingerprint of the wanted objects: [`fingerprint`].
    pub fingerprint: [u8; 32],
    /// Bytes of the object.
    pub response_bytes: u64,
    /// Objects of the pack.
    pub object_count: u32,
    /// Unix milliseconds.
    pub made_at: i64,
    /// Identity of its bytes in R2; `None` if an earlier version made it.
    pub written: Option<Written>,
}

/// Distinguishes an R2 object from one with other bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The digest of its bytes.
    pub sha256: [u8; 32],
    /// R2's name of them.
    pub etag: String,
}

/// Names a set of objects: the SHA-256 of their ids, each once, sorted.
pub fn fingerprint(ids: impl IntoIterator<Item = ObjectId>) -> [u8; 32] {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut hasher = Sha256::new();
    for id in ids {
        hasher.update(id.as_slice());
    }
    hasher.finalize().into()
}

impl<D: Database> RepoStore<D> {
    /// The objects that a full clone wants now: the targets of branches and tags, each once,
    /// sorted.
    pub fn cloned_tips(&self) -> Result<Vec<Tip>, StoreError> {
        let (mut tips, mut shrink_at) = (Vec::new(), TIPS_AT_ONCE);
        for prefix in CLONED {
            self.visit_refs(prefix, |reference| {
                tips.push(Tip {
                    id: reference.target,
                    peeled: reference.peeled,
                });
                // Many refs may name few objects, which is all that is held.
                if tips.len() >= shrink_at {
                    tips.sort_unstable();
                    tips.dedup();
                    shrink_at = tips.len().saturating_add(TIPS_AT_ONCE);
                }
                ControlFlow::Continue(())
            })?;
        }
        tips.sort_unstable();
        tips.dedup();
        Ok(tips)
    }

    /// The ready clone, even if it was made for other refs.
    pub fn ready_clone(&self) -> Result<Option<ReadyClone>, StoreError> {
        let sql = "SELECT r2_key, fingerprint, response_bytes, object_count, made_at, sha256, etag
            FROM ready_clone";
        let found = query_first(&self.db, sql, &[], |row| {
            let fingerprint = row.blob(1)?;
            let sha256 = row.blob_or_null(5)?.map(TryInto::try_into);
            let written = sha256.and_then(Result::ok).zip(row.text_or_null(6)?);
            Ok(ReadyClone {
                r2_key: row.text(0)?,
                fingerprint: fingerprint.try_into().unwrap_or_default(),
                response_bytes: row.unsigned(2)?,
                object_count: row.unsigned32(3)?,
                made_at: row.integer(4)?,
                written: written.map(|(sha256, etag)| Written { sha256, etag }),
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
                    object_count, made_at, sha256, etag)
                VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (singleton) DO UPDATE SET
                    r2_key = excluded.r2_key, fingerprint = excluded.fingerprint,
                    response_bytes = excluded.response_bytes,
                    object_count = excluded.object_count, made_at = excluded.made_at,
                    sha256 = excluded.sha256, etag = excluded.etag";
            let written = ready.written.as_ref();
            let response_bytes = i64::try_from(ready.response_bytes).unwrap_or(i64::MAX);
            let params = [
                ready.r2_key.as_str().into(),
                Value::Blob(&ready.fingerprint),
                response_bytes.into(),
                ready.object_count.into(),
                ready.made_at.into(),
                written.map_or(Value::Null, |written| Value::Blob(&written.sha256)),
                Value::text(written.map(|written| written.etag.as_str())),
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
    use crate::storage::db::rusqlite_db::RusqliteDatabase;
    use crate::storage::db::schema;

    #[test]
    fn one_that_an_earlier_version_made_is_read_and_replaced() {
        let db = RusqliteDatabase::in_memory().unwrap();
        schema::create_older(&db, schema::REPOSITORY, 6).unwrap();
        let sql = "INSERT INTO ready_clone VALUES (1, 'ready/old', zeroblob(32), 9, 3, 5)";
        db.execute(sql, &[]).unwrap();
        assert_eq!(schema::wake(&db, schema::REPOSITORY), Ok(true));
        let store = RepoStore::new(db, Box::new(|| 5));
        let old = store.ready_clone().unwrap().unwrap();
        assert_eq!((old.response_bytes, &old.written), (9, &None));
        let new = ReadyClone {
            written: Some(Written {
                sha256: [7; 32],
                etag: "e".to_owned(),
            }),
            ..old
        };
        store.set_ready_clone(&new, 5).unwrap();
        assert_eq!(store.ready_clone(), Ok(Some(new)));
    }

    #[test]
    fn a_fingerprint_is_that_of_a_set() {
        let id = |byte: u8| ObjectId::from_bytes_or_panic(&[byte; 20]);
        let named = fingerprint(vec![id(1), id(2)]);
        assert_eq!(fingerprint(vec![id(2), id(1), id(2)]), named);
        assert_ne!(fingerprint(vec![id(1)]), named);
    }
}
