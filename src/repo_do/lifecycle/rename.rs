//! A repository gets another name, perhaps in another namespace. Its object stays where it is.
//!
//! | after | what is left if it ends there | who repairs it |
//! |---|---|---|
//! | the name reserved in its namespace | an entry that is being made | the next request for the name |
//! | the name's object forwards here | a name that leads to the old one | the next request for the name |
//! | the repository has the new name, in one write with its event | its entry in the list has the old one | the event's hand-over |
//! | the entry confirmed | nothing | |
//!
//! In a transfer the hand-over does more: see [`leaving`](crate::repo_do::events::leaving).

use std::rc::Rc;

use serde_json::json;
use worker::Request;

use super::forwarding;
use crate::git::store::StoreError;
use crate::repo_do::contract::{ErrorCode, ErrorReply, Forwarding, RenameRepository, object_name};
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::{hand_over, tell};
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::network::Member;
use crate::repo_do::request::answer::{Answer, body};
use crate::repo_do::request::info::info;
use crate::repo_do::request::place::own_name;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::fault_log;
use crate::storage::repository::store::RepositoryRecord;

/// When to try again after a push came in between.
const RETRY_SECONDS: u32 = 1;

/// `POST /rename`.
pub(crate) async fn rename(
    object: &Rc<RepoObject>,
    store: &Store,
    request: Request,
    record: RepositoryRecord,
    doer: Doer,
) -> Answer {
    let none = || ErrorReply::internal("rename", &"the request names no object");
    let own = own_name(&request).ok_or_else(none)?;
    let wanted: RenameRepository = body(request).await?;
    if (&record.namespace, &record.name) == (&wanted.namespace, &wanted.name) {
        // A transfer that broke off may have left steps.
        finish(object).await;
        return info(object, store, record);
    }
    let name = object_name(&wanted.namespace, &wanted.name);
    let is_new = name != object_name(&record.namespace, &record.name);
    let returns = is_new && name == own;
    if returns {
        forwarding::check_name(object, &name, &record.id).await?;
    } else if is_new {
        let here = Forwarding {
            object_name: own,
            repository_id: record.id.clone(),
        };
        forwarding::tell(&object.env, &name, &here).await?;
    }
    let transfers = !record.namespace.eq_ignore_ascii_case(&wanted.namespace);
    tell::prepare(object).await;
    if transfers {
        // The namespace that it leaves has everything until now; the other one begins behind that.
        hand_over::finish(object).await?;
        if !hand_over::is_done(object, store)? {
            let message = "the repository is being pushed to, try again";
            return Err(ErrorReply::busy(RETRY_SECONDS, message));
        }
    }
    let still = tell::still_here(object, store)?;
    if (&still.namespace, &still.name) != (&record.namespace, &record.name) {
        let message = "the repository is being renamed by another request";
        return Err(ErrorReply::new(ErrorCode::Conflict, message));
    }
    let names = json!({
        "namespace": wanted.namespace,
        "repoName": wanted.name,
        "from": {"namespace": record.namespace, "repoName": record.name},
    });
    in_transaction(store.database(), || {
        if returns {
            store.clear_forwarding()?;
        }
        if transfers {
            // Tokens that the former namespace has revoked stay revoked, whatever the other one says.
            let epoch_ms = still.policies.standing.token_epoch_ms;
            store.tokens().revoke_made_before(epoch_ms, now_ms())?;
            store.set_standing(&wanted.standing)?;
        }
        store.rename(&wanted.namespace, &wanted.name, now_ms())?;
        tell::append_repository(store, EventKind::Renamed, doer.clone(), &names)?;
        Ok::<_, StoreError>(())
    })?;
    tell::written(object).await;
    if transfers {
        // So that the caller finds the webhooks.
        finish(object).await;
    }
    tell::send(object);
    let gone = || ErrorReply::new(ErrorCode::NotFound, "repository not found");
    let renamed = store.load()?.ok_or_else(gone)?;
    if renamed.network_id.is_some() {
        // A purge of the whole network finds its repositories by name.
        let told = Member::of(&object.env, &renamed).take(Vec::new()).await;
        if let Err(error) = told {
            fault_log::warning("rename", &error.cause());
        }
    }
    info(object, store, renamed)
}

/// Tells the namespaces the changes that they do not know yet. If that fails, it is done again later.
async fn finish(object: &RepoObject) {
    if let Err(error) = hand_over::finish(object).await {
        fault_log::warning("rename", &error.cause());
    }
}
