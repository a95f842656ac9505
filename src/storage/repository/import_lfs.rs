//! Objects of Git LFS that an import is to take, until they are here.

use serde::{Deserialize, Serialize};

use super::lfs_objects::{LfsTotals, read_oid};
use super::store::RepoStore;
use crate::git::lfs::{LfsOid, Pointer};
use crate::git::store::StoreError;
use crate::storage::db::row::INTEGER_MAX;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};

/// Missing objects that are shown by name.
const FIRST: u32 = 10;

/// An import's report about objects of Git LFS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LfsReport {
    /// Objects that it took.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Why it ended before it had asked for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The objects that it did not get.
    pub missing: MissingLfs,
}

/// Objects that pointers name, and that are not here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingLfs {
    /// How many there are.
    pub count: u64,
    /// Their bytes, as pointers say.
    pub bytes: u64,
    /// The first ten, by name.
    pub first: Vec<MissingLfsObject>,
}

/// One of these objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingLfsObject {
    /// Its name, 64 lowercase hex digits.
    pub oid: String,
    /// Its bytes, as its pointer says.
    pub size: u64,
    /// Why it is missing; absent: it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl<D: Database> RepoStore<D> {
    /// Notes objects that pointers name; one that is noted already stays as it is.
    pub fn want_lfs_objects(&self, pointers: &[Pointer]) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            let sql = "INSERT INTO import_lfs (oid, object_bytes) VALUES (?1, ?2)
                ON CONFLICT DO NOTHING";
            for pointer in pointers {
                // A pointer may claim any size.
                let bytes = i64::try_from(pointer.size).unwrap_or(i64::MAX);
                let bytes = bytes.min(INTEGER_MAX);
                let params = [pointer.oid.as_bytes().as_slice().into(), bytes.into()];
                self.db.execute(sql, &params)?;
            }
            Ok(())
        })
    }

    /// Everything is noted: the import begins to take.
    pub fn begin_lfs_taking(&self) -> Result<(), StoreError> {
        let sql = "UPDATE import SET lfs = 2, lfs_pass = 0, lfs_after = x'', attempts = 0";
        self.db.execute(sql, &[])?;
        Ok(())
    }

    /// Up to `limit` objects behind this one, by name, that may still come.
    pub fn wanted_lfs_objects(
        &self,
        after: Option<&LfsOid>,
        limit: u32,
    ) -> Result<Vec<Pointer>, StoreError> {
        let sql = "SELECT oid, object_bytes FROM import_lfs
            WHERE oid > ?1 AND refusal IS NULL ORDER BY oid LIMIT ?2";
        let after = after.map_or([].as_slice(), |oid| oid.as_bytes().as_slice());
        let params = [after.into(), limit.into()];
        Ok(query_all(&self.db, sql, &params, |row| {
            Ok(Pointer {
                oid: read_oid(row, 0)?,
                size: row.unsigned(1)?,
            })
        })?)
    }

    /// How many are noted and not here, and their bytes. Reads all of their rows.
    pub fn wanted_lfs_totals(&self) -> Result<LfsTotals, StoreError> {
        let sql = "SELECT count(*), CAST(min(total(object_bytes), ?1) AS INTEGER) FROM import_lfs";
        let totals = query_first(&self.db, sql, &[INTEGER_MAX.into()], |row| {
            Ok(LfsTotals {
                objects: row.unsigned(0)?,
                bytes: row.unsigned(1)?,
            })
        })?;
        Ok(totals.unwrap_or_default())
    }

    /// An object that was wanted is here: R2 has its bytes, verified.
    pub fn finish_wanted_lfs_object(
        &self,
        (oid, bytes): (&LfsOid, u64),
        now_ms: i64,
    ) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            if self.finish_lfs_object((oid, bytes), now_ms)? {
                let sql = "DELETE FROM import_lfs WHERE oid = ?1";
                self.db.execute(sql, &[oid.as_bytes().as_slice().into()])?;
            }
            Ok(())
        })
    }

    /// The import has asked for all objects up to this one in this pass, and got something out of it.
    /// These will not come.
    pub fn note_lfs_asked(
        &self,
        last: &LfsOid,
        refused: &[(LfsOid, String)],
    ) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            let sql = "UPDATE import_lfs SET refusal = ?2 WHERE oid = ?1";
            for (oid, reason) in refused {
                let params = [oid.as_bytes().as_slice().into(), reason.as_str().into()];
                self.db.execute(sql, &params)?;
            }
            let sql = "UPDATE import SET lfs_after = ?1, attempts = 0";
            self.db.execute(sql, &[last.as_bytes().as_slice().into()])?;
            Ok(())
        })
    }

    /// Begins at the first object that may still come. False when there is none.
    pub fn begin_lfs_pass(&self) -> Result<bool, StoreError> {
        let is_any = !self.wanted_lfs_objects(None, 1)?.is_empty();
        if is_any {
            let sql = "UPDATE import SET lfs_pass = lfs_pass + 1, lfs_after = x'', attempts = 0";
            self.db.execute(sql, &[])?;
        }
        Ok(is_any)
    }

    /// The report, as it is now: the objects that are noted have not come. `error`: why no more is asked for.
    pub fn lfs_report(&self, error: Option<&str>) -> Result<LfsReport, StoreError> {
        let (taken, missing) = (self.lfs_totals()?, self.wanted_lfs_totals()?);
        let sql = "SELECT oid, object_bytes, refusal FROM import_lfs ORDER BY oid LIMIT ?1";
        let first = query_all(&self.db, sql, &[FIRST.into()], |row| {
            Ok(MissingLfsObject {
                oid: read_oid(row, 0)?.to_string(),
                size: row.unsigned(1)?,
                reason: row.text_or_null(2)?,
            })
        })?;
        Ok(LfsReport {
            objects: taken.objects,
            bytes: taken.bytes,
            error: error.map(str::to_owned),
            missing: MissingLfs {
                count: missing.objects,
                bytes: missing.bytes,
                first,
            },
        })
    }
}

#[cfg(test)]
mod tests;
