//! Downstreams: repositories elsewhere that follow this one, and the record of pushes to them.
//!
//! Only the rows say whether a push is due: the reflog grew since the last settled push, somebody
//! requested a push, or an attempt was not settled. So no due push is lost with the object.

use serde::{Deserialize, Serialize};

use super::policies::to_json;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::{INTEGER_MAX, Row, Value};
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// Pushes to a downstream that stay on record.
const PUSHES_MAX: i64 = 100;

/// The refs that go to a downstream, and the rules of the push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DownstreamSettings {
    /// The refspecs.
    pub(crate) refs: Vec<String>,
    /// Whether refs there may lose commits.
    #[serde(default)]
    pub(crate) force: bool,
    /// Whether pushes delete refs there that no ref here leads to.
    #[serde(default)]
    pub(crate) prune: bool,
    /// Whether a push changes all refs there or none.
    #[serde(default)]
    pub(crate) atomic: bool,
}

/// A downstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Downstream {
    /// The downstream's id.
    pub(crate) id: String,
    /// The remote, without credentials.
    pub(crate) url: String,
    /// The refs that go there, and the rules of the push.
    pub(crate) settings: DownstreamSettings,
    /// The sealed credentials.
    pub(crate) credentials: Option<String>,
    /// Whether Cairn pushes to it.
    pub(crate) is_active: bool,
    /// The time of its creation, in unix milliseconds.
    pub(crate) created_at: i64,
    /// The last entry of the reflog at the start of the last settled push.
    pub(crate) reflog_seq: i64,
    /// Whether somebody requested a push.
    pub(crate) is_asked: bool,
    /// Attempts in a row that were not settled, including one under way.
    pub(crate) attempts: u32,
    /// The earliest start of the next attempt, in unix milliseconds.
    pub(crate) retry_at: Option<i64>,
}

impl Downstream {
    /// The time when a push is due, in unix milliseconds; `None` if no push is due.
    #[must_use]
    pub(crate) fn due(&self, last_reflog_seq: i64) -> Option<i64> {
        let is_behind = self.is_asked || self.attempts > 0 || self.reflog_seq != last_reflog_seq;
        let at_ms = self.retry_at.unwrap_or(0);
        (self.is_active && is_behind).then_some(at_ms)
    }
}

/// The outcome of a push to a downstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PushOutcome {
    /// Every ref there equals the ref here.
    Pushed,
    /// Some refs there differ from those here.
    Refused,
    /// No ref is known to have changed.
    Failed,
}

impl PushOutcome {
    /// The outcome's name.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::Pushed, Self::Refused, Self::Failed];
        all.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// The result of a push for one ref there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefFate {
    /// The ref was created.
    Created,
    /// The ref went forward.
    Updated,
    /// The ref lost commits.
    Forced,
    /// The ref was deleted.
    Deleted,
    /// The ref did not change.
    Rejected,
}

/// A ref there, and the result of the push for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PushedRef {
    /// The ref's name there.
    pub(crate) name: String,
    /// The ref here that leads to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// The target before the push, in hex.
    pub(crate) old: Option<String>,
    /// The target that the push asked for, in hex.
    pub(crate) new: Option<String>,
    /// The result of the push, for this ref.
    pub(crate) status: RefFate,
    /// The reason why the ref did not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// The report of a push.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PushReport {
    /// The reason why the push failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// The messages of the remote to people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) messages: String,
    /// The first of the refs that changed or should have changed.
    pub(crate) refs: Vec<PushedRef>,
    /// The number of all such refs.
    pub(crate) ref_count: u64,
    /// The number of those that did not change.
    pub(crate) rejected_count: u64,
    /// Bytes of the requests that brought the changes.
    pub(crate) sent_bytes: u64,
    /// The attempt's number in a row, from 1.
    pub(crate) attempt: u32,
}

/// A finished push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndedPush {
    /// The push's number; 0 before the push is on record.
    pub(crate) number: i64,
    /// The start of the push, in unix milliseconds.
    pub(crate) started_at: i64,
    /// The end of the push, in unix milliseconds.
    pub(crate) ended_at: i64,
    /// The outcome of the push.
    pub(crate) outcome: PushOutcome,
    /// The report of the push.
    pub(crate) report: PushReport,
}

