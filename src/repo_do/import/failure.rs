//! What is left of an import that failed: the reason, for a day, and a name that is free.

use std::rc::Rc;

use worker::{Method, Request, RequestInit};

use super::super::contract::{NAMESPACE_RELEASE, ORIGIN, ReleaseRepository};
use super::super::object::{RepoObject, now_ms};
use super::super::reply;
use super::error::ImportError;
use crate::git::store::StoreError;
use crate::storage::imports::ImportFailure;

/// How long the reason is kept.
const KEPT_MS: i64 = 24 * 3_600_000;

/// When to tell the namespace again that could not be told.
const RETRY_MS: i64 = 60_000;

/// Wipes what the import has brought, and frees its name.
pub async fn fail(object: &Rc<RepoObject>, error: &ImportError) -> Result<(), ImportError> {
    worker::console_warn!("{}", reply::fault_line("import", &error.to_string()));
    let Ok(store) = object.store() else {
        return Ok(());
    };
    let Some(record) = store.load()? else {
        return Ok(());
    };
    let failure = ImportFailure {
        repository_id: record.id,
        namespace: record.namespace,
        name: record.name,
        reason: error.to_string(),
        at: now_ms(),
        is_released: false,
    };
    object.wipe().await.map_err(|error| failed(&error))?;
    if let Ok(store) = object.store()
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

/// Does what is left to do after a failure, if there was one: tells the namespace, and forgets the
/// reason in the end.
pub async fn after_failure(object: &RepoObject) -> worker::Result<()> {
    let store_failed = |error: StoreError| worker::Error::RustError(error.to_string());
    let Ok(store) = object.store() else {
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
        return object.wake_at(gone_at).await;
    }
    let released = release(object, &failure).await;
    if object.life() != life || store.load().map_err(store_failed)?.is_some() {
        return Ok(());
    }
    match released {
        Ok(()) => {
            failure.is_released = true;
            store.leave_import_failure(&failure).map_err(store_failed)?;
            object.wake_at(gone_at).await
        }
        Err(error) => {
            worker::console_warn!("{}", reply::fault_line("release", &error.to_string()));
            object.wake_at(now_ms() + RETRY_MS).await
        }
    }
}

/// Tells the namespace's object that the name is free.
async fn release(object: &RepoObject, failure: &ImportFailure) -> worker::Result<()> {
    let body = serde_json::to_string(&ReleaseRepository {
        name: failure.name.clone(),
        repository_id: failure.repository_id.clone(),
        now_ms: now_ms(),
    })?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(body.into()));
    let request = Request::new_with_init(&format!("{ORIGIN}{NAMESPACE_RELEASE}"), &init)?;
    let stub = object
        .env
        .durable_object("NAMESPACE")?
        .get_by_name(&failure.namespace.to_ascii_lowercase())?;
    let response = stub.fetch_with_request(request).await?;
    if response.status_code() == 200 {
        return Ok(());
    }
    let message = format!(
        "the namespace answers with status {}",
        response.status_code()
    );
    Err(worker::Error::RustError(message))
}
