//! Deliveries under way: several lanes at once, in each one after another.

use std::rc::Rc;

use worker::wasm_bindgen_futures::spawn_local;

use super::contract::{Disabled, NAMESPACE_DISABLED};
use super::hook::{Hook, Store};
use super::post::{Letter, post};
use super::settling::{Ended, settle};
use crate::repo_do::contract::ErrorReply;
use crate::storage::fault_log;
use crate::storage::webhook::store::{Due, HookError};
use crate::worker::durable::alarm::now_ms;
use crate::worker::durable::message;
use crate::worker::fault::fault;
use crate::worker::random;

/// Requests to the receiver at once. The platform allows six connections.
const RUNNING_MAX: usize = 4;

/// While attempts are under way the alarm rings after so long, so that attempts that a restart ended are
/// repeated soon.
const GUARD_MS: i64 = 5_000;

/// When to tell the namespace's object again that the webhook was switched off.
const TELLING_RETRY_MS: i64 = 30_000;

/// The variable by which the operator allows receivers on private networks, as for imports.
const ALLOW_PRIVATE: &str = "CAIRN_IMPORT_ALLOW_PRIVATE";

/// The binding of the namespaces' objects.
const NAMESPACES: &str = "NAMESPACE";

/// Begins the attempts that are due, and sets the alarm for the others. Nothing is awaited before
/// the alarm is ordered.
pub(super) async fn go_on(hook: &Rc<Hook>) -> Result<(), ErrorReply> {
    let store = hook.store()?;
    let Some(known) = store.load()? else {
        return Ok(());
    };
    begin_due(hook, &store)?;
    if known.disabled_reason.is_some() && !hook.is_telling.replace(true) {
        spawn_local(tell_namespace(Rc::clone(hook)));
    }
    let is_over = hook.running.borrow().is_empty() && store.is_settled()?;
    if known.definition.is_ending && is_over {
        return hook.wipe().await;
    }
    match wake_at(hook, &store, known.disabled_reason.is_some())? {
        Some(at_ms) => {
            let set = hook.wake_by(at_ms).await;
            set.map_err(|error| fault("webhook's alarm", &error))
        }
        None => Ok(()),
    }
}

fn begin_due(hook: &Rc<Hook>, store: &Store) -> Result<(), HookError> {
    let mut running = hook.running.borrow_mut();
    if running.len() >= RUNNING_MAX {
        return Ok(());
    }
    // Those under way are due as well.
    let most = RUNNING_MAX.saturating_add(running.len());
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    for due in store.due(now_ms(), most)? {
        if running.len() >= RUNNING_MAX {
            break;
        }
        if running.insert(due.seq) {
            spawn_local(attempt(Rc::clone(hook), due));
        }
    }
    Ok(())
}

/// When there is something to do next.
fn wake_at(hook: &Hook, store: &Store, is_to_tell: bool) -> Result<Option<i64>, HookError> {
    let running = hook.running.borrow();
    let now_ms = now_ms();
    let guard = (!running.is_empty()).then(|| now_ms.saturating_add(GUARD_MS));
    let telling = is_to_tell.then(|| now_ms.saturating_add(TELLING_RETRY_MS));
    let next = if running.len() < RUNNING_MAX {
        let most = u32::try_from(running.len().saturating_add(1)).unwrap_or(u32::MAX);
        let times = store.next_due(most)?.into_iter();
        times
            .filter(|(_, seq)| !running.contains(seq))
            .map(|(due_at, _)| due_at)
            .min()
    } else {
        // Whichever ends first begins the next.
        None
    };
    let soonest = [guard, telling, next].into_iter().flatten().min();
    match soonest {
        Some(at_ms) => Ok(Some(at_ms)),
        None => store.prune_due(),
    }
}

/// One attempt of one delivery, from its beginning to the step after it.
async fn attempt(hook: Rc<Hook>, due: Due) {
    let tried = try_once(&hook, &due).await;
    hook.running.borrow_mut().remove(&due.seq);
    let gone_on = match tried {
        Ok(()) => go_on(&hook).await,
        Err(error) => Err(error),
    };
    if let Err(error) = gone_on {
        // The alarm is set, and goes on with it.
        fault_log::error("webhook's delivery", &error.cause());
    }
}

async fn try_once(hook: &Hook, due: &Due) -> Result<(), ErrorReply> {
    let Some(known) = hook.store()?.load()? else {
        return Ok(());
    };
    let random = u32::from_le_bytes(random::bytes()?);
    let begun_ms = now_ms();
    let allowed = hook.env.var(ALLOW_PRIVATE);
    let posted = post(&Letter {
        definition: &known.definition,
        event_id: &due.event_id,
        body: &due.body,
        allow_private: allowed.is_ok_and(|value| value.to_string() == "true"),
        now_ms: begun_ms,
    })
    .await;
    // The store afresh: the webhook may have been deleted meanwhile.
    let store = hook.store()?;
    let Some(known) = store.load()? else {
        return Ok(());
    };
    let ended = Ended {
        begun_ms,
        now_ms: now_ms(),
        random,
    };
    settle(&store, &known, due, posted, ended)?;
    Ok(hook.note_settled(&store)?)
}

/// Tells the namespace's object that this one switched the webhook off. If that fails, the alarm
/// does it again.
async fn tell_namespace(hook: Rc<Hook>) {
    let told = try_to_tell(&hook).await;
    hook.is_telling.set(false);
    if let Err(error) = told {
        fault_log::warning("webhook's end", &error.cause());
    }
}

async fn try_to_tell(hook: &Hook) -> Result<(), ErrorReply> {
    let Some(known) = hook.store()?.load()? else {
        return Ok(());
    };
    let Some(reason) = known.disabled_reason else {
        return Ok(());
    };
    let disabled = Disabled {
        id: known.definition.id,
        version: known.definition.version,
        reason,
        failing_since_ms: known.failing_since,
    };
    let namespace = known.definition.namespace.to_ascii_lowercase();
    let object = (NAMESPACES, namespace.as_str());
    let sent = message::post(&hook.env, object, NAMESPACE_DISABLED, &disabled);
    let failed = |error: &dyn std::fmt::Display| ErrorReply::internal("namespace", error);
    match sent.await.map_err(|error| failed(&error))? {
        // A webhook that is gone needs no telling; 404 says that.
        (200 | 404, _) => {}
        (status, _) => return Err(failed(&format!("status {status}"))),
    }
    let store = hook.store()?;
    match store.load()? {
        Some(now) if now.definition.version == disabled.version => Ok(store.disabling_told()?),
        _ => Ok(()),
    }
}
