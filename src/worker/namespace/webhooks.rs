//! Webhooks of a namespace and of its repositories: the steps of the namespace's object, and their
//! messages. Each step is one transaction.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `GET /webhooks?repo=…` | | `[`[`Webhook`]`…]`, oldest first; 404 without the repository |
//! | `GET /webhooks/one?id=…&repo=…` | | [`Webhook`], or 404 |
//! | `POST /webhooks/make` | [`Make`] | [`Webhook`]; 409 beyond the bound |
//! | `POST /webhooks/change` | [`Change`] | [`Webhook`], or 404 |
//! | `POST /webhooks/rotate` | [`Rotate`] | [`Webhook`], or 404 |
//! | `POST /webhooks/delete` | [`Which`] | `Done`, or 404 |
//! | `POST /webhooks/disabled` | `Disabled` of the webhooks' objects | `Done`, or 404 |

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit;
use super::contract::{Done, path};
use super::events::{self, Author};
use super::step_error::{StepError, no_namespace};
use super::wire::{done, unknown as unknown_path};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::event::EventKind;
use crate::storage::namespace::store::{NamespaceStore, RepositoryState};
use crate::storage::namespace::webhooks::Webhook as Stored;
use crate::storage::webhook::definition::{Definition, FormerSecret, Secret};
use crate::worker::durable::message::{json, read};
use crate::worker::rest::parameters;
use crate::worker::time::iso_8601;
use crate::worker::webhooks::contract::{Disabled, NAMESPACE_DISABLED};

/// Webhooks of one repository, and of the namespace itself.
pub(crate) const WEBHOOKS_MAX: u64 = 20;

/// Which webhook, or with an empty id whose: also the query of `GET /webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Which {
    /// The webhook.
    #[serde(default)]
    pub(crate) id: String,
    /// The repository's name; `None`: the namespace's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repo: Option<String>,
}

/// A webhook, and the facts that its object needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Webhook {
    /// As its object knows it, or is to know it.
    pub(crate) definition: Definition,
    /// The repository whose events it gets; `None`: the namespace's own webhook.
    pub(crate) repository_id: Option<String>,
    /// Types of events, without their prefix.
    pub(crate) events: Vec<String>,
    /// Patterns of refs.
    pub(crate) refs: Option<Vec<String>>,
    /// Why Cairn switched it off.
    pub(crate) disabled_reason: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) created_at_ms: i64,
    /// Milliseconds since 1970.
    pub(crate) updated_at_ms: i64,
}

/// Body of `POST /webhooks/make`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Make {
    /// Its id, and whose it is.
    pub(crate) which: Which,
    /// Where events are sent.
    pub(crate) url: String,
    /// Types of events, without their prefix.
    pub(crate) events: Vec<String>,
    /// Patterns of refs.
    pub(crate) refs: Option<Vec<String>>,
    /// The key that signs.
    pub(crate) secret: Secret,
    /// Whether events are sent.
    pub(crate) active: bool,
}

/// Body of `POST /webhooks/change`; an absent field stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// Which.
    pub(crate) which: Which,
    /// Where events are sent.
    pub(crate) url: Option<String>,
    /// Types of events, without their prefix.
    pub(crate) events: Option<Vec<String>>,
    /// Patterns of refs; an inner `None`: every ref.
    #[serde(default, deserialize_with = "crate::repo_do::contract::present")]
    #[expect(clippy::option_option, reason = "absent and null differ")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refs: Option<Option<Vec<String>>>,
    /// Whether events are sent.
    pub(crate) active: Option<bool>,
}

/// Body of `POST /webhooks/rotate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotate {
    /// Which.
    pub(crate) which: Which,
    /// The key that signs from now on.
    pub(crate) secret: Secret,
    /// How long the present one signs as well.
    pub(crate) keep_ms: i64,
}

