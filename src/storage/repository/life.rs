//! The begin of a repository's end, and its place in a fork network.

use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::Database;

impl<D: Database> RepoStore<D> {
    /// Makes the repository one of a fork network, unless it is one already: to be done before the
    /// network hears of it, so that a deletion knows whom to tell.
    pub fn join_network(&self, network_id: &str) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET network_id = ?1 WHERE network_id IS NULL";
        self.db.execute(sql, &[network_id.into()])?;
        Ok(())
    }

    /// Gives the repository other names.
    pub fn rename(&self, namespace: &str, name: &str, now_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET namespace = ?1, name = ?2, updated_at = ?3";
        let values = [namespace.into(), name.into(), now_ms.into()];
        self.db.execute(sql, &values)?;
        Ok(())
    }

    /// Ends the repository for every caller. Later steps empty its database.
    pub fn begin_deletion(&self) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET phase = 'deleting' WHERE phase <> 'deleting'";
        self.db.execute(sql, &[])?;
        Ok(())
    }
}
