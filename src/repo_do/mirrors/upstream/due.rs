//! The time of the next sync.

use crate::git::store::StoreError;
use crate::repo_do::object::RepoObject;
use crate::repo_do::schedule::wake_if_due;
use crate::repo_do::state::store::Store;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;
use crate::storage::repository::upstream_syncs::{AskedBy, SyncOutcome, SyncRecord};

/// The longest wait after failures, for a shorter interval.
const WAIT_MS_MAX: i64 = 24 * 3_600_000;

/// Milliseconds to wait after the failure of a sync that the upstream's webhook requested; the wait
/// doubles with each further failure.
const WEBHOOK_RETRY_MS: i64 = 60_000;

/// Retries of such a sync, for an upstream without an interval.
const WEBHOOK_RETRIES_MAX: u32 = 8;

/// Doublings of a wait.
const DOUBLINGS_MAX: u32 = 10;

/// The time of the next sync after this finished one, in unix milliseconds; `None` if the next sync needs
/// a request.
fn after(last: &SyncRecord, interval_seconds: Option<u32>) -> Option<i64> {
    let (finished_at, outcome) = last.finished?;
    let doublings = last.failures.saturating_sub(1).min(DOUBLINGS_MAX);
    let wait_ms = match interval_seconds {
        Some(seconds) => {
            let interval_ms = i64::from(seconds).saturating_mul(1000);
            let wait_ms = interval_ms.saturating_mul(1 << doublings);
            wait_ms.min(WAIT_MS_MAX.max(interval_ms))
        }
        // Without a retry, no sync would run before the next push there.
        None if outcome == SyncOutcome::Failed
            && last.asked_by == AskedBy::Webhook
            && (1..=WEBHOOK_RETRIES_MAX).contains(&last.failures) =>
        {
            WEBHOOK_RETRY_MS.saturating_mul(1 << doublings)
        }
        None => return None,
    };
    Some(finished_at.saturating_add(wait_ms))
}

/// Whether Cairn runs syncs for this repository now.
pub(crate) fn is_followed(record: &RepositoryRecord) -> bool {
    let is_here = record.phase == Phase::Ready && !record.is_being_filled();
    is_here && record.policies.upstream.is_some()
}

/// The time of the next sync; now, if somebody requested one.
pub(crate) fn due(store: &Store) -> Result<Option<i64>, StoreError> {
    if !store.load()?.as_ref().is_some_and(is_followed) {
        return Ok(None);
    }
    if store.next_sync()?.is_some() {
        return Ok(Some(0));
    }
    let Some(upstream) = store.upstream()? else {
        return Ok(None);
    };
    let last = store.newest_sync()?;
    Ok(last.and_then(|last| after(&last, upstream.interval_seconds)))
}

/// The cause of the sync that is due now, if nobody requested it.
pub(super) fn asker(store: &Store) -> Result<AskedBy, StoreError> {
    let has_interval = store
        .upstream()?
        .is_some_and(|upstream| upstream.interval_seconds.is_some());
    Ok(if has_interval {
        AskedBy::Interval
    } else {
        AskedBy::Webhook
    })
}

/// Makes sure that the alarm rings when the next sync is due.
pub(crate) async fn arm(object: &RepoObject, store: &Store) {
    wake_if_due(object, due(store)).await;
}

/// The same on the first request after the object woke, if the repository has an upstream.
pub(crate) async fn arm_on_waking(
    object: &RepoObject,
    store: &Store,
    record: Option<&RepositoryRecord>,
) {
    if record.is_some_and(is_followed) && !object.upstream.was_armed() {
        arm(object, store).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::repository::upstream_syncs::SyncReport;

    fn wait(
        asked_by: AskedBy,
        outcome: SyncOutcome,
        failures: u32,
        interval: Option<u32>,
    ) -> Option<i64> {
        let last = SyncRecord {
            seq: 1,
            asked_by,
            asked_at: 0,
            attempts: 1,
            finished: Some((1_000_000, outcome)),
            failures,
            report: SyncReport::default(),
        };
        after(&last, interval).map(|at| (at - 1_000_000) / 1000)
    }

    #[test]
    fn a_sync_follows_an_interval_and_later_after_failures() {
        let by_time = |failures, interval| {
            let outcome = match failures {
                0 => SyncOutcome::Unchanged,
                _ => SyncOutcome::Failed,
            };
            wait(AskedBy::Interval, outcome, failures, Some(interval))
        };
        assert_eq!(by_time(0, 900), Some(900));
        assert_eq!(by_time(1, 900), Some(900));
        assert_eq!(by_time(2, 900), Some(1800));
        assert_eq!(by_time(5, 900), Some(14_400));
        assert_eq!(by_time(99, 900), Some(86_400));
        // Failures never shorten an interval.
        assert_eq!(by_time(99, 200_000), Some(200_000));
    }

    #[test]
    fn without_an_interval_only_what_a_webhook_asked_for_is_tried_again() {
        let failed = |asked_by, failures| wait(asked_by, SyncOutcome::Failed, failures, None);
        assert_eq!(failed(AskedBy::Webhook, 1), Some(60));
        assert_eq!(failed(AskedBy::Webhook, 8), Some(60 << 7));
        assert_eq!(failed(AskedBy::Webhook, 9), None);
        assert_eq!(failed(AskedBy::Request, 1), None);
        // New settings ended this sync.
        assert_eq!(failed(AskedBy::Webhook, 0), None);
        let done = wait(AskedBy::Webhook, SyncOutcome::Updated, 0, None);
        assert_eq!(done, None);
    }
}
