//! The webhooks of a namespace and of its repositories, and the events that they are still to get.

use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, query_first};
use crate::storage::event::Event;

impl<D: Database> NamespaceStore<D> {
    /// Notes for each active webhook that wants them the events that were just taken: the place of
    /// each in the namespace's order, and the event. Called in the transaction that takes them;
    /// `repository_id` is empty of the namespace's own.
    pub(crate) fn note_pending(
        &self,
        _repository_id: &str,
        _events: &[(i64, &Event)],
    ) -> Result<(), StoreError> {
        Ok(())
    }

    /// The place of the oldest event that a webhook's object has not been given yet.
    pub(crate) fn oldest_pending(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT sequence FROM webhook_pending ORDER BY sequence LIMIT 1";
        Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?)
    }
}
