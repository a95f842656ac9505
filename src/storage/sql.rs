//! The port to a SQLite database, as a Durable Object lends it: synchronous, single-threaded.
//!
//! The limits that production enforces and local development does not are checked here, for
//! every adapter alike, so that a test meets them first
//! (<https://developers.cloudflare.com/durable-objects/platform/limits/>).

use std::ops::ControlFlow;

use gix_hash::ObjectId;

use crate::git::store::StoreError;

/// Bytes that one row, and so one blob or string, may have.
pub const ROW_BYTES_MAX: usize = 2_000_000;

/// Parameters that may be bound to one statement.
pub const PARAMETERS_MAX: usize = 100;

/// The largest integer that survives the way through JavaScript, `2^53 - 1`.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// A statement failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The database refused or failed; its own words.
    #[error("sqlite: {0}")]
    Failed(String),
    /// The bound values together exceed what a row may hold.
    #[error("a row of {bytes} bytes, at most {limit} fit")]
    RowTooLarge {
        /// Bytes of the bound strings and blobs.
        bytes: usize,
        /// [`ROW_BYTES_MAX`].
        limit: usize,
    },
    /// Too many values were bound.
    #[error("{count} bound parameters, at most {limit} are allowed")]
    TooManyParameters {
        /// How many.
        count: usize,
        /// [`PARAMETERS_MAX`].
        limit: usize,
    },
    /// An integer that a JavaScript number cannot hold exactly.
    #[error("integer {0} is beyond 2^53")]
    IntegerTooLarge(i64),
    /// A column of the result does not have the type that the query's author expects.
    #[error("column {column} is no {expected}")]
    Column {
        /// The column, from 0.
        column: usize,
        /// What was asked for.
        expected: &'static str,
    },
    /// The schema in the database is newer than this code.
    #[error("database schema {schema} has version {found}, this code knows up to {known}")]
    TooNew {
        /// Which schema.
        schema: &'static str,
        /// The version in the database.
        found: i64,
        /// The newest version that this code knows.
        known: i64,
    },
    /// The database holds another kind of schema: a wrong object was addressed.
    #[error("database holds a schema of kind {found}, not {expected}")]
    WrongSchema {
        /// The kind in the database.
        found: String,
        /// The kind that was asked for.
        expected: &'static str,
    },
    /// The body of a transaction gave up, for a reason that its caller keeps.
    #[error("transaction given up")]
    GivenUp,
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A value to bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// A number; at most [`INTEGER_MAX`] either way.
    Integer(i64),
    /// A string.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Bytes that the value takes in a row, numbers neglected.
    fn bytes(self) -> usize {
        match self {
            Self::Null | Self::Integer(_) => 0,
            Self::Text(text) => text.len(),
            Self::Blob(blob) => blob.len(),
        }
    }

    /// An object id, or NULL.
    pub fn id(id: Option<&'a ObjectId>) -> Self {
        id.map_or(Self::Null, |id| Self::Blob(id.as_slice()))
    }

    /// A string, or NULL.
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }

    /// A number, or NULL.
    pub fn integer(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Integer)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Integer(i64::from(truth))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(blob: &'a [u8]) -> Self {
        Self::Blob(blob)
    }
}

/// One row of a result, valid during the call that shows it. Columns count from 0.
pub trait Row {
    /// Whether the column is NULL.
    fn is_null(&self, column: usize) -> Result<bool, SqlError>;

    /// A number.
    fn integer(&self, column: usize) -> Result<i64, SqlError>;

    /// A string.
    fn text(&self, column: usize) -> Result<String, SqlError>;

    /// Bytes.
    fn blob(&self, column: usize) -> Result<Vec<u8>, SqlError>;

    /// A number that is never negative.
    fn unsigned(&self, column: usize) -> Result<u64, SqlError> {
        u64::try_from(self.integer(column)?).map_err(|_| SqlError::Column {
            column,
            expected: "unsigned integer",
        })
    }

    /// A number of 32 bits.
    fn unsigned32(&self, column: usize) -> Result<u32, SqlError> {
        u32::try_from(self.integer(column)?).map_err(|_| SqlError::Column {
            column,
            expected: "32-bit unsigned integer",
        })
    }

