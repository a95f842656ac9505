//! The alarm's part: attempts, one after another, until the import is done or has failed.

use std::rc::Rc;

use super::super::contract::ImportPhase;
use super::super::object::{RepoObject, now_ms};
use super::super::{admin, alarm, reply, timer};
use super::attempt::{Attempt, Outcome};
use super::error::ImportError;
use super::failure;

/// How long one alarm begins new attempts. It has 15 minutes, and one pack may take most of them.
const RUN_MS_MAX: i64 = 2 * 60_000;

/// How long an import may take in all.
const IMPORT_HOURS_MAX: i64 = 24;

/// Attempts in a row that bring nothing, those that ended with the object among them.
const ATTEMPTS_MAX: u32 = 6;

/// When the alarm comes again if the object dies in the middle of its run.
const RESUME_MS: i64 = 10_000;

/// How long to wait after the first attempt that failed; twice as long after each further one.
const RETRY_MS: u32 = 1_000;

/// Goes on with the import, if there is one. What fails is noted; nothing is left to the caller.
pub async fn run(object: &Rc<RepoObject>) {
    if object.import.is_running(now_ms()) {
        return;
    }
    object.import.running_since.set(now_ms());
    let running = Running(Rc::clone(object));
    if let Err(error) = attempts(object).await {
        worker::console_error!("{}", reply::fault_line("import", &error.to_string()));
    }
    drop(running);
}

/// Ends the run, however it ends.
struct Running(Rc<RepoObject>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.import.running_since.set(0);
    }
}

async fn attempts(object: &Rc<RepoObject>) -> Result<(), ImportError> {
    let Ok(store) = object.store() else {
        return Ok(());
    };
    let attempt = Attempt::new(object, &store);
    let began_ms = now_ms();
    while let Some(record) = store.import()? {
        if now_ms().saturating_sub(began_ms) > RUN_MS_MAX {
            return wake_at(object, now_ms()).await;
        }
        let age_ms = now_ms().saturating_sub(record.started_at);
        let given_up = if age_ms > IMPORT_HOURS_MAX * 3_600_000 {
            Some(format!("it took more than {IMPORT_HOURS_MAX} hours"))
        } else if record.attempts >= ATTEMPTS_MAX {
            Some("it was interrupted too often".to_owned())
        } else {
            None
        };
        if let Some(reason) = given_up {
            return failure::fail(object, &ImportError::GivenUp(reason)).await;
        }
        wake_at(object, now_ms() + RESUME_MS).await?;
        attempt.check_alive()?;
        store.note_import_attempt()?;
        let attempts = record.attempts.saturating_add(1);
        match attempt.go(&record).await {
            Ok(Outcome::Finished) => {
                object.import.clear();
                let synced = object.storage.sync().await;
                if let Err(error) = synced {
                    worker::console_error!("{}", reply::fault_line("sync", &error.to_string()));
                }
                admin::touch_namespace(Rc::clone(object)).await;
                return Ok(());
            }
            Ok(Outcome::More) => {}
            Err(ImportError::Deleted) => return Ok(()),
            Err(error) if attempts < error.attempts_max() => {
                worker::console_warn!("{}", reply::fault_line("import", &error.to_string()));
                object.import.update(|progress| {
                    progress.phase = ImportPhase::Waiting;
                    progress.attempts = attempts;
                });
                let doublings = attempts.saturating_sub(1).min(8);
                timer::after(RETRY_MS << doublings).await;
            }
            Err(error) => return failure::fail(object, &error).await,
        }
        if attempt.check_alive().is_err() {
            return Ok(());
        }
    }
    Ok(())
}

async fn wake_at(object: &RepoObject, at_ms: i64) -> Result<(), ImportError> {
    let set = alarm::wake_by(object, at_ms).await;
    set.map_err(|error| crate::git::store::StoreError::Failed(error.to_string()).into())
}

/// Sees to it that an import goes on: it may have been interrupted before its alarm was set.
pub async fn resume(object: &RepoObject) -> worker::Result<()> {
    if object.import.is_running(now_ms()) || object.storage.get_alarm().await?.is_some() {
        return Ok(());
    }
    alarm::wake_by(object, now_ms()).await
}
