//! The alarm's part: attempts, one after another, until the recovery is done or has failed.

use std::rc::Rc;

use super::super::object::{RepoObject, now_ms};
use super::super::{admin, alarm, deletion, reply, timer};
use super::attempt::{Attempt, Outcome};
use super::error::RecoverError;
use crate::git::store::StoreError;

/// How long one alarm begins new attempts. It has 15 minutes, and one pack may take most of them.
const RUN_MS_MAX: i64 = 2 * 60_000;

/// How long a recovery may take in all.
const HOURS_MAX: i64 = 24;

/// Attempts in a row that bring nothing, those that ended with the object among them.
const ATTEMPTS_MAX: u32 = 6;

/// When the alarm comes again if the object dies in the middle of its run.
const RESUME_MS: i64 = 10_000;

/// How long to wait after the first attempt that failed; twice as long after each further one.
const RETRY_MS: u32 = 1_000;

/// Goes on with the recovery, if there is one. What fails is noted; nothing is left to the caller.
pub async fn run(object: &Rc<RepoObject>) {
    if object.recovery.is_running(now_ms()) {
        return;
    }
    object.recovery.running_since.set(now_ms());
    let running = Running(Rc::clone(object));
    if let Err(error) = attempts(object).await {
        worker::console_error!("{}", reply::fault_line("recovery", &error.to_string()));
    }
    drop(running);
}

/// Ends the run, however it ends.
struct Running(Rc<RepoObject>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.recovery.running_since.set(0);
    }
}

async fn attempts(object: &Rc<RepoObject>) -> Result<(), RecoverError> {
    let Ok(store) = object.store() else {
        return Ok(());
    };
    let attempt = Attempt {
        object: Rc::clone(object),
        store: Rc::clone(&store),
    };
    let began_ms = now_ms();
    while let Some(recovery) = store.recovery()? {
        if now_ms().saturating_sub(began_ms) > RUN_MS_MAX {
            return wake_at(object, now_ms()).await;
        }
        let age_ms = now_ms().saturating_sub(recovery.started_at);
        let given_up = if age_ms > HOURS_MAX * 3_600_000 {
            Some(format!("it took more than {HOURS_MAX} hours"))
        } else if recovery.attempts >= ATTEMPTS_MAX {
            Some("it was interrupted too often".to_owned())
        } else {
            None
        };
        if let Some(reason) = given_up {
            return fail(object, &RecoverError::GivenUp(reason)).await;
        }
        wake_at(object, now_ms() + RESUME_MS).await?;
        attempt.check_alive()?;
        store.note_recovery_attempt()?;
        let attempts = recovery.attempts.saturating_add(1);
        match attempt.go(&recovery).await {
            Ok(Outcome::Finished) => {
                let synced = object.storage.sync().await;
                if let Err(error) = synced {
                    worker::console_error!("{}", reply::fault_line("sync", &error.to_string()));
                }
                alarm::copies_due(object, now_ms());
                admin::touch_namespace(Rc::clone(object)).await;
                return Ok(());
            }
            Ok(Outcome::More) => {}
            Err(RecoverError::Deleted) => return Ok(()),
            Err(error) if error.is_passing() && attempts < ATTEMPTS_MAX => {
                worker::console_warn!("{}", reply::fault_line("recovery", &error.to_string()));
                let doublings = attempts.saturating_sub(1).min(8);
                timer::after(RETRY_MS << doublings).await;
            }
            Err(error) => return fail(object, &error).await,
        }
        if attempt.check_alive().is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Takes away what the recovery has made: its holds, its rows, its name. The reason stays for a day.
async fn fail(object: &Rc<RepoObject>, error: &RecoverError) -> Result<(), RecoverError> {
    worker::console_warn!("{}", reply::fault_line("recovery", &error.to_string()));
    let reason = format!("its recovery failed: {error}");
    deletion::fail(object, reason)
        .await
        .map_err(RecoverError::Unavailable)
}

async fn wake_at(object: &RepoObject, at_ms: i64) -> Result<(), RecoverError> {
    let set = alarm::wake_by(object, at_ms).await;
    set.map_err(|error| StoreError::Failed(error.to_string()).into())
}

/// Sees to it that a recovery goes on: it may have been interrupted before its alarm was set.
pub async fn resume(object: &RepoObject) -> worker::Result<()> {
    if object.recovery.is_running(now_ms()) || object.storage.get_alarm().await?.is_some() {
        return Ok(());
    }
    alarm::wake_by(object, now_ms()).await
}