    /// A truth value.
    fn truth(&self, column: usize) -> Result<bool, SqlError> {
        Ok(self.integer(column)? != 0)
    }

    /// An object id.
    fn object_id(&self, column: usize) -> Result<ObjectId, SqlError> {
        let bytes = self.blob(column)?;
        ObjectId::try_from(bytes.as_slice()).map_err(|_| SqlError::Column {
            column,
            expected: "object id",
        })
    }

    /// An object id or NULL.
    fn object_id_or_null(&self, column: usize) -> Result<Option<ObjectId>, SqlError> {
        if self.is_null(column)? {
            Ok(None)
        } else {
            self.object_id(column).map(Some)
        }
    }

    /// A number or NULL.
    fn integer_or_null(&self, column: usize) -> Result<Option<i64>, SqlError> {
        if self.is_null(column)? {
            Ok(None)
        } else {
            self.integer(column).map(Some)
        }
    }

    /// A string or NULL.
    fn text_or_null(&self, column: usize) -> Result<Option<String>, SqlError> {
        if self.is_null(column)? {
            Ok(None)
        } else {
            self.text(column).map(Some)
        }
    }
}

/// What is called for every row; `Break` ends the reading.
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

    /// Whether a [`transaction`](Self::transaction) is running: what is read now may be undone.
    fn in_transaction(&self) -> bool;

    /// Rows read so far, as billed.
    fn rows_read(&self) -> u64;

    /// Rows written so far, as billed.
    fn rows_written(&self) -> u64;

    /// Statements run so far.
    fn statements(&self) -> u64;

    /// Bytes that the database takes, free pages not counted.
    fn database_bytes(&self) -> Result<u64, SqlError>;
}

impl<D: Database + ?Sized> Database for &D {
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

    fn transaction(&self, body: &mut dyn FnMut() -> Result<(), SqlError>) -> Result<(), SqlError> {
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

    fn database_bytes(&self) -> Result<u64, SqlError> {
        (**self).database_bytes()
    }
}

/// Checks a statement's parameters against the limits above: every adapter calls this first.
pub fn check_params(params: &[Value<'_>]) -> Result<(), SqlError> {
    if params.len() > PARAMETERS_MAX {
        return Err(SqlError::TooManyParameters {
            count: params.len(),
            limit: PARAMETERS_MAX,
        });
    }
    let mut bytes = 0_usize;
    for param in params {
        bytes = bytes.saturating_add(param.bytes());
        if let Value::Integer(number) = *param
            && number.unsigned_abs() > INTEGER_MAX.unsigned_abs()
        {
            return Err(SqlError::IntegerTooLarge(number));
        }
    }
    if bytes > ROW_BYTES_MAX {
        return Err(SqlError::RowTooLarge {
            bytes,
            limit: ROW_BYTES_MAX,
        });
    }
    Ok(())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_exactly_the_limit_fits_and_one_byte_more_does_not() {
        let blob = vec![0; ROW_BYTES_MAX];
        assert_eq!(check_params(&[Value::Blob(&blob)]), Ok(()));
        let expect = SqlError::RowTooLarge {
            bytes: ROW_BYTES_MAX + 1,
            limit: ROW_BYTES_MAX,
        };
        assert_eq!(
            check_params(&[Value::Blob(&blob), Value::Text("x")]),
            Err(expect)
        );
    }

    #[test]
    fn a_statement_takes_a_hundred_parameters() {
        assert_eq!(check_params(&[Value::Null; 100]), Ok(()));
        let expect = SqlError::TooManyParameters {
            count: 101,
            limit: 100,
        };
        assert_eq!(check_params(&[Value::Null; 101]), Err(expect));
    }

    #[test]
    fn an_integer_keeps_its_value_on_the_way_through_javascript() {
        assert_eq!(check_params(&[Value::Integer(INTEGER_MAX)]), Ok(()));
        for number in [INTEGER_MAX + 1, -INTEGER_MAX - 1, i64::MIN, i64::MAX] {
            let expect = Err(SqlError::IntegerTooLarge(number));
            assert_eq!(check_params(&[Value::Integer(number)]), expect);
        }
    }
}
