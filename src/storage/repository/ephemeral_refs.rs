//! Refs under `refs/ephemeral/` and when each goes. A row is written by the transaction that writes the
//! ref, and removed with it ([`publish`](super::publish)).

use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::publication::{Publication, PushEvents, RefOutcome, RefUpdate};
use super::store::RepoStore;
use crate::git::refname;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::event::EventOrigin;

impl<D: Database> RepoStore<D> {
    /// Notes when a ref goes that is written now; `None`: it is gone already, or stays.
    pub(super) fn note_ephemeral(
        &self,
        name: &BStr,
        expires_at: Option<i64>,
    ) -> Result<(), StoreError> {
        if !refname::is_ephemeral(name) {
            return Ok(());
        }
        let name = Value::Blob(name.as_bytes());
        if let Some(at_ms) = expires_at {
            let sql = "INSERT INTO ephemeral_ref (name, expires_at) VALUES (?1, ?2)
                ON CONFLICT (name) DO UPDATE SET expires_at = ?2";
            self.db.execute(sql, &[name, at_ms.into()])?;
        } else {
            let sql = "DELETE FROM ephemeral_ref WHERE name = ?1";
            self.db.execute(sql, &[name])?;
        }
        Ok(())
    }

    /// When the first of them goes, in unix milliseconds.
    pub fn ephemeral_refs_due(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT expires_at FROM ephemeral_ref ORDER BY expires_at LIMIT 1";
        Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?)
    }

    /// Deletes refs whose time has come, at most `refs_max` of them, as a push of `origin` would. Gives
    /// how many rows that removed.
    pub fn expire_ephemeral_refs(
        &self,
        origin: &EventOrigin,
        now_ms: i64,
        refs_max: u32,
    ) -> Result<u64, StoreError> {
        in_transaction(&self.db, || {
            let sql = "SELECT name FROM ephemeral_ref WHERE expires_at <= ?1
                ORDER BY expires_at LIMIT ?2";
            let params = [now_ms.into(), refs_max.into()];
            let names = query_all(&self.db, sql, &params, |row| {
                Ok(BString::from(row.blob(0)?))
            })?;
            let mut updates = Vec::with_capacity(names.len());
            for name in &names {
                match self.find_ref(name.as_bstr())? {
                    Some(found) => updates.push(RefUpdate {
                        name: name.clone(),
                        old: Some(found.target),
                        ..RefUpdate::default()
                    }),
                    None => self.note_ephemeral(name.as_bstr(), None)?,
                }
            }
            if !updates.is_empty() {
                let outcomes = self.publish(&Publication {
                    updates,
                    events: Some(PushEvents {
                        origin: origin.clone(),
                        commits: Vec::new(),
                    }),
                    is_by_itself: true,
                    now_ms,
                    ..Publication::default()
                })?;
                debug_assert!(
                    outcomes
                        .iter()
                        .all(|outcome| *outcome == RefOutcome::Updated),
                    "nothing moves a ref inside of a transaction"
                );
            }
            Ok(names.len() as u64)
        })
    }
}

#[cfg(test)]
mod tests {
    use gix_hash::ObjectId;

    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;
    use crate::storage::repository::lifetime::{BoundChange, LifetimeChange};
    use crate::storage::repository::testing::store;

    type Store = RepoStore<RusqliteDatabase>;

    fn push(store: &Store, name: &str, ids: (Option<u8>, Option<u8>), expires_at: i64) {
        let id = |byte: Option<u8>| byte.map(|byte| ObjectId::from([byte; 20]));
        let update = RefUpdate {
            name: name.into(),
            old: id(ids.0),
            new: id(ids.1),
            peeled: None,
        };
        let outcomes = store.publish(&Publication {
            updates: vec![update],
            ephemeral_until_ms: Some(expires_at),
            now_ms: 7,
            ..Publication::default()
        });
        assert_eq!(outcomes.unwrap(), [RefOutcome::Updated]);
    }

