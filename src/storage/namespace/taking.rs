//! The events of its repositories, taken as their objects hand them over: each once.

use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, in_transaction, query_first};
use crate::storage::event::Event;

impl<D: Database> NamespaceStore<D> {
    /// Takes those of a repository's events that it does not have yet; gives the last that it has.
    pub fn take_events(&self, repository_id: &str, events: &[Event]) -> Result<i64, StoreError> {
        in_transaction(&self.db, || {
            let sql = "SELECT taken FROM event_source WHERE repository_id = ?1";
            let taken = query_first(&self.db, sql, &[repository_id.into()], |row| row.integer(0))?;
            let before = taken.unwrap_or(0);
            let mut taken = before;
            for event in events.iter().filter(|event| event.sequence > before) {
                let body = serde_json::to_string(&event.body);
                let body = body.map_err(|error| StoreError::Failed(error.to_string()))?;
                let sql = "INSERT INTO event (repository_id, source_sequence, at, kind, body)
                    VALUES (?1, ?2, ?3, ?4, ?5)";
                let params = [
                    repository_id.into(),
                    event.sequence.into(),
                    event.at_ms.into(),
                    event.kind.name().into(),
                    body.as_str().into(),
                ];
                self.db.execute(sql, &params)?;
                taken = event.sequence;
            }
            if taken > before {
                let sql = "INSERT INTO event_source (repository_id, taken) VALUES (?1, ?2)
                    ON CONFLICT (repository_id) DO UPDATE SET taken = excluded.taken";
                self.db
                    .execute(sql, &[repository_id.into(), taken.into()])?;
            }
            Ok(taken)
        })
    }
}
