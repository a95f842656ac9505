//! The alarm's tasks for the packs in R2.

use std::rc::Rc;

use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::upkeep::snapshot;
use crate::storage::db::sql::Database as _;
use crate::storage::repository::maintenance_runs::RunFigures;

/// How long one run works; the rest is due at once.
const RUN_MS: i64 = 20_000;

/// Runs the work that is due, and notes when there is more.
pub(crate) async fn snapshot(object: &Rc<RepoObject>) -> Result<Option<RunFigures>, Failure> {
    let store = object.open_store()?;
    let until_ms = now_ms().saturating_add(RUN_MS);
    let (mut steps, before) = (0, store.database().rows_written());
    loop {
        // Reset the time first, so that a task that becomes due meanwhile can set it again.
        object.snapshot_due.set(i64::MAX);
        let next = snapshot::run_step(object).await.map_err(|error| {
            object.snapshot_due.set(0);
            Failure::Copies(error)
        })?;
        object.check_open(&store)?;
        let next_ms = next.unwrap_or(i64::MAX).min(object.snapshot_due.get());
        object.snapshot_due.set(next_ms);
        if next_ms > now_ms() {
            break;
        }
        steps += 1;
        if now_ms() >= until_ms {
            break;
        }
        pause().await;
    }
    Ok((steps > 0).then(|| RunFigures {
        rows: store.database().rows_written().saturating_sub(before),
        ..RunFigures::default()
    }))
}
