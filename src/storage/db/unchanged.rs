//! Values read from a database, kept until something is written to it.
//!
//! Every request begins with the same few rows: the repository, and the token that the caller
//! shows. Only the object writes to its database. So a value read outside a transaction holds
//! until the object writes again, any row.

use std::cell::RefCell;

use super::sql::Database;

/// Bound on the keys kept: the tokens of the callers that are at work now.
const KEYS_MAX: usize = 16;

/// Values by key, as they are in the database.
#[derive(Debug)]
pub(crate) struct UntilWritten<K, V> {
    state: RefCell<State<K, V>>,
}

#[derive(Debug)]
struct State<K, V> {
    /// [`Database::changes`] when the values were read.
    at: u64,
    values: Vec<(K, V)>,
}

impl<K, V> Default for UntilWritten<K, V> {
    fn default() -> Self {
        let values = Vec::new();
        Self {
            state: RefCell::new(State { at: 0, values }),
        }
    }
}

impl<K: PartialEq, V: Clone> UntilWritten<K, V> {
    /// The value of this key, by `read` if it is not kept.
    pub(crate) fn get<E>(
        &self,
        db: &impl Database,
        key: K,
        read: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        // A transaction may be undone, and the values read in it with it.
        if db.in_transaction() {
            return read();
        }
        if let Some(kept) = self.state.borrow_mut().at(db.changes()).find(&key) {
            return Ok(kept);
        }
        let value = read()?;
        let mut state = self.state.borrow_mut();
        let state = state.at(db.changes());
        if state.values.len() >= KEYS_MAX {
            state.values.clear();
        }
        state.values.push((key, value.clone()));
        Ok(value)
    }
}

impl<K: PartialEq, V: Clone> State<K, V> {
    /// Drops the values if anything was written since they were read.
    fn at(&mut self, changes: u64) -> &mut Self {
        if self.at != changes {
            self.at = changes;
            self.values.clear();
        }
        self
    }

    fn find(&self, key: &K) -> Option<V> {
        let found = self.values.iter().find(|(kept, _)| kept == key);
        found.map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::super::rusqlite_db::RusqliteDatabase;
    use super::super::sql::{in_transaction, query_first};
    use super::super::sql_error::SqlError;
    use super::*;

    /// A database of one number, and its reader.
    struct Number {
        db: RusqliteDatabase,
        kept: UntilWritten<(), i64>,
    }

    impl Number {
        fn new() -> Self {
            let db = RusqliteDatabase::in_memory().unwrap();
            db.execute_script("CREATE TABLE number (value INTEGER); INSERT INTO number VALUES (1)")
                .unwrap();
            let kept = UntilWritten::default();
            Self { db, kept }
        }

        fn set(&self, value: i64) {
            let sql = "UPDATE number SET value = ?1";
            self.db.execute(sql, &[value.into()]).unwrap();
        }

        fn get(&self) -> i64 {
            let sql = "SELECT value FROM number";
            let read = || query_first(&self.db, sql, &[], |row| row.integer(0));
            let value = self.kept.get(&self.db, (), || read().map(Option::unwrap));
            value.unwrap()
        }
    }

    #[test]
    fn nothing_is_read_twice_until_something_is_written() {
        let number = Number::new();
        assert_eq!(number.get(), 1);
        let statements = number.db.statements();
        assert_eq!((number.get(), number.get()), (1, 1));
        assert_eq!(number.db.statements(), statements);
        number.set(2);
        assert_eq!(number.get(), 2);
    }

    #[test]
    fn a_value_read_in_a_transaction_is_forgotten_with_it() {
        let number = Number::new();
        assert_eq!(number.get(), 1);
        let undone = in_transaction(&number.db, || {
            number.set(2);
            assert_eq!(number.get(), 2);
            Err::<(), _>(SqlError::GivenUp)
        });
        assert!(undone.is_err());
        assert_eq!(number.get(), 1);
        in_transaction(&number.db, || {
            number.set(3);
            Ok::<_, SqlError>(())
        })
        .unwrap();
        assert_eq!(number.get(), 3);
    }

    #[test]
    fn a_query_that_writes_is_a_change() {
        let number = Number::new();
        assert_eq!(number.get(), 1);
        let sql = "UPDATE number SET value = 4 RETURNING value";
        let returned = query_first(&number.db, sql, &[], |row| row.integer(0));
        assert_eq!((returned.unwrap(), number.get()), (Some(4), 4));
    }

    #[test]
    fn few_keys_are_kept() {
        let db = RusqliteDatabase::in_memory().unwrap();
        let kept = UntilWritten::default();
        let mut reads = 0;
        for key in (0..100).chain(90..100) {
            let read = || {
                reads += 1;
                Ok::<_, Infallible>(key)
            };
            assert_eq!(kept.get(&db, key, read), Ok(key));
            assert!(kept.state.borrow().values.len() <= KEYS_MAX);
        }
        assert!(reads < 110, "{reads}");
    }
}
