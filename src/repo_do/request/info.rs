//! The repository as it is shown, and as its namespace lists it.

use std::rc::Rc;

use super::answer::Answer;
use super::namespace::tell_namespace;
use crate::repo_do::contract::{
    NAMESPACE_TOUCH, OriginReport, RepositoryInfo, RepositoryStatus, TouchRepository,
};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;
use crate::storage::fault_log;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;

const BRANCHES: &str = "refs/heads/";

/// `GET /info`.
pub(crate) fn info(object: &RepoObject, store: &Store, record: RepositoryRecord) -> Answer {
    let (size_bytes, object_count) = store.live_sizes()?;
    let import = record.is_importing.then(|| object.import.progress());
    let mut info = describe(record, size_bytes, object_count);
    info.import = import;
    if info.source.is_some() {
        info.origin = store.origin_report()?;
    }
    reply::json(&info)
}

fn describe(record: RepositoryRecord, size_bytes: u64, object_count: u64) -> RepositoryInfo {
    let head = record.head.to_string();
    RepositoryInfo {
        repository_id: record.id,
        namespace: record.namespace,
        name: record.name,
        description: Some(record.description).filter(|text| !text.is_empty()),
        default_branch: head.strip_prefix(BRANCHES).unwrap_or(&head).to_owned(),
        created_at_ms: record.created_at,
        updated_at_ms: record.updated_at,
        last_push_at_ms: record.last_push_at,
        source: record.source,
        settings: record.settings,
        fsck_strict: record.fsck_strict,
        status: match record.phase {
            Phase::Forking => RepositoryStatus::Forking,
            _ if record.is_importing => RepositoryStatus::Importing,
            _ if record.is_recovering => RepositoryStatus::Recovering,
            Phase::Ready | Phase::Deleting => RepositoryStatus::Ready,
        },
        import: None,
        origin: OriginReport::default(),
        size_bytes,
        object_count,
    }
}

/// Tells the namespace's object what its list should show of the repository now. The list is
/// derived: a message that is lost heals with the next one.
pub(crate) async fn touch_namespace(object: Rc<RepoObject>) {
    if let Err(error) = try_touch_namespace(&object).await {
        fault_log::warning("touch", &error);
    }
}

async fn try_touch_namespace(object: &RepoObject) -> worker::Result<()> {
    let failed = |error: &dyn std::error::Error| worker::Error::RustError(error.to_string());
    let store = object.store().map_err(|error| failed(&error))?;
    let Some(record) = store.load().map_err(|error| failed(&error))? else {
        return Ok(());
    };
    let sizes = store.live_sizes().map_err(|error| failed(&error))?;
    let namespace = record.namespace.clone();
    let info = describe(record, sizes.0, sizes.1);
    tell_namespace(
        &object.env,
        &namespace,
        NAMESPACE_TOUCH,
        &TouchRepository { info },
    )
    .await
}
