//! Objects of Git LFS: which ones the repository has, and which are on their way. Their bytes are in
//! R2, under [`lfs_key`](crate::storage::r2::bucket::lfs_key).
//!
//! An upload has three steps: [`RepoStore::begin_lfs_object`] notes the object, the network takes its
//! key and R2 its bytes, [`RepoStore::finish_lfs_object`] makes it one that the repository has. An
//! interrupted upload leaves its row, by which it is tidied up later.

use super::store::RepoStore;
use crate::git::lfs::LfsOid;
use crate::git::store::StoreError;
use crate::storage::db::row::Row;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// How long an upload keeps the time at which it began, even if others begin it meanwhile. By that time
/// R2's bytes are known to be this upload's, and by it an upload is overdue; so both callers finish.
const SAME_UPLOAD_MS: i64 = 12 * 60 * 60 * 1000;

/// An object that has a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LfsObject {
    /// Its name.
    pub oid: LfsOid,
    /// Its bytes, as the row has them.
    pub bytes: u64,
    /// Whether R2 has its bytes; otherwise it is on its way.
    pub is_stored: bool,
    /// When it came, or began to; in unix milliseconds. A repository that gives an object up and
    /// takes it again does so in order: this is later than the time of any release of its key.
    pub at: i64,
    /// Whether the last search found no pointer to it: it goes after a while, unless it is
    /// [needed again](RepoStore::need_lfs_objects).
    pub is_unnamed: bool,
}

/// The stored objects together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct LfsTotals {
    /// How many there are.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl LfsTotals {
    /// Counts these as well.
    pub(crate) fn add(&mut self, more: Self) {
        self.objects = self.objects.saturating_add(more.objects);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }
}

impl<D: Database> RepoStore<D> {
    /// The object, if it has a row: stored or on its way. Reads one row.
    pub fn lfs_object(&self, oid: &LfsOid) -> Result<Option<LfsObject>, StoreError> {
        let sql = "SELECT oid, object_bytes, stored, at, unnamed_since IS NOT NULL
            FROM lfs_object WHERE oid = ?1";
        let params = [oid.as_bytes().as_slice().into()];
        Ok(query_first(&self.db, sql, &params, read_object)?)
    }

    /// Up to `limit` stored objects after this one, by name.
    pub fn lfs_objects(
        &self,
        after: Option<&LfsOid>,
        limit: u32,
    ) -> Result<Vec<LfsObject>, StoreError> {
        let sql = "SELECT oid, object_bytes, stored, at, unnamed_since IS NOT NULL
            FROM lfs_object WHERE oid > ?1 AND stored = 1 ORDER BY oid LIMIT ?2";
        let after = after.map_or([].as_slice(), |oid| oid.as_bytes().as_slice());
        let params = [after.into(), limit.into()];
        Ok(query_all(&self.db, sql, &params, read_object)?)
    }

    /// How many objects are stored, and their bytes.
    pub fn lfs_totals(&self) -> Result<LfsTotals, StoreError> {
        let sql = "SELECT object_count, object_bytes FROM lfs_account";
        let totals = query_first(&self.db, sql, &[], |row| {
            Ok(LfsTotals {
                objects: row.unsigned(0)?,
                bytes: row.unsigned(1)?,
            })
        })?;
        Ok(totals.unwrap_or_default())
    }

    /// The object, if the repository has it. Reads one row.
    pub(crate) fn stored_lfs_object(&self, oid: &LfsOid) -> Result<Option<LfsObject>, StoreError> {
        Ok(self.lfs_object(oid)?.filter(|object| object.is_stored))
    }

    /// Notes that an object is about to come, and that its key `r2_key` is needed again if it was to
    /// go. Gives the row as it then is: one that is stored stays as it was, one that began a while ago
    /// keeps its time. Reads one row.
    pub fn begin_lfs_object(
        &self,
        (oid, bytes): (&LfsOid, u64),
        r2_key: &str,
        now_ms: i64,
    ) -> Result<LfsObject, StoreError> {
        in_transaction(&self.db, || {
            let found = self.lfs_object(oid)?;
            if let Some(stored) = found.filter(|object| object.is_stored) {
                return Ok(stored);
            }
            let is_recent = |at: &i64| (0..=SAME_UPLOAD_MS).contains(&now_ms.saturating_sub(*at));
            let at = found.map(|object| object.at).filter(is_recent);
            let begun = LfsObject {
                oid: *oid,
                bytes,
                is_stored: false,
                at: match at {
                    Some(at) => at,
                    None => self.after_release(r2_key, now_ms)?,
                },
                is_unnamed: false,
            };
            let sql =
                "INSERT INTO lfs_object (oid, object_bytes, stored, at) VALUES (?1, ?2, 0, ?3)
                ON CONFLICT (oid) DO UPDATE SET object_bytes = excluded.object_bytes,
                    at = excluded.at";
            let params = [
                oid.as_bytes().as_slice().into(),
                count(bytes).into(),
                begun.at.into(),
            ];
            self.db.execute(sql, &params)?;
            self.released(r2_key)?;
            // A prune has to look at the result.
            let sql = "UPDATE repository SET pruned_reflog_seq = -1 WHERE pruned_reflog_seq <> -1";
            self.db.execute(sql, &[])?;
            Ok(begun)
        })
    }

