//! The rest of a failed import: the reason, kept for a day, and a name that is free.

use std::rc::Rc;

use worker::Env;

use super::error::ImportError;
use crate::git::store::StoreError;
use crate::repo_do::contract::{NAMESPACE_RELEASE, ReleaseName};
use crate::repo_do::events::hand_over;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::namespace;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::schedule;
use crate::storage::fault_log;
use crate::storage::repository::imports::ImportFailure;
use crate::storage::repository::phase::Phase;

/// How long the reason is kept.
const KEPT_MS: i64 = 24 * 3_600_000;

/// When to tell the namespace again that could not be told.
const RETRY_MS: i64 = 60_000;

/// Wipes the objects that the import has brought, and frees its name.
pub(crate) async fn fail(object: &Rc<RepoObject>, error: &ImportError) -> Result<(), ImportError> {
    let Some(store) = object.store_or_log() else {
        return Ok(());
    };
    // One that is being deleted has its own end. No part of an import is in R2 yet.
    let Some(record) = store.load()?.filter(|record| record.phase == Phase::Ready) else {
        return Ok(());
    };
    let failure = ImportFailure {
        repository_id: record.id,
        namespace: record.namespace,
        name: record.name,
        reason: format!("its import failed: {error}"),
        at: now_ms(),
        is_released: false,
    };
    // Tokens may have been made and revoked meanwhile.
    let told = hand_over::finish(object).await;
    told.map_err(|error| ImportError::Unavailable(error.message))?;
    object.wipe().await.map_err(|error| failed(&error))?;
    if let Some(store) = object.store_or_log()
        && store.load()?.is_none()
    {
        store.leave_import_failure(&failure)?;
        after_failure(object)
            .await
            .map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn failed(error: &worker::Error) -> ImportError {
    StoreError::Failed(error.to_string()).into()
}

/// Does the remaining steps after a failure, if there was one: tells the namespace, and forgets the
/// reason in the end.
pub(crate) async fn after_failure(object: &RepoObject) -> worker::Result<()> {
    let store_failed = |error: StoreError| worker::Error::RustError(error.to_string());
    let Some(store) = object.store_or_log() else {
        return Ok(());
    };
    let Some(mut failure) = store.import_failure().map_err(store_failed)? else {
        return Ok(());
    };
    let life = object.life();
    let gone_at = failure.at.saturating_add(KEPT_MS);
    if now_ms() >= gone_at {
        return object.wipe().await;
    }
    if failure.is_released {
        return schedule::wake_by(object, gone_at).await;
    }
    let released = release(&object.env, &failure).await;
    if object.life() != life || store.load().map_err(store_failed)?.is_some() {
        return Ok(());
    }
    match released {
        Ok(()) => {
            failure.is_released = true;
            store.leave_import_failure(&failure).map_err(store_failed)?;
            schedule::wake_by(object, gone_at).await
        }
        Err(error) => {
            fault_log::warning("release", &error);
            schedule::wake_by(object, now_ms() + RETRY_MS).await
        }
    }
}

/// Tells the namespace's object that the name is free.
async fn release(env: &Env, failure: &ImportFailure) -> worker::Result<()> {
    let release = ReleaseName {
        name: failure.name.clone(),
        repository_id: failure.repository_id.clone(),
        now_ms: now_ms(),
    };
    namespace::tell_namespace(env, &failure.namespace, NAMESPACE_RELEASE, &release).await
}
