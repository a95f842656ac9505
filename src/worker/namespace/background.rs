//! The work of a namespace's object with its events while nobody waits for it.
//!
//! It begins as soon as an event is written. The alarm is the safety net: it is ordered in the same turn
//! as the row, and goes on with the work of an object that ended.

use std::rc::Rc;

use super::state::NamespaceState;
use super::{queue, telling, told_standing};
use crate::storage::fault_log;
use crate::storage::namespace::entries::EntryError;
use crate::worker::durable::alarm::now_ms;

/// When the alarm takes over work of an object that ended.
const ALARM_MS: i64 = 30_000;

/// Called before anything is awaited after events were written: wakes the readers who wait, orders the
/// alarm, and sends the events on.
pub(crate) async fn written(state: &Rc<NamespaceState>) {
    state.arrivals.notify();
    match has_work(state) {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => return fault_log::error("namespace", &error),
    }
    let at_ms = now_ms().saturating_add(ALARM_MS);
    if let Err(error) = state.wake_by(at_ms).await {
        fault_log::error("alarm", &error);
    }
    let state = Rc::clone(state);
    worker::wasm_bindgen_futures::spawn_local(async move { run(&state).await });
}

/// On the first request after the object woke: goes on with the work of an earlier life, sooner than the
/// alarm would.
pub(crate) async fn woken(state: &Rc<NamespaceState>) {
    if !state.has_looked.replace(true) {
        written(state).await;
    }
}

/// On each ring of the alarm.
pub(crate) async fn ring(state: &Rc<NamespaceState>) -> worker::Result<()> {
    state.has_rung();
    run(state).await;
    let has_work = has_work(state);
    let has_work = has_work.map_err(|error| worker::Error::RustError(error.to_string()))?;
    if has_work {
        state.wake_by(now_ms().saturating_add(ALARM_MS)).await?;
    }
    Ok(())
}

async fn run(state: &Rc<NamespaceState>) {
    telling::begin(state);
    told_standing::begin(state);
    queue::run(state).await;
}

/// Whether an event is still to be sent on.
fn has_work(state: &NamespaceState) -> Result<bool, EntryError> {
    let Some(store) = state.store()? else {
        return Ok(false);
    };
    let has_untold = telling::has_work(&store)? || told_standing::has_work(&store)?;
    Ok(has_untold || queue::has_work(state, &store)?)
}
