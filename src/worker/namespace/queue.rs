//! The namespace's events, sent to a Cloudflare Queue where the deployment binds one.
//!
//! The last sent place is noted after the queue has taken the events: so each is sent at least once, in the
//! namespace's order.

use std::rc::Rc;

use js_sys::{Array, JSON, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use worker::Env;
use worker::wasm_bindgen_futures::JsFuture;

use super::state::NamespaceState;
use crate::repo_do::contract::event_shown::Shown;
use crate::repo_do::contract::event_types::EventPrefix;
use crate::repo_do::feed::answer::prefix;
use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::event_feed::{self, FeedOf, Look, Placed};
use crate::storage::event_payload::raw;
use crate::storage::fault_log;
use crate::storage::namespace::entries::EntryError;
use crate::storage::namespace::store::NamespaceStore;
use crate::worker::call::told;
use crate::worker::durable::alarm::now_ms;

/// The binding of the queue.
const QUEUE: &str = "EVENTS";

/// Messages of a batch: as many as the platform takes
/// (<https://developers.cloudflare.com/queues/platform/limits/>).
const MESSAGES_MAX: u32 = 100;
/// Bytes of a batch: 240,000 of the platform's 256 KB, since it adds less than 100 bytes a message of its
/// own.
const BATCH_BYTES_MAX: usize = 240_000;
/// Bytes of a message: the platform takes 128 KB.
const MESSAGE_BYTES_MAX: usize = 120_000;

// Bound by hand: the platform crate would make each value again, field by field, of its serde form,
// and needs a feature that also adds a handler for consumers.
#[wasm_bindgen]
extern "C" {
    type Queue;

    #[wasm_bindgen(method, catch, js_name = sendBatch)]
    fn send_batch(this: &Queue, messages: &Array) -> Result<Promise, JsValue>;
}

/// Why events could not be sent.
#[derive(Debug, thiserror::Error)]
enum QueueError {
    #[error(transparent)]
    Store(#[from] EntryError),
    #[error("event {place} cannot be written: {error}")]
    Json {
        place: i64,
        error: serde_json::Error,
    },
    #[error("the queue did not take the events up to {place}: {cause}")]
    Refused { place: i64, cause: String },
}

/// The queue, if the deployment binds one.
fn bound(env: &Env) -> Option<Queue> {
    let queue = Reflect::get(env, &QUEUE.into()).ok()?;
    queue.is_object().then(|| queue.unchecked_into())
}

/// Whether the deployment binds a queue.
pub(crate) fn is_bound(env: &Env) -> bool {
    bound(env).is_some()
}

/// Whether the queue lacks events.
pub(crate) fn has_work(
    state: &NamespaceState,
    store: &NamespaceStore<ObjectDatabase>,
) -> Result<bool, EntryError> {
    Ok(is_bound(&state.env) && store.queue_sent()? < event_feed::bounds(store.database())?.1)
}

/// Sends every event that the queue lacks. If another run is under way, that run sends them.
pub(crate) async fn run(state: &Rc<NamespaceState>) {
    let Some(queue) = bound(&state.env) else {
        return;
    };
    let Some(_run) = state.queue.begin(now_ms()) else {
        return;
    };
    let prefix = prefix(|name| state.variable(name));
    loop {
        match send_next(state, &queue, &prefix).await {
            Ok(true) => state.queue.backoff.succeeded(),
            Ok(false) => return,
            Err(error) => {
                fault_log::warning("queue", &error);
                let at_ms = now_ms().saturating_add(state.queue.backoff.failed());
                if let Err(error) = state.wake_by(at_ms).await {
                    fault_log::error("alarm", &error);
                }
                return;
            }
        }
    }
}

/// Sends one batch; `false` when there is nothing to send.
async fn send_next(
    state: &NamespaceState,
    queue: &Queue,
    prefix: &EventPrefix,
) -> Result<bool, QueueError> {
    let Some(store) = state.store()? else {
        return Ok(false);
    };
    let (oldest, _) = event_feed::bounds(store.database())?;
    let asked = Look {
        // Without the binding, unsent events may have been removed.
        after: store.queue_sent()?.max(oldest.saturating_sub(1)),
        kinds: None,
        rows_max: MESSAGES_MAX,
        bytes_max: BATCH_BYTES_MAX,
    };
    let looked = event_feed::look(store.database(), FeedOf::Namespace, &asked)?;
    let Some(batch) = Batch::of(&looked.events, prefix)? else {
        return Ok(false);
    };
    let place = batch.place;
    let refused = |thrown: &JsValue| QueueError::Refused {
        place,
        cause: told(thrown),
    };
    let messages = batch.messages().map_err(|thrown| refused(&thrown))?;
    let sent = queue
        .send_batch(&messages)
        .map_err(|thrown| refused(&thrown))?;
    JsFuture::from(sent)
        .await
        .map_err(|thrown| refused(&thrown))?;
    // The namespace may be gone by now.
    if let Some(store) = state.store()? {
        store.note_queue_sent(place)?;
    }
    Ok(true)
}

/// Events that fit one batch.
#[derive(Debug, PartialEq, Eq)]
struct Batch {
    bodies: Vec<String>,
    /// The place of the last one.
    place: i64,
}

impl Batch {
    fn of(events: &[Placed], prefix: &EventPrefix) -> Result<Option<Self>, QueueError> {
        let mut batch = Self {
            bodies: Vec::new(),
            place: 0,
        };
        let mut bytes = 0_usize;
        for placed in events {
            let place = placed.place;
            let body =
                message(placed, prefix).map_err(|error| QueueError::Json { place, error })?;
            bytes = bytes.saturating_add(body.len());
            if bytes > BATCH_BYTES_MAX && !batch.bodies.is_empty() {
                break;
            }
            batch.bodies.push(body);
            batch.place = place;
        }
        Ok(Some(batch).filter(|batch| !batch.bodies.is_empty()))
    }

    /// As `sendBatch` takes it.
    fn messages(&self) -> Result<Array, JsValue> {
        let messages = Array::new();
        for body in &self.bodies {
            let message = Object::new();
            Reflect::set(&message, &"body".into(), &JSON::parse(body)?)?;
            Reflect::set(&message, &"contentType".into(), &"json".into())?;
            messages.push(&message);
        }
        Ok(messages)
    }
}

/// The event as the queue takes it. One that is too large for a message comes without the details of
/// its payload, which the feed has.
fn message(placed: &Placed, prefix: &EventPrefix) -> serde_json::Result<String> {
    let shown = Shown {
        event: &placed.event,
        repository_id: &placed.repository_id,
        namespace_sequence: Some(placed.place),
    };
    let whole = shown.json(prefix)?;
    if whole.len() <= MESSAGE_BYTES_MAX {
        return Ok(whole);
    }
    let cut = serde_json::json!({ "repoId": placed.repository_id, "payloadTruncated": true });
    shown.with_payload(prefix, &raw(&cut))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::event::{Event, EventKind};

    fn placed(place: i64, bytes: usize) -> Placed {
        let body = serde_json::json!({
            "namespace": "demo", "repo_name": "hello", "actor": {"kind": "system"},
            "payload": {"text": "x".repeat(bytes)},
        });
        Placed {
            place,
            repository_id: "0tvugavnogssnwzk".to_owned(),
            event: Event {
                sequence: place,
                at_ms: 0,
                kind: EventKind::Pushed,
                body: serde_json::from_str(&body.to_string()).unwrap(),
            },
        }
    }

    fn batch(events: &[Placed]) -> Option<Batch> {
        Batch::of(events, &EventPrefix::default()).unwrap()
    }

    #[test]
    fn a_batch_ends_before_it_is_too_large() {
        assert_eq!(batch(&[]), None);
        let events: Vec<_> = (1..=5).map(|place| placed(place, 70_000)).collect();
        let first = batch(&events).unwrap();
        assert_eq!((first.place, first.bodies.len()), (3, 3));
        let bytes: usize = first.bodies.iter().map(String::len).sum();
        assert!(bytes <= BATCH_BYTES_MAX);
    }

    #[test]
    fn an_event_too_large_for_a_message_holds_nobody_up() {
        let first = batch(&[placed(1, 500_000), placed(2, 10)]).unwrap();
        assert_eq!(first.place, 2);
        let cut: serde_json::Value = serde_json::from_str(&first.bodies[0]).unwrap();
        assert_eq!(cut["payload"]["payloadTruncated"], true);
        assert_eq!(cut["payload"]["repoId"], "0tvugavnogssnwzk");
        assert_eq!(cut["metadata"]["namespaceSequence"], 1);
    }
}
