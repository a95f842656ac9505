//! Reading a feed: the events that a repository's database keeps, or a namespace's, in their order.
//!
//! One look reads a bounded number of rows and bytes. A filter is applied by SQLite, within a bounded
//! stretch of the order, so that a rare kind among many rows is looked for in steps.

use std::ops::ControlFlow;

use super::db::row::{Row, Value};
use super::db::sql::{Database, query_all, query_first};
use super::db::sql_error::SqlError;
use super::event::{Event, EventKind};
use crate::git::store::StoreError;

/// How far one filtered look goes: a few milliseconds of SQLite.
const STRETCH: i64 = 5_000;

/// The owner of the events in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedOf {
    /// A repository's own.
    Repository,
    /// A namespace's: those of its repositories, and its own.
    Namespace,
}

/// A question to the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The last place that was seen.
    pub after: i64,
    /// The names of the kinds that are wanted, as a JSON array; `None`: all.
    pub kinds: Option<String>,
    /// Events at most.
    pub rows_max: u32,
    /// Bytes of bodies at most, but one event in any case.
    pub bytes_max: usize,
}

/// An event with its place in the feed.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Its number in this feed.
    pub place: i64,
    /// The repository, in a namespace's feed; empty for the namespace's own events, and in a
    /// repository's feed.
    pub repository_id: String,
    /// The event.
    pub event: Event,
}

/// The result of one look.
#[derive(Debug, Clone, Default)]
pub struct Looked {
    /// Events, in order.
    pub events: Vec<Placed>,
    /// The last place that was looked at.
    pub after: i64,
    /// The oldest place that is kept; 1 before the first event.
    pub oldest: i64,
    /// The newest; 0 before the first event.
    pub newest: i64,
}

/// Looks for events behind a place. If the place is not within the feed, there are none, and the place stays.
pub fn look<D: Database>(db: &D, of: FeedOf, asked: &Look) -> Result<Looked, StoreError> {
    let (oldest, newest) = bounds(db)?;
    let mut looked = Looked {
        events: Vec::new(),
        after: asked.after,
        oldest,
        newest,
    };
    if asked.after >= newest || asked.after.saturating_add(1) < oldest {
        return Ok(looked);
    }
    let until = match asked.kinds {
        Some(_) => newest.min(asked.after.saturating_add(STRETCH)),
        None => newest,
    };
    let sql = match of {
        FeedOf::Repository => {
            "SELECT sequence, '', sequence, at, kind, body FROM event
            WHERE sequence > ?1 AND sequence <= ?2
                AND (?3 IS NULL OR kind IN (SELECT value FROM json_each(?3)))
            ORDER BY sequence LIMIT ?4"
        }
        FeedOf::Namespace => {
            "SELECT sequence, repository_id, source_sequence, at, kind, body FROM event
            WHERE sequence > ?1 AND sequence <= ?2
                AND (?3 IS NULL OR kind IN (SELECT value FROM json_each(?3)))
            ORDER BY sequence LIMIT ?4"
        }
    };
    let params = [
        asked.after.into(),
        until.into(),
        Value::text(asked.kinds.as_deref()),
        asked.rows_max.into(),
    ];
    let (mut bytes, mut is_cut) = (0_usize, false);
    db.query(sql, &params, &mut |row| {
        let body = row.text(5)?;
        bytes = bytes.saturating_add(body.len());
        if bytes > asked.bytes_max && !looked.events.is_empty() {
            is_cut = true;
            return Ok(ControlFlow::Break(()));
        }
        looked.events.push(placed(row, &body)?);
        Ok(ControlFlow::Continue(()))
    })?;
    is_cut |= u32::try_from(looked.events.len()).is_ok_and(|found| found >= asked.rows_max);
    looked.after = match looked.events.last() {
        Some(last) if is_cut => last.place,
        _ => until,
    };
    Ok(looked)
}

/// The event at one place of a namespace's feed, if it is kept.
pub fn at<D: Database>(db: &D, place: i64) -> Result<Option<Placed>, StoreError> {
    let sql = "SELECT sequence, repository_id, source_sequence, at, kind, body FROM event
        WHERE sequence = ?1";
    Ok(query_first(db, sql, &[place.into()], |row| {
        placed(row, &row.text(5)?)
    })?)
}

/// The oldest place and the newest; 1 and 0 before the first event.
pub(crate) fn bounds<D: Database>(db: &D) -> Result<(i64, i64), StoreError> {
    // Each is one step into the table; `min` and `max` in one query would read all of it.
    let sql = "SELECT coalesce((SELECT min(sequence) FROM event), 1),
        coalesce((SELECT max(sequence) FROM event), 0)";
    let bounds = query_first(db, sql, &[], |row| Ok((row.integer(0)?, row.integer(1)?)))?;
    Ok(bounds.unwrap_or((1, 0)))
}

/// How many events are kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRetention {
    /// Events.
    pub count_max: i64,
    /// Milliseconds.
    pub age_ms: i64,
}

impl EventRetention {
    /// Tells by its place and its time whether an event is one too many, or too old.
    pub(super) fn goes(self, newest: i64, now_ms: i64) -> impl Fn(i64, i64) -> bool {
        let too_many = newest.saturating_sub(self.count_max);
        let too_old = now_ms.saturating_sub(self.age_ms);
        move |place, at_ms| place <= too_many || at_ms <= too_old
    }
}

