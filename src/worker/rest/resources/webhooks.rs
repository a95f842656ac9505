//! Webhooks and their deliveries, as REST shows them.

use serde::Serialize;

use crate::repo_do::contract::event_types::EventPrefix;
use crate::storage::webhook::definition::Secret;
use crate::storage::webhook::deliveries::State;
use crate::worker::namespace::webhooks::Webhook;
use crate::worker::time::iso_8601;
use crate::worker::webhooks::contract::{Delivery, DeliveryInFull};

/// A webhook.
#[derive(Debug, Serialize)]
pub(crate) struct ShownWebhook {
    id: String,
    repository_id: Option<String>,
    url: String,
    events: Vec<String>,
    refs: Option<Vec<String>>,
    active: bool,
    disabled_reason: Option<String>,
    former_secret_until: Option<String>,
    created_at: String,
    updated_at: String,
    /// Shown when it is new, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<Secret>,
}

impl ShownWebhook {
    /// Without its secret.
    #[must_use]
    pub(crate) fn new(hook: Webhook, types: &EventPrefix) -> Self {
        let definition = hook.definition;
        let shown = |pattern: String| match pattern.as_str() {
            "*" => pattern,
            _ => format!("{types}.{pattern}"),
        };
        Self {
            id: definition.id,
            repository_id: hook.repository_id,
            url: definition.url,
            events: hook.events.into_iter().map(shown).collect(),
            refs: hook.refs,
            active: definition.active,
            disabled_reason: hook.disabled_reason,
            former_secret_until: definition.former.map(|former| iso_8601(former.until_ms)),
            created_at: iso_8601(hook.created_at_ms),
            updated_at: iso_8601(hook.updated_at_ms),
            secret: None,
        }
    }

    /// With its secret, which is new.
    #[must_use]
    pub(crate) fn with_secret(hook: Webhook, types: &EventPrefix) -> Self {
        let secret = Some(hook.definition.secret.clone());
        Self {
            secret,
            ..Self::new(hook, types)
        }
    }
}

/// A delivery.
#[derive(Debug, Serialize)]
pub(crate) struct ShownDelivery {
    id: i64,
    event_id: String,
    #[serde(rename = "type")]
    kind: String,
    state: State,
    created_at: String,
    attempts: u32,
    due_at: Option<String>,
    attempted_at: Option<String>,
    duration_ms: Option<i64>,
    status: Option<u16>,
    answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<String>,
}

impl From<Delivery> for ShownDelivery {
    fn from(delivery: Delivery) -> Self {
        let last = delivery.last;
        Self {
            id: delivery.seq,
            event_id: delivery.event_id,
            kind: delivery.kind,
            state: delivery.state,
            created_at: iso_8601(delivery.created_at_ms),
            attempts: delivery.attempts,
            due_at: delivery.due_at_ms.map(iso_8601),
            attempted_at: last.as_ref().map(|last| iso_8601(last.at_ms)),
            duration_ms: last.as_ref().map(|last| last.duration_ms),
            status: last.as_ref().and_then(|last| last.status),
            answer: last.and_then(|last| last.answer),
            request_body: None,
        }
    }
}

impl ShownDelivery {
    /// With the body that was sent.
    #[must_use]
    pub(crate) fn in_full(found: DeliveryInFull) -> Self {
        Self {
            request_body: Some(found.body),
            ..Self::from(found.delivery)
        }
    }
}
