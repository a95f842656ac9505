//! Ends a repository, whether it was deleted or failed to become one.
//!
//! One write decides: the phase `deleting`, with its last event and the alarm. From then on every
//! caller finds the repository gone. The steps that follow tell its fork network, remove its own
//! objects in R2, hand its events over, and empty the database. Each step may be repeated, by the alarm or by the next request for the
//! name. The network hears before the database forgets which network it is.

use std::rc::Rc;

use serde_json::json;
use worker::wasm_bindgen_futures::spawn_local;

use super::import::failure;
use crate::git::store::StoreError;
use crate::repo_do::contract::{
    Deleted, ErrorReply, ForgetKept, NAMESPACE_FORGET, NAMESPACE_RELEASE, ReleaseName,
};
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::{hand_over, tell};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::request::namespace;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::schedule;
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep::snapshot;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::fault_log;
use crate::storage::repository::imports::ImportFailure;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;
use crate::storage::time::iso_8601;

/// How soon the alarm takes up interrupted work.
const ALARM_MS: i64 = 10_000;

/// Deletes a repository at once: decided when this is answered, and done if nothing fails. Nobody waits until the
/// namespace has taken the last events.
pub(crate) async fn delete(
    object: &Rc<RepoObject>,
    store: &Store,
    record: RepositoryRecord,
    doer: Doer,
) -> Answer {
    in_transaction(store.database(), || {
        tell::append_repository(store, EventKind::Deleted, doer.clone(), &json!({}))?;
        store.begin_deletion()
    })?;
    object.outbox.arrivals.notify();
    set_alarm(object).await?;
    begin_finish(object).await;
    reply::json(&Deleted {
        repository_id: record.id,
        purge_at_ms: None,
    })
}

/// Deletes a repository for good that was kept to be restored: decided when this returns.
pub(super) async fn purge(object: &Rc<RepoObject>, store: &Store) -> Result<(), ErrorReply> {
    decide(object, store).await?;
    begin_finish(object).await;
    Ok(())
}

/// Does the steps that must come first, and the rest while nobody waits for it. The alarm does the steps that
/// fail.
async fn begin_finish(object: &Rc<RepoObject>) {
    match leave_network(object).await {
        Ok(()) => spawn_local(finish_alone(Rc::clone(object))),
        Err(error) => fault_log::warning("deletion", &error.cause()),
    }
}

async fn finish_alone(object: Rc<RepoObject>) {
    if let Err(error) = finish(&object).await {
        fault_log::warning("deletion", &error.cause());
    }
}

/// Ends a repository that was being made and cannot be: only the reason stays, for a day, and its name is
/// free. If a step fails now, the alarm does it, and the reason is lost.
pub(crate) async fn fail(object: &RepoObject, reason: String) -> Result<(), ErrorReply> {
    let store = object.store()?;
    // One that is being deleted has its own end.
    let Some(record) = store.load()?.filter(|record| record.phase == Phase::Ready) else {
        return Ok(());
    };
    decide(object, &store).await?;
    finish(object).await?;
    let store = object.store()?;
    if store.load()?.is_none() {
        store.leave_import_failure(&ImportFailure {
            repository_id: record.id,
            namespace: record.namespace,
            name: record.name,
            reason,
            at: now_ms(),
            is_released: false,
        })?;
        let released = failure::after_failure(object).await;
        released.map_err(|error| ErrorReply::internal("release", &error))?;
    }
    Ok(())
}

/// Ends a deletion that was decided, a repository whose time is up, or a fork that was interrupted, so
/// that the object is empty or has a repository.
pub(crate) async fn settle(object: &RepoObject) -> Result<(), ErrorReply> {
    let store = object.store()?;
    if decide_expired(&store)? {
        object.outbox.arrivals.notify();
        set_alarm(object).await?;
    }
    match store.load()?.map(|record| record.phase) {
        Some(Phase::Forking) if !object.growing.is_taken(now_ms()) => {
            decide(object, &store).await?;
            finish(object).await
        }
        Some(Phase::Deleting) => finish(object).await,
        _ => Ok(()),
    }
}

