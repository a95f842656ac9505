//! Syncs with the upstream: the requested ones, and the history of the finished ones.

use serde::{Deserialize, Serialize};

use super::policies::{json, to_json};
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::{INTEGER_MAX, Row, Value};
use crate::storage::db::sql::{Database, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// Syncs that stay on record.
const KEPT: i64 = 500;

/// Syncs between two removals of old records.
const TRIMMED_EVERY: i64 = 64;

/// Refs that a report names.
const REFS_TOLD: usize = 100;

/// The cause of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedBy {
    /// Somebody set the upstream.
    Settings,
    /// Somebody requested it.
    Request,
    /// The interval is over.
    Interval,
    /// The upstream's webhook requested it.
    Webhook,
}

impl AskedBy {
    fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Request => "request",
            Self::Interval => "interval",
            Self::Webhook => "webhook",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::Settings, Self::Request, Self::Interval, Self::Webhook];
        all.into_iter().find(|asked| asked.name() == name)
    }
}

/// The outcome of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncOutcome {
    /// No ref changed.
    Unchanged,
    /// Some ref changed.
    Updated,
    /// The sync was given up.
    Failed,
}

impl SyncOutcome {
    fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Updated => "updated",
            Self::Failed => "failed",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::Unchanged, Self::Updated, Self::Failed];
        all.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// The result of a sync for one ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefResult {
    /// The ref was created.
    Created,
    /// The ref went forward.
    Updated,
    /// The ref moved to a target that does not descend from the old one.
    Forced,
    /// The ref was deleted.
    Deleted,
    /// The ref diverged, and keeps its target here.
    Diverged,
    /// The change was refused.
    Rejected,
}

/// One ref of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefReport {
    /// The ref's name here.
    #[serde(rename = "ref")]
    pub name: String,
    /// The ref's target here before, in hex; `None` without one.
    pub old: Option<String>,
    /// The ref's target in the upstream; `None` without one.
    pub new: Option<String>,
    /// The result for the ref.
    pub result: RefResult,
    /// The reason for a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The report of a sync.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncReport {
    /// Refs that the sync created.
    pub created: u64,
    /// Refs that went forward.
    pub updated: u64,
    /// Refs that were forced.
    pub forced: u64,
    /// Refs that were deleted.
    pub deleted: u64,
    /// Refs that diverged from upstream's and keep their targets, those found earlier included.
    pub diverged: u64,
    /// Refs whose changes were refused.
    pub rejected: u64,
    /// Refs of the upstream whose names no repository here can have.
    pub skipped: u64,
    /// Bytes of the pack from the upstream.
    pub pack_bytes: u64,
    /// The first refs that changed, diverged or were refused.
    pub refs: Vec<RefReport>,
    /// The reason why the sync failed.
    pub error: Option<String>,
}

impl SyncReport {
    /// Counts the result of a ref, and names the ref if there is room.
    pub fn note(&mut self, told: RefReport) {
        let count = match told.result {
            RefResult::Created => &mut self.created,
            RefResult::Updated => &mut self.updated,
            RefResult::Forced => &mut self.forced,
            RefResult::Deleted => &mut self.deleted,
            RefResult::Diverged => &mut self.diverged,
            RefResult::Rejected => &mut self.rejected,
        };
        *count = count.saturating_add(1);
        if self.refs.len() < REFS_TOLD {
            self.refs.push(told);
        }
    }

    /// Whether a ref changed.
    #[must_use]
    pub fn changed_any(&self) -> bool {
        [self.created, self.updated, self.forced, self.deleted] != [0; 4]
    }
}

/// A sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRecord {
    /// The sync's number; later syncs have greater numbers.
    pub seq: i64,
    /// The cause of the sync.
    pub asked_by: AskedBy,
    /// The time of the request, in unix milliseconds.
    pub asked_at: i64,
    /// Attempts in a row, including the one under way.
    pub attempts: u32,
    /// The end in unix milliseconds, and the outcome; `None` while the sync is not over.
    pub finished: Option<(i64, SyncOutcome)>,
    /// Failed syncs in a row, including this one.
    pub failures: u32,
    /// The report of the sync.
    pub report: SyncReport,
}

