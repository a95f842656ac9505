//! Removes every object that no ref reaches, at once: from rows, from R2, from the ready clone. The
//! same for objects of Git LFS that no pointer names among the objects that refs reach.
//!
//! | after | what is left of an interrupted purge |
//! |---|---|
//! | the reflog is marked | ids of the past keep nothing; the next prune removes what it may |
//! | a pack is put in the place of another | the other, superseded, which the sweeper removes in time |
//! | superseded packs are removed | their copies in R2, which the alarm gives up in time |
//! | copies are given up | the removals of the network's object, by its alarm |
//!
//! A second purge does the rest, and its answer counts only that.

use std::rc::Rc;

use serde_json::{Value, json};

use super::prune;
use super::serve::{refusal, take_turn};
use super::sweep;
use super::thoroughness::Thoroughness;
use crate::git::store::StoreError;
use crate::repo_do::contract::Purged;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::request::not_ready;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::{reply, timer};
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep::{alarm, snapshot};
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::repository::maintenance_runs::{RunFigures, RunOutcome};
use crate::storage::repository::store::RepositoryRecord;

/// How long a purge waits for pushes that run, before which nothing can be removed.
const PUSHES_WAIT_MS: i64 = 20_000;

/// How often it looks meanwhile.
const POLL_MS: u32 = 50;

/// `POST /purge`
pub(crate) async fn serve(object: &Rc<RepoObject>, doer: Doer) -> Answer {
    let _taken = take_turn(object).await?;
    let store = object.store()?;
    if let Some(record) = store.load()?.filter(RepositoryRecord::is_being_filled) {
        return Err(not_ready::being_filled(&record));
    }
    let started_ms = now_ms();
    let done = purge(object, &store).await;
    if object.is_open(&store) {
        let (outcome, figures) = match &done {
            Ok(purged) => (RunOutcome::Done, figures_of(purged)),
            Err(failure) => {
                let detail = failure.to_string();
                let figures = RunFigures {
                    detail,
                    ..RunFigures::default()
                };
                (RunOutcome::Failed, figures)
            }
        };
        tell::prepare(object).await;
        in_transaction(store.database(), || {
            store.end_run("purge", started_ms, outcome, &figures)?;
            if let Ok(purged) = &done {
                let more = payload_of(purged);
                tell::append_repository(&store, EventKind::Purged, doer.clone(), &more)?;
            }
            Ok::<_, StoreError>(())
        })?;
        tell::written_and_sent(object).await;
        // The ready clone is made again, and packs settle.
        alarm::after_settings(object, &store).await;
    }
    reply::json(&done.map_err(|failure| refusal(&failure))?)
}

/// The payload of its event: the same counts as the answer, and how many repositories may still hold the
/// objects; their names are not for the readers of this one's events.
fn payload_of(purged: &Purged) -> Value {
    json!({
        "objects": purged.objects,
        "bytes": purged.bytes,
        "packsRewritten": purged.packs_rewritten,
        "lfsObjects": purged.lfs_objects,
        "lfsBytes": purged.lfs_bytes,
        "r2Objects": purged.r2_objects,
        "holders": purged.holders.len(),
    })
}

fn figures_of(purged: &Purged) -> RunFigures {
    let lfs = (purged.lfs_objects, purged.lfs_bytes);
    RunFigures {
        detail: if lfs.0 > 0 {
            format!("{} lfs objects of {} bytes", lfs.0, lfs.1)
        } else {
            String::new()
        },
        packs: purged.packs_rewritten,
        objects: purged.objects,
        bytes: purged.bytes,
        ..RunFigures::default()
    }
}

async fn purge(object: &Rc<RepoObject>, store: &Rc<Store>) -> Result<Purged, Failure> {
    let until_ms = now_ms().saturating_add(PUSHES_WAIT_MS);
    let mut purged = Purged::default();
    loop {
        if object.readers.has_push() && now_ms() < until_ms {
            timer::after(POLL_MS).await;
            object.check_open(store)?;
            continue;
        }
        // No push runs that may build on the objects these entries name.
        store.forget_reflog_ids()?;
        object.reach.clear();
        object.answers.clear();
        match prune::prune(object, Thoroughness::Purge).await {
            Ok(pruned) => {
                let figures = pruned.figures.unwrap_or_default();
                purged.lfs_objects = purged.lfs_objects.saturating_add(pruned.lfs.objects);
                purged.lfs_bytes = purged.lfs_bytes.saturating_add(pruned.lfs.bytes);
                purged.objects = purged.objects.saturating_add(figures.objects);
                purged.bytes = purged.bytes.saturating_add(figures.bytes);
                purged.packs_rewritten = purged.packs_rewritten.saturating_add(figures.packs);
                break;
            }
            Err(Failure::Overtaken) if now_ms() < until_ms => timer::after(POLL_MS).await,
            Err(failure) => return Err(failure),
        }
    }
    object.reach.clear();
    object.answers.clear();
    sweep::purge(object).await?;
    object.check_open(store)?;
    let copies = snapshot::purge_copies(object, store).await?;
    purged.r2_objects = copies.removed;
    purged.holders = copies.holders;
    Ok(purged)
}
