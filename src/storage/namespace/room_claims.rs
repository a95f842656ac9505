//! Bytes that repositories claim before they publish them, so that requests at the same moment do not
//! exceed the namespace's bound together. A row exists only while such a request is under way, and only where
//! the namespace has a bound. The database has a schema.

use super::figures::integer;
use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, query_all, query_first};

/// The claim by which a repository comes into the namespace, with its bytes.
pub(crate) const FIRST_CLAIM: i64 = 0;

/// A claim of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoomClaim<'a> {
    pub(crate) repository_id: &'a str,
    /// Its number, which no other claim of the repository has.
    pub(crate) number: i64,
    /// The bytes that may come.
    pub(crate) bytes: u64,
    /// Unix milliseconds: until when it counts.
    pub(crate) until_ms: i64,
}

impl<D: Database> NamespaceStore<D> {
    /// Counts a claim; one with the same number is replaced.
    pub(crate) fn put_claim(&self, claim: RoomClaim<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO room_claim (repository_id, number, bytes, until)
            VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (repository_id, number) DO UPDATE SET
                bytes = excluded.bytes, until = excluded.until";
        let params = [
            claim.repository_id.into(),
            claim.number.into(),
            integer(claim.bytes).into(),
            claim.until_ms.into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Ends a claim.
    pub(crate) fn end_claim(&self, repository_id: &str, number: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM room_claim WHERE repository_id = ?1 AND number = ?2";
        self.db
            .execute(sql, &[repository_id.into(), number.into()])?;
        Ok(())
    }

    /// Ends the claims whose time is up, and those of a repository whose requests are over: all but
    /// `running`.
    pub(crate) fn sweep_claims(
        &self,
        (repository_id, running): (&str, &[i64]),
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let sql = "SELECT repository_id, number, until FROM room_claim";
        let claims = query_all(&self.db, sql, &[], |row| {
            Ok((row.text(0)?, row.integer(1)?, row.integer(2)?))
        })?;
        for (id, number, until_ms) in claims {
            let is_over = id == repository_id && !running.contains(&number);
            if is_over || until_ms <= now_ms {
                self.end_claim(&id, number)?;
            }
        }
        Ok(())
    }

    /// The bytes of all claims but one.
    pub(crate) fn claimed_without(
        &self,
        repository_id: &str,
        number: i64,
    ) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(bytes), 0) FROM room_claim
            WHERE NOT (repository_id = ?1 AND number = ?2)";
        let params = [repository_id.into(), number.into()];
        Ok(query_first(&self.db, sql, &params, |row| row.unsigned(0))?.unwrap_or(0))
    }

    /// Notes the bytes of a repository that count against the bound, as it has just told them.
    pub(crate) fn note_quota_bytes(
        &self,
        repository_id: &str,
        size_bytes: u64,
        lfs_bytes: u64,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET size_bytes = ?2, lfs_bytes = ?3
            WHERE id = ?1 AND (size_bytes <> ?2 OR lfs_bytes <> ?3)";
        let params = [
            repository_id.into(),
            integer(size_bytes).into(),
            integer(lfs_bytes).into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }
}
