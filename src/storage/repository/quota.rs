//! The bytes of a repository, and how many it may have.

use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::{INTEGER_MAX, Value};
use crate::storage::db::sql::Database;

impl<D: Database> RepoStore<D> {
    /// The bytes that count against a quota: those of its live packs, and those of its large files.
    pub fn quota_bytes(&self) -> Result<u64, StoreError> {
        let (pack_bytes, _) = self.live_sizes()?;
        Ok(pack_bytes.saturating_add(self.lfs_totals()?.bytes))
    }

    /// Sets the bytes that it may have; `None`: any number. Bytes above it stay.
    pub fn set_bytes_max(&self, bytes_max: Option<u64>) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET bytes_max = ?1";
        let most = |bytes: u64| i64::try_from(bytes).unwrap_or(INTEGER_MAX).min(INTEGER_MAX);
        self.db
            .execute(sql, &[Value::integer(bytes_max.map(most))])?;
        Ok(())
    }
}