/// Removes up to `rows_max` of the oldest events that go, none behind the place `last`; gives how many
/// went.
pub(super) fn remove_oldest<D: Database>(
    db: &D,
    last: i64,
    goes: impl Fn(i64, i64) -> bool,
    rows_max: u32,
) -> Result<u64, StoreError> {
    let sql = "SELECT sequence, at FROM event WHERE sequence <= ?1 ORDER BY sequence LIMIT ?2";
    let oldest = query_all(db, sql, &[last.into(), rows_max.into()], |row| {
        Ok((row.integer(0)?, row.integer(1)?))
    })?;
    // From the lower end only: then the remaining events have no gap, whatever the clock said.
    let gone = oldest
        .iter()
        .take_while(|(place, at_ms)| goes(*place, *at_ms));
    let Some((place, _)) = gone.last() else {
        return Ok(0);
    };
    let sql = "DELETE FROM event WHERE sequence <= ?1";
    Ok(db.execute(sql, &[(*place).into()])?)
}

/// An event of a row with the columns of a [`look`]: place, repository, number, time, kind, body. The
/// caller has read the body.
pub(super) fn placed(row: &dyn Row, body: &str) -> Result<Placed, SqlError> {
    let column = |column, expected| SqlError::Column { column, expected };
    let kind = EventKind::from_name(&row.text(4)?);
    let body = serde_json::from_str(body).map_err(|_| column(5, "body of an event"))?;
    Ok(Placed {
        place: row.integer(0)?,
        repository_id: row.text(1)?,
        event: Event {
            sequence: row.integer(2)?,
            at_ms: row.integer(3)?,
            kind: kind.ok_or(column(4, "kind of an event"))?,
            body,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;
    use crate::storage::db::schema;

    const BODY: &str =
        r#"{"namespace":"demo","repo_name":"hello","payload":{},"actor":{"kind":"system"}}"#;

    fn database(count: i64) -> RusqliteDatabase {
        let db = RusqliteDatabase::in_memory().unwrap();
        schema::migrate(&db, schema::REPOSITORY).unwrap();
        for sequence in 1..=count {
            let kind = if sequence % 10 == 0 {
                "repo.updated"
            } else {
                "repo.pushed"
            };
            let sql = "INSERT INTO event (sequence, at, kind, body) VALUES (?1, 7, ?2, ?3)";
            db.execute(sql, &[sequence.into(), kind.into(), BODY.into()])
                .unwrap();
        }
        db
    }

    fn asked(after: i64) -> Look {
        Look {
            after,
            kinds: None,
            rows_max: 10,
            bytes_max: usize::MAX,
        }
    }

    fn places(looked: &Looked) -> Vec<i64> {
        looked.events.iter().map(|placed| placed.place).collect()
    }

    #[test]
    fn before_the_first_event_there_is_nothing_to_be_late_for() {
        let looked = look(&database(0), FeedOf::Repository, &asked(0)).unwrap();
        assert_eq!((looked.oldest, looked.newest, looked.after), (1, 0, 0));
        assert!(looked.events.is_empty());
    }

    #[test]
    fn a_look_ends_at_its_bounds_and_says_how_far_it_came() {
        let db = database(25);
        let looked = look(&db, FeedOf::Repository, &asked(3)).unwrap();
        assert_eq!(places(&looked), (4..=13).collect::<Vec<_>>());
        assert_eq!((looked.after, looked.newest), (13, 25));
        let looked = look(&db, FeedOf::Repository, &asked(20)).unwrap();
        assert_eq!((places(&looked).len(), looked.after), (5, 25));
        let few = Look {
            bytes_max: 2 * BODY.len(),
            ..asked(0)
        };
        assert_eq!(look(&db, FeedOf::Repository, &few).unwrap().after, 2);
        let one = Look {
            bytes_max: 1,
            ..asked(0)
        };
        assert_eq!(look(&db, FeedOf::Repository, &one).unwrap().after, 1);
    }

    #[test]
    fn a_filter_passes_what_it_leaves_out() {
        let db = database(25);
        let filtered = |after| Look {
            kinds: Some(r#"["repo.updated"]"#.to_owned()),
            ..asked(after)
        };
        let looked = look(&db, FeedOf::Repository, &filtered(0)).unwrap();
        assert_eq!((places(&looked), looked.after), (vec![10, 20], 25));
        let one = Look {
            rows_max: 1,
            ..filtered(0)
        };
        assert_eq!(look(&db, FeedOf::Repository, &one).unwrap().after, 10);
        let looked = look(&db, FeedOf::Repository, &filtered(20)).unwrap();
        assert_eq!((places(&looked), looked.after), (vec![], 25));
    }

    #[test]
    fn a_rare_kind_is_looked_for_in_steps() {
        let db = database(0);
        let sql = "INSERT INTO event (sequence, at, kind, body)
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 12000)
            SELECT n, 7, 'repo.pushed', ?1 FROM numbers";
        db.execute(sql, &[BODY.into()]).unwrap();
        let mut asked = Look {
            kinds: Some(r#"["repo.deleted"]"#.to_owned()),
            ..asked(0)
        };
        let mut steps = Vec::new();
        while asked.after < 12_000 {
            asked.after = look(&db, FeedOf::Repository, &asked).unwrap().after;
            steps.push(asked.after);
        }
        assert_eq!(steps, [5_000, 10_000, 12_000]);
    }

    #[test]
    fn outside_of_the_feed_nothing_is_found() {
        let db = database(25);
        db.execute("DELETE FROM event WHERE sequence < 8", &[])
            .unwrap();
        for after in [0, 6, 26, i64::from(u32::MAX)] {
            let looked = look(&db, FeedOf::Repository, &asked(after)).unwrap();
            assert_eq!((looked.oldest, looked.newest), (8, 25));
            assert_eq!((looked.after, looked.events.len()), (after, 0));
        }
        let looked = look(&db, FeedOf::Repository, &asked(7)).unwrap();
        assert_eq!(places(&looked).first(), Some(&8));
    }
}
