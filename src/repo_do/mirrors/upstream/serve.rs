//! Requests about the upstream: set it, show it, remove it; request a sync; list the history.

use std::rc::Rc;

use serde_json::{Value, json};
use worker::{Method, Request};

use super::due;
use super::shown::{self, ShownSettings};
use crate::git::store::StoreError;
use crate::repo_do::contract::{
    Actor, ErrorCode, ErrorReply, ListSyncs, RemoteUrl, SetUpstream, SyncPage, path, strict,
};
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::mirrors::credentials::place::{Direction, Place};
use crate::repo_do::mirrors::credentials::sealed::SealedCredentials;
use crate::repo_do::mirrors::credentials::sealing;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::request::not_ready;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::repository::upstream::Upstream;
use crate::storage::repository::upstream_syncs::{AskedBy, SyncRecord};

/// The error of syncs that new settings end.
const SET_AGAIN: &str = "the upstream was set again";

/// Answers a request of an administrator of the repository.
pub(crate) async fn answer(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    request: Request,
    authorized: Authorized,
    doer: Doer,
) -> Answer {
    let (route, method) = (request.path(), request.method());
    match (method, route.as_str()) {
        (Method::Get, path::UPSTREAM) => show(object, store),
        (Method::Post, path::UPSTREAM) => set(object, store, request, &authorized, doer).await,
        (Method::Delete, path::UPSTREAM) => remove(object, store, doer).await,
        (Method::Post, path::UPSTREAM_SYNC) => {
            not_ready::check_filled(&authorized.record)?;
            upstream(store)?;
            let asked = ask(object, store, AskedBy::Request).await?;
            reply::json(&shown::sync(object, asked))
        }
        (Method::Get, path::UPSTREAM_SYNCS) => list(object, store, &request),
        _ => Err(answer::no_route()),
    }
}

/// The upstream, or 404.
fn upstream(store: &Store) -> Result<Upstream, ErrorReply> {
    let none = || ErrorReply::new(ErrorCode::NotFound, "the repository has no upstream");
    store.upstream()?.ok_or_else(none)
}

fn show(object: &RepoObject, store: &Store) -> Answer {
    reply::json(&shown::upstream(object, store, &upstream(store)?)?)
}

async fn set(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    request: Request,
    authorized: &Authorized,
    doer: Doer,
) -> Answer {
    not_ready::check_filled(&authorized.record)?;
    let mut new: SetUpstream = answer::body(request).await?;
    let allow_private = object.allows_private_remotes();
    let url = RemoteUrl::parse(&new.url, allow_private);
    let (url, _) =
        url.map_err(|error| ErrorReply::at(ErrorCode::InvalidUrl, "/url", error.to_string()))?;
    let place = Place {
        repository_id: &authorized.record.id,
        direction: Direction::Upstream,
        url: &url,
    };
    let credentials = credentials(object, store, &place, &mut new, authorized.actor).await?;
    tell::prepare(object).await;
    tell::still_here(object, store)?;
    let now_ms = now_ms();
    let former = store.upstream()?;
    let kept = former
        .as_ref()
        .and_then(|former| former.webhook_secret.clone());
    let upstream = Upstream {
        url: url.to_string(),
        refs: new.refs,
        policy: new.policy,
        interval_seconds: new.interval_seconds,
        prune: new.prune,
        credentials,
        webhook_secret: new.webhook_secret.unwrap_or(kept),
        created_at: former.as_ref().map_or(now_ms, |former| former.created_at),
        updated_at: now_ms,
    };
    let seq = in_transaction(store.database(), || {
        store.set_upstream(&upstream, SET_AGAIN)?;
        let seq = store.begin_sync(AskedBy::Settings, now_ms)?;
        tell_change(store, former.as_ref(), Some(&upstream), doer.clone())?;
        Ok::<_, StoreError>(seq)
    })?;
    object.upstream.change();
    object.upstream.note_counted(seq);
    tell::written_and_sent(object).await;
    due::arm(object, store).await;
    reply::json(&shown::upstream(object, store, &upstream)?)
}

/// The sealed credentials: the given ones, or else the previous ones, if the URL is the same.
async fn credentials(
    object: &RepoObject,
    store: &Store,
    place: &Place<'_>,
    new: &mut SetUpstream,
    actor: Actor,
) -> Result<Option<String>, ErrorReply> {
    match new.credentials.take() {
        Some(Some(given)) => {
            let sealed = sealing::seal(object, place, given, actor).await?;
            Ok(Some(sealed.to_text()))
        }
        Some(None) => Ok(None),
        None => {
            let former = store.upstream()?.and_then(|former| former.credentials);
            let Some(text) = former else {
                return Ok(None);
            };
            let sealed = SealedCredentials::parse(&text);
            let sealed = sealed.map_err(|error| {
                ErrorReply::at(ErrorCode::Unprocessable, "/credentials", error.to_string())
            })?;
            sealing::check_url(object, place, &sealed).await?;
            Ok(Some(text))
        }
    }
}

async fn remove(object: &Rc<RepoObject>, store: &Rc<Store>, doer: Doer) -> Answer {
    tell::prepare(object).await;
    tell::still_here(object, store)?;
    let former = upstream(store)?;
    in_transaction(store.database(), || {
        store.remove_upstream()?;
        tell_change(store, Some(&former), None, doer.clone())
    })?;
    object.upstream.change();
    tell::written_and_sent(object).await;
    reply::json(&json!({"url": former.url}))
}

/// Writes the event of changed settings, as for every other setting.
fn tell_change(
    store: &Store,
    former: Option<&Upstream>,
    new: Option<&Upstream>,
    doer: Doer,
) -> Result<(), StoreError> {
    let [from, to] = [former, new].map(|upstream| upstream.map(ShownSettings::from));
    if from == to {
        return Ok(());
    }
    let more = json!({"changes": {"upstream": {"from": from, "to": to}}});
    tell::append_repository(store, EventKind::Updated, doer, &more)
}

/// Requests a sync. Callers share a sync that has not begun.
pub(super) async fn ask(
    object: &RepoObject,
    store: &Store,
    asked_by: AskedBy,
) -> Result<SyncRecord, ErrorReply> {
    let running = object.upstream.running();
    let newest = store.newest_sync()?;
    let waiting = newest.filter(|sync| sync.finished.is_none() && Some(sync.seq) != running);
    let sync = if let Some(waiting) = waiting {
        waiting
    } else {
        let seq = store.begin_sync(asked_by, now_ms())?;
        object.upstream.note_counted(seq);
        let lost = || ErrorReply::internal("sync", &"its row is gone");
        store.newest_sync()?.ok_or_else(lost)?
    };
    due::arm(object, store).await;
    Ok(sync)
}

fn list(object: &RepoObject, store: &Store, request: &Request) -> Answer {
    upstream(store)?;
    let url = request.inner().url();
    let (_, query) = url.split_once('?').unwrap_or_default();
    let ListSyncs { before, limit } = strict::query(query)?;
    let mut syncs = store.syncs(before, limit.saturating_add(1))?;
    let has_more = syncs.len() > limit as usize;
    syncs.truncate(limit as usize);
    let next = syncs.last().map(|last| last.seq).filter(|_| has_more);
    let shown = syncs.into_iter().map(|sync| shown::sync(object, sync));
    let shown: Result<Vec<Value>, _> = shown.map(serde_json::to_value).collect();
    let syncs = shown.map_err(|error| ErrorReply::internal("syncs", &error))?;
    reply::json(&SyncPage { syncs, next })
}
