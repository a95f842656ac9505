//! What the objects of webhooks are still to be told: events, changes of a definition, and that
//! the webhook was deleted.

use super::Webhooks;
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::webhook::definition::Definition;

impl<D: Database> Webhooks<'_, D> {
    /// Whether any webhook's object is to be told something.
    pub fn has_untold(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM webhook_pending)
            OR EXISTS (SELECT 1 FROM webhook_deletion)
            OR EXISTS (SELECT 1 FROM webhook WHERE told_version < version OR is_ending = 1)";
        let found = query_first(self.db, sql, &[], |row| row.truth(0))?;
        Ok(found.unwrap_or_default())
    }

    /// The webhooks whose objects are to be told something.
    pub fn untold(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT webhook_id FROM webhook_pending
            UNION SELECT id FROM webhook WHERE told_version < version OR is_ending = 1";
        Ok(query_all(self.db, sql, &[], |row| row.text(0))?)
    }

    /// Whether the object of this webhook is to be told of a change.
    pub fn is_untold(&self, id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT told_version < version OR is_ending = 1 FROM webhook WHERE id = ?1";
        let found = query_first(self.db, sql, &[id.into()], |row| row.truth(0))?;
        Ok(found.unwrap_or_default())
    }

    /// Forgets what waits for a webhook that is no more.
    pub fn forget_waiting(&self, id: &str) -> Result<(), StoreError> {
        Ok(self.forget_pending(id)?)
    }

    /// The webhooks that were deleted and whose objects are to be emptied.
    pub fn deleted(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT webhook_id FROM webhook_deletion";
        Ok(query_all(self.db, sql, &[], |row| row.text(0))?)
    }

    /// The object of a deleted webhook is empty.
    pub fn deletion_told(&self, id: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM webhook_deletion WHERE webhook_id = ?1";
        self.db.execute(sql, &[id.into()])?;
        Ok(())
    }

    /// The places of the next events of a webhook, so many at most, in order.
    pub fn waiting(&self, id: &str, limit: u32) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT sequence FROM webhook_pending WHERE webhook_id = ?1
            ORDER BY sequence LIMIT ?2";
        Ok(query_all(
            self.db,
            sql,
            &[id.into(), limit.into()],
            |row| row.integer(0),
        )?)
    }

    /// The webhook's object has this definition and the events up to this one. A webhook that ends
    /// goes when nothing waits for it: its object ends by itself.
    pub fn told(&self, hook: &Definition, up_to: Option<i64>) -> Result<(), StoreError> {
        let id = hook.id.as_str();
        in_transaction(self.db, || {
            if let Some(up_to) = up_to {
                let sql = "DELETE FROM webhook_pending WHERE webhook_id = ?1 AND sequence <= ?2";
                self.db.execute(sql, &[id.into(), up_to.into()])?;
            }
            let sql = "UPDATE webhook SET told_version = ?2 WHERE id = ?1 AND told_version < ?2";
            self.db.execute(sql, &[id.into(), hook.version.into()])?;
            if hook.is_ending {
                let sql = "DELETE FROM webhook WHERE id = ?1 AND is_ending = 1 AND NOT EXISTS
                    (SELECT 1 FROM webhook_pending WHERE webhook_id = ?1)";
                self.db.execute(sql, &[id.into()])?;
            }
            Ok(())
        })
    }
}
