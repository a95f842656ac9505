//! Blobs that were put by REST, until a commit names them.

use gix_hash::{ObjectId, oid};

use super::publication::PackPublication;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, in_transaction, query_first};

impl<D: Database> RepoStore<D> {
    /// Makes the pack of a blob live that no ref names, and notes who put it. The next prune is due, since a
    /// ref may never name it.
    pub fn publish_blob(
        &self,
        pack: &PackPublication,
        blob_id: &ObjectId,
        put_by: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let published = in_transaction(&self.db, || {
            self.publish_unnamed(pack, now_ms)?;
            self.db
                .execute("UPDATE repository SET pruned_reflog_seq = -1", &[])?;
            let sql = "INSERT OR REPLACE INTO put_blob (blob_id, put_by, put_at)
                VALUES (?1, ?2, ?3)";
            let params = [blob_id.as_slice().into(), put_by.into(), now_ms.into()];
            self.db.execute(sql, &params)?;
            Ok(())
        });
        if published.is_err() {
            // The undone transaction may have cached rows that it read.
            self.forget_live_packs();
        }
        published
    }

    /// Whether this caller put the blob.
    pub fn has_put(&self, blob_id: &oid, put_by: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM put_blob WHERE blob_id = ?1 AND put_by = ?2";
        let params = [blob_id.as_bytes().into(), put_by.into()];
        let found = query_first(&self.db, sql, &params, |row| row.integer(0))?;
        Ok(found.is_some())
    }

    /// Forgets blobs that were put before this time.
    pub fn forget_put_blobs(&self, before_ms: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM put_blob WHERE put_at < ?1";
        self.db.execute(sql, &[before_ms.into()])?;
        Ok(())
    }
}
