//! The database of a webhook's object: its definition, and the events on their way to the receiver.
//!
//! The events of one repository are a lane: one is delivered after another. Only the first pending
//! delivery of a lane has a time at which it is tried; when it is settled, the next one gets a time.
//! Pings and redeliveries stand outside the lanes.

use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::schema::{self, WEBHOOK};
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

use super::definition::Definition;

/// Why the store fails.
pub(crate) type HookError = StoreError;

/// The store of one webhook.
#[derive(Debug)]
pub struct HookStore<D> {
    pub(super) db: D,
}

/// The webhook itself, and how it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// As the namespace's object told it last.
    pub definition: Definition,
    /// Since when every attempt failed: Unix milliseconds.
    pub failing_since: Option<i64>,
    /// Why this object switched it off, until the namespace's object knows.
    pub disabled_reason: Option<String>,
}

/// An event to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery<'a> {
    /// Where it happened; empty: to the namespace itself.
    pub repository_id: &'a str,
    /// Its sequence in the namespace; `None`: it stands outside the order.
    pub sequence: Option<i64>,
    /// Its id.
    pub event_id: &'a str,
    /// Its type, as it is sent.
    pub kind: &'a str,
    /// Its JSON, as it is sent.
    pub body: &'a str,
}

/// A delivery to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its place in the order of deliveries.
    pub seq: i64,
    /// Whether it stands outside the order.
    pub is_extra: bool,
    /// The event's id.
    pub event_id: String,
    /// The event's type.
    pub kind: String,
    /// Attempts so far.
    pub attempts: u32,
    /// The event's JSON.
    pub body: String,
}

/// The result of an attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attempt {
    /// When it began: Unix milliseconds.
    pub at_ms: i64,
    /// How long it took.
    pub duration_ms: i64,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// How the answer began; without an answer, the fault.
    pub answer: Option<String>,
}

/// The next step of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The receiver has it.
    Delivered,
    /// It is tried again at this time.
    Retry(i64),
    /// It is not tried any more.
    GivenUp,
}

impl<D: Database> HookStore<D> {
    /// Opens the database as it is: call [`schema::wake`] before.
    pub fn new(db: D) -> Self {
        Self { db }
    }

    /// The database, for transactions around several calls and for its counters.
    pub fn database(&self) -> &D {
        &self.db
    }

