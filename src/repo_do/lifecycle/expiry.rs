//! A repository ends by itself: at the time that was set, or when nobody has used it for as long as
//! was set.
//!
//! The alarm announces the end by an event, and later ends the repository as a deletion does, but
//! keeps nothing to restore. A request that comes after the end finds the repository gone even if
//! the alarm is late.

use serde_json::json;

use super::deletion;
use crate::git::store::StoreError;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::schedule::wake_or_log;
use crate::repo_do::state::alarm_time::Alarm;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::repository::lifetime::NextStep;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;
use crate::storage::time::iso_8601;

/// The alarm's part: announces the end, or ends the repository; true if it has ended.
pub(crate) async fn run(object: &RepoObject) -> Result<bool, ErrorReply> {
    tell::prepare(object).await;
    let store = object.store()?;
    let Some(record) = serving(&store)? else {
        return Ok(false);
    };
    let now_ms = now_ms();
    if record.is_over(now_ms) {
        // What is decided here, `deletion` does.
        return deletion::resume(object).await;
    }
    if let Some(NextStep::Announce { at_ms, ends_at }) = store.next_step(&record)?
        && at_ms <= now_ms
    {
        in_transaction(store.database(), || {
            let more = json!({"expiresAt": iso_8601(ends_at)});
            tell::append_repository(&store, EventKind::Expiring, Doer::default(), &more)?;
            store.note_announced(ends_at)
        })?;
        tell::written(object).await;
    }
    arm(object, &store).await;
    Ok(false)
}

/// Makes sure that the alarm rings when there is something to do about the repository's end.
pub(crate) async fn arm(object: &RepoObject, store: &Store) {
    let step = serving(store).and_then(|record| match record {
        Some(record) => store.next_step(&record),
        None => Ok(None),
    });
    match step {
        Ok(Some(step)) => wake_or_log(object, step.at_ms()).await,
        Ok(None) => {}
        Err(error) => crate::storage::fault_log::error("expiry", &error),
    }
}

/// The same on the first request after the object woke, if the repository ends at all: an alarm that
/// was lost costs no more than that.
pub(crate) async fn arm_on_waking(
    object: &RepoObject,
    store: &Store,
    record: Option<&RepositoryRecord>,
) {
    let ends = record.is_some_and(|record| record.ends_at().is_some());
    if ends && object.alarm.get() == Alarm::Unknown {
        arm(object, store).await;
    }
}

fn serving(store: &Store) -> Result<Option<RepositoryRecord>, StoreError> {
    let record = store.load()?;
    Ok(record.filter(|record| record.phase == Phase::Ready))
}
