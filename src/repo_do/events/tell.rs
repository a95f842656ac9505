//! Writes an event, and does the steps that follow.

use std::rc::Rc;

use serde::Serialize;
use serde_json::{Value, json};

use super::hand_over;
use super::origin::Doer;
use crate::git::store::StoreError;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::schedule;
use crate::repo_do::state::store::Store;
use crate::storage::event::{EventKind, EventOrigin};
use crate::storage::event_payload::{RepositoryPayload, raw};
use crate::storage::fault_log;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;

/// When the alarm hands over the events that the object could not, because it ended. As late as that: pushes
/// let it ring a minute after them in any case, and the first request hands over before it.
const HAND_OVER_MS: i64 = 60_000;

/// The repository, and the rest of its event.
#[derive(Serialize)]
struct WithMore<'a> {
    #[serde(flatten)]
    repository: RepositoryPayload,
    #[serde(flatten)]
    more: &'a Value,
}

/// Writes an event, in the caller's transaction.
pub(crate) fn append(
    store: &Store,
    kind: EventKind,
    origin: &EventOrigin,
    payload: &impl Serialize,
) -> Result<(), StoreError> {
    store.append_event(kind, now_ms(), &origin.body_of(kind, raw(payload)))
}

/// Writes an event that shows the repository as it is now, in the caller's transaction. `more` is an
/// object of further fields.
pub(crate) fn append_repository(
    store: &Store,
    kind: EventKind,
    doer: Doer,
    more: &Value,
) -> Result<(), StoreError> {
    let record = record(store)?;
    append(store, kind, &doer.at(&record), &with(&record, more))
}

/// Writes the event of a fork. As Artifacts has it, its source is the repository that was forked, and
/// its payload names the new one.
pub(crate) fn append_fork(
    store: &Store,
    doer: Doer,
    forked: Option<(&str, &str)>,
    more: &Value,
) -> Result<(), StoreError> {
    let record = record(store)?;
    let mut origin = doer.at(&record);
    let mut payload = json!({"namespace": record.namespace, "repoName": record.name});
    if let (Value::Object(payload), Value::Object(more)) = (&mut payload, more) {
        payload.extend(more.clone());
    }
    if let Some((namespace, name)) = forked {
        (origin.namespace, origin.repo_name) = (namespace.to_owned(), name.to_owned());
    }
    append(store, EventKind::Forked, &origin, &with(&record, &payload))
}

fn with<'a>(record: &RepositoryRecord, more: &'a Value) -> WithMore<'a> {
    WithMore {
        repository: record.into(),
        more,
    }
}

fn record(store: &Store) -> Result<RepositoryRecord, StoreError> {
    let none = || StoreError::Failed("no repository here".to_owned());
    store.load()?.ok_or_else(none)
}

/// Called before a transaction that writes events: finds out when the alarm rings, so that it can be
/// ordered in the turn of the transaction.
pub(crate) async fn prepare(object: &RepoObject) {
    if let Err(error) = schedule::learn(object).await {
        fault_log::error("alarm", &error);
    }
}

/// After a wait, before such a transaction: the repository, if it is still there and serves. A repository
/// that is being deleted has had its last event.
pub(crate) fn still_here(
    object: &RepoObject,
    store: &Store,
) -> Result<RepositoryRecord, ErrorReply> {
    let gone = || ErrorReply::new(ErrorCode::NotFound, "repository not found");
    if !object.is_open(store) {
        return Err(gone());
    }
    let record = store.load()?;
    record
        .filter(|record| record.phase == Phase::Ready)
        .ok_or_else(gone)
}

/// Called before anything is awaited after a transaction that wrote events: orders the alarm which
/// hands them over if nothing else does, and wakes the readers who wait.
pub(crate) async fn written(object: &RepoObject) {
    object.outbox.arrivals.notify();
    let at_ms = now_ms().saturating_add(HAND_OVER_MS);
    if let Err(error) = schedule::order_by(object, at_ms).await {
        fault_log::error("alarm", &error);
    }
}

/// The same, and hands them over while nobody waits for it.
pub(crate) async fn written_and_sent(object: &Rc<RepoObject>) {
    written(object).await;
    send(object);
}

/// Hands over the waiting events, while nobody waits for it.
pub(crate) fn send(object: &Rc<RepoObject>) {
    let object = Rc::clone(object);
    worker::wasm_bindgen_futures::spawn_local(async move { hand_over::run(&object).await });
}

/// On the first request after the object woke: sends the events that an earlier life left.
pub(crate) fn on_waking(object: &Rc<RepoObject>) {
    if object.outbox.is_looked_at.replace(true) {
        return;
    }
    let has_any = object.store().and_then(|store| hand_over::has_any(&store));
    if matches!(has_any, Ok(true)) {
        send(object);
    }
}
