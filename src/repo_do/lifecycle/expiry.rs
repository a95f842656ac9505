//! A repository ends by itself: at the time that was set, or when nobody has used it for as long as
//! was set.
//!
//! The alarm announces the end by an event, and later ends the repository as a deletion does, but
//! keeps nothing to restore. A request that comes after the end finds the repository gone even if
//! the alarm is late.

use serde_json::json;

use crate::git::store::StoreError;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::schedule::wake_if_due;
use crate::repo_do::state::alarm_time::Alarm;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::repository::lifetime::NextStep;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;
use crate::storage::time::iso_8601;

/// The alarm's part, behind that of the deletion, which ends a repository whose time is up.
pub(crate) async fn announce(object: &RepoObject) -> Result<(), ErrorReply> {
    tell::prepare(object).await;
    let store = object.store()?;
    let Some(record) = serving(&store)? else {
        return Ok(());
    };
    let now_ms = now_ms();
    if let Some(NextStep::Announce { at_ms, ends_at }) = store.next_step(&record)?
        && at_ms <= now_ms
        && !record.is_over(now_ms)
    {
        in_transaction(store.database(), || {
            let more = json!({"expiresAt": iso_8601(ends_at)});
            tell::append_repository(&store, EventKind::Expiring, Doer::default(), &more)?;
            store.note_announced(ends_at)
        })?;
        tell::written(object).await;
    }
    arm(object, &store).await;
    Ok(())
}

/// Makes sure that the alarm rings when there is something to do about the repository's end.
pub(crate) async fn arm(object: &RepoObject, store: &Store) {
    let step = serving(store).and_then(|record| match record {
        Some(record) => store.next_step(&record),
        None => Ok(None),
    });
    wake_if_due(object, step.map(|step| step.map(NextStep::at_ms))).await;
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
