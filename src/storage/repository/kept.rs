//! A repository that was deleted and can still be restored.
//!
//! Everything of it stays; two times say that it is gone, and for how long it stays. Its
//! [phase](super::phase::Phase) is then `Kept`, so that nothing serves it.

use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, query_first};

/// The facts about a deleted repository until it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Unix milliseconds: when it was deleted.
    pub deleted_at: i64,
    /// Unix milliseconds: when it goes for good.
    pub purge_at: i64,
    /// The name of the object that has it.
    pub object_name: String,
}

/// How soon the alarm looks whether the namespace has heard of a deletion, in milliseconds.
const LOOK_AGAIN_MS: i64 = 10_000;

impl Kept {
    /// When the alarm looks whether the namespace has heard of the deletion, in unix milliseconds.
    #[must_use]
    pub fn look_again(&self, now_ms: i64) -> i64 {
        now_ms.saturating_add(LOOK_AGAIN_MS).min(self.purge_at)
    }
}

impl<D: Database> RepoStore<D> {
    /// Ends the repository for every caller, and keeps all that it has.
    pub fn keep_deleted(&self, kept: &Kept) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET deleted_at = ?1, purge_at = ?2, deleted_object = ?3
            WHERE phase = 'ready' AND deleted_at IS NULL";
        let params = [
            kept.deleted_at.into(),
            kept.purge_at.into(),
            kept.object_name.as_str().into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// These facts, if it was deleted and can still be restored.
    pub fn kept(&self) -> Result<Option<Kept>, StoreError> {
        if !self.is_created()? {
            return Ok(None);
        }
        let sql = "SELECT deleted_at, purge_at, deleted_object FROM repository
            WHERE phase = 'ready' AND deleted_at IS NOT NULL";
        Ok(query_first(&self.db, sql, &[], |row| {
            Ok(Kept {
                deleted_at: row.integer(0)?,
                purge_at: row.integer(1)?,
                object_name: row.text(2)?,
            })
        })?)
    }

    /// Serves the repository again. A time at which it would have ended meanwhile is taken away.
    pub fn restore(&self, now_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET deleted_at = NULL, purge_at = NULL, deleted_object = NULL,
                updated_at = ?1, expires_at = nullif(max(coalesce(expires_at, 0), ?1), ?1)
            WHERE phase = 'ready'";
        self.db.execute(sql, &[now_ms.into()])?;
        Ok(())
    }
}