    /// The webhook; `None` where none was ever announced, or its object was emptied.
    pub fn load(&self) -> Result<Option<Hook>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(None);
        }
        let sql = "SELECT definition, failing_since, disabled_reason FROM webhook";
        let row = query_first(&self.db, sql, &[], |row| {
            let definition = row.text(0)?;
            Ok((definition, row.integer_or_null(1)?, row.text_or_null(2)?))
        })?;
        let Some((definition, failing_since, disabled_reason)) = row else {
            return Ok(None);
        };
        let definition = serde_json::from_str(&definition)
            .map_err(|error| StoreError::from(SqlError::Failed(error.to_string())))?;
        Ok(Some(Hook {
            definition,
            failing_since,
            disabled_reason,
        }))
    }

    /// Takes a definition over, unless a newer one is here, and events that follow those taken
    /// before. Those that came before are left out. A webhook that is switched off takes none.
    pub fn take(
        &self,
        definition: &Definition,
        events: &[NewDelivery<'_>],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            schema::migrate(&self.db, WEBHOOK)?;
            let hook = self.define(definition, now_ms)?;
            if !hook.definition.active {
                return Ok(());
            }
            let sql = "SELECT taken FROM webhook";
            let taken = query_first(&self.db, sql, &[], |row| row.integer(0))?.unwrap_or(0);
            let mut last = taken;
            for event in events {
                if event.sequence.is_some_and(|sequence| sequence > last) {
                    last = event.sequence.unwrap_or(last);
                    self.insert(event, now_ms)?;
                }
            }
            if last > taken {
                let sql = "UPDATE webhook SET taken = ?1";
                self.db.execute(sql, &[last.into()])?;
            }
            Ok(())
        })
    }

    /// Takes a definition over, and an event outside the order; gives its place. It is taken also
    /// where the webhook is switched off.
    pub fn take_extra(
        &self,
        definition: &Definition,
        event: &NewDelivery<'_>,
        now_ms: i64,
    ) -> Result<i64, StoreError> {
        in_transaction(&self.db, || {
            schema::migrate(&self.db, WEBHOOK)?;
            self.define(definition, now_ms)?;
            let outside = NewDelivery {
                sequence: None,
                ..event.clone()
            };
            self.insert(&outside, now_ms)?;
            let sql = "SELECT max(seq) FROM delivery";
            Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?.unwrap_or(0))
        })
    }

    /// Takes a definition over, unless a newer one is here.
    fn define(&self, definition: &Definition, now_ms: i64) -> Result<Hook, StoreError> {
        let known = self.load()?;
        if let Some(hook) = known {
            let is_end = definition.is_ending && !hook.definition.is_ending;
            let is_newer = hook.definition.version < definition.version
                || (is_end && hook.definition.version == definition.version);
            if !is_newer {
                return Ok(hook);
            }
            let is_switched_on = definition.active && !hook.definition.active;
            if is_switched_on || definition.url != hook.definition.url {
                // Another receiver, or one that was repaired: earlier failures say nothing about it.
                self.db
                    .execute("UPDATE webhook SET failing_since = NULL", &[])?;
                let sql = "UPDATE delivery SET due_at = ?1 WHERE due_at > ?1";
                self.db.execute(sql, &[now_ms.into()])?;
            }
            if !definition.active {
                self.drop_pending()?;
            }
        }
        let json = serde_json::to_string(definition)
            .map_err(|error| StoreError::from(SqlError::Failed(error.to_string())))?;
        let sql = "INSERT INTO webhook (singleton, definition, version) VALUES (1, ?1, ?2)
            ON CONFLICT (singleton) DO UPDATE SET definition = ?1, version = ?2,
                disabled_reason = NULL";
        self.db
            .execute(sql, &[json.as_str().into(), definition.version.into()])?;
        Ok(Hook {
            definition: definition.clone(),
            failing_since: None,
            disabled_reason: None,
        })
    }

    fn insert(&self, event: &NewDelivery<'_>, now_ms: i64) -> Result<(), StoreError> {
        let is_first = event.sequence.is_none() || self.head(event.repository_id)?.is_none();
        let sql = "INSERT INTO delivery
                (repository_id, sequence, event_id, kind, state, created_at, due_at, body)
            VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?6, ?7)";
        self.db.execute(
            sql,
            &[
                event.repository_id.into(),
                Value::integer(event.sequence),
                event.event_id.into(),
                event.kind.into(),
                now_ms.into(),
                Value::integer(is_first.then_some(now_ms)),
                event.body.into(),
            ],
        )?;
        Ok(())
    }

    /// The first pending delivery of a lane.
    fn head(&self, repository_id: &str) -> Result<Option<i64>, SqlError> {
        let sql = "SELECT seq FROM delivery
            WHERE repository_id = ?1 AND state = 'pending' AND sequence IS NOT NULL
            ORDER BY seq LIMIT 1";
        query_first(&self.db, sql, &[repository_id.into()], |row| row.integer(0))
    }

    /// Deliveries whose next attempt is due by this time, the longest waiting first.
    pub fn due(&self, now_ms: i64, limit: u32) -> Result<Vec<Due>, StoreError> {
        let sql = "SELECT seq, sequence IS NULL, event_id, kind, attempts, body FROM delivery
            WHERE due_at <= ?1 ORDER BY due_at, seq LIMIT ?2";
        Ok(query_all(
            &self.db,
            sql,
            &[now_ms.into(), limit.into()],
            |row| {
                Ok(Due {
                    seq: row.integer(0)?,
                    is_extra: row.truth(1)?,
                    event_id: row.text(2)?,
                    kind: row.text(3)?,
                    attempts: row.unsigned32(4)?,
                    body: row.text(5)?,
                })
            },
        )?)
    }

    /// The earliest times of next attempts, at most `limit` of them.
    pub fn next_due(&self, limit: u32) -> Result<Vec<(i64, i64)>, StoreError> {
        let sql = "SELECT due_at, seq FROM delivery WHERE due_at IS NOT NULL
            ORDER BY due_at LIMIT ?1";
        Ok(query_all(&self.db, sql, &[limit.into()], |row| {
            Ok((row.integer(0)?, row.integer(1)?))
        })?)
    }

    /// Writes down the result of an attempt. Nothing happens if the delivery was settled meanwhile.
    pub fn settle(&self, seq: i64, attempt: &Attempt, next: Next) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            let (state, due_at) = match next {
                Next::Delivered => ("delivered", None),
                Next::Retry(at_ms) => ("pending", Some(at_ms)),
                Next::GivenUp => ("given_up", None),
            };
            let sql = "UPDATE delivery SET state = ?2, due_at = ?3, attempts = attempts + 1,
                    attempted_at = ?4, duration_ms = ?5, status = ?6, answer = ?7
                WHERE seq = ?1 AND state = 'pending'";
            let written = self.db.execute(
                sql,
                &[
                    seq.into(),
                    state.into(),
                    Value::integer(due_at),
                    attempt.at_ms.into(),
                    attempt.duration_ms.into(),
                    Value::integer(attempt.status.map(i64::from)),
                    Value::text(attempt.answer.as_deref()),
                ],
            )?;
            let ended_ms = attempt.at_ms.saturating_add(attempt.duration_ms);
            if written > 0 && due_at.is_none() {
                self.follow(seq, ended_ms)?;
            }
            Ok(())
        })
    }

    /// Lets the delivery behind this one be tried.
    fn follow(&self, seq: i64, now_ms: i64) -> Result<(), StoreError> {
        let sql = "SELECT repository_id FROM delivery WHERE seq = ?1 AND sequence IS NOT NULL";
        let lane = query_first(&self.db, sql, &[seq.into()], |row| row.text(0))?;
        if let Some(lane) = lane
            && let Some(head) = self.head(&lane)?
        {
            let sql = "UPDATE delivery SET due_at = ?2 WHERE seq = ?1 AND due_at IS NULL";
            self.db.execute(sql, &[head.into(), now_ms.into()])?;
        }
        Ok(())
    }

    /// Notes since when nothing but failures come back; `None`: the last attempt went well.
    pub fn set_failing_since(&self, since: Option<i64>) -> Result<(), StoreError> {
        let sql = "UPDATE webhook SET failing_since = ?1 WHERE failing_since IS NOT ?1";
        self.db.execute(sql, &[Value::integer(since)])?;
        Ok(())
    }

    /// Switches the webhook off: pending deliveries are dropped, on record.
    pub fn disable(&self, reason: &str) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            let sql = "UPDATE webhook SET disabled_reason = ?1,
                definition = json_set(definition, '$.active', json('false'))";
            self.db.execute(sql, &[reason.into()])?;
            self.drop_pending()
        })
    }

    /// The namespace's object knows that the webhook was switched off.
    pub fn disabling_told(&self) -> Result<(), StoreError> {
        let sql = "UPDATE webhook SET disabled_reason = NULL";
        self.db.execute(sql, &[])?;
        Ok(())
    }

    fn drop_pending(&self) -> Result<(), StoreError> {
        let sql = "UPDATE delivery SET state = 'dropped', due_at = NULL WHERE state = 'pending'";
        self.db.execute(sql, &[])?;
        Ok(())
    }

    /// Whether nothing is on its way any more.
    pub fn is_settled(&self) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM delivery WHERE due_at IS NOT NULL LIMIT 1";
        Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?.is_none())
    }
}

#[cfg(test)]
mod tests;
