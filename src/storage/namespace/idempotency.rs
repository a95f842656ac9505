//! Requests that were sent with an `Idempotency-Key`, and their answers: in the database of a
//! namespace, or of the registry.

use crate::git::store::StoreError;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::schema::{self, Schema};
use crate::storage::db::sql::{Database, in_transaction, query_first};
use crate::storage::db::sql_error::SqlError;

/// How long an answer is given again: a day.
pub(crate) const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// After this long a request that was begun and never ended is taken for dead.
pub(crate) const RUNNING_MS: i64 = 60_000;

/// Requests kept by one database: beyond, the oldest go before their day is over.
pub(crate) const KEPT_MAX: i64 = 100_000;

/// A SHA-256, or as many random bytes.
pub(crate) type Bytes32 = [u8; 32];

/// A request about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// Digest of the caller's credential and its key.
    pub(crate) key: Bytes32,
    /// The digest of path and body.
    pub(crate) request: Bytes32,
    /// Random; kept if the key is new.
    pub(crate) salt: Bytes32,
    /// Unix milliseconds.
    pub(crate) now_ms: i64,
}

/// The state of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Begun {
    /// The caller does it, with this salt.
    Yours {
        /// The attempt's own; that of the first if one broke off.
        salt: Bytes32,
    },
    /// It was done.
    Answered {
        /// The salt that it was done with.
        salt: Bytes32,
        /// HTTP status.
        status: u16,
        /// The body.
        answer: String,
    },
    /// Somebody does it now.
    Running,
    /// The key stands for another request.
    AnotherRequest,
    /// There is no place to keep it: nothing was created here.
    NoPlace,
}

/// The requests of one database.
#[derive(Debug)]
pub(crate) struct IdempotencyStore<'a, D> {
    db: &'a D,
    schema: Schema,
}

struct Kept {
    request: Vec<u8>,
    salt: Bytes32,
    begun_at: i64,
    answer: Option<(u16, String)>,
}

impl<'a, D: Database> IdempotencyStore<'a, D> {
    /// Opens the database as it is: call [`schema::wake`] before.
    pub(crate) fn new(db: &'a D, schema: Schema) -> Self {
        Self { db, schema }
    }

    /// Begins a request, unless it was begun before. Into an empty database a schema is put only if
    /// the request may create something here.
    pub(crate) fn begin(&self, attempt: &Attempt, may_create: bool) -> Result<Begun, StoreError> {
        if !schema::is_created(self.db)? && !may_create {
            return Ok(Begun::NoPlace);
        }
        in_transaction(self.db, || {
            schema::migrate(self.db, self.schema)?;
            self.forget_old(attempt.now_ms)?;
            let Some(kept) = self.find(&attempt.key, attempt.now_ms)? else {
                self.insert(attempt)?;
                let salt = attempt.salt;
                return Ok(Begun::Yours { salt });
            };
            if kept.request != attempt.request {
                return Ok(Begun::AnotherRequest);
            }
            let salt = kept.salt;
            if let Some((status, answer)) = kept.answer {
                return Ok(Begun::Answered {
                    salt,
                    status,
                    answer,
                });
            }
            if attempt.now_ms.saturating_sub(kept.begun_at) < RUNNING_MS {
                return Ok(Begun::Running);
            }
            let sql = "UPDATE idempotency SET begun_at = ?2 WHERE key = ?1";
            let params = [attempt.key.as_slice().into(), attempt.now_ms.into()];
            self.db.execute(sql, &params)?;
            Ok(Begun::Yours { salt })
        })
    }

