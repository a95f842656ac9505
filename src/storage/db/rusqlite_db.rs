//! The port on SQLite itself, for tests and benchmarks.
//!
//! It differs from a Durable Object's database in its counts: a row read is a row that a
//! query returned (the platform bills every row that the query looked at), a row written is a
//! row of a table (the platform bills entries of secondary indexes too). Both are lower bounds.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::row::{Row, Value, check_params};
use super::sql::{Database, EachRow};
use super::sql_error::SqlError;

/// A SQLite database in memory or in a file.
pub struct RusqliteDatabase {
    connection: Connection,
    depth: Cell<u32>,
    rows_read: Cell<u64>,
    rows_written: Cell<u64>,
    statements: Cell<u64>,
    changes: Cell<u64>,
}

impl RusqliteDatabase {
    /// An empty database in memory.
    pub fn in_memory() -> Result<Self, SqlError> {
        Self::new(Connection::open_in_memory()?)
    }

    /// The database in a file, created when it is not there.
    pub fn open(path: &Path) -> Result<Self, SqlError> {
        Self::new(Connection::open(path)?)
    }

    fn new(connection: Connection) -> Result<Self, SqlError> {
        connection.set_prepared_statement_cache_capacity(128);
        connection.execute_batch("PRAGMA page_size = 4096; PRAGMA synchronous = OFF;")?;
        Ok(Self {
            connection,
            depth: Cell::new(0),
            rows_read: Cell::new(0),
            rows_written: Cell::new(0),
            statements: Cell::new(0),
            changes: Cell::new(0),
        })
    }

    fn count_written(&self, before: u64) -> u64 {
        let written = self.connection.total_changes().saturating_sub(before);
        add(&self.rows_written, written);
        if written > 0 {
            add(&self.changes, 1);
        }
        written
    }
}

impl Database for RusqliteDatabase {
    fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, SqlError> {
        check_params(params)?;
        add(&self.statements, 1);
        add(&self.changes, 1);
        let before = self.connection.total_changes();
        self.connection
            .prepare_cached(sql)?
            .execute(params_from_iter(params))?;
        Ok(self.count_written(before))
    }

    fn execute_script(&self, sql: &'static str) -> Result<(), SqlError> {
        add(&self.statements, 1);
        add(&self.changes, 1);
        let before = self.connection.total_changes();
        self.connection.execute_batch(sql)?;
        self.count_written(before);
        Ok(())
    }

    fn query(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
        each: &mut EachRow<'_>,
    ) -> Result<(), SqlError> {
        check_params(params)?;
        add(&self.statements, 1);
        let before = self.connection.total_changes();
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            add(&self.rows_read, 1);
            if let ControlFlow::Break(()) = each(&RusqliteRow(row))? {
                break;
            }
        }
        // SQLite counts a statement that returns rows when it is over.
        drop(rows);
        self.count_written(before);
        Ok(())
    }

    fn transaction(&self, body: &mut dyn FnMut() -> Result<(), SqlError>) -> Result<(), SqlError> {
        self.connection.execute_batch("SAVEPOINT nested")?;
        self.depth.set(self.depth.get().saturating_add(1));
        let result = body();
        debug_assert!(self.depth.get() > 0, "a transaction ends that never began");
        self.depth.set(self.depth.get().saturating_sub(1));
        add(&self.changes, 1);
        let end = match result {
            Ok(()) => "RELEASE nested",
            Err(_) => "ROLLBACK TO nested; RELEASE nested",
        };
        let ended = self.connection.execute_batch(end);
        result.and_then(|()| ended.map_err(SqlError::from))
    }

    fn in_transaction(&self) -> bool {
        self.depth.get() > 0
    }

    fn rows_read(&self) -> u64 {
        self.rows_read.get()
    }

    fn rows_written(&self) -> u64 {
        self.rows_written.get()
    }

    fn statements(&self) -> u64 {
        self.statements.get()
    }

    fn changes(&self) -> u64 {
        self.changes.get()
    }

    fn database_bytes(&self) -> Result<u64, SqlError> {
        let sql = "SELECT (page_count - freelist_count) * page_size \
                   FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
        let bytes: i64 = self.connection.query_row(sql, [], |row| row.get(0))?;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }
}

/// A row as rusqlite shows it.
struct RusqliteRow<'a>(&'a rusqlite::Row<'a>);

impl RusqliteRow<'_> {
    fn value(&self, column: usize) -> Result<ValueRef<'_>, SqlError> {
        Ok(self.0.get_ref(column)?)
    }
}

impl Row for RusqliteRow<'_> {
    fn is_null(&self, column: usize) -> Result<bool, SqlError> {
        Ok(self.value(column)? == ValueRef::Null)
    }

    fn integer(&self, column: usize) -> Result<i64, SqlError> {
        let error = |_| SqlError::Column {
            column,
            expected: "integer",
        };
        self.value(column)?.as_i64().map_err(error)
    }

    fn text(&self, column: usize) -> Result<String, SqlError> {
        let error = |_| SqlError::Column {
            column,
            expected: "text",
        };
        self.value(column)?
            .as_str()
            .map(str::to_owned)
            .map_err(error)
    }

    fn blob(&self, column: usize) -> Result<Vec<u8>, SqlError> {
        let error = |_| SqlError::Column {
            column,
            expected: "blob",
        };
        self.value(column)?
            .as_blob()
            .map(<[u8]>::to_vec)
            .map_err(error)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(blob) => ValueRef::Blob(blob),
        }))
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

fn add(counter: &Cell<u64>, count: u64) {
    counter.set(counter.get().saturating_add(count));
}
