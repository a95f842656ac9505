//! The events of a namespace: those of its repositories, taken as their objects hand them over, and its
//! own, in one order without gaps.
//!
//! A repository hands each event over at least once and in order, and `event_source` says how far
//! they have come: so each is taken once. The number of the next event follows the newest row, which
//! therefore always stays.

use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, in_transaction, query_first};
use crate::storage::event::{Event, EventBody, EventKind};
use crate::storage::event_feed::{self, EventRetention};

/// The source of the namespace's own events.
const ITSELF: &str = "";

/// Which events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedRetention {
    /// How many, and for how long.
    pub events: EventRetention,
    /// Whether an event stays until the queue was sent it.
    pub queue_waits: bool,
}

impl<D: Database> NamespaceStore<D> {
    /// Takes those of a repository's events that were not taken yet, up to the first gap, and gives
    /// the last one that is taken now. `oldest` is the oldest event that the repository still has:
    /// earlier events leave no gap. A repository that is not known yet may begin anywhere, since this
    /// database may have been lost and made again.
    pub fn take_events(
        &self,
        repository_id: &str,
        oldest: i64,
        events: &[Event],
    ) -> Result<i64, StoreError> {
        in_transaction(&self.db, || {
            let before = self.taken(repository_id)?;
            let mut taken = before;
            let mut place = event_feed::bounds(&self.db)?.1;
            let mut placed = Vec::new();
            for event in events {
                if event.sequence <= taken {
                    continue;
                }
                let follows = event.sequence == taken.saturating_add(1)
                    || event.sequence == oldest
                    || taken == 0;
                if !follows {
                    break;
                }
                place = place.saturating_add(1);
                self.insert_event(place, repository_id, event)?;
                placed.push((place, event));
                taken = event.sequence;
            }
            if taken > before {
                self.set_taken(repository_id, taken)?;
                self.note_pending(repository_id, &placed)?;
            }
            Ok(taken)
        })
    }

