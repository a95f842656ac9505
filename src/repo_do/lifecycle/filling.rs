//! Repositories that are filled from elsewhere, by an import or a recovery: attempts in the alarm,
//! one after another, until everything is there or it has failed.

use std::fmt::Display;
use std::rc::Rc;

use crate::git::store::StoreError;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::events::{hand_over, tell};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::request::info;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer;
use crate::repo_do::schedule;
use crate::repo_do::state::store::Store;
use crate::repo_do::state::turn::Turn;
use crate::storage::fault_log;
use crate::storage::repository::phase::Phase;

/// How long one alarm begins new attempts. It has 15 minutes, and one pack may take most of them.
const RUN_MS_MAX: i64 = 2 * 60_000;

/// How long it may take in all.
const HOURS_MAX: i64 = 24;

/// Attempts in a row that bring nothing, those that ended with the object among them.
pub(crate) const ATTEMPTS_MAX: u32 = 6;

/// When the alarm comes again if the object dies in the middle of its run.
const RESUME_MS: i64 = 10_000;

/// How long to wait after the first attempt that failed; twice as long after each further one.
const RETRY_MS: u32 = 1_000;

/// A process that fills a repository.
pub(crate) trait Filling {
    /// Its name in the log.
    const NAME: &'static str;
    /// The row that names the remaining work.
    type Record;
    /// Why an attempt may fail.
    type Error: Display + From<StoreError>;

    /// The work that is left; `None` when it is over.
    fn left(&self) -> Result<Option<Self::Record>, StoreError>;

    /// The start, and the failed attempts so far.
    fn so_far(record: &Self::Record) -> SoFar;

    /// Counts an attempt about to be made.
    fn note_attempt(&self) -> Result<(), StoreError>;

    /// After an `.await`: whether the repository that is filled is still there.
    fn is_alive(&self) -> bool;

    /// Does the next thing that is left to do.
    async fn go(&self, record: &Self::Record) -> Result<Outcome, Self::Error>;

    /// Attempts in a row after which this error is final.
    fn attempts_max(error: &Self::Error) -> u32;

    /// The error of an attempt that has taken too long.
    fn given_up(reason: String) -> Self::Error;

    /// The text of an error for the log.
    fn cause(error: &Self::Error) -> String {
        error.to_string()
    }

    /// Records that `attempts` have failed and that another one follows.
    fn note_waiting(&self, _attempts: u32) {}

    /// The repository is whole.
    fn finished(&self);

    /// Takes away the new repository, and frees the name.
    async fn fail(&self, error: &Self::Error) -> Result<(), Self::Error>;
}

/// The progress of a filling.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SoFar {
    /// When it began, in unix milliseconds.
    pub(crate) started_at: i64,
    /// Attempts in a row that brought nothing.
    pub(crate) attempts: u32,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The repository is whole.
    Finished,
    /// There is more to do.
    More,
    /// There is more to do, by the next alarm: this one has made as many requests as it may.
    Paused,
}

/// Goes on with the work, if there is any. A failure is noted; nothing is left to the caller.
pub(crate) async fn run<F: Filling>(
    object: &Rc<RepoObject>,
    turn: &Turn,
    filling: impl FnOnce(&Rc<Store>) -> F,
) {
    let Some(_taken) = turn.try_take(now_ms()) else {
        return;
    };
    let Some(store) = object.store_or_log() else {
        return;
    };
    if let Err(error) = attempts(object, &filling(&store)).await {
        fault_log::error(F::NAME, &F::cause(&error));
    }
}

async fn attempts<F: Filling>(object: &Rc<RepoObject>, filling: &F) -> Result<(), F::Error> {
    let began_ms = now_ms();
    while let Some(record) = filling.left()? {
        if now_ms().saturating_sub(began_ms) > RUN_MS_MAX {
            return Ok(wake_at(object, now_ms()).await?);
        }
        let so_far = F::so_far(&record);
        if let Some(reason) = given_up(so_far, now_ms()) {
            return fail(filling, &F::given_up(reason)).await;
        }
        wake_at(object, now_ms() + RESUME_MS).await?;
        if !filling.is_alive() {
            return Ok(());
        }
        filling.note_attempt()?;
        let attempts = so_far.attempts.saturating_add(1);
        match filling.go(&record).await {
            Ok(Outcome::Finished) => {
                filling.finished();
                finish(object).await;
                return Ok(());
            }
            Ok(Outcome::More) => {}
            Ok(Outcome::Paused) => return Ok(wake_at(object, now_ms()).await?),
            Err(_) if !filling.is_alive() => {}
            Err(error) if attempts < F::attempts_max(&error) => {
                fault_log::warning(F::NAME, &F::cause(&error));
                filling.note_waiting(attempts);
                let doublings = attempts.saturating_sub(1).min(8);
                timer::after(RETRY_MS << doublings).await;
            }
            Err(error) => return fail(filling, &error).await,
        }
        if !filling.is_alive() {
            return Ok(());
        }
    }
    Ok(())
}

/// Why it is not tried again.
fn given_up(so_far: SoFar, now_ms: i64) -> Option<String> {
    if now_ms.saturating_sub(so_far.started_at) > HOURS_MAX * 3_600_000 {
        return Some(format!("it took more than {HOURS_MAX} hours"));
    }
    (so_far.attempts >= ATTEMPTS_MAX).then(|| "it was interrupted too often".to_owned())
}

async fn fail<F: Filling>(filling: &F, error: &F::Error) -> Result<(), F::Error> {
    fault_log::warning(F::NAME, &F::cause(error));
    filling.fail(error).await
}

/// The content is safe in the database; the namespace shows it.
pub(crate) async fn finish(object: &Rc<RepoObject>) {
    tell::written(object).await;
    if let Err(error) = object.storage.sync().await {
        fault_log::error("sync", &error);
    }
    hand_over::run(object).await;
}

async fn wake_at(object: &RepoObject, at_ms: i64) -> Result<(), StoreError> {
    let set = schedule::wake_by(object, at_ms).await;
    set.map_err(|error| StoreError::Failed(error.to_string()))
}

/// The repository was made, and is left to the alarm.
pub(crate) async fn begin(object: &RepoObject) -> Result<(), ErrorReply> {
    Ok(wake_at(object, now_ms()).await?)
}

/// Makes sure that the work goes on: it may have been interrupted before its alarm was set.
pub(crate) async fn resume(object: &RepoObject, turn: &Turn) -> worker::Result<()> {
    if turn.is_taken(now_ms()) || object.storage.get_alarm().await?.is_some() {
        return Ok(());
    }
    schedule::wake_by(object, now_ms()).await
}

/// The answer to a request that had the repository of this id made.
pub(crate) fn made(object: &RepoObject, repository_id: &str) -> Answer {
    let store = object.store()?;
    let record = store
        .load()?
        .filter(|record| record.id == repository_id && record.phase == Phase::Ready);
    let taken = || ErrorReply::new(ErrorCode::AlreadyExists, "the repository exists already");
    info::info(object, &store, record.ok_or_else(taken)?)
}
