//! The notes that wait for the objects of webhooks: events, changes of a definition, and that
//! the webhook was deleted.

use super::Webhooks;
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::webhook::definition::Definition;

/// Goes from one webhook to the next in the key of the waiting notes.
const UNTOLD: &str = "WITH RECURSIVE waiting (id) AS (
        SELECT min(webhook_id) FROM webhook_pending
        UNION ALL
        SELECT (SELECT min(webhook_id) FROM webhook_pending WHERE webhook_id > id)
        FROM waiting WHERE id IS NOT NULL
    )
    SELECT id FROM waiting WHERE id IS NOT NULL
    UNION SELECT id FROM webhook WHERE told_version < version OR is_ending = 1";

impl<D: Database> Webhooks<'_, D> {
    /// Whether there is anything to tell any webhook's object.
    pub fn has_untold(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM webhook_pending)
            OR EXISTS (SELECT 1 FROM webhook_deletion)
            OR EXISTS (SELECT 1 FROM webhook WHERE told_version < version OR is_ending = 1)";
        let found = query_first(self.db, sql, &[], |row| row.truth(0))?;
        Ok(found.unwrap_or_default())
    }

    /// The webhooks whose objects have notes waiting. Reads one row for each webhook, however many
    /// events wait for it.
    pub fn untold(&self) -> Result<Vec<String>, StoreError> {
        Ok(query_all(self.db, UNTOLD, &[], |row| row.text(0))?)
    }

    /// Whether the object of this webhook has not heard of a change yet.
    pub fn is_untold(&self, id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT told_version < version OR is_ending = 1 FROM webhook WHERE id = ?1";
        let found = query_first(self.db, sql, &[id.into()], |row| row.truth(0))?;
        Ok(found.unwrap_or_default())
    }

    /// Forgets the waiting notes of a webhook that is gone.
    pub fn forget_waiting(&self, id: &str) -> Result<(), StoreError> {
        Ok(self.forget_pending(id)?)
    }

    /// The deleted webhooks whose objects are not empty yet.
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

#[cfg(test)]
mod tests {
    use super::UNTOLD;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;
    use crate::storage::db::sql::{Database as _, query_all};
    use crate::storage::namespace::store::NamespaceStore;

    #[test]
    fn the_webhooks_to_tell_are_found_without_reading_every_waiting_event() {
        let store = NamespaceStore::new(RusqliteDatabase::in_memory().unwrap());
        store.create("demo", 1).unwrap();
        let webhooks = store.webhooks();
        assert_eq!(webhooks.untold(), Ok(Vec::new()));
        let sql = "INSERT INTO webhook_pending (webhook_id, sequence)
            VALUES ('a', 1), ('a', 2), ('b', 1), ('c', 9)";
        store.database().execute(sql, &[]).unwrap();
        let expected = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(webhooks.untold(), Ok(expected));

        let explain: &'static str = format!("EXPLAIN QUERY PLAN {UNTOLD}").leak();
        let plan = query_all(store.database(), explain, &[], |row| row.text(3)).unwrap();
        let scans = |step: &&String| step.contains("SCAN webhook_pending");
        assert_eq!(plan.iter().find(scans), None, "{plan:?}");
    }
}
