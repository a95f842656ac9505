//! Removal of rows that nobody needs any more: packs that a push left in quarantine when it broke
//! off, packs that were superseded, and rows whose pack is gone.
//!
//! Never a pack that may still be in use: a pack of a push in progress, or one so young that its push
//! may still run or that a fetch may still copy (the grace period).

use std::collections::BTreeSet;
use std::ops::Range;

use super::packs::pack_keys;
use super::store::RepoStore;
use crate::git::store::{PackId, StoreError};
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// Which packs to spare, and how much to do at once.
#[derive(Debug, Clone, Copy)]
pub struct Sweep<'a> {
    /// Unix milliseconds.
    pub now_ms: i64,
    /// How long a pack is spared after it was opened; in milliseconds.
    pub grace_ms: i64,
    /// Packs that were superseded up to this time go; unix milliseconds.
    pub superseded_until_ms: i64,
    /// Rows to remove at most in this call.
    pub rows_max: u32,
    /// Packs of pushes that are running in this object.
    pub in_progress: &'a BTreeSet<PackId>,
    /// Whether the bytes of chunks are written over first: SQLite keeps the content of free pages until it
    /// needs the place.
    pub scrubs: bool,
}

impl<D: Database> RepoStore<D> {
    /// Removes up to `rows_max` rows; true when there is more to do. A pack's own row goes last,
    /// so an interrupted sweep is taken up where it stopped.
    pub fn sweep(&self, sweep: Sweep<'_>) -> Result<bool, StoreError> {
        let mut rows_left = sweep.rows_max;
        for pack_id in self.packs_to_remove(&sweep)? {
            if sweep.scrubs {
                self.scrub(pack_id)?;
            }
            if !self.remove_rows(pack_keys(pack_id), &mut rows_left)? || rows_left == 0 {
                return Ok(true);
            }
            self.remove_pack(pack_id)?;
            rows_left = rows_left.saturating_sub(1);
        }
        while let Some(pack_id) = self.first_orphan()? {
            if rows_left == 0 || !self.remove_rows(pack_keys(pack_id), &mut rows_left)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Rows of chunks and parts whose pack has no row.
    pub fn count_orphans(&self) -> Result<u64, StoreError> {
        let sql = "SELECT
            (SELECT count(*) FROM pack_chunk
                WHERE (chunk_key >> 20) NOT IN (SELECT pack_id FROM pack)) +
            (SELECT count(*) FROM pack_part
                WHERE (part_key >> 20) NOT IN (SELECT pack_id FROM pack))";
        Ok(query_first(&self.db, sql, &[], |row| row.unsigned(0))?.unwrap_or(0))
    }

    fn packs_to_remove(&self, sweep: &Sweep<'_>) -> Result<Vec<PackId>, SqlError> {
        let sql = "SELECT pack_id FROM pack
            WHERE (state = 'quarantine' AND created_at <= ?1)
                OR (state = 'superseded' AND superseded_at <= ?2)
            ORDER BY pack_id";
        let opened = Value::Integer(sweep.now_ms.saturating_sub(sweep.grace_ms));
        let params = [opened, Value::Integer(sweep.superseded_until_ms)];
        let mut packs = query_all(&self.db, sql, &params, |row| row.unsigned32(0).map(PackId))?;
        packs.retain(|pack_id| !sweep.in_progress.contains(pack_id));
        Ok(packs)
    }

    /// Writes zeros over the chunks of a pack that is not live, in place: a row that stays as long as
    /// it was keeps its pages.
    fn scrub(&self, pack_id: PackId) -> Result<(), StoreError> {
        let keys = pack_keys(pack_id);
        let sql = "UPDATE pack_chunk SET bytes = zeroblob(length(bytes))
            WHERE chunk_key >= ?1 AND chunk_key < ?2";
        let bounds = [Value::Integer(keys.start), Value::Integer(keys.end)];
        self.db.execute(sql, &bounds)?;
        Ok(())
    }

    /// Removes chunks and pieces of parts with these keys; whether all went.
    fn remove_rows(&self, keys: Range<i64>, rows_left: &mut u32) -> Result<bool, StoreError> {
        let before = *rows_left;
        let removed = in_transaction(&self.db, || {
            let mut left = before;
            for sql in [
                "DELETE FROM pack_chunk WHERE chunk_key IN (SELECT chunk_key FROM pack_chunk
                    WHERE chunk_key >= ?1 AND chunk_key < ?2 LIMIT ?3)",
                "DELETE FROM pack_part WHERE part_key IN (SELECT part_key FROM pack_part
                    WHERE part_key >= ?1 AND part_key < ?2 LIMIT ?3)",
            ] {
                let params = [keys.start.into(), keys.end.into(), left.into()];
                let removed = self.db.execute(sql, &params)?;
                left = left.saturating_sub(u32::try_from(removed).unwrap_or(u32::MAX));
            }
            Ok::<_, SqlError>(left)
        })?;
        *rows_left = removed;
        Ok(removed > 0)
    }

    /// The first pack that has rows of chunks or parts but no row of its own. Steps from pack to
    /// pack, one look-up each, not from row to row.
    fn first_orphan(&self) -> Result<Option<PackId>, SqlError> {
        for sql in [
            "WITH RECURSIVE present (pack) AS (
                SELECT min(chunk_key) >> 20 FROM pack_chunk
                UNION ALL
                SELECT (SELECT min(chunk_key) >> 20 FROM pack_chunk
                    WHERE chunk_key >= ((pack + 1) << 20))
                FROM present WHERE pack IS NOT NULL)
            SELECT pack FROM present
            WHERE pack IS NOT NULL AND pack NOT IN (SELECT pack_id FROM pack) LIMIT 1",
            "WITH RECURSIVE present (pack) AS (
                SELECT min(part_key) >> 20 FROM pack_part
                UNION ALL
                SELECT (SELECT min(part_key) >> 20 FROM pack_part
                    WHERE part_key >= ((pack + 1) << 20))
                FROM present WHERE pack IS NOT NULL)
            SELECT pack FROM present
            WHERE pack IS NOT NULL AND pack NOT IN (SELECT pack_id FROM pack) LIMIT 1",
        ] {
            if let Some(pack_id) = query_first(&self.db, sql, &[], |row| row.unsigned32(0))? {
                return Ok(Some(PackId(pack_id)));
            }
        }
        Ok(None)
    }
}
