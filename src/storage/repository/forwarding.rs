//! Which object has the repository that goes by the name of this one.

use super::store::RepoStore;
use super::whereabouts::Forwarding;
use crate::git::store::StoreError;
use crate::storage::db::schema;
use crate::storage::db::sql::{Database, in_transaction, query_first};

impl<D: Database> RepoStore<D> {
    /// The object that has the repository by this object's name, if it is another one.
    pub fn forwarding(&self) -> Result<Option<Forwarding>, StoreError> {
        if let Some(kept) = &*self.kept_forwarding.borrow() {
            return Ok(kept.clone());
        }
        if !self.is_created()? {
            return Ok(None);
        }
        let sql = "SELECT object_name, repository_id FROM forwarding";
        let read = query_first(&self.db, sql, &[], |row| {
            Ok(Forwarding {
                object_name: row.text(0)?,
                repository_id: row.text(1)?,
            })
        })?;
        // A transaction that wrote it may be undone.
        if !self.db.in_transaction() {
            self.kept_forwarding.replace(Some(read.clone()));
        }
        Ok(read)
    }

    /// Sends requests to another object from now on, also where no repository was ever made.
    pub fn set_forwarding(&self, to: &Forwarding) -> Result<(), StoreError> {
        self.kept_forwarding.take();
        in_transaction(&self.db, || {
            schema::migrate(&self.db, schema::REPOSITORY)?;
            let sql = "INSERT INTO forwarding (singleton, object_name, repository_id)
                VALUES (1, ?1, ?2)
                ON CONFLICT (singleton) DO UPDATE SET
                    object_name = excluded.object_name, repository_id = excluded.repository_id";
            let texts = [&to.object_name, &to.repository_id];
            self.db
                .execute(sql, &texts.map(|text| text.as_str().into()))?;
            Ok(())
        })
    }

    /// Sends requests nowhere else any more.
    pub fn clear_forwarding(&self) -> Result<(), StoreError> {
        if self.forwarding()?.is_some() {
            self.kept_forwarding.take();
            self.db.execute("DELETE FROM forwarding", &[])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;

    #[test]
    fn an_object_without_a_repository_can_forward() {
        let store = RepoStore::new(RusqliteDatabase::in_memory().unwrap(), Box::new(|| 0));
        assert_eq!(store.forwarding(), Ok(None));
        let there = |object_name: &str| Forwarding {
            object_name: object_name.to_owned(),
            repository_id: "0123456789abcdef".to_owned(),
        };
        for object_name in ["acme/widget", "acme/widget~0123456789abcdef"] {
            store.set_forwarding(&there(object_name)).unwrap();
            assert_eq!(store.forwarding(), Ok(Some(there(object_name))));
            assert_eq!(store.load(), Ok(None), "no repository is made by that");
        }
        store.clear_forwarding().unwrap();
        assert_eq!(store.forwarding(), Ok(None));
    }
}
