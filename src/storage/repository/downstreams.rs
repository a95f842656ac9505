//! Downstreams: repositories elsewhere that follow this one, and what was pushed there.
//!
//! Whether something is due is told by the rows alone: the reflog has gone on since a downstream got
//! what there was, somebody asked, or an attempt was not settled. So nothing is lost with the object.

use serde::{Deserialize, Serialize};

use super::policies::to_json;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::{INTEGER_MAX, Row, Value};
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// Pushes to a downstream that stay on record.
const PUSHES_MAX: i64 = 100;

/// Which refs go to a downstream, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DownstreamSettings {
    /// Refspecs.
    pub(crate) refs: Vec<String>,
    /// Whether refs there may lose commits.
    #[serde(default)]
    pub(crate) force: bool,
    /// Whether refs there go that no ref here goes to.
    #[serde(default)]
    pub(crate) prune: bool,
    /// Whether all refs change there or none.
    #[serde(default)]
    pub(crate) atomic: bool,
}

/// A downstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Downstream {
    /// Its id.
    pub(crate) id: String,
    /// The remote, without credentials.
    pub(crate) url: String,
    /// Which refs go there.
    pub(crate) settings: DownstreamSettings,
    /// Sealed credentials.
    pub(crate) credentials: Option<String>,
    /// Whether anything is pushed.
    pub(crate) is_active: bool,
    /// Unix milliseconds.
    pub(crate) created_at: i64,
    /// The last entry of the reflog when the last push began that was settled.
    pub(crate) reflog_seq: i64,
    /// Somebody asked for a push.
    pub(crate) is_asked: bool,
    /// Attempts in a row that were not settled, one under way included.
    pub(crate) attempts: u32,
    /// Unix milliseconds: when the next one may begin.
    pub(crate) retry_at: Option<i64>,
}

impl Downstream {
    /// When a push is due, in unix milliseconds; `None`: nothing is to be pushed.
    #[must_use]
    pub(crate) fn due(&self, last_reflog_seq: i64) -> Option<i64> {
        let is_behind = self.is_asked || self.attempts > 0 || self.reflog_seq != last_reflog_seq;
        let at_ms = self.retry_at.unwrap_or(0);
        (self.is_active && is_behind).then_some(at_ms)
    }
}

/// How a push to a downstream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PushOutcome {
    /// Every ref is there as it is here.
    Pushed,
    /// Some refs are not.
    Refused,
    /// Nothing is known to have changed.
    Failed,
}

impl PushOutcome {
    /// Its name.
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

/// What became of one ref there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefFate {
    /// It was made.
    Created,
    /// It went on.
    Updated,
    /// It lost commits.
    Forced,
    /// It is gone.
    Deleted,
    /// It is as it was.
    Rejected,
}

/// A ref there, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PushedRef {
    /// Its name there.
    pub(crate) name: String,
    /// The ref here that goes to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// Its target before, in hex.
    pub(crate) old: Option<String>,
    /// The target that it was to get, in hex.
    pub(crate) new: Option<String>,
    /// What became of it.
    pub(crate) status: RefFate,
    /// Why it is as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// What there is to say of a push.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PushReport {
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// What the remote said to people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) messages: String,
    /// Refs that changed there or were to, the first of them.
    pub(crate) refs: Vec<PushedRef>,
    /// How many these are in all.
    pub(crate) ref_count: u64,
    /// How many of them did not change.
    pub(crate) rejected_count: u64,
    /// Bytes of the requests that brought the changes.
    pub(crate) sent_bytes: u64,
    /// Which attempt in a row it was, from 1.
    pub(crate) attempt: u32,
}

/// A push that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndedPush {
    /// Its number; 0 for one that is still to be put on record.
    pub(crate) number: i64,
    /// Unix milliseconds.
    pub(crate) started_at: i64,
    /// Unix milliseconds.
    pub(crate) ended_at: i64,
    /// How it ended.
    pub(crate) outcome: PushOutcome,
    /// What there is to say.
    pub(crate) report: PushReport,
}

/// What follows from a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// Nothing is left to do for the reflog up to this entry.
    UpTo(i64),
    /// There is another attempt at this time, in unix milliseconds.
    Retry(i64),
}

impl<D: Database> RepoStore<D> {
    /// Adds a downstream, whose first push is asked for.
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

    /// One of them.
    pub(crate) fn downstream(&self, id: &str) -> Result<Option<Downstream>, StoreError> {
        let sql =
            "SELECT downstream_id, url, settings, credentials, active, created_at, reflog_seq,
                asked, attempts, retry_at
            FROM downstream WHERE downstream_id = ?1";
        Ok(query_first(&self.db, sql, &[id.into()], read_downstream)?)
    }

    /// Changes its url, settings and credentials and whether it is active. What follows is pushed as if
    /// nothing had failed before.
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

    /// Stores the same credentials, sealed once more, unless others were given meanwhile.
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

    /// Forgets a downstream and its pushes; whether it was there.
    pub(crate) fn remove_downstream(&self, id: &str) -> Result<bool, StoreError> {
        in_transaction(&self.db, || {
            let sql = "DELETE FROM downstream_push WHERE downstream_id = ?1";
            self.db.execute(sql, &[id.into()])?;
            let sql = "DELETE FROM downstream WHERE downstream_id = ?1";
            Ok(self.db.execute(sql, &[id.into()])? > 0)
        })
    }

    /// Asks for a push, whatever failed before.
    pub(crate) fn ask_downstream(&self, id: &str) -> Result<(), StoreError> {
        let sql = "UPDATE downstream SET asked = 1, attempts = 0, retry_at = NULL
            WHERE downstream_id = ?1";
        self.db.execute(sql, &[id.into()])?;
        Ok(())
    }

    /// Notes that an attempt begins; another one may follow from `retry_at` on, if this one ends without
    /// a word.
    pub(crate) fn begin_downstream_push(&self, id: &str, retry_at: i64) -> Result<(), StoreError> {
        let sql = "UPDATE downstream SET asked = 0, attempts = attempts + 1, retry_at = ?2
            WHERE downstream_id = ?1";
        self.db.execute(sql, &[id.into(), retry_at.into()])?;
        Ok(())
    }

    /// Notes how an attempt ended, and puts it on record if there is something to say. Gives the number
    /// there; `None` without one, or if the downstream is gone.
    pub(crate) fn end_downstream_push(
        &self,
        id: &str,
        settled: Settled,
        attempts: u32,
        ended: Option<&EndedPush>,
    ) -> Result<Option<i64>, StoreError> {
        in_transaction(&self.db, || {
            // A change or a request that came meanwhile has set the attempts back: it decides then.
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
