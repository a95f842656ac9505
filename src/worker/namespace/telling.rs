//! The objects of webhooks, which hear of events, of changes, and that their webhook was deleted.
//!
//! The messages for each object stand in rows until it has answered. Each object gets its messages on its
//! own, so that one that hangs delays no other; and in order, since one message at a time is under way to it.

use std::rc::Rc;

use serde::Serialize;
use worker::Env;
use worker::wasm_bindgen_futures::spawn_local;

use super::contract::Done;
use super::state::NamespaceState;
use crate::repo_do::contract::event_shown::Shown;
use crate::repo_do::contract::event_types::EventPrefix;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::feed::answer::prefix;
use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::event_feed;
use crate::storage::fault_log;
use crate::storage::namespace::entries::EntryError;
use crate::storage::namespace::store::NamespaceStore;
use crate::worker::durable::alarm::now_ms;
use crate::worker::durable::message;
use crate::worker::webhooks::contract::{Deliver, GivenEvent, object_name, path};

type Store = NamespaceStore<ObjectDatabase>;

/// The binding of the webhooks' objects.
const WEBHOOKS: &str = "WEBHOOK";

/// Events of one message.
const EVENTS_MAX: u32 = 100;

/// Bytes of the events of one message, but one event in any case.
const EVENTS_BYTES_MAX: usize = 128 << 10;

/// Whether there is anything to tell.
pub(crate) fn has_work(store: &Store) -> Result<bool, EntryError> {
    store.webhooks().has_untold()
}

/// Begins to tell each object that has messages waiting and is not being told now. Where they are
/// too many, each that ends begins the next.
pub(crate) fn begin(state: &Rc<NamespaceState>) {
    if let Err(error) = try_to_begin(state) {
        fault_log::error("namespace", &error);
    }
}

fn try_to_begin(state: &Rc<NamespaceState>) -> Result<(), EntryError> {
    let Some(store) = state.store()? else {
        return Ok(());
    };
    if !has_work(&store)? {
        return Ok(());
    }
    for id in store.webhooks().untold()? {
        if state.webhooks.begin(&id, now_ms()) {
            spawn_local(tell(Rc::clone(state), id));
        }
    }
    for id in store.webhooks().deleted()? {
        if state.webhooks.begin(&id, now_ms()) {
            spawn_local(wipe(Rc::clone(state), id));
        }
    }
    Ok(())
}

/// Tells one object everything that it has not heard.
async fn tell(state: Rc<NamespaceState>, id: String) {
    let prefix = prefix(|name| state.variable(name));
    let told = loop {
        match tell_next(&state, &id, &prefix).await {
            Ok(true) => state.webhooks.succeeded(&id),
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    end(&state, &id, told).await;
}

async fn wipe(state: Rc<NamespaceState>, id: String) {
    let wiped = try_to_wipe(&state, &id).await;
    end(&state, &id, wiped).await;
}

async fn end(state: &Rc<NamespaceState>, id: &str, outcome: Result<(), ErrorReply>) {
    state.webhooks.ended(id);
    match outcome {
        Ok(()) => state.webhooks.succeeded(id),
        Err(error) => {
            fault_log::warning("webhook", &error.cause());
            let at_ms = state.webhooks.failed(id, now_ms());
            if let Err(error) = state.wake_by(at_ms).await {
                fault_log::error("alarm", &error);
            }
        }
    }
    begin(state);
}

/// Tells an object its next events, and how the webhook is now; `false` when it knows everything.
async fn tell_next(
    state: &NamespaceState,
    id: &str,
    prefix: &EventPrefix,
) -> Result<bool, ErrorReply> {
    let Some(store) = state.store()? else {
        return Ok(false);
    };
    let webhooks = store.webhooks();
    let Some(hook) = webhooks.find(id)? else {
        webhooks.forget_waiting(id)?;
        return Ok(false);
    };
    let places = webhooks.waiting(id, EVENTS_MAX)?;
    if places.is_empty() && !webhooks.is_untold(id)? {
        return Ok(false);
    }
    let (events, last) = read(&store, &places, prefix)?;
    let namespace = store.shown_name()?.unwrap_or_default();
    let mut definition = hook.definition(&namespace);
    // The object ends when it has the last event.
    let is_full = u32::try_from(places.len()).map_or(true, |count| count >= EVENTS_MAX);
    let is_all = !is_full && places.last().copied() == last;
    definition.is_ending &= is_all;
    let message = Deliver { definition, events };
    let name = object_name(&namespace, id);
    post(&state.env, &name, path::DELIVER, &message).await?;
    let definition = message.definition;
    match state.store()? {
        Some(store) if store.webhooks().find(id)?.is_some() => {
            store.webhooks().told(&definition, last)?;
            Ok(true)
        }
        _ => {
            // It was deleted meanwhile, and perhaps emptied before this message came to it.
            post(&state.env, &name, path::WIPE, &Done {}).await?;
            Ok(false)
        }
    }
}

/// The events at these places as they are sent, as many as fit a message, and the last place that
/// was looked at.
fn read(
    store: &Store,
    places: &[i64],
    prefix: &EventPrefix,
) -> Result<(Vec<GivenEvent>, Option<i64>), ErrorReply> {
    let (mut events, mut bytes, mut last) = (Vec::new(), 0_usize, None);
    for place in places {
        // An event that waits stays in the feed; if it is gone all the same, the others go on.
        if let Some(placed) = event_feed::at(store.database(), *place)? {
            let shown = Shown {
                event: &placed.event,
                repository_id: &placed.repository_id,
                namespace_sequence: Some(placed.place),
            };
            let body = shown.json(prefix);
            let body = body.map_err(|error| ErrorReply::internal("event", &error))?;
            bytes = bytes.saturating_add(body.len());
            if bytes > EVENTS_BYTES_MAX && !events.is_empty() {
                break;
            }
            events.push(GivenEvent {
                sequence: Some(placed.place),
                event_id: shown.id(),
                kind: shown.kind(prefix),
                body,
                repository_id: placed.repository_id,
            });
        }
        last = Some(*place);
    }
    Ok((events, last))
}

async fn try_to_wipe(state: &NamespaceState, id: &str) -> Result<(), ErrorReply> {
    let Some(store) = state.store()? else {
        return Ok(());
    };
    let namespace = store.shown_name()?.unwrap_or_default();
    let name = object_name(&namespace, id);
    post(&state.env, &name, path::WIPE, &Done {}).await?;
    if let Some(store) = state.store()? {
        store.webhooks().deletion_told(id)?;
    }
    Ok(())
}

/// Deletes all webhooks of the namespace and empties their objects: the namespace is about to go.
pub(crate) async fn delete_all(state: &NamespaceState) -> Result<(), ErrorReply> {
    let Some(store) = state.store()? else {
        return Ok(());
    };
    store.webhooks().delete_all()?;
    for id in store.webhooks().deleted()? {
        try_to_wipe(state, &id).await?;
    }
    Ok(())
}

async fn post(
    env: &Env,
    object_name: &str,
    path: &str,
    message: &impl Serialize,
) -> Result<(), ErrorReply> {
    let no_answer = |cause: &dyn std::fmt::Display| {
        let message = "the webhook's object did not answer";
        ErrorReply::new(ErrorCode::Unavailable, message).caused_by("webhook", cause)
    };
    let sent = message::post(env, (WEBHOOKS, object_name), path, message);
    match sent.await.map_err(|error| no_answer(&error))? {
        (200, _) => Ok(()),
        (status, _) => Err(no_answer(&format!("status {status}"))),
    }
}
