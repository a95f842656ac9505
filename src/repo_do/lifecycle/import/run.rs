//! The alarm's part: attempts, one after another, until the import is done or has failed.

use std::rc::Rc;

use super::super::filling::{self, Filling, Outcome, SoFar};
use super::attempt::Attempt;
use super::error::ImportError;
use super::failure;
use crate::git::store::StoreError;
use crate::repo_do::contract::ImportPhase;
use crate::repo_do::object::RepoObject;
use crate::storage::repository::imports::ImportRecord;

/// Goes on with the import, if there is one.
pub(crate) async fn run(object: &Rc<RepoObject>) {
    filling::run(object, &object.import.turn, |store| {
        Attempt::new(object, store)
    })
    .await;
}

/// Sees to it that an import goes on.
pub(crate) async fn resume(object: &RepoObject) -> worker::Result<()> {
    filling::resume(object, &object.import.turn).await
}

impl Filling for Attempt {
    const NAME: &'static str = "import";
    type Record = ImportRecord;
    type Error = ImportError;

    fn left(&self) -> Result<Option<ImportRecord>, StoreError> {
        self.store.import()
    }

    fn so_far(record: &ImportRecord) -> SoFar {
        SoFar {
            started_at: record.started_at,
            attempts: record.attempts,
        }
    }

    fn note_attempt(&self) -> Result<(), StoreError> {
        self.store.note_import_attempt()
    }

    fn is_alive(&self) -> bool {
        self.check_alive().is_ok()
    }

    async fn go(&self, record: &ImportRecord) -> Result<Outcome, ImportError> {
        if record.lfs.is_past_refs() {
            return self.next_lfs(record).await;
        }
        self.next(record).await
    }

    fn attempts_max(error: &ImportError) -> u32 {
        error.attempts_max()
    }

    fn given_up(reason: String) -> ImportError {
        ImportError::GivenUp(reason)
    }

    fn note_waiting(&self, attempts: u32) {
        self.object.import.update(|progress| {
            progress.phase = ImportPhase::Waiting;
            progress.attempts = attempts;
        });
    }

    fn finished(&self) {
        self.object.import.clear();
    }

    async fn fail(&self, error: &ImportError) -> Result<(), ImportError> {
        let import = self.store.import()?;
        if import.is_none_or(|import| !import.lfs.is_past_refs()) {
            return failure::fail(&self.object, error).await;
        }
        // Git's part is whole: it stays, and names the missing objects.
        self.end_lfs(Some(&error.to_string()))?;
        self.finished();
        filling::finish(&self.object).await;
        Ok(())
    }
}
