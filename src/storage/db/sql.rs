//! The port to a SQLite database, as a Durable Object lends it: synchronous, single-threaded.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::row::{Row, Value};
use super::sql_error::SqlError;

/// Called for every row; `Break` ends the reading.
pub type EachRow<'a> = dyn FnMut(&dyn Row) -> Result<ControlFlow<()>, SqlError> + 'a;

/// A SQLite database.
pub trait Database {
    /// Runs one statement that has no result, and gives the rows that it wrote, as they are billed: each entry of a
    /// secondary index counts beside its row.
    fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, SqlError>;

    /// Runs several statements without parameters: a migration.
    fn execute_script(&self, sql: &'static str) -> Result<(), SqlError>;

    /// Runs one statement and shows its rows one by one. The statement is over when this
    /// returns. After a `Break` an adapter may still step through the remaining rows, so a query
    /// over many has a `LIMIT`.
    fn query(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
        each: &mut EachRow<'_>,
    ) -> Result<(), SqlError>;

    /// Runs `body` in a savepoint, which is undone when the body errs. Nests.
    fn transaction(&self, body: &mut dyn FnMut() -> Result<(), SqlError>) -> Result<(), SqlError>;

    /// Whether a [`transaction`](Self::transaction) is running: then the transaction may still undo the rows
    /// that are read now.
    fn in_transaction(&self) -> bool;

    /// Rows read so far, as billed.
    fn rows_read(&self) -> u64;

    /// Rows written so far, as billed.
    fn rows_written(&self) -> u64;

    /// Statements run so far.
    fn statements(&self) -> u64;

    /// A number that is another one whenever something may have been written, or undone, since it
    /// was asked for last.
    fn changes(&self) -> u64;

    /// Bytes that the database takes, free pages not counted.
    fn database_bytes(&self) -> Result<u64, SqlError>;
}

/// A pointer to a database is a database.
macro_rules! forwarded {
    ($owner:ty) => {
        impl<D: Database + ?Sized> Database for $owner {
            fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, SqlError> {
                (**self).execute(sql, params)
            }

            fn execute_script(&self, sql: &'static str) -> Result<(), SqlError> {
                (**self).execute_script(sql)
            }

            fn query(
                &self,
                sql: &'static str,
                params: &[Value<'_>],
                each: &mut EachRow<'_>,
            ) -> Result<(), SqlError> {
                (**self).query(sql, params, each)
            }

            fn transaction(
                &self,
                body: &mut dyn FnMut() -> Result<(), SqlError>,
            ) -> Result<(), SqlError> {
                (**self).transaction(body)
            }

            fn in_transaction(&self) -> bool {
                (**self).in_transaction()
            }

            fn rows_read(&self) -> u64 {
                (**self).rows_read()
            }

            fn rows_written(&self) -> u64 {
                (**self).rows_written()
            }

            fn statements(&self) -> u64 {
                (**self).statements()
            }

            fn changes(&self) -> u64 {
                (**self).changes()
            }

            fn database_bytes(&self) -> Result<u64, SqlError> {
                (**self).database_bytes()
            }
        }
    };
}

forwarded!(&D);
forwarded!(Rc<D>);

/// The first row of a query, made a value by `read`.
pub fn query_first<T>(
    db: &impl Database,
    sql: &'static str,
    params: &[Value<'_>],
    read: impl Fn(&dyn Row) -> Result<T, SqlError>,
) -> Result<Option<T>, SqlError> {
    let mut first = None;
    db.query(sql, params, &mut |row| {
        first = Some(read(row)?);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(first)
}

/// All rows of a query, made values by `read`.
pub fn query_all<T>(
    db: &impl Database,
    sql: &'static str,
    params: &[Value<'_>],
    read: impl Fn(&dyn Row) -> Result<T, SqlError>,
) -> Result<Vec<T>, SqlError> {
    let mut rows = Vec::new();
    db.query(sql, params, &mut |row| {
        rows.push(read(row)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(rows)
}

/// [`Database::transaction`] with a result and an error of the caller's own.
pub fn in_transaction<T, E: From<SqlError>>(
    db: &impl Database,
    mut body: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let mut outcome = None;
    let ended = db.transaction(&mut || {
        let result = body();
        let ended = if result.is_ok() {
            Ok(())
        } else {
            Err(SqlError::GivenUp)
        };
        outcome = Some(result);
        ended
    });
    match (ended, outcome) {
        (Ok(()), Some(result)) | (Err(_), Some(result @ Err(_))) => result,
        (Err(error), _) => Err(error.into()),
        (Ok(()), None) => {
            Err(SqlError::Failed("the database did not run the transaction".to_owned()).into())
        }
    }
}
