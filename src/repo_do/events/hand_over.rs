//! Events handed over to the namespace's object, in their order, until it has them all.
//!
//! The message that carries them also has the repository's fields for the namespace's list.
//! It is sent at least once; the namespace takes each event once, by its number.

use crate::git::store::StoreError;
use crate::repo_do::contract::event::{HandOver, HandedOver, NAMESPACE_TAKE};
use crate::repo_do::contract::{ErrorCode, ErrorReply, RepositoryInfo};
use crate::repo_do::events::leaving;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::info::shown;
use crate::repo_do::request::namespace::ask_namespace;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::{reply, timer};
use crate::repo_do::schedule::wake_or_log;
use crate::repo_do::state::outbox::Sizes;
use crate::repo_do::state::store::Store;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;

/// Events of one message.
const EVENTS_MAX: u32 = 100;

/// Bytes of their bodies.
const EVENT_BYTES_MAX: usize = 512 << 10;

/// The time between the beginnings of two messages at least: pushes that follow one another closely
/// share one. The first goes at once, so that a webhook hears of a single push without delay.
const BETWEEN_MS: i64 = 100;

/// How long one hand-over waits for another that is under way.
const WAIT_MS: i64 = 15_000;

/// When to come back if that is not enough.
const RETRY_SECONDS: u32 = 2;

/// Sends the waiting events; also without events, for the list of the namespace. If another run is under
/// way, that run sees the new events. After a failure the alarm tries again.
pub(crate) async fn run(object: &RepoObject) {
    let Some(_taken) = object.outbox.turn.try_take(now_ms()) else {
        return;
    };
    pause(object).await;
    if let Err(error) = send_all(object).await {
        reply::log_fault(&error);
        let at_ms = now_ms().saturating_add(object.outbox.backoff.failed());
        wake_or_log(object, at_ms).await;
    }
}

/// Sends events that an earlier life of the object left, or a hand-over that failed: for the alarm.
pub(crate) async fn run_if_any(object: &RepoObject) {
    let has_any = object.store().and_then(|store| {
        note(&store, object)?;
        has_any(&store)
    });
    match has_any {
        Ok(true) => run(object).await,
        Ok(false) => {}
        Err(error) => reply::log_fault(&error.into()),
    }
}

/// Tells the namespace of the repository's use, and its size if that differs from the one told last: for the
/// alarm, whose work changes it. An object that was woken by the alarm does not know the size it told, and
/// tells it again.
pub(crate) async fn tell_sizes(object: &RepoObject) {
    let changed = object.store().and_then(|store| {
        let Some(record) = store.load()? else {
            return Ok(false);
        };
        object.outbox.r2_bytes.set(Some(store.r2_bytes()?));
        let info = listed(object, &store, &record)?;
        let sizes = info.as_ref().map(Sizes::from);
        let is_new = sizes.is_some() && sizes != object.outbox.told.get();
        Ok(is_new || object.usage.has_any())
    });
    match changed {
        Ok(true) => run(object).await,
        Ok(false) => {}
        Err(error) => reply::log_fault(&error.into()),
    }
}

/// The repository as its namespace lists it; `None` of one that is not there for anybody.
fn listed(
    object: &RepoObject,
    store: &Store,
    record: &RepositoryRecord,
) -> Result<Option<RepositoryInfo>, StoreError> {
    if record.phase != Phase::Ready {
        return Ok(None);
    }
    let mut info = shown(store, record.clone())?;
    info.r2_bytes = object.outbox.r2_bytes.get();
    Ok(Some(info))
}

/// Hands over everything before the database is wiped; fails while the namespace does not answer.
pub(crate) async fn finish(object: &RepoObject) -> Result<(), ErrorReply> {
    let store = object.store()?;
    note(&store, object)?;
    if !has_any(&store)? {
        return Ok(());
    }
    let Some(_taken) = object.outbox.turn.take_within(WAIT_MS).await else {
        return Err(ErrorReply::busy(
            RETRY_SECONDS,
            "the repository's events are being handed over, try again",
        ));
    };
    if !has_any(&*object.store()?)? {
        return Ok(());
    }
    send_all(object).await
}

