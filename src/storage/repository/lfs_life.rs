//! Objects of Git LFS that come from elsewhere (a fork's source, a record in R2), and those that go:
//! objects that no pointer names, and uploads that never ended.

use super::lfs_objects::{LfsObject, LfsTotals, count, read_oid};
use super::store::RepoStore;
use crate::git::lfs::LfsOid;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};

/// Objects that are judged or written in one transaction at most.
pub const LFS_PAGE: u32 = 1000;

/// An object without its row: its name and its bytes.
pub type NamedLfsObject = (LfsOid, u64);

/// The times by which objects without a pointer are judged, in unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LfsClock {
    /// Now.
    pub now_ms: i64,
    /// An object goes that has had no pointer since this time, or longer.
    pub unnamed_until_ms: i64,
}

/// The result for a page of objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JudgedLfsObjects {
    /// The last object of the page; `None`: there are no more.
    pub last: Option<LfsOid>,
    /// The objects that went.
    pub removed: LfsTotals,
}

impl<D: Database> RepoStore<D> {
    /// Writes down up to [`LFS_PAGE`] objects whose bytes R2 has, and whose keys are held. Those that
    /// are here already stay as they are.
    pub fn put_lfs_objects(
        &self,
        objects: &[NamedLfsObject],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let names = concatenated(objects.iter().map(|(oid, _)| oid));
        let sizes: Vec<_> = objects.iter().map(|(_, bytes)| count(*bytes)).collect();
        let sizes = json(&sizes)?;
        in_transaction(&self.db, || {
            let sql = "INSERT INTO lfs_object (oid, object_bytes, stored, at)
                SELECT substr(?1, 1 + 32 * key, 32), value, 1, ?3 FROM json_each(?2) WHERE true
                ON CONFLICT (oid) DO NOTHING RETURNING object_bytes";
            let params = [
                names.as_slice().into(),
                sizes.as_str().into(),
                now_ms.into(),
            ];
            let came = query_all(&self.db, sql, &params, |row| row.integer(0))?;
            if !came.is_empty() {
                let bytes = came.iter().fold(0_i64, |sum, one| sum.saturating_add(*one));
                self.add_to_lfs_account(count(came.len() as u64), bytes)?;
            }
            Ok(())
        })
    }

    /// Notes that a client counts on these objects, which are here: they stay as if a pointer had been
    /// found just now.
    pub fn need_lfs_objects(&self, objects: &[LfsObject]) -> Result<(), StoreError> {
        if !objects.iter().any(|object| object.is_unnamed) {
            return Ok(());
        }
        in_transaction(&self.db, || {
            for object in objects.iter().filter(|object| object.is_unnamed) {
                let sql = "UPDATE lfs_object SET unnamed_since = NULL WHERE oid = ?1";
                let oid = object.oid.as_bytes().as_slice();
                self.db.execute(sql, &[oid.into()])?;
            }
            Ok(())
        })
    }

    /// Judges the next page of stored objects after this one: one that `is_named` stays, and any other
    /// stays for its time. `key_of` names the R2 object of each.
    pub fn judge_lfs_objects(
        &self,
        after: Option<&LfsOid>,
        clock: LfsClock,
        is_named: impl Fn(&LfsOid) -> bool,
        key_of: impl Fn(&LfsOid) -> String,
    ) -> Result<JudgedLfsObjects, StoreError> {
        in_transaction(&self.db, || {
            let sql = "SELECT oid, unnamed_since FROM lfs_object
                WHERE oid > ?1 AND stored = 1 ORDER BY oid LIMIT ?2";
            let after = after.map_or([].as_slice(), |oid| oid.as_bytes().as_slice());
            let page = query_all(&self.db, sql, &[after.into(), LFS_PAGE.into()], |row| {
                Ok((read_oid(row, 0)?, row.integer_or_null(1)?))
            })?;
            let mut gone = Vec::new();
            for (oid, unnamed_since) in &page {
                let since = match (is_named(oid), *unnamed_since) {
                    (true, None) => continue,
                    (true, Some(_)) => None,
                    (false, since) => Some(since.unwrap_or(clock.now_ms)),
                };
                if since.is_some_and(|since| since <= clock.unnamed_until_ms) {
                    gone.push(*oid);
                } else if since != *unnamed_since {
                    self.set_unnamed(oid, since)?;
                }
            }
            Ok(JudgedLfsObjects {
                last: page.last().map(|(oid, _)| *oid),
                removed: self.forget_lfs_objects(&gone, &key_of, clock.now_ms)?,
            })
        })
    }

    fn set_unnamed(&self, oid: &LfsOid, since: Option<i64>) -> Result<(), StoreError> {
        let sql = "UPDATE lfs_object SET unnamed_since = ?2 WHERE oid = ?1";
        let params = [oid.as_bytes().as_slice().into(), Value::integer(since)];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Whether a later search for pointers may find something else: an object is on its way, came
    /// after this time, or stays only for its time.
    pub(crate) fn has_lfs_to_judge(&self, since_ms: i64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM lfs_object
            WHERE stored = 0 OR unnamed_since IS NOT NULL OR at >= ?1 LIMIT 1";
        let found = query_first(&self.db, sql, &[since_ms.into()], |row| row.integer(0))?;
        Ok(found.is_some())
    }

    /// Whether there is an object, stored or on its way.
    pub(crate) fn has_lfs_objects(&self) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM lfs_object LIMIT 1";
        Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?.is_some())
    }

    /// Takes away the objects of a record that was not read to its end.
    pub(crate) fn forget_recovered_lfs_objects(&self) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.db.execute("DELETE FROM lfs_object", &[])?;
            self.db.execute("DELETE FROM lfs_account", &[])?;
            Ok(())
        })
    }
}

fn concatenated<'a>(oids: impl Iterator<Item = &'a LfsOid>) -> Vec<u8> {
    oids.flat_map(|oid| *oid.as_bytes()).collect()
}

fn json(numbers: &[i64]) -> Result<String, StoreError> {
    serde_json::to_string(numbers).map_err(|error| StoreError::Failed(error.to_string()))
}

#[cfg(test)]
mod tests;
