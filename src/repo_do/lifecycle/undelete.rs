//! A deleted repository is kept for a while, in which it can be restored.
//!
//! | after | what is left | who goes on |
//! |---|---|---|
//! | the row with the two times, with the last event and the alarm | everything of the repository, which nobody finds | the alarm, which tells the namespace |
//! | the namespace told: the name is free, and the repository among the deleted | the same | the alarm, when its time is up |
//! | `begin_deletion`, by the alarm or by a purge | the rest of any [deletion](super::deletion) | the alarm |
//!
//! To restore is one write, which takes the two times away. It never runs while the namespace is
//! being told, which would free the name once more.

use std::rc::Rc;

use serde_json::json;
use worker::{Env, Request};

use super::{deletion, expiry};
use crate::git::store::StoreError;
use crate::repo_do::contract::{
    DeleteRepository, Deleted, ErrorCode, ErrorReply, KeptAsked, KeptRepository, NAMESPACE_KEEP,
    Standing,
};
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::{hand_over, tell};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::account::Account;
use crate::repo_do::request::answer::{Answer, body};
use crate::repo_do::request::caller::Caller;
use crate::repo_do::request::info::info;
use crate::repo_do::request::namespace::tell_namespace;
use crate::repo_do::request::place::own_name;
use crate::repo_do::request::room_hold::{Claimant, RoomHold};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::schedule;
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep::alarm;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::fault_log;
use crate::storage::repository::kept::Kept;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::store::RepositoryRecord;
use crate::storage::time::iso_8601;

/// The variable with the seconds that a deleted repository is kept.
const UNDELETE_SECONDS: &str = "CAIRN_UNDELETE_SECONDS";
/// A week.
const UNDELETE_SECONDS_DEFAULT: u32 = 7 * 24 * 3600;

/// How long telling the namespace may take before a restore no longer waits for it.
const TELLING_SECONDS: u32 = 2;

/// How long a deleted repository is kept here.
fn undelete_ms(env: &Env) -> i64 {
    let seconds = env.var(UNDELETE_SECONDS).ok();
    let seconds = seconds.and_then(|seconds| seconds.to_string().trim().parse().ok());
    i64::from(seconds.unwrap_or(UNDELETE_SECONDS_DEFAULT)).saturating_mul(1000)
}

/// `POST /delete`: keeps the repository, unless the caller purges it. A repository that is not whole yet is
/// never kept.
pub(crate) async fn delete(
    object: &Rc<RepoObject>,
    store: &Store,
    request: Request,
    record: RepositoryRecord,
    doer: Doer,
) -> Answer {
    let object_name = own_name(&request);
    let asked: DeleteRepository = body(request).await?;
    let keep_ms = undelete_ms(&object.env);
    match object_name {
        Some(object_name) if !asked.purge && keep_ms > 0 && !record.is_being_filled() => {
            keep(object, store, object_name, keep_ms, doer).await
        }
        _ => deletion::delete(object, store, record, doer).await,
    }
}

async fn keep(
    object: &Rc<RepoObject>,
    store: &Store,
    object_name: String,
    keep_ms: i64,
    doer: Doer,
) -> Answer {
    tell::prepare(object).await;
    let record = tell::still_here(object, store)?;
    let deleted_at = now_ms();
    let kept = Kept {
        deleted_at,
        purge_at: deleted_at.saturating_add(keep_ms),
        object_name,
    };
    in_transaction(store.database(), || {
        let more = json!({"restorableUntil": iso_8601(kept.purge_at)});
        tell::append_repository(store, EventKind::Deleted, doer.clone(), &more)?;
        store.keep_deleted(&kept)
    })?;
    object.outbox.arrivals.notify();
    set_alarm(object, kept.look_again(deleted_at)).await?;
    tell::send(object);
    tell_kept(object, store, &record, &kept).await?;
    reply::json(&Deleted {
        repository_id: record.id,
        purge_at_ms: Some(kept.purge_at),
    })
}

/// Tells the namespace to free the name and to list the repository among the deleted. Where it does not
/// answer, or has not taken all events, the alarm that is set comes back to that.
async fn tell_kept(
    object: &RepoObject,
    store: &Store,
    record: &RepositoryRecord,
    kept: &Kept,
) -> Result<(), ErrorReply> {
    let Some(_telling) = object.keeping.try_take(now_ms()) else {
        return Ok(());
    };
    let message = KeptRepository {
        repository_id: record.id.clone(),
        name: record.name.clone(),
        object_name: kept.object_name.clone(),
        deleted_at_ms: kept.deleted_at,
        purge_at_ms: kept.purge_at,
    };
    let namespace = &record.namespace;
    if let Err(error) = tell_namespace(&object.env, namespace, NAMESPACE_KEEP, &message).await {
        fault_log::warning("deletion", &error);
        return Ok(());
    }
    // A purge that was decided meanwhile has set the alarm for its own next step.
    let is_kept = object.is_open(store) && store.kept()?.is_some();
    if is_kept && !hand_over::has_any(store)? {
        set_alarm(object, kept.purge_at).await?;
    }
    Ok(())
}