    /// Now, or a moment after it was decided to release the key: the clock may stand still.
    fn after_release(&self, r2_key: &str, now_ms: i64) -> Result<i64, SqlError> {
        let sql = "SELECT not_before FROM r2_release WHERE r2_key = ?1";
        let decided = query_first(&self.db, sql, &[r2_key.into()], |row| row.integer(0))?;
        Ok(decided.map_or(now_ms, |decided| now_ms.max(decided.saturating_add(1))))
    }

    /// Makes an object, whose bytes R2 has and which were verified, one that the repository has. False,
    /// and nothing changed, when nobody began it. One that is stored already stays as it is.
    pub fn finish_lfs_object(
        &self,
        (oid, bytes): (&LfsOid, u64),
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        in_transaction(&self.db, || {
            let Some(object) = self.lfs_object(oid)? else {
                return Ok(false);
            };
            if object.is_stored {
                return Ok(true);
            }
            let sql = "UPDATE lfs_object SET stored = 1, object_bytes = ?2, at = max(at, ?3),
                unnamed_since = NULL WHERE oid = ?1";
            let params = [
                oid.as_bytes().as_slice().into(),
                count(bytes).into(),
                now_ms.into(),
            ];
            self.db.execute(sql, &params)?;
            self.add_to_lfs_account(1, count(bytes))?;
            Ok(true)
        })
    }

    /// Removes the rows of objects, stored or on their way: their keys are given back from now on.
    /// `key_of` names the R2 object of each.
    pub fn forget_lfs_objects(
        &self,
        oids: &[LfsOid],
        key_of: impl Fn(&LfsOid) -> String,
        now_ms: i64,
    ) -> Result<LfsTotals, StoreError> {
        in_transaction(&self.db, || {
            let mut gone = LfsTotals::default();
            for oid in oids {
                let Some(object) = self.lfs_object(oid)? else {
                    continue;
                };
                let sql = "DELETE FROM lfs_object WHERE oid = ?1";
                self.db.execute(sql, &[oid.as_bytes().as_slice().into()])?;
                self.release_later(&key_of(oid), now_ms.max(object.at))?;
                if object.is_stored {
                    gone.add(LfsTotals {
                        objects: 1,
                        bytes: object.bytes,
                    });
                }
            }
            if gone != LfsTotals::default() {
                self.add_to_lfs_account(-count(gone.objects), -count(gone.bytes))?;
            }
            Ok(gone)
        })
    }

    /// Up to `limit` objects that began to arrive before this time and never came.
    pub fn lfs_objects_overdue(
        &self,
        before_ms: i64,
        limit: u32,
    ) -> Result<Vec<LfsOid>, StoreError> {
        let sql = "SELECT oid FROM lfs_object WHERE stored = 0 AND at < ?1 LIMIT ?2";
        let params = [before_ms.into(), limit.into()];
        Ok(query_all(&self.db, sql, &params, |row| read_oid(row, 0))?)
    }

    /// For use inside the transaction that changes the objects.
    pub(crate) fn add_to_lfs_account(&self, objects: i64, bytes: i64) -> Result<(), SqlError> {
        debug_assert!(
            self.db.in_transaction(),
            "the account changes with the rows"
        );
        let sql = "INSERT INTO lfs_account (singleton, object_count, object_bytes)
            VALUES (1, max(?1, 0), max(?2, 0))
            ON CONFLICT (singleton) DO UPDATE SET
                object_count = max(object_count + ?1, 0), object_bytes = max(object_bytes + ?2, 0)";
        self.db.execute(sql, &[objects.into(), bytes.into()])?;
        Ok(())
    }
}

fn read_object(row: &dyn Row) -> Result<LfsObject, SqlError> {
    Ok(LfsObject {
        oid: read_oid(row, 0)?,
        bytes: row.unsigned(1)?,
        is_stored: row.truth(2)?,
        at: row.integer(3)?,
        is_unnamed: row.truth(4)?,
    })
}

/// The name in a column.
pub(crate) fn read_oid(row: &dyn Row, column: usize) -> Result<LfsOid, SqlError> {
    let bytes = row.blob(column)?;
    let bytes: Result<[u8; 32], _> = bytes.try_into();
    let oid = bytes.map(LfsOid::from);
    oid.map_err(|_| SqlError::Column {
        column,
        expected: "name of an lfs object",
    })
}

/// Bytes and counts as a column holds them.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
