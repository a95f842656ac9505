//! The entries of a namespace, confirmed or not, for repairs and deletion.

use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::schema;
use crate::storage::db::sql::{Database, query_all, query_first};

/// The error of the stores of a namespace and of the registry, under a name that the edge may
/// use.
pub(crate) type EntryError = StoreError;

/// A repository and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedId {
    /// The name as its creator spelt it.
    pub(crate) name: String,
    /// 16 characters of `[0-9a-z]`.
    pub(crate) id: String,
}

impl<D: Database> NamespaceStore<D> {
    /// The namespace's name as its creator spelt it; `None` when none was created here. Unlike
    /// [`load`](Self::load) it counts nothing.
    pub(crate) fn shown_name(&self) -> Result<Option<String>, StoreError> {
        if !schema::is_created(self.database())? {
            return Ok(None);
        }
        let sql = "SELECT name FROM namespace";
        Ok(query_first(self.database(), sql, &[], |row| row.text(0))?)
    }

    /// Whether repositories that are made here check objects as git's `--strict` does, unless they
    /// say otherwise. The database has a schema.
    pub(crate) fn fsck_strict(&self) -> Result<bool, StoreError> {
        let sql = "SELECT fsck_strict FROM namespace";
        let found = query_first(self.database(), sql, &[], |row| row.truth(0))?;
        Ok(found.unwrap_or_default())
    }

    /// Whether no name is taken. The database has a schema.
    pub(crate) fn is_empty(&self) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM repository LIMIT 1";
        Ok(query_first(self.database(), sql, &[], |row| row.integer(0))?.is_none())
    }

    /// The repositories whose ids start so: one, unless half an id was drawn twice. The database
    /// has a schema.
    pub(crate) fn with_id_prefix(&self, prefix: &str) -> Result<Vec<NamedId>, StoreError> {
        // '~' comes after every character of an id.
        let sql = "SELECT name, id FROM repository WHERE id >= ?1 AND id < ?1 || '~' LIMIT 16";
        Ok(query_all(self.database(), sql, &[prefix.into()], |row| {
            Ok(NamedId {
                name: row.text(0)?,
                id: row.text(1)?,
            })
        })?)
    }
}
