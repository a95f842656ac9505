//! How much a namespace has, and how much it may have.

use super::figures::{Totals, integer};
use super::quotas::{self, Quotas};
use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, query_first};

impl<D: Database> NamespaceStore<D> {
    /// How many repositories are live, and their sizes together. The database has a schema.
    pub(crate) fn totals(&self) -> Result<(u64, Totals), StoreError> {
        let sql = "SELECT count(*), coalesce(sum(size_bytes), 0), coalesce(sum(object_count), 0),
                coalesce(sum(lfs_bytes), 0), coalesce(sum(database_bytes), 0),
                coalesce(sum(r2_bytes), 0)
            FROM repository WHERE state = 'live'";
        let totals = query_first(&self.db, sql, &[], |row| {
            let totals = Totals {
                size_bytes: row.unsigned(1)?,
                object_count: row.unsigned(2)?,
                lfs_bytes: row.unsigned(3)?,
                database_bytes: row.unsigned(4)?,
                r2_bytes: row.unsigned(5)?,
            };
            Ok((row.unsigned(0)?, totals))
        })?;
        Ok(totals.unwrap_or_default())
    }

    /// Its bounds. The database has a schema.
    pub(crate) fn quotas(&self) -> Result<Quotas, StoreError> {
        let sql = "SELECT bytes_max, repos_max FROM namespace";
        let quotas = query_first(&self.db, sql, &[], |row| quotas::read(row, 0))?;
        Ok(quotas.unwrap_or_default())
    }

    /// Sets its bounds. Repositories and bytes above the bounds stay.
    pub(crate) fn set_quotas(&self, quotas: &Quotas) -> Result<(), StoreError> {
        let sql = "UPDATE namespace SET bytes_max = ?1, repos_max = ?2";
        let params = [
            Value::integer(quotas.bytes_max.map(integer)),
            Value::integer(quotas.repos_max.map(integer)),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// The bytes that count against the bound, without those of one repository. One that is just being
    /// restored counts already. The database has a schema.
    pub(crate) fn quota_bytes_without(&self, repository_id: &str) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(size_bytes + lfs_bytes), 0) FROM repository
            WHERE id <> ?1";
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
