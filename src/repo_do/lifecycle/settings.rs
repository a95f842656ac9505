//! Settings changed.

use std::rc::Rc;

use worker::Request;

use crate::git::refname::HEADS;
use crate::git::store::StoreError;
use crate::repo_do::contract::{ErrorCode, ErrorReply, UpdateRepository};
use crate::repo_do::events::changes::Settings;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{Answer, body};
use crate::repo_do::request::info::info;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::repository::copies::SnapshotSettings;
use crate::storage::repository::store::RepositoryPatch;

/// `POST /update`.
pub(crate) async fn update(
    object: &Rc<RepoObject>,
    store: &Store,
    request: Request,
    doer: Doer,
) -> Answer {
    let change: UpdateRepository = body(request).await?;
    let head = change
        .default_branch
        .map(|branch| format!("{HEADS}{branch}"));
    let description = change.description.map(Option::unwrap_or_default);
    let patch = RepositoryPatch {
        description: description.as_deref(),
        head: head.as_deref().map(Into::into),
        settings: change.settings,
        fsck_strict: change.fsck_strict,
    };
    let snapshots = SnapshotSettings {
        settle_seconds: change.snapshots.settle_seconds,
        cold_after_seconds: change.snapshots.cold_after_seconds,
        cold_bytes_min: change.snapshots.cold_bytes_min,
        ready_bytes_min: change.snapshots.ready_bytes_min,
    };
    tell::prepare(object).await;
    tell::still_here(object, store)?;
    in_transaction(store.database(), || {
        let before = Settings::of(store)?;
        store.update(&patch, now_ms())?;
        store.set_snapshot_settings(&snapshots)?;
        store.set_lifetime(&change.lifetime)?;
        if let Some(changes) = Settings::of(store)?.changes_since(&before) {
            tell::append_repository(store, EventKind::Updated, doer.clone(), &changes)?;
        }
        Ok::<_, StoreError>(())
    })?;
    tell::written_and_sent(object).await;
    let gone = || ErrorReply::new(ErrorCode::NotFound, "repository not found");
    info(object, store, store.load()?.ok_or_else(gone)?)
}
