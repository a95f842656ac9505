//! The repository as it is shown, and as its namespace lists it.

use super::answer::Answer;
use crate::git::refname;
use crate::git::store::StoreError;
use crate::repo_do::contract::{OriginReport, RefRules, RepositoryInfo, RepositoryStatus};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::Database as _;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;

/// `GET /info`.
pub(crate) fn info(object: &RepoObject, store: &Store, record: RepositoryRecord) -> Answer {
    reply::json(&in_full(object, store, record)?)
}

/// The repository as its administrators see it.
pub(crate) fn in_full(
    object: &RepoObject,
    store: &Store,
    record: RepositoryRecord,
) -> Result<RepositoryInfo, StoreError> {
    let import = record.is_importing.then(|| object.import.progress());
    let ref_rules = record.policies.ref_rules.clone();
    let mut info = shown(store, record)?;
    info.ref_rules = ref_rules;
    info.import = import;
    if info.source.is_some() {
        info.origin = store.origin_report()?;
    }
    Ok(info)
}

/// The repository as its namespace lists it.
pub(crate) fn shown(store: &Store, record: RepositoryRecord) -> Result<RepositoryInfo, StoreError> {
    let (size_bytes, object_count) = store.live_sizes()?;
    let lfs = store.lfs_totals()?;
    Ok(RepositoryInfo {
        repository_id: record.id,
        namespace: record.namespace,
        name: record.name,
        description: Some(record.description).filter(|text| !text.is_empty()),
        default_branch: refname::branch_of(record.head.as_ref()),
        created_at_ms: record.created_at,
        updated_at_ms: record.updated_at,
        last_push_at_ms: record.last_push_at,
        source: record.source,
        settings: record.settings,
        fsck_strict: record.fsck_strict,
        ref_rules: RefRules::default(),
        pre_receive: record.policies.pre_receive.map(Into::into),
        expires_at_ms: record.policies.expires_at,
        idle_ttl_seconds: record.policies.idle_ttl_seconds,
        status: match record.phase {
            Phase::Forking => RepositoryStatus::Forking,
            _ if record.is_importing => RepositoryStatus::Importing,
            _ if record.is_recovering => RepositoryStatus::Recovering,
            Phase::Ready | Phase::Kept | Phase::Deleting => RepositoryStatus::Ready,
        },
        import: None,
        origin: OriginReport::default(),
        standing_version: record.policies.standing.version,
        size_bytes,
        object_count,
        lfs_objects: lfs.objects,
        lfs_bytes: lfs.bytes,
        bytes_max: record.policies.bytes_max,
        database_bytes: store.database().database_bytes()?,
        r2_bytes: None,
    })
}
