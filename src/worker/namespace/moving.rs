//! Repositories that came from another namespace or go to one, and names that they leave.

use serde::Deserialize;

use super::events::Author;
use super::step_error::StepError;
use super::steps;
use super::webhooks;
use crate::repo_do::contract::RepositoryInfo;
use crate::repo_do::contract::moving::{Depart, Departed, MovedWebhook};
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::event::Event;
use crate::storage::namespace::store::NamespaceStore;
use crate::storage::namespace::webhooks::Webhook;
use crate::worker::namespace::contract::Reserve;

/// The payload of `repo.renamed`.
#[derive(Deserialize)]
struct Renamed {
    from: Former,
}

/// The name that the repository had.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Former {
    namespace: String,
    repo_name: String,
}

/// Frees the name of a repository that has another one in another namespace, and gives its webhooks.
/// They stay until the event has come that tells of it, but nobody finds them by the repository's name
/// any more: so they stay as they were given.
pub(crate) fn depart<D: Database>(
    store: &NamespaceStore<D>,
    asked: &Depart,
) -> Result<Departed, StepError> {
    if store.shown_name()?.is_none() {
        return Ok(Departed::default());
    }
    in_transaction(store.database(), || {
        store.leave_name(&asked.name, &asked.repository_id)?;
        let here = store.webhooks().list(&asked.repository_id)?.into_iter();
        Ok(Departed {
            webhooks: here.filter(|hook| !hook.is_ending).map(moved).collect(),
        })
    })
}

/// Follows the event by which a repository got its name, in the transaction that takes it. Its former name
/// here is free. It is listed if no entry was reserved for it, or if that went with the former name.
/// The webhooks that it brings hear of later events.
pub(crate) fn arrive<D: Database>(
    store: &NamespaceStore<D>,
    info: &RepositoryInfo,
    event: &Event,
    brought: &[MovedWebhook],
) -> Result<(), StepError> {
    let id = &info.repository_id;
    if store.find(&info.name)?.is_none() {
        steps::take(store, &Reserve::again(info, info.created_at_ms))?;
    }
    steps::touch(store, info)?;
    store.correct_creation(&info.name, id, info.created_at_ms)?;
    if let Ok(Renamed { from }) = serde_json::from_str(event.body.payload.get()) {
        let is_here = from.namespace.eq_ignore_ascii_case(&info.namespace);
        if is_here && !from.repo_name.eq_ignore_ascii_case(&info.name) {
            store.take_name_away(&from.repo_name, id)?;
        }
    }
    for hook in brought {
        // It was here before, and its object has not heard of its end yet.
        store.webhooks().forget_ended(&hook.id)?;
        let hook = made(hook, id, event.at_ms);
        webhooks::note(
            store,
            &Author::of(event, event.at_ms),
            "webhook.created",
            &hook,
        )?;
        store.webhooks().insert(&hook)?;
    }
    Ok(())
}

fn moved(hook: Webhook) -> MovedWebhook {
    MovedWebhook {
        id: hook.id,
        url: hook.url,
        events: hook.events,
        refs: hook.refs,
        secret: hook.secret,
        former: hook.former,
        active: hook.active,
        disabled_reason: hook.disabled_reason,
        version: hook.version,
        created_at_ms: hook.created_at,
    }
}

fn made(hook: &MovedWebhook, repository_id: &str, now_ms: i64) -> Webhook {
    let hook = hook.clone();
    Webhook {
        id: hook.id,
        repository_id: repository_id.to_owned(),
        url: hook.url,
        events: hook.events,
        refs: hook.refs,
        secret: hook.secret,
        former: hook.former,
        active: hook.active,
        disabled_reason: hook.disabled_reason,
        version: hook.version.saturating_add(1),
        is_ending: false,
        created_at: hook.created_at_ms,
        updated_at: now_ms,
    }
}
