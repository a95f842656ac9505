//! Tokens of a namespace beyond the columns of [`tokens`](crate::storage::repository::tokens): which
//! repositories each opens. They are kept by id, so that no token opens a repository that took a name over.

use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::repository::tokens::NewToken;

/// The repositories that a token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Opens {
    /// All of the namespace, those made later too.
    Every,
    /// These, by id.
    Listed(Vec<String>),
}

impl<D: Database> NamespaceStore<D> {
    /// Adds a token that opens these repositories; fails when the id or the hash is taken.
    pub(crate) fn insert_token(&self, new: &NewToken<'_>, opens: &Opens) -> Result<(), StoreError> {
        in_transaction(self.database(), || {
            self.tokens().insert(new)?;
            if let Opens::Listed(ids) = opens {
                let sql = "UPDATE token SET repository_ids = ?2 WHERE id = ?1";
                let ids = ids.join(" ");
                let params = [new.id.into(), ids.as_str().into()];
                self.database().execute(sql, &params)?;
            }
            Ok(())
        })
    }

    /// The repositories that a token opens; an unknown token opens nothing.
    pub(crate) fn token_opens(&self, token_id: &str) -> Result<Opens, StoreError> {
        let sql = "SELECT repository_ids FROM token WHERE id = ?1";
        let found = query_first(self.database(), sql, &[token_id.into()], |row| {
            row.text_or_null(0)
        })?;
        Ok(match found {
            Some(None) => Opens::Every,
            Some(Some(ids)) => Opens::Listed(ids.split(' ').map(str::to_owned).collect()),
            None => Opens::Listed(Vec::new()),
        })
    }

    /// The names of the repositories with these ids, in the order of the ids; those that are gone
    /// are left out.
    pub(crate) fn names_of(&self, ids: &[String]) -> Result<Vec<String>, StoreError> {
        let asked = serde_json::Value::from(ids).to_string();
        let sql = "SELECT repository.name FROM json_each(?1) AS asked
            JOIN repository ON repository.id = asked.value ORDER BY asked.key";
        let params = [Value::text(Some(&asked))];
        Ok(query_all(self.database(), sql, &params, |row| row.text(0))?)
    }
}
