//! Rows that nothing needs and rows that are missing, left by damage or by a defect of ours.
//!
//! Nothing here is repaired: orphaned rows go with the next sweep, missing rows are made again or are lost.
//! Every number is 0 in a repository that is sound.

use std::ops::ControlFlow;

use super::store::RepoStore;
use crate::git::store::{PackId, StoreError};
use crate::storage::db::sql::{Database, query_first};

/// When a pack that waits for the sweeper has waited too long, in unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    /// One in quarantine, if it was opened up to this time.
    pub quarantined_until_ms: i64,
    /// One that was superseded, if it was up to this time.
    pub superseded_until_ms: i64,
}

/// Counts of orphans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Orphans {
    /// Rows of chunks whose pack has no row, or ends before them.
    pub chunk_rows: u64,
    /// Rows of parts whose pack has no row, of no known part, or there twice.
    pub part_rows: u64,
    /// Packs in quarantine that the sweeper should have removed.
    pub abandoned_packs: u64,
    /// Packs that were superseded and that the sweeper should have removed.
    pub superseded_packs: u64,
    /// Chunks of live packs that are neither here nor said to be in R2.
    pub missing_chunks: u64,
    /// Parts of live packs that have no row.
    pub missing_parts: u64,
}

impl Orphans {
    /// In words, the numbers that are not 0.
    pub fn problems(&self) -> Vec<String> {
        let told = [
            (self.chunk_rows, "rows of chunks without a pack"),
            (self.part_rows, "rows of parts without a pack"),
            (self.abandoned_packs, "abandoned packs past their time"),
            (self.superseded_packs, "superseded packs past their time"),
            (self.missing_chunks, "chunks of live packs are missing"),
            (self.missing_parts, "parts of live packs are missing"),
        ];
        let told = told.into_iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{count} {what}"))
            .collect()
    }
}

impl<D: Database> RepoStore<D> {
    /// Counts. Packs of which `is_in_progress` says so are being written, and not overdue.
    pub fn orphans(
        &self,
        overdue: Overdue,
        is_in_progress: impl Fn(PackId) -> bool,
    ) -> Result<Orphans, StoreError> {
        let (abandoned_packs, superseded_packs) = self.overdue_packs(overdue, is_in_progress)?;
        // Numbers in the text, since the platform binds a number as a real one: a chunk has 1 << 18
        // bytes, and the key of a deflated row 8 << 16 added.
        let chunk_rows = self.count(
            "SELECT count(*) FROM pack_chunk LEFT JOIN pack ON pack_id = (chunk_key >> 20)
            WHERE pack_id IS NULL OR (state <> 'quarantine'
                AND (chunk_key & 1048575) * (1 << 18) >= pack_bytes)",
        )?;
        let part_rows = self.count(
            "SELECT count(*) FROM pack_part WHERE (part_key >> 20) NOT IN (SELECT pack_id FROM pack)
                OR ((part_key >> 16) & 7) NOT BETWEEN 1 AND 3
                OR (part_key & (8 << 16) <> 0
                    AND part_key - (8 << 16) IN (SELECT part_key FROM pack_part))",
        )?;
        let missing_chunks = self.count(
            "SELECT coalesce(sum(((pack_bytes + (1 << 18) - 1) >> 18) -
                    (SELECT count(*) FROM pack_chunk WHERE chunk_key >= (pack_id << 20) AND chunk_key < ((pack_id + 1) << 20)
                        AND (chunk_key & 1048575) * (1 << 18) < pack_bytes)), 0)
                FROM pack WHERE state = 'live' AND chunks_here = 1",
        )?;
        let missing_parts = self.count(
            "SELECT count(*) FROM pack, (SELECT 1 AS part UNION SELECT 2 UNION SELECT 3)
            WHERE state = 'live' AND NOT EXISTS (SELECT 1 FROM pack_part WHERE part_key IN
                ((pack_id << 20) + (part << 16), (pack_id << 20) + (part << 16) + (8 << 16)))",
        )?;
        Ok(Orphans {
            chunk_rows,
            part_rows,
            abandoned_packs,
            superseded_packs,
            missing_chunks,
            missing_parts,
        })
    }

    fn count(&self, sql: &'static str) -> Result<u64, StoreError> {
        Ok(query_first(&self.db, sql, &[], |row| row.unsigned(0))?.unwrap_or(0))
    }

    fn overdue_packs(
        &self,
        overdue: Overdue,
        is_in_progress: impl Fn(PackId) -> bool,
    ) -> Result<(u64, u64), StoreError> {
        let sql = "SELECT pack_id, state = 'superseded' FROM pack
            WHERE (state = 'quarantine' AND created_at <= ?1)
                OR (state = 'superseded' AND superseded_at <= ?2)";
        let params = [
            overdue.quarantined_until_ms.into(),
            overdue.superseded_until_ms.into(),
        ];
        let (mut abandoned, mut superseded) = (0, 0);
        self.db.query(sql, &params, &mut |row| {
            if row.truth(1)? {
                superseded += 1;
            } else if !is_in_progress(PackId(row.unsigned32(0)?)) {
                abandoned += 1;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok((abandoned, superseded))
    }
}
