//! The alarm's part: attempts, one after another, until the recovery is done or has failed.

use std::rc::Rc;

use super::super::deletion;
use super::super::filling::{self, Filling, Outcome, SoFar};
use super::alive::Attempt;
use super::error::RecoverError;
use crate::git::store::StoreError;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::schedule;
use crate::storage::repository::recovery::RecoveryRecord;

/// Goes on with the recovery, if there is one.
pub(crate) async fn run(object: &Rc<RepoObject>) {
    filling::run(object, &object.recovery, |store| Attempt {
        object: Rc::clone(object),
        store: Rc::clone(store),
    })
    .await;
}

/// Sees to it that a recovery goes on.
pub(crate) async fn resume(object: &RepoObject) -> worker::Result<()> {
    filling::resume(object, &object.recovery).await
}

impl Filling for Attempt {
    const NAME: &'static str = "recovery";
    type Record = RecoveryRecord;
    type Error = RecoverError;

    fn left(&self) -> Result<Option<RecoveryRecord>, StoreError> {
        self.store.recovery()
    }

    fn so_far(record: &RecoveryRecord) -> SoFar {
        SoFar {
            started_at: record.started_at,
            attempts: record.attempts,
        }
    }

    fn note_attempt(&self) -> Result<(), StoreError> {
        self.store.note_recovery_attempt()
    }

    fn is_alive(&self) -> bool {
        self.check_alive().is_ok()
    }

    async fn go(&self, recovery: &RecoveryRecord) -> Result<Outcome, RecoverError> {
        self.next(recovery).await
    }

    fn attempts_max(error: &RecoverError) -> u32 {
        error.attempts_max()
    }

    fn given_up(reason: String) -> RecoverError {
        RecoverError::GivenUp(reason)
    }

    fn cause(error: &RecoverError) -> String {
        match error {
            RecoverError::Unavailable(refused) => refused.cause().to_owned(),
            error => error.to_string(),
        }
    }

    fn finished(&self) {
        schedule::copies_due(&self.object, now_ms());
    }

    /// Takes away its holds, its rows, its name. The reason stays for a day.
    async fn fail(&self, error: &RecoverError) -> Result<(), RecoverError> {
        let reason = format!("its recovery failed: {error}");
        let failed = deletion::fail(&self.object, reason).await;
        failed.map_err(RecoverError::Unavailable)
    }
}