/// Answers a request about webhooks.
pub(super) fn answer<D: Database>(
    store: &NamespaceStore<D>,
    path: &str,
    query: &str,
    body: &[u8],
    author: &Author,
) -> Result<String, ErrorReply> {
    match path {
        path::WEBHOOKS => json(&list(store, &parameters::query(query)?)?),
        path::WEBHOOK => json(&find(store, &parameters::query(query)?)?),
        path::WEBHOOK_MAKE => json(&make(store, &read(body)?, author)?),
        path::WEBHOOK_CHANGE => json(&change(store, read(body)?, author)?),
        path::WEBHOOK_ROTATE => json(&rotate(store, read(body)?, author)?),
        path::WEBHOOK_DELETE => {
            delete(store, &read(body)?, author)?;
            json(&Done {})
        }
        NAMESPACE_DISABLED => done(disabled(store, &read(body)?, author.now_ms())),
        path => Err(unknown_path(path)),
    }
}

fn list<D: Database>(store: &NamespaceStore<D>, whose: &Which) -> Result<Vec<Webhook>, StepError> {
    let (namespace, repository_id) = place(store, whose)?;
    let found = store.webhooks().list(&repository_id)?;
    let found = found.into_iter().filter(|hook| !hook.is_ending);
    Ok(found.map(|hook| shown(hook, &namespace)).collect())
}

fn find<D: Database>(store: &NamespaceStore<D>, which: &Which) -> Result<Webhook, StepError> {
    let (namespace, hook) = stored(store, which)?;
    Ok(shown(hook, &namespace))
}

fn make<D: Database>(
    store: &NamespaceStore<D>,
    new: &Make,
    author: &Author,
) -> Result<Webhook, StepError> {
    let now_ms = author.now_ms();
    in_transaction(store.database(), || {
        let (namespace, repository_id) = place(store, &new.which)?;
        let webhooks = store.webhooks();
        // Made by this very request, which was begun before: nobody else draws the same id.
        if let Some(made) = webhooks.find(&new.which.id)? {
            return Ok(shown(made, &namespace));
        }
        let count = webhooks.count(&repository_id)?;
        if count >= WEBHOOKS_MAX {
            let message = format!("there are {count} webhooks here, at most {WEBHOOKS_MAX}");
            return Err(ErrorReply::new(ErrorCode::Conflict, message).into());
        }
        let made = Stored {
            id: new.which.id.clone(),
            repository_id,
            url: new.url.clone(),
            events: new.events.clone(),
            refs: new.refs.clone(),
            secret: new.secret.clone(),
            former: None,
            active: new.active,
            disabled_reason: None,
            version: 1,
            is_ending: false,
            created_at: now_ms,
            updated_at: now_ms,
        };
        // Written before the webhook is there, whose first event would otherwise be its own making.
        note(store, author, "webhook.created", &made)?;
        webhooks.insert(&made)?;
        Ok(shown(made, &namespace))
    })
}

fn change<D: Database>(
    store: &NamespaceStore<D>,
    change: Change,
    author: &Author,
) -> Result<Webhook, StepError> {
    let (namespace, mut hook) = stored(store, &change.which)?;
    if let Some(url) = change.url {
        hook.url = url;
    }
    if let Some(events) = change.events {
        hook.events = events;
    }
    if let Some(refs) = change.refs {
        hook.refs = refs;
    }
    if let Some(active) = change.active {
        hook.active = active;
        hook.disabled_reason = None;
    }
    hook.version = hook.version.saturating_add(1);
    hook.updated_at = author.now_ms();
    in_transaction(store.database(), || {
        store.webhooks().update(&hook)?;
        note(store, author, "webhook.updated", &hook)
    })?;
    Ok(shown(hook, &namespace))
}

fn rotate<D: Database>(
    store: &NamespaceStore<D>,
    asked: Rotate,
    author: &Author,
) -> Result<Webhook, StepError> {
    let now_ms = author.now_ms();
    let (namespace, mut hook) = stored(store, &asked.which)?;
    // By this very request, which was begun before.
    if hook.secret == asked.secret {
        return Ok(shown(hook, &namespace));
    }
    let former = std::mem::replace(&mut hook.secret, asked.secret);
    hook.former = (asked.keep_ms > 0).then(|| FormerSecret {
        secret: former,
        until_ms: now_ms.saturating_add(asked.keep_ms),
    });
    hook.version = hook.version.saturating_add(1);
    hook.updated_at = now_ms;
    in_transaction(store.database(), || {
        store.webhooks().update(&hook)?;
        note(store, author, "webhook.secret_rotated", &hook)
    })?;
    Ok(shown(hook, &namespace))
}