    /// Writes an event of the namespace's own, in the caller's transaction if there is one.
    pub fn append_event(
        &self,
        kind: EventKind,
        at_ms: i64,
        body: &EventBody,
    ) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            let event = Event {
                sequence: self.taken(ITSELF)?.saturating_add(1),
                at_ms,
                kind,
                body: body.clone(),
            };
            let place = event_feed::bounds(&self.db)?.1.saturating_add(1);
            self.insert_event(place, ITSELF, &event)?;
            self.set_taken(ITSELF, event.sequence)?;
            self.note_pending(ITSELF, &[(place, &event)])
        })
    }

    fn insert_event(
        &self,
        place: i64,
        repository_id: &str,
        event: &Event,
    ) -> Result<(), StoreError> {
        let body = event.body.json()?;
        let sql = "INSERT INTO event (sequence, repository_id, source_sequence, at, kind, body)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let params = [
            place.into(),
            repository_id.into(),
            event.sequence.into(),
            event.at_ms.into(),
            event.kind.name().into(),
            body.as_str().into(),
        ];
        self.db.execute(sql, &params)?;
        self.note_audit(repository_id, event)
    }

    /// The last event of a source that was taken; 0 before the first.
    pub fn taken(&self, repository_id: &str) -> Result<i64, StoreError> {
        let sql = "SELECT taken FROM event_source WHERE repository_id = ?1";
        let taken = query_first(&self.db, sql, &[repository_id.into()], |row| row.integer(0));
        Ok(taken?.unwrap_or(0))
    }

    fn set_taken(&self, repository_id: &str, taken: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO event_source (repository_id, taken) VALUES (?1, ?2)
            ON CONFLICT (repository_id) DO UPDATE SET taken = ?2";
        self.db
            .execute(sql, &[repository_id.into(), taken.into()])?;
        Ok(())
    }

    /// Removes up to `rows_max` of the oldest events that are too many or too old, and gives how many
    /// went. The newest stays, and so does each that the queue or a webhook has not got.
    pub fn trim_events(
        &self,
        kept: FeedRetention,
        now_ms: i64,
        rows_max: u32,
    ) -> Result<u64, StoreError> {
        let (oldest, newest) = event_feed::bounds(&self.db)?;
        if oldest >= newest {
            return Ok(0);
        }
        let goes = kept.events.goes(newest, now_ms);
        // As a rule the oldest may stay, and one row says so.
        let sql = "SELECT at FROM event WHERE sequence = ?1";
        let at_ms = query_first(&self.db, sql, &[oldest.into()], |row| row.integer(0))?;
        if at_ms.is_some_and(|at_ms| !goes(oldest, at_ms)) {
            return Ok(0);
        }
        let mut last = newest.saturating_sub(1);
        if let Some(pending) = self.oldest_pending()? {
            last = last.min(pending.saturating_sub(1));
        }
        if kept.queue_waits {
            last = last.min(self.queue_sent()?);
        }
        event_feed::remove_oldest(&self.db, last, goes, rows_max)
    }

    /// The place of the last event that the queue has; 0 before the first.
    pub fn queue_sent(&self) -> Result<i64, StoreError> {
        let sql = "SELECT sent FROM event_queue";
        Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?.unwrap_or(0))
    }

    /// Notes that the queue has the events up to this place.
    pub fn note_queue_sent(&self, place: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO event_queue (singleton, sent) VALUES (1, ?1)
            ON CONFLICT (singleton) DO UPDATE SET sent = max(sent, ?1)";
        self.db.execute(sql, &[place.into()])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;
    use crate::storage::event_feed::{FeedOf, Look, Placed, look};

    type Store = NamespaceStore<RusqliteDatabase>;

    const ONE: &str = "aaaaaaaa00000001";
    const TWO: &str = "bbbbbbbb00000002";

    fn store() -> Store {
        let store = NamespaceStore::new(RusqliteDatabase::in_memory().unwrap());
        store.create("demo", 1).unwrap();
        store
    }

    fn body() -> EventBody {
        let json =
            r#"{"namespace":"demo","repo_name":"hello","payload":{},"actor":{"kind":"system"}}"#;
        serde_json::from_str(json).unwrap()
    }

    fn events(sequences: impl IntoIterator<Item = i64>) -> Vec<Event> {
        let event = |sequence| Event {
            sequence,
            at_ms: sequence * 10,
            kind: EventKind::Pushed,
            body: body(),
        };
        sequences.into_iter().map(event).collect()
    }

    fn all(store: &Store) -> Vec<(i64, String, i64)> {
        let asked = Look {
            after: event_feed::bounds(store.database()).unwrap().0 - 1,
            kinds: None,
            rows_max: 1000,
            bytes_max: usize::MAX,
        };
        let looked = look(store.database(), FeedOf::Namespace, &asked).unwrap();
        let shown = |placed: Placed| (placed.place, placed.repository_id, placed.event.sequence);
        looked.events.into_iter().map(shown).collect()
    }

    #[test]
    fn each_event_is_taken_once_and_in_one_order() {
        let store = store();
        assert_eq!(store.take_events(ONE, 1, &events(1..=2)), Ok(2));
        assert_eq!(store.take_events(TWO, 1, &events(1..=1)), Ok(1));
        let before = store.database().rows_written();
        assert_eq!(store.take_events(ONE, 1, &events(1..=2)), Ok(2));
        assert_eq!(store.database().rows_written(), before, "nothing is new");
        assert_eq!(store.take_events(ONE, 1, &events(2..=4)), Ok(4));
        store
            .append_event(EventKind::NamespaceUpdated, 5, &body())
            .unwrap();
        let own = |(place, id, sequence): (i64, &str, i64)| (place, id.to_owned(), sequence);
        let expected = [
            (1, ONE, 1),
            (2, ONE, 2),
            (3, TWO, 1),
            (4, ONE, 3),
            (5, ONE, 4),
        ];
        let expected = expected.into_iter().chain([(6, ITSELF, 1)]).map(own);
        assert_eq!(all(&store), expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_gap_is_not_taken() {
        let store = store();
        assert_eq!(store.take_events(ONE, 1, &events([1, 2, 4, 5])), Ok(2));
        assert_eq!(store.take_events(ONE, 1, &events(7..=8)), Ok(2));
        assert_eq!(all(&store).len(), 2);
        // The repository cannot hand over events that it has removed.
        assert_eq!(store.take_events(ONE, 7, &events(7..=8)), Ok(8));
        // A database that was lost begins with the next event.
        assert_eq!(store.take_events(TWO, 3, &events(51..=52)), Ok(52));
    }

    #[test]
    fn old_events_go_from_the_lower_end() {
        let store = store();
        store.take_events(ONE, 1, &events(1..=20)).unwrap();
        let kept = |count_max, age_ms| FeedRetention {
            events: EventRetention { count_max, age_ms },
            queue_waits: false,
        };
        let trim = |kept| store.trim_events(kept, 200, 4).unwrap();
        assert_eq!(trim(kept(20, 1000)), 0);
        assert_eq!(trim(kept(18, 1000)), 2, "too many");
        assert_eq!(trim(kept(18, 170)), 1, "the third is of time 30");
        assert_eq!(trim(kept(1, 1000)), 4, "a bounded number of rows");
        for _ in 0..10 {
            trim(kept(0, 0));
        }
        assert_eq!(all(&store), [(20, ONE.to_owned(), 20)], "the newest stays");
        assert_eq!(store.take_events(ONE, 1, &events(21..=21)), Ok(21));
        assert_eq!(all(&store).last(), Some(&(21, ONE.to_owned(), 21)));
    }

    #[test]
    fn an_event_that_the_queue_or_a_webhook_lacks_stays() {
        let store = store();
        store.take_events(ONE, 1, &events(1..=20)).unwrap();
        let kept = |queue_waits| FeedRetention {
            events: EventRetention {
                count_max: 1,
                age_ms: 0,
            },
            queue_waits,
        };
        let trim = |kept| store.trim_events(kept, 1000, 100).unwrap();
        assert_eq!(trim(kept(true)), 0);
        store.note_queue_sent(5).unwrap();
        store.note_queue_sent(3).unwrap();
        assert_eq!(store.queue_sent(), Ok(5));
        assert_eq!(trim(kept(true)), 5);
        let sql = "INSERT INTO webhook_pending (webhook_id, sequence) VALUES ('x', 9)";
        store.database().execute(sql, &[]).unwrap();
        assert_eq!(trim(kept(false)), 3);
        let sql = "DELETE FROM webhook_pending";
        store.database().execute(sql, &[]).unwrap();
        assert_eq!(trim(kept(false)), 11);
    }

    #[test]
    fn a_step_that_fails_takes_nothing() {
        let store = store();
        let mut two = events(1..=2);
        two[1].at_ms = i64::MAX;
        assert!(store.take_events(ONE, 1, &two).is_err());
        assert_eq!(store.take_events(ONE, 1, &[]), Ok(0));
        assert!(all(&store).is_empty());
    }
}
