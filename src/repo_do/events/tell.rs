//! An event written, and what follows from that.

use std::rc::Rc;

use serde::Serialize;

use super::hand_over;
use crate::git::store::StoreError;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::schedule;
use crate::repo_do::state::store::Store;
use crate::storage::event::{EventKind, EventOrigin};
use crate::storage::event_payload::raw;
use crate::storage::fault_log;

/// When the alarm hands over what the object could not, because it ended. As late as that: pushes let
/// it ring a minute after them in any case, and the first request hands over before it.
const HAND_OVER_MS: i64 = 60_000;

/// Writes an event, in the caller's transaction.
pub(crate) fn append(
    store: &Store,
    kind: EventKind,
    origin: &EventOrigin,
    payload: &impl Serialize,
) -> Result<(), StoreError> {
    store.append_event(kind, now_ms(), &origin.body(raw(payload)))
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

/// Hands over what there is, while nobody waits for it.
pub(crate) fn send(object: &Rc<RepoObject>) {
    let object = Rc::clone(object);
    worker::wasm_bindgen_futures::spawn_local(async move { hand_over::run(&object).await });
}