/// The consequence of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The downstream needs no push for the reflog up to this entry.
    UpTo(i64),
    /// Another attempt follows at this time, in unix milliseconds.
    Retry(i64),
}

impl<D: Database> RepoStore<D> {
    /// Adds a downstream, and requests its first push.
    pub(crate) fn add_downstream(&self, new: &Downstream) -> Result<(), StoreError> {
        let sql = "INSERT INTO downstream
                (downstream_id, url, settings, credentials, active, created_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        let settings = to_json(&new.settings)?;
        let params = [
            new.id.as_str().into(),
            new.url.as_str().into(),
            settings.as_str().into(),
            Value::text(new.credentials.as_deref()),
            new.is_active.into(),
            new.created_at.into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// All downstreams, the oldest first.
    pub(crate) fn downstreams(&self) -> Result<Vec<Downstream>, StoreError> {
        let sql =
            "SELECT downstream_id, url, settings, credentials, active, created_at, reflog_seq,
                asked, attempts, retry_at
            FROM downstream ORDER BY created_at, downstream_id";
        Ok(query_all(&self.db, sql, &[], read_downstream)?)
    }

    /// One downstream.
    pub(crate) fn downstream(&self, id: &str) -> Result<Option<Downstream>, StoreError> {
        let sql =
            "SELECT downstream_id, url, settings, credentials, active, created_at, reflog_seq,
                asked, attempts, retry_at
            FROM downstream WHERE downstream_id = ?1";
        Ok(query_first(&self.db, sql, &[id.into()], read_downstream)?)
    }

    /// Changes its URL, settings, credentials and whether it is active. The next push ignores earlier
    /// failures.
    pub(crate) fn change_downstream(&self, changed: &Downstream) -> Result<(), StoreError> {
        let sql = "UPDATE downstream SET url = ?2, settings = ?3, credentials = ?4, active = ?5,
                asked = 1, attempts = 0, retry_at = NULL
            WHERE downstream_id = ?1";
        let settings = to_json(&changed.settings)?;
        let params = [
            changed.id.as_str().into(),
            changed.url.as_str().into(),
            settings.as_str().into(),
            Value::text(changed.credentials.as_deref()),
            changed.is_active.into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Stores the same credentials, sealed again, unless somebody gave others meanwhile.
    pub(crate) fn reseal_downstream(
        &self,
        id: &str,
        before: &str,
        after: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE downstream SET credentials = ?3
            WHERE downstream_id = ?1 AND credentials = ?2";
        self.db
            .execute(sql, &[id.into(), before.into(), after.into()])?;
        Ok(())
    }

    /// Removes a downstream and its pushes. Returns whether it existed.
    pub(crate) fn remove_downstream(&self, id: &str) -> Result<bool, StoreError> {
        in_transaction(&self.db, || {
            let sql = "DELETE FROM downstream_push WHERE downstream_id = ?1";
            self.db.execute(sql, &[id.into()])?;
            let sql = "DELETE FROM downstream WHERE downstream_id = ?1";
            Ok(self.db.execute(sql, &[id.into()])? > 0)
        })
    }

    /// Requests a push, and forgets earlier failures.
    pub(crate) fn ask_downstream(&self, id: &str) -> Result<(), StoreError> {
        let sql = "UPDATE downstream SET asked = 1, attempts = 0, retry_at = NULL
            WHERE downstream_id = ?1";
        self.db.execute(sql, &[id.into()])?;
        Ok(())
    }

    /// Notes the start of an attempt. If the attempt ends without writing its end, another one may follow
    /// from `retry_at` on.
    pub(crate) fn begin_downstream_push(&self, id: &str, retry_at: i64) -> Result<(), StoreError> {
        let sql = "UPDATE downstream SET asked = 0, attempts = attempts + 1, retry_at = ?2
            WHERE downstream_id = ?1";
        self.db.execute(sql, &[id.into(), retry_at.into()])?;
        Ok(())
    }

    /// Notes the end of an attempt, and records it if there is a report. Returns the number of the
    /// record; `None` without one, or if the downstream is gone.
    pub(crate) fn end_downstream_push(
        &self,
        id: &str,
        settled: Settled,
        attempts: u32,
        ended: Option<&EndedPush>,
    ) -> Result<Option<i64>, StoreError> {
        in_transaction(&self.db, || {
            // A change or a request that came meanwhile has reset `attempts`; then its own push decides.
            let sql = "UPDATE downstream SET
                    reflog_seq = coalesce(?2, reflog_seq),
                    attempts = iif(?2 IS NULL, attempts, 0),
                    retry_at = iif(attempts = ?4, ?3, retry_at),
                    push_count = push_count + ?5
                WHERE downstream_id = ?1";
            let (seq, retry_at) = match settled {
                Settled::UpTo(seq) => (Some(seq), None),
                Settled::Retry(at_ms) => (None, Some(at_ms)),
            };
            let params = [
                id.into(),
                Value::integer(seq),
                Value::integer(retry_at),
                attempts.into(),
                ended.is_some().into(),
            ];
            let written = self.db.execute(sql, &params)?;
            let Some(ended) = ended.filter(|_| written > 0) else {
                return Ok(None);
            };
            let sql = "SELECT push_count FROM downstream WHERE downstream_id = ?1";
            let number = query_first(&self.db, sql, &[id.into()], |row| row.integer(0))?;
            let number = number.unwrap_or(1);
            self.write_downstream_push(id, number, ended)?;
            Ok(Some(number))
        })
    }

    fn write_downstream_push(
        &self,
        id: &str,
        number: i64,
        ended: &EndedPush,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO downstream_push
                (downstream_id, number, started_at, ended_at, outcome, report)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let report = to_json(&ended.report)?;
        let params = [
            id.into(),
            number.into(),
            ended.started_at.into(),
            ended.ended_at.into(),
            ended.outcome.name().into(),
            report.as_str().into(),
        ];
        self.db.execute(sql, &params)?;
        let sql = "DELETE FROM downstream_push WHERE downstream_id = ?1 AND number <= ?2";
        let last = number.saturating_sub(PUSHES_MAX);
        self.db.execute(sql, &[id.into(), last.into()])?;
        Ok(())
    }

    /// Up to `limit` pushes on record below a number, the newest first.
    pub(crate) fn downstream_pushes(
        &self,
        id: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<EndedPush>, StoreError> {
        let sql = "SELECT number, started_at, ended_at, outcome, report FROM downstream_push
            WHERE downstream_id = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3";
        let before = before.unwrap_or(INTEGER_MAX);
        let params = [id.into(), before.into(), limit.into()];
        Ok(query_all(&self.db, sql, &params, read_push)?)
    }
}

fn read_downstream(row: &dyn Row) -> Result<Downstream, SqlError> {
    Ok(Downstream {
        id: row.text(0)?,
        url: row.text(1)?,
        settings: read_json(row, 2)?,
        credentials: row.text_or_null(3)?,
        is_active: row.truth(4)?,
        created_at: row.integer(5)?,
        reflog_seq: row.integer(6)?,
        is_asked: row.truth(7)?,
        attempts: row.unsigned32(8)?,
        retry_at: row.integer_or_null(9)?,
    })
}

fn read_push(row: &dyn Row) -> Result<EndedPush, SqlError> {
    let outcome = PushOutcome::named(&row.text(3)?).ok_or(SqlError::Column {
        column: 3,
        expected: "the outcome of a push",
    })?;
    Ok(EndedPush {
        number: row.integer(0)?,
        started_at: row.integer(1)?,
        ended_at: row.integer(2)?,
        outcome,
        report: read_json(row, 4)?,
    })
}

/// A column with JSON that this program wrote.
fn read_json<T: serde::de::DeserializeOwned>(row: &dyn Row, column: usize) -> Result<T, SqlError> {
    serde_json::from_str(&row.text(column)?).map_err(|_| SqlError::Column {
        column,
        expected: "JSON of its shape",
    })
}

#[cfg(test)]
mod tests;
