//! Why a statement failed.

use crate::git::store::{LastingFault, StoreError};

/// A statement failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The database refused or failed; its own words.
    #[error("sqlite: {0}")]
    Failed(String),
    /// The bound values together exceed the size of a row.
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
        /// The type that the caller asked for.
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

impl SqlError {
    /// Why it will fail again, if its words say so: SQLite's, and those of the platform where an
    /// account's plan takes no more.
    fn lasting(&self) -> Option<LastingFault> {
        match self {
            Self::Failed(words) => lasting(words),
            Self::TooNew { .. } => lasting(NEWER),
            Self::WrongSchema { .. } => Some(LastingFault::Damaged),
            _ => None,
        }
    }
}

/// Part of the words of [`SqlError::TooNew`].
const NEWER: &str = "this code knows up to";

/// The lasting fault that SQLite or the platform tells of in these words.
pub(crate) fn lasting(words: &str) -> Option<LastingFault> {
    const FULL: [&str; 3] = ["SQLITE_FULL", "disk is full", "Exceeded allowed"];
    const DAMAGED: [&str; 4] = [
        "SQLITE_CORRUPT",
        "SQLITE_NOTADB",
        "is malformed",
        "is not a database",
    ];
    // SQLite's Unix layer says SQLITE_FULL only for ENOSPC. A quota, a file-size limit and a
    // read-only or failing disk come as these extended codes, which workerd passes on. A plain
    // SQLITE_IOERR may pass, and so may a failed read (<https://www.sqlite.org/rescode.html>).
    const UNWRITABLE: [&str; 6] = [
        "SQLITE_IOERR_WRITE",
        "SQLITE_IOERR_FSYNC",
        "SQLITE_IOERR_DIR_FSYNC",
        "SQLITE_IOERR_TRUNCATE",
        "SQLITE_IOERR_SHMSIZE",
        "SQLITE_READONLY",
    ];
    let says = |any: &[&str]| any.iter().any(|says| words.contains(says));
    if words.contains(NEWER) {
        Some(LastingFault::Newer)
    } else if says(&FULL) {
        Some(LastingFault::Full)
    } else if says(&UNWRITABLE) {
        Some(LastingFault::Unwritable)
    } else if says(&DAMAGED) {
        Some(LastingFault::Damaged)
    } else {
        None
    }
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        let cause = error.to_string();
        match error.lasting() {
            Some(fault) => Self::Lasting { fault, cause },
            None => Self::Failed(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lasting_errors_differ_from_passing_ones() {
        let failed = |words: &str| StoreError::from(SqlError::Failed(words.to_owned())).lasting();
        for words in [
            "database or disk is full: SQLITE_FULL",
            "Exceeded allowed rows written in Durable Objects free tier.",
        ] {
            assert_eq!(failed(words), Some(LastingFault::Full), "{words}");
        }
        for words in [
            "database disk image is malformed: SQLITE_CORRUPT",
            "file is not a database: SQLITE_NOTADB",
        ] {
            assert_eq!(failed(words), Some(LastingFault::Damaged), "{words}");
        }
        for words in ["database is locked: SQLITE_BUSY", "interrupted", ""] {
            assert_eq!(failed(words), None, "{words}");
        }
        let newer = SqlError::TooNew {
            schema: "repository",
            found: 9,
            known: 6,
        };
        assert_eq!(lasting(&newer.to_string()), Some(LastingFault::Newer));
        assert_eq!(StoreError::from(newer).lasting(), Some(LastingFault::Newer));
        for fault in [
            LastingFault::Full,
            LastingFault::Unwritable,
            LastingFault::Damaged,
            LastingFault::Newer,
        ] {
            assert!(!fault.told().contains("again"), "{}", fault.told());
        }
    }

    #[test]
    fn a_disk_that_cannot_be_written_is_a_lasting_fault() {
        let failed = |words: &str| StoreError::from(SqlError::Failed(words.to_owned()));
        for words in [
            // workerd's words under RLIMIT_FSIZE. On a file system without room it says
            // SQLITE_FULL.
            "Error: disk I/O error: SQLITE_IOERR (extended: SQLITE_IOERR_WRITE)",
            "disk I/O error: SQLITE_IOERR (extended: SQLITE_IOERR_FSYNC)",
            "attempt to write a readonly database: SQLITE_READONLY",
        ] {
            let error = failed(words);
            assert_eq!(error.lasting(), Some(LastingFault::Unwritable), "{words}");
            assert!(
                error.told().contains("cannot be written"),
                "{}",
                error.told()
            );
        }
        for words in [
            "disk I/O error: SQLITE_IOERR",
            "disk I/O error: SQLITE_IOERR (extended: SQLITE_IOERR_READ)",
        ] {
            assert_eq!(failed(words).lasting(), None, "{words}");
        }
    }
}
