//! The repository's outbox: what happened, in its own order, and how far that was handed over to the
//! namespace.
//!
//! A row is written in the transaction that makes the change. SQLite gives it the number that follows
//! the newest, so that numbers have no gap, also after a transaction that was undone, and nothing is
//! read for it. Therefore the newest row always stays.

use std::ops::ControlFlow;

use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::Row;
use crate::storage::db::sql::{Database, query_all, query_first};
use crate::storage::db::sql_error::SqlError;
use crate::storage::event::{Event, EventBody, EventKind};

/// The numbers of the events that are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventBounds {
    /// The oldest; 0 without any.
    pub oldest: i64,
    /// The newest; 0 without any.
    pub newest: i64,
}

/// Some events, in order.
#[derive(Debug, Clone, Default)]
pub struct EventPage {
    /// They.
    pub events: Vec<Event>,
    /// Whether there may be more behind them.
    pub more: bool,
}

/// How many events are kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRetention {
    /// Events.
    pub count_max: i64,
    /// Milliseconds.
    pub age_ms: i64,
}

impl<D: Database> RepoStore<D> {
    /// Writes an event behind the newest, in the caller's transaction if there is one.
    pub fn append_event(
        &self,
        kind: EventKind,
        at_ms: i64,
        body: &EventBody,
    ) -> Result<(), StoreError> {
        let body = serde_json::to_string(body);
        let body = body.map_err(|error| StoreError::Failed(error.to_string()))?;
        let sql = "INSERT INTO event (at, kind, body) VALUES (?1, ?2, ?3)";
        let params = [at_ms.into(), kind.name().into(), body.as_str().into()];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// The events that follow this number, in order: at most `rows_max`, and no more than fit
    /// `bytes_max`, but the first in any case.
    pub fn events_after(
        &self,
        after: i64,
        rows_max: u32,
        bytes_max: usize,
    ) -> Result<EventPage, StoreError> {
        let sql = "SELECT sequence, at, kind, body FROM event WHERE sequence > ?1
            ORDER BY sequence LIMIT ?2";
        let (mut page, mut bytes) = (EventPage::default(), 0_usize);
        self.db
            .query(sql, &[after.into(), rows_max.into()], &mut |row| {
                let body = row.text(3)?;
                bytes = bytes.saturating_add(body.len());
                if bytes > bytes_max && !page.events.is_empty() {
                    page.more = true;
                    return Ok(ControlFlow::Break(()));
                }
                page.events.push(read_event(row, &body)?);
                Ok(ControlFlow::Continue(()))
            })?;
        page.more |= u32::try_from(page.events.len()).is_ok_and(|count| count >= rows_max);
        Ok(page)
    }

    /// The oldest and the newest event.
    pub fn event_bounds(&self) -> Result<EventBounds, StoreError> {
        let sql = "SELECT coalesce((SELECT min(sequence) FROM event), 0),
            coalesce((SELECT max(sequence) FROM event), 0)";
        let bounds = query_first(&self.db, sql, &[], |row| {
            Ok(EventBounds {
                oldest: row.integer(0)?,
                newest: row.integer(1)?,
            })
        })?;
        Ok(bounds.unwrap_or_default())
    }

    /// The last event that the namespace has taken; 0 before the first.
    pub fn handed_over(&self) -> Result<i64, StoreError> {
        let sql = "SELECT handed_over FROM event_outbox";
        Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?.unwrap_or(0))
    }

    /// Whether there is an event that the namespace has not taken.
    pub fn has_unhanded_events(&self) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM event
            WHERE sequence > coalesce((SELECT handed_over FROM event_outbox), 0) LIMIT 1";
        Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?.is_some())
    }

    /// Notes that the namespace has taken the events up to this one.
    pub fn note_handed_over(&self, sequence: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO event_outbox (singleton, handed_over) VALUES (1, ?1)
            ON CONFLICT (singleton) DO UPDATE SET handed_over = max(handed_over, ?1)";
        self.db.execute(sql, &[sequence.into()])?;
        Ok(())
    }

    /// When the oldest event may go, in unix milliseconds; `None` while none may.
    pub fn events_due(&self, retention: EventRetention) -> Result<Option<i64>, StoreError> {
        let EventBounds { oldest, newest } = self.event_bounds()?;
        if oldest >= newest || oldest > self.handed_over()? {
            return Ok(None);
        }
        if newest.saturating_sub(oldest) >= retention.count_max {
            return Ok(Some(0));
        }
        let sql = "SELECT at FROM event WHERE sequence = ?1";
        let at_ms = query_first(&self.db, sql, &[oldest.into()], |row| row.integer(0))?;
        Ok(at_ms.map(|at_ms| at_ms.saturating_add(retention.age_ms)))
    }

    /// Removes up to `rows_max` of the oldest events that are too many or too old; gives how many
    /// went. The newest stays, and so does each that was not handed over.
    pub fn trim_events(
        &self,
        retention: EventRetention,
        now_ms: i64,
        rows_max: u32,
    ) -> Result<u64, StoreError> {
        let newest = self.event_bounds()?.newest;
        let removable = self.handed_over()?.min(newest.saturating_sub(1));
        let too_many = newest.saturating_sub(retention.count_max);
        let too_old = now_ms.saturating_sub(retention.age_ms);
        let sql = "SELECT sequence, at FROM event WHERE sequence <= ?1 ORDER BY sequence LIMIT ?2";
        let params = [removable.into(), rows_max.into()];
        let oldest = query_all(&self.db, sql, &params, |row| {
            Ok((row.integer(0)?, row.integer(1)?))
        })?;
        // From the lower end only: what stays has no gap, whatever the clock said.
        let goes = |(sequence, at_ms): &&(i64, i64)| *sequence <= too_many || *at_ms <= too_old;
        let Some((last, _)) = oldest.iter().take_while(goes).last() else {
            return Ok(0);
        };
        let sql = "DELETE FROM event WHERE sequence <= ?1";
        Ok(self.db.execute(sql, &[(*last).into()])?)
    }
}

fn read_event(row: &dyn Row, body: &str) -> Result<Event, SqlError> {
    let column = |column, expected| SqlError::Column { column, expected };
    let kind = EventKind::from_name(&row.text(2)?);
    let body = serde_json::from_str(body).map_err(|_| column(3, "body of an event"))?;
    Ok(Event {
        sequence: row.integer(0)?,
        at_ms: row.integer(1)?,
        kind: kind.ok_or(column(2, "kind of an event"))?,
        body,
    })
}