    fn names(store: &Store) -> Vec<String> {
        let refs = store.refs(b"refs/", None, 100).unwrap();
        refs.iter().map(|found| found.name.to_string()).collect()
    }

    #[test]
    fn an_ephemeral_ref_goes_when_its_time_has_come_and_others_stay() {
        let store = store();
        push(&store, "refs/heads/main", (None, Some(1)), 100);
        assert_eq!(store.ephemeral_refs_due().unwrap(), None);
        push(&store, "refs/ephemeral/a", (None, Some(1)), 200);
        push(&store, "refs/ephemeral/b", (None, Some(2)), 100);
        push(&store, "refs/ephemeral/c", (None, Some(3)), 50);
        // A ref that moves lives longer, and one that is deleted leaves nothing.
        push(&store, "refs/ephemeral/b", (Some(2), Some(3)), 300);
        push(&store, "refs/ephemeral/c", (Some(3), None), 50);
        assert_eq!(store.ephemeral_refs_due().unwrap(), Some(200));
        let origin = EventOrigin::default();
        assert_eq!(store.expire_ephemeral_refs(&origin, 199, 10), Ok(0));
        let pushed_at = || store.load().unwrap().unwrap().last_push_at;
        assert_eq!(store.expire_ephemeral_refs(&origin, 200, 10), Ok(1));
        assert_eq!(names(&store), ["refs/ephemeral/b", "refs/heads/main"]);
        assert_eq!(pushed_at(), Some(7), "that was no push");
        let log = store.last_reflog_seq().unwrap();
        let events = store.events_after(0, 100, 1 << 20).unwrap().events;
        let body = &events.last().unwrap().body;
        assert!(body.payload.get().contains("refs/ephemeral/a"), "{body:?}");
        assert_eq!(store.expire_ephemeral_refs(&origin, 400, 10), Ok(1));
        assert_eq!(store.last_reflog_seq().unwrap(), log + 1);
        assert_eq!(store.ephemeral_refs_due().unwrap(), None);
        assert_eq!(names(&store), ["refs/heads/main"]);
    }

    /// It moved `updated_at`, and with it the end of an idle repository.
    #[test]
    fn the_end_of_an_ephemeral_ref_is_no_use_of_the_repository() {
        let store = store();
        store
            .set_lifetime(&LifetimeChange {
                idle_ttl_seconds: BoundChange::Set(1600),
                ..LifetimeChange::default()
            })
            .unwrap();
        push(&store, "refs/ephemeral/a", (None, Some(1)), 100);
        let record = || store.load().unwrap().unwrap();
        let before = record();
        assert_eq!(before.updated_at, 7);
        let origin = EventOrigin::default();
        assert_eq!(store.expire_ephemeral_refs(&origin, 200, 10), Ok(1));
        assert_eq!(record().ends_at(), before.ends_at());
        assert_eq!(record().updated_at, 7);
    }

    #[test]
    fn a_ref_that_is_pushed_again_where_it_is_lives_longer() {
        let store = store();
        push(&store, "refs/ephemeral/a", (None, Some(1)), 100);
        push(&store, "refs/ephemeral/a", (Some(1), Some(1)), 300);
        assert_eq!(store.ephemeral_refs_due().unwrap(), Some(300));
    }

    #[test]
    fn so_many_refs_go_at_once_and_the_oldest_first() {
        let store = store();
        for number in 1..=5 {
            let name = format!("refs/ephemeral/{number}");
            push(&store, &name, (None, Some(number)), 10 - i64::from(number));
        }
        let origin = EventOrigin::default();
        assert_eq!(store.expire_ephemeral_refs(&origin, 100, 2), Ok(2));
        let left = ["refs/ephemeral/1", "refs/ephemeral/2", "refs/ephemeral/3"];
        assert_eq!(names(&store), left);
    }
}
