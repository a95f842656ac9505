//! What a namespace says that holds for all of its repositories.

use serde::{Deserialize, Serialize};

use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::Database;

/// The standing of a namespace. Its object tells each repository's, and a new repository begins with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// Grows with each change.
    pub version: i64,
    /// Tokens of repositories that were made before this time, in unix milliseconds, are revoked.
    pub token_epoch_ms: i64,
    /// Nobody but the operator gets anything.
    pub suspended: bool,
    /// Pushes are refused.
    pub read_only: bool,
    /// The namespace has a bound on bytes: before a push a repository asks how many are left.
    pub has_quota: bool,
}

impl<D: Database> RepoStore<D> {
    /// Takes the standing over if it is newer than the one that is here. False, and nothing written,
    /// where no repository is.
    pub fn take_standing(&self, standing: &Standing) -> Result<bool, StoreError> {
        let Some(record) = self.load()? else {
            return Ok(false);
        };
        if record.policies.standing.version < standing.version {
            self.set_standing(standing)?;
        }
        Ok(true)
    }

    /// Sets the standing, whatever it was: of a repository that is new in its namespace.
    pub fn set_standing(&self, standing: &Standing) -> Result<(), StoreError> {
        if *standing == Standing::default() && self.has_no_standing()? {
            return Ok(());
        }
        let text = serde_json::to_string(standing);
        let text = text.map_err(|error| StoreError::Failed(error.to_string()))?;
        let sql = "UPDATE repository SET standing = ?1";
        self.db.execute(sql, &[text.as_str().into()])?;
        Ok(())
    }

    fn has_no_standing(&self) -> Result<bool, StoreError> {
        let record = self.load()?;
        Ok(record.is_none_or(|record| record.policies.standing == Standing::default()))
    }
}