/// Whether the namespace has every event. A transaction that must not come before that asks this in its own
/// turn.
pub(crate) fn is_done(object: &RepoObject, store: &Store) -> Result<bool, StoreError> {
    note(store, object)?;
    Ok(!has_any(store)?)
}

/// Whether something is left. Where no repository was created there is nothing.
pub(crate) fn has_any(store: &Store) -> Result<bool, StoreError> {
    Ok(store.load()?.is_some() && store.has_unhanded_events()?)
}

/// Notes how far events were handed over, if the database does not say so yet.
pub(crate) fn note(store: &Store, object: &RepoObject) -> Result<(), StoreError> {
    if let Some(sequence) = object.outbox.to_note() {
        store.note_handed_over(sequence)?;
        object.outbox.noted(sequence);
    }
    Ok(())
}

/// Waits until the next message may go.
async fn pause(object: &RepoObject) {
    let due_ms = object.outbox.sent_ms.get().saturating_add(BETWEEN_MS);
    // A clock that was set back makes nobody wait longer.
    let wait_ms = due_ms.saturating_sub(now_ms()).min(BETWEEN_MS);
    if let Some(wait_ms) = u32::try_from(wait_ms).ok().filter(|wait_ms| *wait_ms > 0) {
        timer::after(wait_ms).await;
    }
}

/// The last event that was handed over.
fn begin(object: &RepoObject, store: &Store) -> Result<i64, StoreError> {
    if let Some(from) = object.outbox.handed_over.get() {
        return Ok(from);
    }
    let noted = store.handed_over()?;
    object.outbox.noted(noted);
    Ok(noted)
}

async fn send_all(object: &RepoObject) -> Result<(), ErrorReply> {
    let store = object.store()?;
    loop {
        object.outbox.sent_ms.set(now_ms());
        let arrivals = object.outbox.arrivals.count();
        let Some(record) = store.load()? else {
            return Ok(());
        };
        let from = begin(object, &store)?;
        let mut page = store.events_after(from, EVENTS_MAX, EVENT_BYTES_MAX)?;
        let departure = leaving::cut(&mut page, &record);
        let webhooks = match &departure {
            Some(departure) => departure.begin(object, &record.id).await?,
            None => Vec::new(),
        };
        let last = page.events.last().map(|event| event.sequence);
        // Events that are missing before the first are gone from here, too.
        let first = page.events.first().map(|event| event.sequence);
        let gap = first.filter(|first| *first != from.saturating_add(1));
        let namespace = record.namespace.clone();
        let info = listed(object, &store, &record)?;
        let sizes = info.as_ref().map(Sizes::from);
        let message = HandOver {
            repository_id: record.id.clone(),
            events: page.events,
            oldest: gap.unwrap_or(0),
            info,
            usage: object.usage.take(now_ms()),
            webhooks,
            leaves: false,
        };
        let sent = ask_namespace(&object.env, &namespace, NAMESPACE_TAKE, &message);
        let HandedOver { taken } = sent
            .await
            .inspect_err(|_| object.usage.put_back(&message.usage))?;
        if !object.is_open(&store) {
            // Everything was wiped meanwhile.
            return Ok(());
        }
        object.outbox.told.set(sizes);
        if let Some(last) = last {
            if taken < from {
                // The namespace was set back, and gets the events it lacks.
                object.outbox.handed_over.set(Some(taken));
                continue;
            }
            if taken < last {
                let message = "the namespace did not take all events";
                return Err(ErrorReply::new(ErrorCode::InternalError, message));
            }
            if let (Some(departure), [event]) = (&departure, &*message.events) {
                departure.end(object, &record.id, event).await?;
                if !object.is_open(&store) {
                    return Ok(());
                }
            }
            object.outbox.handed_over.set(Some(last));
            if object.outbox.is_worth_a_note() {
                note(&store, object)?;
            }
        }
        object.outbox.backoff.succeeded();
        if !page.more && object.outbox.arrivals.count() == arrivals {
            return Ok(());
        }
        if !page.more {
            pause(object).await;
            if !object.is_open(&store) {
                return Ok(());
            }
        }
    }
}
