//! Settings changed.

use std::rc::Rc;

use worker::Request;

use crate::git::refname::HEADS;
use crate::git::store::StoreError;
use crate::repo_do::contract::pre_receive::NewPreReceive;
use crate::repo_do::contract::{ErrorCode, ErrorReply, UpdateRepository};
use crate::repo_do::events::changes::Settings;
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{Answer, body};
use crate::repo_do::request::info::in_full;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::repository::copies::SnapshotSettings;
use crate::storage::repository::store::RepositoryPatch;
use crate::storage::webhook::definition::Secret;

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
    let mut secret_shown = None;
    in_transaction(store.database(), || {
        let before = Settings::of(store)?;
        store.update(&patch, now_ms())?;
        store.set_snapshot_settings(&snapshots)?;
        if let Some(rules) = &change.ref_rules {
            store.set_ref_rules(rules, now_ms())?;
        }
        if let Some(bytes_max) = change.bytes_max {
            store.set_bytes_max(bytes_max)?;
        }
        if let Some(new) = &change.pre_receive {
            secret_shown = set_hook(store, new.clone())?;
        }
        store.set_lifetime(&change.lifetime)?;
        if let Some(changes) = Settings::of(store)?.changes_since(&before) {
            tell::append_repository(store, EventKind::Updated, doer.clone(), &changes)?;
        }
        Ok::<_, StoreError>(())
    })?;
    tell::written_and_sent(object).await;
    let gone = || ErrorReply::new(ErrorCode::NotFound, "repository not found");
    let mut info = in_full(object, store, store.load()?.ok_or_else(gone)?)?;
    if let Some(hook) = &mut info.pre_receive {
        hook.secret = secret_shown;
    }
    reply::json(&info)
}

/// Sets the hook or takes it away. Gives its secret if that is another one than before.
fn set_hook(store: &Store, new: Option<NewPreReceive>) -> Result<Option<Secret>, StoreError> {
    let former = store.load()?.and_then(|record| record.policies.pre_receive);
    let hook = new.map(|new| new.after(former.as_ref()));
    store.set_pre_receive(hook.as_ref())?;
    let former = former.map(|former| former.secret);
    let secret = hook.map(|hook| hook.secret);
    Ok(secret.filter(|secret| Some(secret) != former.as_ref()))
}
