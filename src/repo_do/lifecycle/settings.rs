//! Settings changed.

use worker::Request;

use crate::repo_do::contract::{ErrorCode, ErrorReply, UpdateRepository};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{Answer, body};
use crate::repo_do::request::info::info;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::store::Store;
use crate::storage::repository::copies::SnapshotSettings;
use crate::storage::repository::store::RepositoryPatch;

const BRANCHES: &str = "refs/heads/";

/// `POST /update`.
pub(crate) async fn update(object: &RepoObject, store: &Store, request: Request) -> Answer {
    let change: UpdateRepository = body(request).await?;
    let head = change
        .default_branch
        .map(|branch| format!("{BRANCHES}{branch}"));
    let description = change.description.map(Option::unwrap_or_default);
    let patch = RepositoryPatch {
        description: description.as_deref(),
        head: head.as_deref().map(Into::into),
        settings: change.settings,
        fsck_strict: change.fsck_strict,
    };
    store.update(&patch, now_ms())?;
    store.set_snapshot_settings(&SnapshotSettings {
        settle_seconds: change.snapshots.settle_seconds,
        cold_after_seconds: change.snapshots.cold_after_seconds,
        cold_bytes_min: change.snapshots.cold_bytes_min,
        ready_bytes_min: change.snapshots.ready_bytes_min,
    })?;
    let gone = || ErrorReply::new(ErrorCode::NotFound, "repository not found");
    info(object, store, store.load()?.ok_or_else(gone)?)
}
