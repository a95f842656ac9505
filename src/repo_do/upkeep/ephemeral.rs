//! Refs under `refs/ephemeral/` deleted, when their time has come
//! ([ADR 86](../../../docs/adr/0086-ephemeral-refs.md)).

use std::rc::Rc;

use super::sweep::in_steps;
use crate::git::store::StoreError;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::store::Store;
use crate::storage::repository::maintenance_runs::RunFigures;

/// Refs that one step deletes: each takes a few rows, and others get their turn after 20 ms.
const STEP_REFS: u32 = 50;

/// Refs whose times are this near share one alarm.
const GRAIN_MS: i64 = 5_000;

/// When the next ones go: their time, rounded up.
pub(super) fn due(store: &Store) -> Result<Option<i64>, StoreError> {
    let due = store.ephemeral_refs_due()?;
    let grains = |at_ms: i64| at_ms.saturating_add(GRAIN_MS - 1).div_euclid(GRAIN_MS);
    Ok(due.map(|at_ms| grains(at_ms).saturating_mul(GRAIN_MS)))
}

/// Deletes the refs whose time has come.
pub(super) async fn expire(object: &Rc<RepoObject>) -> Result<Option<RunFigures>, Failure> {
    tell::prepare(object).await;
    let figures = in_steps(object, |store| {
        let Some(record) = store.load()? else {
            return Ok(0);
        };
        let origin = Doer::default().at(&record);
        store.expire_ephemeral_refs(&origin, now_ms(), STEP_REFS)
    })
    .await?;
    if figures.is_some() {
        tell::written_and_sent(object).await;
    }
    Ok(figures)
}
