//! How large the repositories of a namespace are: a copy of their own objects' figures, which they
//! bring up to date with each message that they send anyway.

use crate::storage::db::row::{INTEGER_MAX, Row};
use crate::storage::db::sql_error::SqlError;

/// The sizes of a repository as its namespace last heard of them, and when it ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Bytes of its live packs.
    pub size_bytes: u64,
    /// Objects in them.
    pub object_count: u64,
    /// Bytes of its objects of Git LFS.
    pub lfs_bytes: u64,
    /// Bytes of its database.
    pub database_bytes: u64,
    /// Bytes that R2 has for it.
    pub r2_bytes: u64,
    /// Unix milliseconds: when it deletes itself.
    pub expires_at: Option<i64>,
}

impl Figures {
    /// The bytes that count against a quota.
    #[must_use]
    pub fn quota_bytes(&self) -> u64 {
        self.size_bytes.saturating_add(self.lfs_bytes)
    }
}

/// Figures that a repository tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FiguresChange {
    /// Bytes of its live packs.
    pub size_bytes: u64,
    /// Objects in them.
    pub object_count: u64,
    /// Bytes of its objects of Git LFS.
    pub lfs_bytes: u64,
    /// Bytes of its database.
    pub database_bytes: u64,
    /// Bytes that R2 has for it; `None`: as told before.
    pub r2_bytes: Option<u64>,
    /// Unix milliseconds: when it deletes itself.
    pub expires_at: Option<i64>,
}

impl FiguresChange {
    /// The bytes that R2 has for it, as a column holds them.
    pub(super) fn r2(self) -> Option<i64> {
        self.r2_bytes.map(integer)
    }
}

/// The sizes of all live repositories of a namespace together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes of live packs.
    pub size_bytes: u64,
    /// Objects in them.
    pub object_count: u64,
    /// Bytes of objects of Git LFS.
    pub lfs_bytes: u64,
    /// Bytes of databases.
    pub database_bytes: u64,
    /// Bytes in R2. Packs and large files that forks share count once for each that names them.
    pub r2_bytes: u64,
}

impl Totals {
    /// The bytes that count against a quota.
    #[must_use]
    pub fn quota_bytes(&self) -> u64 {
        self.size_bytes.saturating_add(self.lfs_bytes)
    }
}

/// Reads the columns in the order of the fields, the first of which has this number.
pub(super) fn read(row: &dyn Row, first: usize) -> Result<Figures, SqlError> {
    let at = |offset: usize| first.saturating_add(offset);
    Ok(Figures {
        size_bytes: row.unsigned(at(0))?,
        object_count: row.unsigned(at(1))?,
        lfs_bytes: row.unsigned(at(2))?,
        database_bytes: row.unsigned(at(3))?,
        r2_bytes: row.unsigned(at(4))?,
        expires_at: row.integer_or_null(at(5))?,
    })
}

/// The number as a column holds it exactly; sizes are far below its bound.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number)
        .unwrap_or(INTEGER_MAX)
        .min(INTEGER_MAX)
}
