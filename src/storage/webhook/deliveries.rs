//! Deliveries as people read them. The newest that are settled are kept, for some weeks.

use crate::git::store::StoreError;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::sql::{Database, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

use super::store::{Attempt, HookStore};

/// Settled deliveries that are kept.
pub const KEPT_MAX: u32 = 1_000;

/// How long they are kept: 30 days, in milliseconds.
pub const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is on its way, or waits for its turn.
    Pending,
    /// The receiver has it.
    Delivered,
    /// Every attempt failed.
    GivenUp,
    /// The webhook was switched off before the receiver had it.
    Dropped,
}

impl State {
    /// As the database has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
            Self::Dropped => "dropped",
        }
    }

    fn read(text: &str) -> Self {
        match text {
            "delivered" => Self::Delivered,
            "given_up" => Self::GivenUp,
            "dropped" => Self::Dropped,
            _ => Self::Pending,
        }
    }
}

/// A delivery on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its place in the order of deliveries.
    pub seq: i64,
    /// The event's sequence in the namespace; `None`: a ping or a redelivery.
    pub sequence: Option<i64>,
    /// The event's id.
    pub event_id: String,
    /// The event's type, as it is sent.
    pub kind: String,
    /// The state that it is in.
    pub state: State,
    /// When the event came: Unix milliseconds.
    pub created_at: i64,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next.
    pub due_at: Option<i64>,
    /// The last attempt.
    pub last: Option<Attempt>,
}

impl<D: Database> HookStore<D> {
    /// A page of deliveries before this place, newest first.
    pub fn deliveries(
        &self,
        state: Option<State>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT seq, sequence, event_id, kind, state, created_at, attempts, due_at,
                attempted_at, duration_ms, status, answer
            FROM delivery
            WHERE seq < coalesce(?1, 9007199254740991) AND state = coalesce(?2, state)
            ORDER BY seq DESC LIMIT ?3";
        let params = [
            Value::integer(before),
            Value::text(state.map(State::name)),
            limit.into(),
        ];
        Ok(query_all(&self.db, sql, &params, read)?)
    }

    /// One delivery.
    pub fn delivery(&self, seq: i64) -> Result<Option<Delivery>, StoreError> {
        let sql = "SELECT seq, sequence, event_id, kind, state, created_at, attempts, due_at,
                attempted_at, duration_ms, status, answer
            FROM delivery WHERE seq = ?1";
        Ok(query_first(&self.db, sql, &[seq.into()], read)?)
    }

    /// The repository and the JSON of a delivery's event.
    pub fn event_of(&self, seq: i64) -> Result<Option<(String, String)>, StoreError> {
        let sql = "SELECT repository_id, body FROM delivery WHERE seq = ?1";
        Ok(query_first(&self.db, sql, &[seq.into()], |row| {
            Ok((row.text(0)?, row.text(1)?))
        })?)
    }

    /// Forgets settled deliveries beyond [`KEPT_MAX`], and those older than [`KEPT_MS`].
    pub fn prune(&self, now_ms: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM delivery WHERE state <> 'pending' AND seq <=
            (SELECT seq FROM delivery WHERE state <> 'pending' ORDER BY seq DESC LIMIT 1 OFFSET ?1)";
        self.db.execute(sql, &[KEPT_MAX.into()])?;
        let sql = "DELETE FROM delivery WHERE state <> 'pending' AND created_at <= ?1";
        let end = now_ms.saturating_sub(KEPT_MS);
        self.db.execute(sql, &[end.into()])?;
        Ok(())
    }

    /// When to forget the oldest delivery.
    pub fn prune_due(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT created_at FROM delivery ORDER BY seq LIMIT 1";
        let oldest = query_first(&self.db, sql, &[], |row| row.integer(0))?;
        Ok(oldest.map(|created_at| created_at.saturating_add(KEPT_MS)))
    }
}

/// Reads the columns in the order in which the queries above name them.
fn read(row: &dyn Row) -> Result<Delivery, SqlError> {
    let attempted_at = row.integer_or_null(8)?;
    let status = row.integer_or_null(10)?;
    let last = match attempted_at {
        None => None,
        Some(at_ms) => Some(Attempt {
            at_ms,
            duration_ms: row.integer_or_null(9)?.unwrap_or(0),
            status: status.and_then(|status| u16::try_from(status).ok()),
            answer: row.text_or_null(11)?,
        }),
    };
    Ok(Delivery {
        seq: row.integer(0)?,
        sequence: row.integer_or_null(1)?,
        event_id: row.text(2)?,
        kind: row.text(3)?,
        state: State::read(&row.text(4)?),
        created_at: row.integer(5)?,
        attempts: row.unsigned32(6)?,
        due_at: row.integer_or_null(7)?,
        last,
    })
}
