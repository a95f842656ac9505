//! The state that the attempts of one run share, and whether the repository is still there.

use std::rc::Rc;

use super::error::RecoverError;
use crate::repo_do::object::RepoObject;
use crate::repo_do::state::store::Store;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;

/// State shared by the attempts in one run of the alarm.
pub(crate) struct Attempt {
    pub(crate) object: Rc<RepoObject>,
    pub(crate) store: Rc<Store>,
}

impl Attempt {
    /// After an `.await`: whether the repository that is recovered is still there. Nothing may be written
    /// otherwise, since another repository may stand in its place.
    pub(crate) fn check_alive(&self) -> Result<RepositoryRecord, RecoverError> {
        if self.object.is_open(&self.store)
            && let Some(record) = self.store.load()?
            && record.is_recovering
            && record.phase == Phase::Ready
        {
            return Ok(record);
        }
        Err(RecoverError::Deleted)
    }
}
