//! The standing of the namespace as far as the repository has heard of it: a column of its row.

use super::policies::to_json;
use super::standing::Standing;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::Database;

impl<D: Database> RepoStore<D> {
    /// Takes the standing over if it is newer than the one that is here. A revocation stays: a namespace that
    /// was lost and made again does not know of it. False, and nothing written, where no repository is.
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

    /// Sets the standing, over any other: for a repository that is new in its namespace.
    pub fn set_standing(&self, standing: &Standing) -> Result<(), StoreError> {
        let known = self.load()?.map(|record| record.policies.standing);
        if known.is_none_or(|known| known == *standing) {
            return Ok(());
        }
        let sql = "UPDATE repository SET standing = ?1";
        let text = to_json(standing)?;
        self.db.execute(sql, &[text.as_str().into()])?;
        Ok(())
    }
}