    /// Keeps the answer.
    pub(crate) fn finish(
        &self,
        key: &Bytes32,
        status: u16,
        answer: &str,
    ) -> Result<(), StoreError> {
        if !schema::is_created(self.db)? {
            return Ok(());
        }
        let sql = "UPDATE idempotency SET status = ?2, answer = ?3
            WHERE key = ?1 AND status IS NULL";
        let status = u32::from(status);
        let params = [key.as_slice().into(), status.into(), answer.into()];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Forgets a request whose answer says to try again.
    pub(crate) fn give_up(&self, key: &Bytes32) -> Result<(), StoreError> {
        if !schema::is_created(self.db)? {
            return Ok(());
        }
        let sql = "DELETE FROM idempotency WHERE key = ?1 AND status IS NULL";
        self.db.execute(sql, &[key.as_slice().into()])?;
        Ok(())
    }

    /// Takes a few away that are too old or too many; called as often as one is added.
    fn forget_old(&self, now_ms: i64) -> Result<(), SqlError> {
        let sql = "DELETE FROM idempotency
            WHERE seq IN (SELECT seq FROM idempotency ORDER BY seq LIMIT 8)
                AND (started_at <= ?1
                    OR seq <= (SELECT max(seq) FROM idempotency) - ?2)";
        let params = [now_ms.saturating_sub(KEPT_MS).into(), KEPT_MAX.into()];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    fn find(&self, key: &Bytes32, now_ms: i64) -> Result<Option<Kept>, SqlError> {
        let sql = "SELECT request, salt, begun_at, status, answer, started_at
            FROM idempotency WHERE key = ?1";
        let found = query_first(self.db, sql, &[key.as_slice().into()], |row| {
            Ok((read_kept(row)?, row.integer(5)?))
        })?;
        let Some((kept, started_at)) = found else {
            return Ok(None);
        };
        if started_at > now_ms.saturating_sub(KEPT_MS) {
            return Ok(Some(kept));
        }
        // Too old, and not yet taken away.
        self.db.execute(
            "DELETE FROM idempotency WHERE key = ?1",
            &[key.as_slice().into()],
        )?;
        Ok(None)
    }

    fn insert(&self, attempt: &Attempt) -> Result<(), SqlError> {
        let sql = "INSERT INTO idempotency (key, request, salt, started_at, begun_at)
            VALUES (?1, ?2, ?3, ?4, ?4)";
        let params: [Value<'_>; 4] = [
            attempt.key.as_slice().into(),
            attempt.request.as_slice().into(),
            attempt.salt.as_slice().into(),
            attempt.now_ms.into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }
}

fn read_kept(row: &dyn Row) -> Result<Kept, SqlError> {
    let wrong = |column, expected| SqlError::Column { column, expected };
    let salt = row.blob(1)?;
    let answer = match (row.integer_or_null(3)?, row.text_or_null(4)?) {
        (Some(status), Some(answer)) => {
            let status = u16::try_from(status).map_err(|_| wrong(3, "a status"))?;
            Some((status, answer))
        }
        _ => None,
    };
    Ok(Kept {
        request: row.blob(0)?,
        salt: salt.try_into().map_err(|_| wrong(1, "32 bytes"))?,
        begun_at: row.integer(2)?,
        answer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;

    fn attempt(key: u8, request: u8, now_ms: i64) -> Attempt {
        Attempt {
            key: [key; 32],
            request: [request; 32],
            salt: [key ^ request; 32],
            now_ms,
        }
    }

    fn count(db: &RusqliteDatabase) -> i64 {
        let sql = "SELECT count(*) FROM idempotency";
        let count = query_first(db, sql, &[], |row| row.integer(0));
        count.unwrap().unwrap()
    }

    #[test]
    fn a_request_is_done_once() {
        for schema in [schema::NAMESPACE, schema::REGISTRY] {
            let db = RusqliteDatabase::in_memory().unwrap();
            let store = IdempotencyStore::new(&db, schema);
            let begin = |attempt: Attempt| store.begin(&attempt, true).unwrap();
            let yours = Begun::Yours { salt: [3; 32] };
            assert_eq!(begin(attempt(1, 2, 10)), yours);
            assert_eq!(begin(attempt(1, 2, 11)), Begun::Running);
            assert_eq!(begin(attempt(1, 3, 11)), Begun::AnotherRequest);
            assert_eq!(begin(attempt(2, 3, 11)), Begun::Yours { salt: [1; 32] });
            // The first request died; the next one goes on with its salt.
            let later = Attempt {
                salt: [9; 32],
                ..attempt(1, 2, 10 + RUNNING_MS)
            };
            assert_eq!(begin(later), yours);
            assert_eq!(begin(later), Begun::Running);
            store.finish(&[1; 32], 201, "made").unwrap();
            store.finish(&[1; 32], 500, "late").unwrap();
            store.give_up(&[1; 32]).unwrap();
            let answered = Begun::Answered {
                salt: [3; 32],
                status: 201,
                answer: "made".to_owned(),
            };
            assert_eq!(begin(attempt(1, 2, KEPT_MS)), answered);
            assert_eq!(begin(attempt(1, 3, KEPT_MS)), Begun::AnotherRequest);
            // A day after it was sent first.
            let salt = [2; 32];
            assert_eq!(begin(attempt(1, 3, 10 + KEPT_MS)), Begun::Yours { salt });
        }
    }

    #[test]
    fn a_request_that_was_given_up_may_be_sent_again() {
        let db = RusqliteDatabase::in_memory().unwrap();
        let store = IdempotencyStore::new(&db, schema::NAMESPACE);
        store.begin(&attempt(1, 2, 10), true).unwrap();
        store.give_up(&[1; 32]).unwrap();
        let again = store.begin(&attempt(1, 7, 11), true).unwrap();
        assert_eq!(again, Begun::Yours { salt: [6; 32] });
    }

    #[test]
    fn an_empty_database_stays_empty_unless_something_is_to_be_made() {
        let db = RusqliteDatabase::in_memory().unwrap();
        let store = IdempotencyStore::new(&db, schema::NAMESPACE);
        let begun = store.begin(&attempt(1, 2, 10), false).unwrap();
        assert_eq!(begun, Begun::NoPlace);
        store.finish(&[1; 32], 201, "made").unwrap();
        store.give_up(&[1; 32]).unwrap();
        assert_eq!(db.rows_written(), 0);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let db = RusqliteDatabase::in_memory().unwrap();
        let store = IdempotencyStore::new(&db, schema::NAMESPACE);
        store.begin(&attempt(1, 2, 10), true).unwrap();
        store.begin(&attempt(2, 2, 10), true).unwrap();
        let params = [KEPT_MAX.into()];
        let sql = "UPDATE idempotency SET seq = seq + ?1 WHERE seq = 2";
        db.execute(sql, &params).unwrap();
        store.begin(&attempt(3, 2, 11), true).unwrap();
        assert_eq!(count(&db), 2);
        let first = store.begin(&attempt(1, 2, 12), true).unwrap();
        assert!(matches!(first, Begun::Yours { .. }), "{first:?}");
        assert_eq!(
            store.begin(&attempt(2, 2, 12), true).unwrap(),
            Begun::Running
        );
    }
}
