//! The bounds of a namespace: how many repositories it may have, and how many bytes.

use serde::{Deserialize, Serialize};

use super::figures::integer;
use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::sql::{Database, query_first};
use crate::storage::db::sql_error::SqlError;

/// The bounds of a namespace; `None`: there is no such bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Quotas {
    /// Bytes of the packs and large files of its repositories together.
    pub bytes_max: Option<u64>,
    /// Repositories, those that are being made included.
    pub repos_max: Option<u64>,
}

impl<D: Database> NamespaceStore<D> {
    /// Its bounds. The database has a schema.
    pub(crate) fn quotas(&self) -> Result<Quotas, StoreError> {
        let sql = "SELECT bytes_max, repos_max FROM namespace";
        let quotas = query_first(&self.db, sql, &[], |row| read(row, 0))?;
        Ok(quotas.unwrap_or_default())
    }

    /// Sets its bounds. What is there stays, though it be more.
    pub(crate) fn set_quotas(&self, quotas: &Quotas) -> Result<(), StoreError> {
        let sql = "UPDATE namespace SET bytes_max = ?1, repos_max = ?2";
        let params = [
            Value::integer(quotas.bytes_max.map(integer)),
            Value::integer(quotas.repos_max.map(integer)),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// The bytes that count against the bound, without those of one repository. The database has a
    /// schema.
    pub(crate) fn quota_bytes_without(&self, repository_id: &str) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(size_bytes + lfs_bytes), 0) FROM repository
            WHERE state = 'live' AND id <> ?1";
        let bytes = query_first(&self.db, sql, &[repository_id.into()], |row| {
            row.unsigned(0)
        })?;
        Ok(bytes.unwrap_or(0))
    }

    /// Names that are taken, those of repositories that are being made included. The database has a
    /// schema.
    pub(crate) fn names_taken(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM repository";
        Ok(query_first(&self.db, sql, &[], |row| row.unsigned(0))?.unwrap_or(0))
    }
}

/// Reads the two columns, the first of which has this number.
pub(super) fn read(row: &dyn Row, first: usize) -> Result<Quotas, SqlError> {
    let bound = |column: usize| {
        let bound = row.integer_or_null(column)?;
        Ok::<_, SqlError>(bound.and_then(|bound| u64::try_from(bound).ok()))
    };
    Ok(Quotas {
        bytes_max: bound(first)?,
        repos_max: bound(first.saturating_add(1))?,
    })
}
