//! The repository's outbox: its events in their own order, and the last one that the namespace has.
//!
//! A row is written in the transaction that makes the change. SQLite gives it the number that follows
//! the newest, so that numbers have no gap, also after a transaction that was undone, and nothing is
//! read for it. Therefore the newest row always stays.

use std::ops::ControlFlow;

use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, query_first};
use crate::storage::event::{Event, EventBody, EventKind};
use crate::storage::event_feed;
pub use crate::storage::event_feed::EventRetention;

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
    /// The events.
    pub events: Vec<Event>,
    /// Whether there may be more behind them.
    pub more: bool,
}

impl<D: Database> RepoStore<D> {
    /// Writes an event behind the newest, in the caller's transaction if there is one.
    pub fn append_event(
        &self,
        kind: EventKind,
        at_ms: i64,
        body: &EventBody,
    ) -> Result<(), StoreError> {
        let body = body.json()?;
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
        let sql = "SELECT sequence, '', sequence, at, kind, body FROM event WHERE sequence > ?1
            ORDER BY sequence LIMIT ?2";
        let (mut page, mut bytes) = (EventPage::default(), 0_usize);
        self.db
            .query(sql, &[after.into(), rows_max.into()], &mut |row| {
                let body = row.text(5)?;
                bytes = bytes.saturating_add(body.len());
                if bytes > bytes_max && !page.events.is_empty() {
                    page.more = true;
                    return Ok(ControlFlow::Break(()));
                }
                page.events.push(event_feed::placed(row, &body)?.event);
                Ok(ControlFlow::Continue(()))
            })?;
        page.more |= u32::try_from(page.events.len()).is_ok_and(|count| count >= rows_max);
        Ok(page)
    }

    /// The oldest and the newest event.
    pub fn event_bounds(&self) -> Result<EventBounds, StoreError> {
        let (oldest, newest) = event_feed::bounds(&self.db)?;
        Ok(match newest {
            0 => EventBounds::default(),
            _ => EventBounds { oldest, newest },
        })
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
        let last = self.handed_over()?.min(newest.saturating_sub(1));
        let goes = retention.goes(newest, now_ms);
        event_feed::remove_oldest(&self.db, last, goes, rows_max)
    }
}
