//! Repositories that were deleted and can still be restored: which object has each, and until when.
//!
//! The repository's own object decides. A row here lists it. A caller that finds the repository gone removes
//! the row.

use super::store::{NamespaceStore, name_key};
use crate::git::store::StoreError;
use crate::storage::db::row::{INTEGER_MAX, Row, Value};
use crate::storage::db::sql::{Database, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// A repository that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedRepository {
    /// 16 characters of `[0-9a-z]`.
    pub id: String,
    /// The name that it had.
    pub name: String,
    /// The name of the object that has it.
    pub object_name: String,
    /// Unix milliseconds: when it was deleted.
    pub deleted_at: i64,
    /// Unix milliseconds: when it goes for good.
    pub purge_at: i64,
}

/// The place in the list behind which a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind<'a> {
    /// When the last one of the page before was deleted, in unix milliseconds.
    pub deleted_at: i64,
    /// Its id.
    pub id: &'a str,
}

impl<D: Database> NamespaceStore<D> {
    /// Lists a repository that was deleted.
    pub fn put_deleted(&self, deleted: &DeletedRepository) -> Result<(), StoreError> {
        let sql = "INSERT INTO deleted_repository (id, name, object_name, deleted_at, purge_at)
            VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name,
                object_name = excluded.object_name, deleted_at = excluded.deleted_at,
                purge_at = excluded.purge_at";
        let params = [
            deleted.id.as_str().into(),
            deleted.name.as_str().into(),
            deleted.object_name.as_str().into(),
            deleted.deleted_at.into(),
            deleted.purge_at.into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Takes one off the list: it was restored, or is gone for good. False if it was not there.
    pub fn forget_deleted(&self, id: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM deleted_repository WHERE id = ?1";
        Ok(self.db.execute(sql, &[id.into()])? > 0)
    }

    /// Corrects the time at which a repository was made: an entry that was reserved for a restored one has
    /// the time of the restore.
    pub(crate) fn correct_creation(
        &self,
        name: &str,
        id: &str,
        created_at: i64,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET created_at = ?3
            WHERE name_key = ?1 AND id = ?2 AND created_at <> ?3";
        let key = name_key(name);
        let values = [key.as_str().into(), id.into(), created_at.into()];
        self.db.execute(sql, &values)?;
        Ok(())
    }

    /// Ends the webhooks that a repository has here.
    pub(crate) fn end_webhooks_of(&self, id: &str) -> Result<(), StoreError> {
        Ok(self.filters.end_those_of(&self.db, id)?)
    }

    /// The deleted repository of that id.
    pub fn deleted_by_id(&self, id: &str) -> Result<Option<DeletedRepository>, StoreError> {
        let sql = "SELECT id, name, object_name, deleted_at, purge_at FROM deleted_repository
            WHERE id = ?1";
        Ok(query_first(&self.db, sql, &[id.into()], read)?)
    }

    /// The repository that was last deleted under that name, in any case.
    pub fn deleted_by_name(&self, name: &str) -> Result<Option<DeletedRepository>, StoreError> {
        let sql = "SELECT id, name, object_name, deleted_at, purge_at FROM deleted_repository
            WHERE name = ?1 COLLATE NOCASE ORDER BY deleted_at DESC, id DESC LIMIT 1";
        Ok(query_first(&self.db, sql, &[name.into()], read)?)
    }

    /// A page of the deleted repositories, last deleted first.
    pub fn list_deleted(
        &self,
        behind: Option<Behind<'_>>,
        limit: u32,
    ) -> Result<Vec<DeletedRepository>, StoreError> {
        let sql = "SELECT id, name, object_name, deleted_at, purge_at FROM deleted_repository
            WHERE (deleted_at, id) < (?1, ?2) ORDER BY deleted_at DESC, id DESC LIMIT ?3";
        let (at, id) = behind.map_or((INTEGER_MAX, ""), |behind| (behind.deleted_at, behind.id));
        let params = [Value::Integer(at), id.into(), limit.into()];
        Ok(query_all(&self.db, sql, &params, read)?)
    }
}

fn read(row: &dyn Row) -> Result<DeletedRepository, SqlError> {
    Ok(DeletedRepository {
        id: row.text(0)?,
        name: row.text(1)?,
        object_name: row.text(2)?,
        deleted_at: row.integer(3)?,
        purge_at: row.integer(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::namespace::testing::acme;

    fn deleted(id: &str, name: &str, deleted_at: i64) -> DeletedRepository {
        DeletedRepository {
            id: id.repeat(16),
            name: name.to_owned(),
            object_name: format!("acme/{name}"),
            deleted_at,
            purge_at: deleted_at + 1000,
        }
    }

    #[test]
    fn deleted_repositories_are_listed_newest_first_and_found_by_name_and_id() {
        let store = acme(1);
        let (old, new, other) = (
            deleted("a", "Widget", 5),
            deleted("b", "widget", 7),
            deleted("c", "gadget", 7),
        );
        for one in [&old, &new, &other, &old] {
            store.put_deleted(one).unwrap();
        }
        let all = store.list_deleted(None, 10).unwrap();
        assert_eq!(all, [other.clone(), new.clone(), old.clone()]);
        let first = store.list_deleted(None, 1).unwrap();
        let behind = Behind {
            deleted_at: 7,
            id: &first[0].id,
        };
        let rest = store.list_deleted(Some(behind), 10).unwrap();
        assert_eq!(rest, [new.clone(), old.clone()]);
        assert_eq!(store.deleted_by_name("WIDGET").unwrap(), Some(new));
        assert_eq!(store.deleted_by_id(&old.id).unwrap(), Some(old.clone()));
        assert!(store.forget_deleted(&old.id).unwrap());
        assert!(!store.forget_deleted(&old.id).unwrap());
        assert_eq!(store.deleted_by_id(&old.id).unwrap(), None);
    }
}
