//! The repository as it is shown, and as its namespace lists it.

use super::answer::Answer;
use crate::git::refname;
use crate::git::store::StoreError;
use crate::repo_do::contract::downstream::DownstreamInShort;
use crate::repo_do::contract::{
    OriginReport, RefRules, RepositoryInfo, RepositoryStatus, SnapshotChange, UpstreamInfo,
};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::snapshot_settings;
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
    let downstreams = if record.has_downstreams {
        downstreams(store)?
    } else {
        Vec::new()
    };
    let follows = record.policies.upstream.is_some();
    let mut info = shown(store, record)?;
    info.downstreams = downstreams;
    info.ref_rules = ref_rules;
    info.upstream = if follows { upstream(store)? } else { None };
    info.snapshots = snapshot_settings::shown(&object.env, store)?;
    info.import = import;
    if info.source.is_some() {
        info.origin = store.origin_report()?;
    }
    Ok(info)
}

/// The repositories that follow this one.
fn downstreams(store: &Store) -> Result<Vec<DownstreamInShort>, StoreError> {
    let mut all = Vec::new();
    for downstream in store.downstreams()? {
        let last = store.downstream_pushes(&downstream.id, None, 1)?.pop();
        all.push(DownstreamInShort {
            id: downstream.id,
            url: downstream.url,
            active: downstream.is_active,
            last_push_at_ms: last.as_ref().map(|last| last.ended_at),
            last_error: last.and_then(|last| last.report.error),
        });
    }
    Ok(all)
}

/// Its upstream, in short.
fn upstream(store: &Store) -> Result<Option<UpstreamInfo>, StoreError> {
    let Some(upstream) = store.upstream()? else {
        return Ok(None);
    };
    let last = store.last_sync()?;
    Ok(Some(UpstreamInfo {
        url: upstream.url,
        policy: upstream.policy,
        last_sync_ms: last.as_ref().and_then(|last| Some(last.finished?.0)),
        last_error: last.and_then(|last| last.report.error),
    }))
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
        snapshots: SnapshotChange::default(),
        fsck_strict: record.fsck_strict,
        ref_rules: RefRules::default(),
        pre_receive: record.policies.pre_receive.map(Into::into),
        downstreams: Vec::new(),
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
        upstream: None,
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
