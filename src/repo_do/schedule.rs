//! The object's one alarm, set to the earliest time that any task needs.

use std::time::Duration;

use super::object::RepoObject;
use super::runtime::clock::now_ms;
use super::state::alarm_time::Alarm;
use crate::git::store::StoreError;
use crate::storage::fault_log;

/// Finds out when the alarm rings, if that is not known: the first order after it need not ask.
pub(crate) async fn learn(object: &RepoObject) -> worker::Result<()> {
    if object.alarm.get() == Alarm::Unknown {
        let set = object.storage.get_alarm().await?;
        object.alarm.set(set.map_or(Alarm::Off, Alarm::At));
    }
    Ok(())
}

/// Makes sure that the alarm rings at this time at the latest.
pub(crate) async fn wake_by(object: &RepoObject, at_ms: i64) -> worker::Result<()> {
    learn(object).await?;
    if matches!(object.alarm.get(), Alarm::At(set) if set <= at_ms) {
        return Ok(());
    }
    set(object, at_ms).await
}

/// Sets the alarm to this time, in place of any other. It is ordered before anything is awaited,
/// so that it takes effect together with the rows written just before.
pub(crate) async fn set(object: &RepoObject, at_ms: i64) -> worker::Result<()> {
    object.alarm.set(Alarm::At(at_ms));
    // A number would be taken for an offset as well; a duration says so.
    let delay_ms = u64::try_from(at_ms.saturating_sub(now_ms())).unwrap_or(0);
    let delay = Duration::from_millis(delay_ms);
    object.storage.set_alarm(delay).await
}

/// As [`wake_by`], but ordered before anything is awaited, as [`set`] does it. Where it is not
/// [known](learn) when the alarm rings it is set to ring at once, since it may be due before.
pub(crate) async fn order_by(object: &RepoObject, at_ms: i64) -> worker::Result<()> {
    match object.alarm.get() {
        Alarm::At(rings_ms) if rings_ms <= at_ms => Ok(()),
        Alarm::Unknown => set(object, now_ms()).await,
        _ => set(object, at_ms).await,
    }
}

/// Notes that there is something to do for the packs in R2 at this time at the latest.
pub(crate) fn copies_due(object: &RepoObject, at_ms: i64) {
    object
        .snapshot_due
        .set(object.snapshot_due.get().min(at_ms));
}

/// As [`wake_or_log`], where something is due at all.
pub(crate) async fn wake_if_due(object: &RepoObject, due: Result<Option<i64>, StoreError>) {
    match due {
        Ok(Some(at_ms)) => wake_or_log(object, at_ms).await,
        Ok(None) => {}
        Err(error) => fault_log::error("alarm", &error),
    }
}

/// As [`wake_by`]; if the alarm cannot be set now, the next push sets it.
pub(crate) async fn wake_or_log(object: &RepoObject, at_ms: i64) {
    if let Err(error) = wake_by(object, at_ms).await {
        fault_log::error("alarm", &error);
    }
}
