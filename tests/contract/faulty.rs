//! A database that fails one write.

use std::cell::Cell;

use cairn::storage::db::row::Value;
use cairn::storage::db::sql::{Database, EachRow};
use cairn::storage::db::sql_error::SqlError;

/// Fails one write, counted from 0; the end of an outermost transaction is one too.
pub(crate) struct Faulty<'a, D> {
    pub db: &'a D,
    /// Writes left until the fault.
    pub countdown: Cell<Option<u32>>,
    /// Whether the write that fails takes effect.
    pub persisted: bool,
}

impl<'a, D: Database> Faulty<'a, D> {
    /// Fails write number `nth`, which takes effect all the same if `persisted`.
    pub(crate) fn new(db: &'a D, nth: u32, persisted: bool) -> Self {
        Self {
            db,
            countdown: Cell::new(Some(nth)),
            persisted,
        }
    }

    /// Whether the fault came to pass.
    pub(crate) fn has_struck(&self) -> bool {
        self.countdown.get().is_none()
    }
}

impl<D: Database> Faulty<'_, D> {
    fn write<T>(&self, act: impl FnOnce() -> Result<T, SqlError>) -> Result<T, SqlError> {
        match self.countdown.get() {
            Some(0) => {
                self.countdown.set(None);
                if self.persisted {
                    act()?;
                }
                Err(SqlError::Failed("injected".to_owned()))
            }
            Some(left) => {
                self.countdown.set(Some(left - 1));
                act()
            }
            None => act(),
        }
    }
}

impl<D: Database> Database for Faulty<'_, D> {
    fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, SqlError> {
        self.write(|| self.db.execute(sql, params))
    }

    fn execute_script(&self, sql: &'static str) -> Result<(), SqlError> {
        self.write(|| self.db.execute_script(sql))
    }

    fn query(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
        each: &mut EachRow<'_>,
    ) -> Result<(), SqlError> {
        self.db.query(sql, params, each)
    }

    fn transaction(&self, body: &mut dyn FnMut() -> Result<(), SqlError>) -> Result<(), SqlError> {
        if self.db.in_transaction() {
            return self.db.transaction(body);
        }
        if self.persisted {
            let ended = self.db.transaction(body);
            return ended.and_then(|()| self.write(|| Ok(())));
        }
        self.db
            .transaction(&mut || body().and_then(|()| self.write(|| Ok(()))))
    }

    fn in_transaction(&self) -> bool {
        self.db.in_transaction()
    }

    fn rows_read(&self) -> u64 {
        self.db.rows_read()
    }

    fn rows_written(&self) -> u64 {
        self.db.rows_written()
    }

    fn statements(&self) -> u64 {
        self.db.statements()
    }

    fn changes(&self) -> u64 {
        self.db.changes()
    }

    fn database_bytes(&self) -> Result<u64, SqlError> {
        self.db.database_bytes()
    }
}
