//! `POST /maintenance`: the operator's tasks.

use std::rc::Rc;

use serde_json::{Value, json};
use worker::Request;

use super::{copies, rebuild, verify};
use crate::repo_do::contract::{ErrorCode, ErrorReply, Maintain, MaintenanceTask};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{Answer, body};
use crate::repo_do::request::not_ready;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::NeverRoom;
use crate::repo_do::runtime::reply;
use crate::repo_do::schedule;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::store::Store;
use crate::repo_do::state::turn::Taken;
use crate::repo_do::upkeep::alarm;
use crate::repo_do::upkeep::snapshot::{self, LfsCheck};
use crate::storage::repository::maintenance_runs::{RunFigures, RunOutcome, RunRecord};
use crate::storage::repository::store::RepositoryRecord;

/// How long a request waits for its turn.
const TURN_WAIT_MS: i64 = 20_000;

/// Seconds after which to ask again while maintenance is being done.
const RETRY_SECONDS: u32 = 5;

/// When the alarm goes on with a run that ended in the middle because the object did. Nothing else might
/// wake the object for the memory that the run has left to be given back.
const GO_ON_MS: i64 = 10_000;

/// Does the task, and answers when it is done.
pub(crate) async fn serve(object: &Rc<RepoObject>, request: Request) -> Answer {
    let asked: Maintain = body(request).await?;
    let _taken = take_turn(object).await?;
    let store = object.store()?;
    if let Some(record) = store.load()?.filter(RepositoryRecord::is_being_filled) {
        return Err(not_ready::being_filled(&record));
    }
    let run = Run {
        object,
        store: &store,
        task: match asked.task {
            MaintenanceTask::Snapshot => "snapshot",
            MaintenanceTask::Rebuild => "rebuild",
            _ => "verify",
        },
        started_ms: now_ms(),
    };
    let answer = match asked.task {
        MaintenanceTask::Run => {
            let last = store.runs(1)?.first().map_or(0, |run| run.seq);
            schedule::wake_or_log(object, now_ms().saturating_add(GO_ON_MS)).await;
            let next = alarm::work(object, true).await?;
            if !object.is_open(&store) {
                return Err(refusal(&Failure::Gone));
            }
            if let Some(at_ms) = next {
                let set = schedule::wake_by(object, at_ms).await;
                set.map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
            }
            let mut runs = store.runs(100)?;
            runs.retain(|run| run.seq > last);
            json!({ "runs": runs.iter().map(shown).collect::<Vec<_>>() })
        }
        MaintenanceTask::Snapshot => {
            let done = copies::snapshot(object).await;
            let figures = run.ended(done)?;
            if let Some(figures) = figures {
                run.done(&figures)?;
            }
            let next_ms = object.snapshot_due.get();
            if next_ms < i64::MAX {
                schedule::wake_or_log(object, next_ms).await;
            }
            json!({})
        }
        MaintenanceTask::Secure => {
            let packs = snapshot::secure_packs(object).await?;
            let bytes: u64 = packs.iter().map(|pack| pack.pack_bytes).sum();
            let objects: u64 = packs.iter().map(|pack| u64::from(pack.object_count)).sum();
            let keys: Vec<_> = packs.iter().map(|pack| &pack.r2_key).collect();
            json!({ "packs": keys, "bytes": bytes, "objects": objects })
        }
        MaintenanceTask::Verify => {
            let lfs = if asked.lfs_digests {
                LfsCheck::Digests
            } else {
                LfsCheck::Sizes
            };
            let (findings, figures) = run.ended(verify::verify(object, lfs).await)?;
            run.done(&figures)?;
            json!({ "ok": findings.problems.is_empty(), "findings": findings })
        }
        MaintenanceTask::Rebuild => {
            let figures = run.ended(rebuild::rebuild(object).await)?;
            run.done(&figures)?;
            json!({
                "packs": figures.packs,
                "objects": figures.objects,
                "bytes": figures.bytes,
            })
        }
    };
    reply::json(&answer)
}

/// Waits a while for the run of maintenance that is under way to end.
pub(super) async fn take_turn(object: &RepoObject) -> Result<Taken<'_>, ErrorReply> {
    let taken = object.maintenance.take_within(TURN_WAIT_MS).await;
    taken.ok_or_else(|| ErrorReply::busy(RETRY_SECONDS, "maintenance is being done"))
}

/// A run that the operator asked for, to be written down.
struct Run<'a> {
    object: &'a RepoObject,
    store: &'a Store,
    task: &'static str,
    started_ms: i64,
}

impl Run<'_> {
    /// Writes a failure down, and makes it an answer.
    fn ended<T>(&self, done: Result<T, Failure>) -> Result<T, ErrorReply> {
        let failure = match done {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        let figures = RunFigures {
            detail: failure.to_string(),
            ..RunFigures::default()
        };
        self.note(RunOutcome::Failed, &figures)?;
        Err(refusal(&failure))
    }

    fn done(&self, figures: &RunFigures) -> Result<(), ErrorReply> {
        self.note(RunOutcome::Done, figures)
    }

    fn note(&self, outcome: RunOutcome, figures: &RunFigures) -> Result<(), ErrorReply> {
        if self.object.is_open(self.store) {
            let (task, started_ms) = (self.task, self.started_ms);
            self.store.end_run(task, started_ms, outcome, figures)?;
        }
        Ok(())
    }
}

pub(super) fn refusal(failure: &Failure) -> ErrorReply {
    match failure {
        Failure::NoRoom(error) if error.is_lasting() => {
            ErrorReply::new(ErrorCode::MemoryLimit, NeverRoom::from(*error).to_string())
        }
        Failure::NoRoom(_) | Failure::Overtaken => {
            ErrorReply::busy(RETRY_SECONDS, failure.to_string())
        }
        Failure::Copies(refused) => refused.clone(),
        Failure::Gone => ErrorReply::new(ErrorCode::NotFound, "repository not found"),
        _ => ErrorReply::new(ErrorCode::InternalError, failure.to_string())
            .caused_by("maintenance", failure),
    }
}

/// A run as `/stats` shows it.
pub(crate) fn shown(run: &RunRecord) -> Value {
    let duration_ms = run.finished_at.map(|at| at.saturating_sub(run.started_at));
    json!({
        "task": run.task,
        "outcome": run.outcome,
        "started_at_ms": run.started_at,
        "duration_ms": duration_ms,
        "packs": run.figures.packs,
        "objects": run.figures.objects,
        "bytes": run.figures.bytes,
        "rows": run.figures.rows,
        "detail": run.figures.detail,
    })
}
