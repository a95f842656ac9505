//! What the objects of webhooks are still to be told: events, changes of a definition, and that
//! the webhook was deleted.

use super::{Webhook, Webhooks};
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};

/// An event that waits for a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its sequence in the namespace.
    pub sequence: i64,
    /// Where it happened; empty: to the namespace itself.
    pub repository_id: String,
    /// Its sequence there.
    pub source_sequence: i64,
    /// When: Unix milliseconds.
    pub at: i64,
    /// Its type without the prefix.
    pub kind: String,
    /// Payload, actor, names and request id, as JSON.
    pub body: String,
}

impl<D: Database> Webhooks<'_, D> {
    /// The webhooks whose objects are to be told something.
    pub fn untold(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT id FROM webhook
            WHERE told_version < version OR is_ending = 1
                OR EXISTS (SELECT 1 FROM webhook_pending WHERE webhook_id = webhook.id)";
        Ok(query_all(self.db, sql, &[], |row| row.text(0))?)
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

    /// The next events of a webhook, so many at most, in order; an event that is kept no more is
    /// left out.
    pub fn waiting(&self, id: &str, limit: u32) -> Result<Vec<Waiting>, StoreError> {
        let sql = "SELECT event.sequence, event.repository_id, event.source_sequence, event.at,
                event.kind, event.body
            FROM webhook_pending JOIN event ON event.sequence = webhook_pending.sequence
            WHERE webhook_pending.webhook_id = ?1 ORDER BY webhook_pending.sequence LIMIT ?2";
        Ok(query_all(
            self.db,
            sql,
            &[id.into(), limit.into()],
            |row| {
                Ok(Waiting {
                    sequence: row.integer(0)?,
                    repository_id: row.text(1)?,
                    source_sequence: row.integer(2)?,
                    at: row.integer(3)?,
                    kind: row.text(4)?,
                    body: row.text(5)?,
                })
            },
        )?)
    }

    /// The lowest event that waits for any webhook: it must be kept.
    pub fn oldest_pending(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT min(sequence) FROM webhook_pending";
        let oldest = query_first(self.db, sql, &[], |row| row.integer_or_null(0))?;
        Ok(oldest.flatten())
    }

    /// The webhook's object has this definition and the events up to this one. A webhook that ends
    /// goes when nothing waits for it: its object ends by itself.
    pub fn told(&self, hook: &Webhook, up_to: Option<i64>) -> Result<(), StoreError> {
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
