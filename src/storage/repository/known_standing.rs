//! What a repository knows of how its namespace stands: a column of its row.

use super::standing::Standing;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::Database;

impl<D: Database> RepoStore<D> {
    /// Takes the standing over if it is newer than the one that is here. What is revoked stays
    /// revoked: a namespace that was lost and made again does not know of it. False, and nothing
    /// written, where no repository is.
    pub fn take_standing(&self, standing: &Standing) -> Result<bool, StoreError> {
        let Some(record) = self.load()? else {
            return Ok(false);
        };
        let known = record.policies.standing;
        if known.version < standing.version {
            self.set_standing(&Standing {
                token_epoch_ms: standing.token_epoch_ms.max(known.token_epoch_ms),
                ..*standing
            })?;
        }
        Ok(true)
    }

    /// Forgets what a namespace has said that the repository leaves, but for what it revoked. The next
    /// one tells its own when it hears of the repository.
    pub fn leave_standing(&self) -> Result<(), StoreError> {
        let record = self.load()?.unwrap_or_default();
        self.set_standing(&Standing {
            token_epoch_ms: record.policies.standing.token_epoch_ms,
            ..Standing::default()
        })
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