fn delete<D: Database>(
    store: &NamespaceStore<D>,
    which: &Which,
    author: &Author,
) -> Result<(), StepError> {
    let (_, hook) = stored(store, which)?;
    in_transaction(store.database(), || {
        store.webhooks().delete(&which.id)?;
        note(store, author, "webhook.deleted", &hook)
    })
}

/// Writes the event of an act on a webhook. Not its URL, which may hold a secret.
pub(super) fn note<D: Database>(
    store: &NamespaceStore<D>,
    author: &Author,
    action: &str,
    hook: &Stored,
) -> Result<(), StepError> {
    let repository_id = Some(&hook.repository_id).filter(|id| !id.is_empty());
    let details = json!({
        "webhookId": hook.id,
        "repoId": repository_id,
        "events": hook.events,
        "active": hook.active,
    });
    Ok(audit::note(store, author, action, details)?)
}

/// Its object switched the webhook off: that is an event. One that was changed since stays on.
fn disabled<D: Database>(
    store: &NamespaceStore<D>,
    told: &Disabled,
    now_ms: i64,
) -> Result<(), StepError> {
    in_transaction(store.database(), || {
        store.shown_name()?.ok_or_else(unknown)?;
        let webhooks = store.webhooks();
        let mut hook = webhooks.find(&told.id)?.ok_or_else(unknown)?;
        if hook.version != told.version || !hook.active {
            return Ok(());
        }
        hook.active = false;
        hook.disabled_reason = Some(told.reason.clone());
        hook.version = hook.version.saturating_add(1);
        hook.updated_at = now_ms;
        webhooks.update(&hook)?;
        let repository_id = Some(&hook.repository_id).filter(|id| !id.is_empty());
        // Not the URL: it may hold a secret.
        let payload = json!({
            "webhookId": hook.id,
            "repoId": repository_id,
            "reason": told.reason,
            "failingSince": told.failing_since_ms.map(iso_8601),
        });
        let author = Author::system(now_ms);
        events::append(store, &author, EventKind::WebhookDisabled, &payload)?;
        Ok(())
    })
}

/// The namespace's name, and the id of the repository; empty if the request names none.
fn place<D: Database>(
    store: &NamespaceStore<D>,
    whose: &Which,
) -> Result<(String, String), StepError> {
    let namespace = store.shown_name()?.ok_or_else(no_namespace)?;
    let Some(name) = &whose.repo else {
        return Ok((namespace, String::new()));
    };
    match store.find(name)? {
        Some(found) if found.state == RepositoryState::Live => Ok((namespace, found.id)),
        _ => Err(ErrorReply::new(ErrorCode::NotFound, "there is no such repository").into()),
    }
}

fn stored<D: Database>(
    store: &NamespaceStore<D>,
    which: &Which,
) -> Result<(String, Stored), StepError> {
    let (namespace, repository_id) = place(store, which)?;
    match store.webhooks().find(&which.id)? {
        Some(hook) if hook.repository_id == repository_id => Ok((namespace, hook)),
        _ => Err(unknown().into()),
    }
}

fn unknown() -> ErrorReply {
    ErrorReply::new(ErrorCode::NotFound, "there is no such webhook")
}

fn shown(hook: Stored, namespace: &str) -> Webhook {
    Webhook {
        definition: hook.definition(namespace),
        repository_id: Some(hook.repository_id).filter(|id| !id.is_empty()),
        events: hook.events,
        refs: hook.refs,
        disabled_reason: hook.disabled_reason,
        created_at_ms: hook.created_at,
        updated_at_ms: hook.updated_at,
    }
}