/// The alarm's part; true if the repository is kept on, so that the alarm has no other task. If its
/// time is up this decides its deletion, which goes on as any other.
pub(crate) async fn ring(object: &RepoObject) -> Result<bool, ErrorReply> {
    let store = object.store()?;
    let is_kept = |record: &RepositoryRecord| record.phase == Phase::Kept;
    let Some(record) = store.load()?.filter(is_kept) else {
        return Ok(false);
    };
    let Some(kept) = store.kept()? else {
        return Ok(false);
    };
    if kept.purge_at <= now_ms() {
        store.begin_deletion()?;
        return Ok(false);
    }
    // There will be another run, whatever fails now.
    set_alarm(object, kept.look_again(now_ms())).await?;
    hand_over::run_if_any(object).await;
    tell_kept(object, &store, &record, &kept).await?;
    Ok(true)
}

/// `POST /kept/restore`: the repository serves again. Done twice, it is done once.
pub(crate) async fn restore(
    object: &Rc<RepoObject>,
    caller: &Caller,
    request: Request,
    account: &Account,
) -> Answer {
    caller.check_maker()?;
    let asked: KeptAsked = body(request).await?;
    tell::prepare(object).await;
    let store = object.store()?;
    let record = meant(&store, &asked)?;
    match record.phase {
        Phase::Ready => return info(object, &store, record),
        Phase::Kept => {}
        Phase::Forking | Phase::Deleting => return Err(gone()),
    }
    let Some(_turn) = object.keeping.try_take(now_ms()) else {
        let message = "the repository is just being deleted, try again";
        return Err(ErrorReply::busy(TELLING_SECONDS, message));
    };
    let _hold = check_room(object, &store, &record, asked.standing).await?;
    let record = meant(&store, &asked)?;
    if record.phase != Phase::Kept {
        return Err(gone());
    }
    let doer = Doer::caller(caller, account);
    in_transaction(store.database(), || {
        store.restore(now_ms())?;
        if let Some(standing) = &asked.standing {
            // Tokens that were revoked while it was deleted open nothing from its first moment on.
            store.take_standing(standing)?;
        }
        if let Some(name) = &asked.name {
            store.rename(&record.namespace, name, now_ms())?;
        }
        tell::append_repository(&store, EventKind::Restored, doer.clone(), &json!({}))
    })?;
    tell::written_and_sent(object).await;
    alarm::after_settings(object, &store).await;
    expiry::arm(object, &store).await;
    info(object, &store, store.load()?.ok_or_else(gone)?)
}

/// Refuses to restore a repository for which the bounds leave no room; claims its bytes meanwhile.
async fn check_room(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    record: &RepositoryRecord,
    standing: Option<Standing>,
) -> Result<Option<RoomHold>, ErrorReply> {
    let mut record = record.clone();
    let newer = |told: &Standing| told.version > record.policies.standing.version;
    if let Some(told) = standing.filter(newer) {
        record.policies.standing = told;
    }
    let claimant = Claimant {
        object,
        store,
        record: &record,
    };
    Ok(claimant.claim_all().await?)
}

/// `POST /kept/purge`: the repository goes for good, before its time.
pub(crate) async fn purge(object: &Rc<RepoObject>, caller: &Caller, request: Request) -> Answer {
    caller.check_maker()?;
    let asked: KeptAsked = body(request).await?;
    let store = object.store()?;
    let record = meant(&store, &asked)?;
    match record.phase {
        Phase::Kept => deletion::purge(object, &store).await?,
        Phase::Deleting => {}
        Phase::Ready | Phase::Forking => return Err(gone()),
    }
    reply::json(&Deleted {
        repository_id: record.id,
        purge_at_ms: None,
    })
}

fn meant(store: &Store, asked: &KeptAsked) -> Result<RepositoryRecord, ErrorReply> {
    let record = store.load()?;
    record
        .filter(|record| record.id == asked.repository_id)
        .ok_or_else(gone)
}

fn gone() -> ErrorReply {
    ErrorReply::new(ErrorCode::NotFound, "there is no such deleted repository")
}

async fn set_alarm(object: &RepoObject, at_ms: i64) -> Result<(), ErrorReply> {
    let set = schedule::set(object, at_ms).await;
    set.map_err(|error| StoreError::Failed(error.to_string()).into())
}