/// The alarm's part: it does the same, and gives the name back. True when there was something to do.
pub(crate) async fn resume(object: &RepoObject) -> Result<bool, ErrorReply> {
    let store = object.store()?;
    let ends = |record: &RepositoryRecord| match record.phase {
        Phase::Ready => record.is_over(now_ms()),
        Phase::Kept => false,
        Phase::Forking | Phase::Deleting => true,
    };
    let Some(record) = store.load()?.filter(ends) else {
        return Ok(false);
    };
    // There will be another run, whatever fails now: the platform gives up its own retries some day.
    set_alarm(object).await?;
    settle(object).await?;
    if record.phase != Phase::Forking || !object.growing.is_taken(now_ms()) {
        let release = ReleaseName {
            name: record.name,
            repository_id: record.id,
            now_ms: now_ms(),
        };
        let told =
            namespace::tell_namespace(&object.env, &record.namespace, NAMESPACE_RELEASE, &release);
        if let Err(error) = told.await {
            // The next request for the name repairs its entry.
            fault_log::warning("release", &error);
        }
    }
    Ok(true)
}

/// Decides the end of a repository whose time is up, with its last two events; false if it is not.
fn decide_expired(store: &Store) -> Result<bool, StoreError> {
    let is_over =
        |record: &RepositoryRecord| record.phase == Phase::Ready && record.is_over(now_ms());
    let Some(record) = store.load()?.filter(is_over) else {
        return Ok(false);
    };
    let ends_at = record.ends_at().map(iso_8601);
    in_transaction(store.database(), || {
        let more = json!({"expiresAt": ends_at});
        tell::append_repository(store, EventKind::Expired, Doer::default(), &more)?;
        tell::append_repository(store, EventKind::Deleted, Doer::default(), &json!({}))?;
        store.begin_deletion()
    })?;
    Ok(true)
}

/// No await stands between the phase and the alarm's order, so that both happen or neither.
async fn decide(object: &RepoObject, store: &Store) -> Result<(), ErrorReply> {
    store.begin_deletion()?;
    set_alarm(object).await
}

async fn set_alarm(object: &RepoObject) -> Result<(), ErrorReply> {
    let set = schedule::set(object, now_ms().saturating_add(ALARM_MS)).await;
    set.map_err(|error| ErrorReply::internal("alarm", &error))
}

/// The repository, if it is being deleted.
fn deleting(object: &RepoObject) -> Result<Option<RepositoryRecord>, ErrorReply> {
    let record = object.store()?.load()?;
    Ok(record.filter(|record| record.phase == Phase::Deleting))
}

/// Tells the fork network, and removes the repository's own objects in R2.
async fn leave_network(object: &RepoObject) -> Result<(), ErrorReply> {
    match deleting(object)? {
        Some(record) if record.network_id.is_some() => {
            snapshot::take_leave(object, &*object.store()?, &record).await
        }
        _ => Ok(()),
    }
}

async fn finish(object: &RepoObject) -> Result<(), ErrorReply> {
    let Some(record) = deleting(object)? else {
        return Ok(());
    };
    leave_network(object).await?;
    // The database holds the events that the namespace has not taken.
    hand_over::finish(object).await?;
    forget_kept(object, &record).await?;
    // Another run may have been faster, and a new repository stand here by now.
    let still = deleting(object)?;
    if still.is_some_and(|still| still.id == record.id) {
        let wiped = object.wipe().await;
        wiped.map_err(|error| ErrorReply::internal("deletion", &error))?;
    }
    Ok(())
}

/// Tells the namespace to take a repository off its list of the deleted: before the database forgets that
/// it is there.
async fn forget_kept(object: &RepoObject, record: &RepositoryRecord) -> Result<(), ErrorReply> {
    if record.policies.deleted_at.is_none() {
        return Ok(());
    }
    let gone = ForgetKept {
        repository_id: record.id.clone(),
        purged_name: None,
    };
    let told = namespace::tell_namespace(&object.env, &record.namespace, NAMESPACE_FORGET, &gone);
    told.await
        .map_err(|error| ErrorReply::internal("deletion", &error))
}
