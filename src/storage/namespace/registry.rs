//! The registry of namespaces: derived data, so that they can be listed.

use super::audit::{self, AuditBody, AuditPage, AuditQuery};
use super::store::name_key;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::schema::{self, REGISTRY};
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};

/// The database of the registry.
#[derive(Debug)]
pub(crate) struct RegistryStore<D> {
    db: D,
}

/// A namespace as the registry knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegisteredNamespace {
    /// Its name as its creator spelt it.
    pub(crate) name: String,
    /// Unix milliseconds.
    pub(crate) created_at: i64,
}

impl<D: Database> RegistryStore<D> {
    /// Opens the database as it is: call [`schema::wake`] before.
    pub(crate) fn new(db: D) -> Self {
        Self { db }
    }

    /// Notes a namespace; one made later under the same name takes its place.
    pub(crate) fn register(&self, name: &str, created_at: i64) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            schema::migrate(&self.db, REGISTRY)?;
            let sql = "INSERT INTO namespace (name_key, name, created_at) VALUES (?1, ?2, ?3)
                ON CONFLICT (name_key) DO UPDATE
                SET name = excluded.name, created_at = excluded.created_at
                WHERE excluded.created_at > created_at";
            let key = name_key(name);
            self.db
                .execute(sql, &[key.as_str().into(), name.into(), created_at.into()])?;
            Ok(())
        })
    }

    /// Notes a namespace that is about to be made, unless it is noted already.
    pub(crate) fn announce(&self, name: &str, created_at: i64) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            schema::migrate(&self.db, REGISTRY)?;
            let sql = "INSERT INTO namespace (name_key, name, created_at) VALUES (?1, ?2, ?3)
                ON CONFLICT (name_key) DO NOTHING";
            let key = name_key(name);
            self.db
                .execute(sql, &[key.as_str().into(), name.into(), created_at.into()])?;
            Ok(())
        })
    }

    /// Whether a namespace is noted.
    pub(crate) fn contains(&self, name: &str) -> Result<bool, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(false);
        }
        let sql = "SELECT 1 FROM namespace WHERE name_key = ?1";
        let key = name_key(name);
        let found = query_first(&self.db, sql, &[key.as_str().into()], |row| row.integer(0))?;
        Ok(found.is_some())
    }

    /// Forgets a namespace that was made then; one made later under the same name stays.
    pub(crate) fn unregister(&self, name: &str, created_at: i64) -> Result<(), StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(());
        }
        let sql = "DELETE FROM namespace WHERE name_key = ?1 AND created_at <= ?2";
        let key = name_key(name);
        self.db
            .execute(sql, &[key.as_str().into(), created_at.into()])?;
        Ok(())
    }

    /// Writes an act on a namespace into the log.
    pub(crate) fn note_act(
        &self,
        at_ms: i64,
        action: &str,
        body: &AuditBody,
    ) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            schema::migrate(&self.db, REGISTRY)?;
            audit::write_entry(&self.db, at_ms, action, body)
        })
    }

    /// A page of that log.
    pub(crate) fn acts(&self, query: &AuditQuery<'_>, limit: u32) -> Result<AuditPage, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(AuditPage {
                entries: Vec::new(),
                next: None,
            });
        }
        audit::read_page(&self.db, query, limit)
    }

    /// Namespaces by name, from the one after `after` on.
    pub(crate) fn list(
        &self,
        search: Option<&str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<RegisteredNamespace>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(Vec::new());
        }
        let sql = "SELECT name, created_at FROM namespace
            WHERE (?1 IS NULL OR instr(name_key, ?1) > 0) AND name_key > ?2
            ORDER BY name_key LIMIT ?3";
        let search = search.map(name_key);
        let after = after.map(name_key).unwrap_or_default();
        let params = [
            Value::text(search.as_deref()),
            after.as_str().into(),
            limit.into(),
        ];
        Ok(query_all(&self.db, sql, &params, |row| {
            Ok(RegisteredNamespace {
                name: row.text(0)?,
                created_at: row.integer(1)?,
            })
        })?)
    }

    /// How many names the search finds.
    pub(crate) fn count(&self, search: Option<&str>) -> Result<u64, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(0);
        }
        let sql = "SELECT count(*) FROM namespace WHERE ?1 IS NULL OR instr(name_key, ?1) > 0";
        let search = search.map(name_key);
        let params = [Value::text(search.as_deref())];
        Ok(query_first(&self.db, sql, &params, |row| row.unsigned(0))?.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;

    fn names(store: &RegistryStore<RusqliteDatabase>, after: Option<&str>) -> Vec<String> {
        let listed = store.list(None, after, 2).unwrap();
        listed.into_iter().map(|namespace| namespace.name).collect()
    }

    #[test]
    fn namespaces_come_and_go() {
        let store = RegistryStore::new(RusqliteDatabase::in_memory().unwrap());
        assert_eq!(names(&store, None), [""; 0]);
        assert_eq!(store.contains("acme"), Ok(false));
        assert_eq!(store.db.rows_written(), 0);
        store.unregister("Acme", 5).unwrap();
        for name in ["cc", "Acme", "bb"] {
            store.register(name, 1).unwrap();
        }
        assert_eq!(names(&store, None), ["Acme", "bb"]);
        assert_eq!(names(&store, Some("BB")), ["cc"]);
        assert_eq!(store.list(Some("CM"), None, 9).unwrap().len(), 1);
        assert_eq!(store.count(Some("CM")), Ok(1));

        assert_eq!(store.contains("ACME"), Ok(true));
        assert_eq!(store.contains("Acm"), Ok(false));
        store.announce("ACME", 2).unwrap();
        assert_eq!(names(&store, None), ["Acme", "bb"], "noted already");

        store.register("ACME", 2).unwrap();
        store.unregister("acme", 1).unwrap();
        assert_eq!(
            names(&store, None),
            ["ACME", "bb"],
            "a late farewell is to another"
        );
        store.unregister("acme", 2).unwrap();
        assert_eq!(names(&store, None), ["bb", "cc"]);
    }
}
