//! Records of maintenance runs, and the traces of a run that ended with its object halfway.

use super::store::RepoStore;
use crate::git::store::{PackId, StoreError};
use crate::storage::db::row::{Row, Value};
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// Runs that are kept.
const RUNS_KEPT: i64 = 100;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// It did its work.
    Done,
    /// It changed nothing; why, is in its detail.
    Failed,
}

/// The figures of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFigures {
    /// Packs taken in.
    pub packs: u64,
    /// Objects taken in.
    pub objects: u64,
    /// Bytes of packs written or removed.
    pub bytes: u64,
    /// Rows written or removed.
    pub rows: u64,
    /// The reason of its failure, or its findings.
    pub detail: String,
}

/// A run, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Its number.
    pub(crate) seq: i64,
    /// The task that ran.
    pub(crate) task: String,
    /// `running`, `done`, `failed` or `interrupted`.
    pub outcome: String,
    /// Unix milliseconds.
    pub(crate) started_at: i64,
    /// Unix milliseconds; `None` while it runs.
    pub(crate) finished_at: Option<i64>,
    /// Its figures.
    pub figures: RunFigures,
}

impl<D: Database> RepoStore<D> {
    /// Writes down that a run begins which fills a pack in quarantine; gives its number.
    pub fn begin_run(
        &self,
        task: &str,
        pack_id: Option<PackId>,
        now_ms: i64,
    ) -> Result<i64, StoreError> {
        let seq = self.next_run()?;
        let sql = "INSERT INTO maintenance_run (seq, task, outcome, started_at, pack_id)
            VALUES (?1, ?2, 'running', ?3, ?4)";
        let pack_id = Value::integer(pack_id.map(|pack_id| i64::from(pack_id.0)));
        self.db
            .execute(sql, &[seq.into(), task.into(), now_ms.into(), pack_id])?;
        Ok(seq)
    }

    fn next_run(&self) -> Result<i64, SqlError> {
        let sql = "SELECT coalesce(max(seq), 0) + 1 FROM maintenance_run";
        let seq = query_first(&self.db, sql, &[], |row| row.integer(0))?.unwrap_or(1);
        let sql = "DELETE FROM maintenance_run WHERE seq <= ?1";
        self.db.execute(sql, &[(seq - RUNS_KEPT).into()])?;
        Ok(seq)
    }

    /// Writes down a run that has ended.
    pub fn end_run(
        &self,
        task: &str,
        started_at: i64,
        outcome: RunOutcome,
        figures: &RunFigures,
    ) -> Result<(), StoreError> {
        let number = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        in_transaction(&self.db, || {
            let seq = self.next_run()?;
            let sql = "INSERT INTO maintenance_run (seq, task, outcome, started_at,
                    finished_at, packs, objects, bytes, rows, detail)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
            let outcome = match outcome {
                RunOutcome::Done => "done",
                RunOutcome::Failed => "failed",
            };
            self.db.execute(
                sql,
                &[
                    seq.into(),
                    task.into(),
                    outcome.into(),
                    started_at.into(),
                    (self.clock)().into(),
                    number(figures.packs),
                    number(figures.objects),
                    number(figures.bytes),
                    number(figures.rows),
                    figures.detail.as_str().into(),
                ],
            )?;
            Ok(())
        })
    }

    /// Removes the record of a run that was begun: another tells of it.
    pub fn forget_run(&self, seq: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM maintenance_run WHERE seq = ?1";
        self.db.execute(sql, &[seq.into()])?;
        Ok(())
    }

    /// Writes down that runs which were begun have been interrupted, since none runs now: their
    /// packs are left to the sweeper, at once. Gives how many there were.
    pub fn interrupt_runs(&self, now_ms: i64) -> Result<u64, StoreError> {
        in_transaction(&self.db, || {
            let sql = "SELECT 1 FROM maintenance_run WHERE outcome = 'running' LIMIT 1";
            if query_first(&self.db, sql, &[], |row| row.integer(0))?.is_none() {
                return Ok(0);
            }
            let sql = "UPDATE pack SET created_at = 0 WHERE state = 'quarantine' AND pack_id IN
                (SELECT pack_id FROM maintenance_run WHERE outcome = 'running')";
            self.db.execute(sql, &[])?;
            let sql = "UPDATE maintenance_run SET outcome = 'interrupted', finished_at = ?1
                WHERE outcome = 'running'";
            Ok(self.db.execute(sql, &[now_ms.into()])?)
        })
    }

    /// How often a task has failed or was interrupted since it was done last, and when it ended
    /// then.
    pub fn failures_of(&self, task: &str) -> Result<(u32, i64), StoreError> {
        let sql = "SELECT count(*), coalesce(max(finished_at), 0) FROM maintenance_run
            WHERE task = ?1 AND outcome IN ('failed', 'interrupted') AND seq >
                (SELECT coalesce(max(seq), 0) FROM maintenance_run
                    WHERE task = ?1 AND outcome = 'done')";
        let failures = query_first(&self.db, sql, &[task.into()], |row| {
            Ok((row.unsigned32(0)?, row.integer(1)?))
        })?;
        Ok(failures.unwrap_or_default())
    }

    /// The last runs, the latest first.
    pub fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        let sql = "SELECT seq, task, outcome, started_at, finished_at, packs, objects, bytes, rows,
                detail
            FROM maintenance_run ORDER BY seq DESC LIMIT ?1";
        Ok(query_all(&self.db, sql, &[limit.into()], read_run)?)
    }
}

fn read_run(row: &dyn Row) -> Result<RunRecord, SqlError> {
    Ok(RunRecord {
        seq: row.integer(0)?,
        task: row.text(1)?,
        outcome: row.text(2)?,
        started_at: row.integer(3)?,
        finished_at: row.integer_or_null(4)?,
        figures: RunFigures {
            packs: row.unsigned(5)?,
            objects: row.unsigned(6)?,
            bytes: row.unsigned(7)?,
            rows: row.unsigned(8)?,
            detail: row.text(9)?,
        },
    })
}
