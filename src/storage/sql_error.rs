//! Why a statement failed.

use crate::git::store::StoreError;

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
        /// [`ROW_BYTES_MAX`](super::row::ROW_BYTES_MAX).
        limit: usize,
    },
    /// Too many values were bound.
    #[error("{count} bound parameters, at most {limit} are allowed")]
    TooManyParameters {
        /// How many.
        count: usize,
        /// [`PARAMETERS_MAX`](super::row::PARAMETERS_MAX).
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
