//! Rows removed that nobody needs: rows of abandoned and superseded packs, and of the reflog.

use std::rc::Rc;

use crate::git::store::StoreError;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::Database as _;
use crate::storage::repository::maintenance_runs::RunFigures;
use crate::storage::repository::sweep::Sweep;

/// Rows that are removed between two pauses.
pub(super) const STEP_ROWS: u32 = 250;

/// Removes packs whose time has come.
pub(crate) async fn sweep(object: &Rc<RepoObject>) -> Result<Option<RunFigures>, Failure> {
    remove_packs(object, false).await
}

/// Removes all packs that are not live, even if readers still hold them, and overwrites their
/// bytes.
pub(crate) async fn purge(object: &Rc<RepoObject>) -> Result<Option<RunFigures>, Failure> {
    remove_packs(object, true).await
}

async fn remove_packs(
    object: &Rc<RepoObject>,
    is_purge: bool,
) -> Result<Option<RunFigures>, Failure> {
    let store = object.open_store()?;
    let (mut rows, mut packs) = (0, 0);
    loop {
        let retention = store.retention()?;
        let now_ms = now_ms();
        let mut grace_ms = retention.superseded_grace_seconds.saturating_mul(1000);
        // A reader that began before a pack was superseded may still need it.
        let mut unread = object.readers.oldest().unwrap_or(now_ms + 1) - 1;
        if is_purge {
            (grace_ms, unread) = (0, i64::MAX);
        }
        let in_progress = object.in_progress.borrow().clone();
        let sweep = Sweep {
            now_ms,
            grace_ms: if is_purge {
                0
            } else {
                object.quarantine_grace_ms()
            },
            superseded_until_ms: now_ms.saturating_sub(grace_ms).min(unread),
            rows_max: STEP_ROWS,
            in_progress: &in_progress,
            scrubs: is_purge,
        };
        let (packs_before, rows_before) = (store.waiting_packs()?, store.database().rows_written());
        let more = store.sweep(sweep)?;
        packs += packs_before.saturating_sub(store.waiting_packs()?);
        rows += store.database().rows_written().saturating_sub(rows_before);
        if !more {
            break;
        }
        pause().await;
        object.check_open(&store)?;
    }
    Ok((rows > 0).then(|| RunFigures {
        packs,
        rows,
        ..RunFigures::default()
    }))
}

/// Removes entries of the reflog whose time has come.
pub(crate) async fn expire_reflog(
    object: &Rc<RepoObject>,
    asked: bool,
) -> Result<Option<RunFigures>, Failure> {
    in_steps(object, |store| {
        let retention = store.retention()?;
        let before_ms = now_ms().saturating_sub(retention.reflog_ms(asked));
        store.expire_reflog(before_ms, STEP_ROWS)
    })
    .await
}

/// Removes rows by steps of [`STEP_ROWS`], until one removes none.
pub(super) async fn in_steps(
    object: &RepoObject,
    step: impl Fn(&Store) -> Result<u64, StoreError>,
) -> Result<Option<RunFigures>, Failure> {
    let store = object.open_store()?;
    let mut rows = 0;
    loop {
        let gone = step(&store)?;
        rows += gone;
        if gone == 0 {
            break;
        }
        pause().await;
        object.check_open(&store)?;
    }
    Ok((rows > 0).then(|| RunFigures {
        rows,
        ..RunFigures::default()
    }))
}