impl<D: Database> RepoStore<D> {
    /// Requests a sync, and returns its number. The row counts its first attempt already.
    pub fn begin_sync(&self, asked_by: AskedBy, now_ms: i64) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) + 1 FROM upstream_sync";
        let seq = query_first(&self.db, sql, &[], |row| row.integer(0))?.unwrap_or(1);
        let sql =
            "INSERT INTO upstream_sync (seq, asked_by, asked_at, attempts) VALUES (?1, ?2, ?3, 1)";
        self.db
            .execute(sql, &[seq.into(), asked_by.name().into(), now_ms.into()])?;
        if seq % TRIMMED_EVERY == 0 {
            let sql = "DELETE FROM upstream_sync WHERE seq <= ?1";
            self.db.execute(sql, &[seq.saturating_sub(KEPT).into()])?;
        }
        Ok(seq)
    }

    /// The oldest unfinished sync.
    pub fn next_sync(&self) -> Result<Option<SyncRecord>, StoreError> {
        let sql = "SELECT seq, asked_by, asked_at, attempts, finished_at, outcome, failures, report
            FROM upstream_sync WHERE finished_at IS NULL AND seq >= ?1 ORDER BY seq LIMIT 1";
        // At most two syncs are unfinished, and they are the newest.
        let sql_max = "SELECT coalesce(max(seq), 0) - 2 FROM upstream_sync";
        let from = query_first(&self.db, sql_max, &[], |row| row.integer(0))?.unwrap_or(0);
        Ok(query_first(&self.db, sql, &[from.into()], read_sync)?)
    }

    /// The sync with the greatest number, finished or not.
    pub fn newest_sync(&self) -> Result<Option<SyncRecord>, StoreError> {
        Ok(self.syncs(INTEGER_MAX, 1)?.into_iter().next())
    }

    /// Up to `limit` syncs whose numbers are below `before`, the newest first.
    pub fn syncs(&self, before: i64, limit: u32) -> Result<Vec<SyncRecord>, StoreError> {
        let sql = "SELECT seq, asked_by, asked_at, attempts, finished_at, outcome, failures, report
            FROM upstream_sync WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
        Ok(query_all(
            &self.db,
            sql,
            &[before.into(), limit.into()],
            read_sync,
        )?)
    }

    /// The newest finished sync.
    pub fn last_sync(&self) -> Result<Option<SyncRecord>, StoreError> {
        let mut newest = self.syncs(INTEGER_MAX, 3)?.into_iter();
        Ok(newest.find(|sync| sync.finished.is_some()))
    }

    /// Counts an attempt that is about to begin.
    pub fn note_sync_attempt(&self, seq: i64) -> Result<(), StoreError> {
        let sql = "UPDATE upstream_sync SET attempts = attempts + 1 WHERE seq = ?1";
        self.db.execute(sql, &[seq.into()])?;
        Ok(())
    }

    /// Ends a sync.
    pub fn end_sync(
        &self,
        seq: i64,
        (outcome, failures): (SyncOutcome, u32),
        report: &SyncReport,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let said = (*report != SyncReport::default()).then(|| to_json(report));
        let said = said.transpose()?;
        let sql =
            "UPDATE upstream_sync SET finished_at = ?2, outcome = ?3, failures = ?4, report = ?5
            WHERE seq = ?1 AND finished_at IS NULL";
        let params = [
            seq.into(),
            now_ms.into(),
            outcome.name().into(),
            failures.into(),
            Value::text(said.as_deref()),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Ends the unfinished syncs, with this reason.
    pub(super) fn end_open_syncs(&self, reason: &str, now_ms: i64) -> Result<(), StoreError> {
        let report = SyncReport {
            error: Some(reason.to_owned()),
            ..SyncReport::default()
        };
        while let Some(open) = self.next_sync()? {
            self.end_sync(open.seq, (SyncOutcome::Failed, 0), &report, now_ms)?;
        }
        Ok(())
    }
}

fn read_sync(row: &dyn Row) -> Result<SyncRecord, SqlError> {
    let wrong = |column, expected| SqlError::Column { column, expected };
    let outcome = row.text_or_null(5)?;
    let outcome = outcome.map(|name| SyncOutcome::named(&name).ok_or(wrong(5, "outcome")));
    Ok(SyncRecord {
        seq: row.integer(0)?,
        asked_by: AskedBy::named(&row.text(1)?).ok_or(wrong(1, "asker"))?,
        asked_at: row.integer(2)?,
        attempts: row.unsigned32(3)?,
        finished: row.integer_or_null(4)?.zip(outcome.transpose()?),
        failures: row.unsigned32(6)?,
        report: json(row, 7)?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::repository::testing::store;

    #[test]
    fn a_sync_is_open_until_it_is_over() {
        let store = store();
        assert_eq!(store.next_sync(), Ok(None));
        let first = store.begin_sync(AskedBy::Request, 10).unwrap();
        let second = store.begin_sync(AskedBy::Webhook, 11).unwrap();
        let next = store.next_sync().unwrap().unwrap();
        assert_eq!((next.seq, next.attempts, next.finished), (first, 1, None));
        store.note_sync_attempt(first).unwrap();
        assert_eq!(store.next_sync().unwrap().unwrap().attempts, 2);
        assert_eq!(store.last_sync(), Ok(None));

        let mut report = SyncReport::default();
        report.note(RefReport {
            name: "refs/heads/main".to_owned(),
            old: None,
            new: Some("1".repeat(40)),
            result: RefResult::Created,
            reason: None,
        });
        assert!(report.changed_any());
        let done = (SyncOutcome::Updated, 0);
        store.end_sync(first, done, &report, 20).unwrap();
        let last = store.last_sync().unwrap().unwrap();
        assert_eq!((last.seq, &last.report), (first, &report));
        assert_eq!(last.finished, Some((20, SyncOutcome::Updated)));
        assert_eq!(store.next_sync().unwrap().unwrap().seq, second);
        store.end_open_syncs("changed", 21).unwrap();
        assert_eq!(store.next_sync(), Ok(None));
        let newest = store.newest_sync().unwrap().unwrap();
        assert_eq!(newest.report.error.as_deref(), Some("changed"));
    }

    #[test]
    fn one_with_nothing_new_writes_two_rows() {
        let store = store();
        for _ in 0..3 {
            let before = store.database().rows_written();
            let seq = store.begin_sync(AskedBy::Interval, 1).unwrap();
            let unchanged = (SyncOutcome::Unchanged, 0);
            let report = SyncReport::default();
            store.end_sync(seq, unchanged, &report, 2).unwrap();
            assert_eq!(store.database().rows_written() - before, 2);
        }
    }

    #[test]
    fn the_newest_ones_are_kept() {
        let store = store();
        for at in 0..KEPT + 3 * TRIMMED_EVERY {
            let seq = store.begin_sync(AskedBy::Interval, at).unwrap();
            let failed = (SyncOutcome::Failed, 1);
            let report = SyncReport::default();
            store.end_sync(seq, failed, &report, at).unwrap();
        }
        let all = store.syncs(INTEGER_MAX, 1000).unwrap();
        assert!((KEPT..KEPT + TRIMMED_EVERY).contains(&i64::try_from(all.len()).unwrap()));
        assert!(all.is_sorted_by(|a, b| a.seq > b.seq));
        let page = store.syncs(all[9].seq, 5).unwrap();
        assert_eq!(page[0].seq, all[10].seq);
    }
}
