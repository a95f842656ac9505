//! Messages to a webhook's object, over `fetch`. It is named after the namespace and the webhook.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /deliver` | [`Deliver`] | `Done`: the events are here, or were before |
//! | `POST /extra` | [`Extra`] | [`Delivery`]: a ping, on its way |
//! | `POST /redeliver` | [`Redeliver`] | [`Delivery`], or 404 |
//! | `GET /deliveries?…` | | [`Deliveries`] |
//! | `GET /delivery?seq=…` | | [`DeliveryInFull`], or 404 |
//! | `POST /wipe` | | `Done`: nothing is left |
//!
//! Each definition that comes along is taken over unless a newer one is here. To the namespace's
//! object goes `POST /webhooks/disabled` with [`Disabled`] until it has answered.

use serde::{Deserialize, Serialize};

pub(crate) use crate::storage::webhook::definition::Definition;
use crate::storage::webhook::deliveries::State;

/// Paths that the object serves.
pub(crate) mod path {
    /// Events to deliver.
    pub(crate) const DELIVER: &str = "/deliver";
    /// An event outside the order.
    pub(crate) const EXTRA: &str = "/extra";
    /// An event once more.
    pub(crate) const REDELIVER: &str = "/redeliver";
    /// The deliveries on record.
    pub(crate) const DELIVERIES: &str = "/deliveries";
    /// One of them.
    pub(crate) const DELIVERY: &str = "/delivery";
    /// The webhook was deleted.
    pub(crate) const WIPE: &str = "/wipe";
}

/// The path of the namespace's object that hears of a webhook which its object switched off.
pub(crate) const NAMESPACE_DISABLED: &str = "/webhooks/disabled";

/// The name of a webhook's object.
#[must_use]
pub(crate) fn object_name(namespace: &str, id: &str) -> String {
    format!("{}/{id}", namespace.to_ascii_lowercase())
}

/// Body of `POST /deliver`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deliver {
    /// The webhook as it is now.
    pub(crate) definition: Definition,
    /// Events in order, each once.
    pub(crate) events: Vec<GivenEvent>,
}

/// An event for a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GivenEvent {
    /// Where it happened; empty: to the namespace itself.
    pub(crate) repository_id: String,
    /// Its sequence in the namespace; `None` of a ping.
    pub(crate) sequence: Option<i64>,
    /// Its id.
    pub(crate) event_id: String,
    /// Its type, with the prefix.
    pub(crate) kind: String,
    /// Its JSON, as it is sent.
    pub(crate) body: String,
}

/// Body of `POST /extra`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extra {
    /// The webhook as it is now.
    pub(crate) definition: Definition,
    /// The event.
    pub(crate) event: GivenEvent,
}

/// Body of `POST /redeliver`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Redeliver {
    /// The webhook as it is now.
    pub(crate) definition: Definition,
    /// The delivery whose event is sent once more.
    pub(crate) seq: i64,
}

/// Query of `GET /deliveries`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListDeliveries {
    /// Those in this state; `None`: in any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<State>,
    /// Those before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<i64>,
    /// Entries a page.
    pub(crate) limit: u32,
}

/// Query of `GET /delivery`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BySeq {
    /// The delivery.
    pub(crate) seq: i64,
}

/// Answer of `GET /deliveries`: newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deliveries {
    /// The page.
    pub(crate) deliveries: Vec<Delivery>,
    /// Whether more follow.
    pub(crate) has_more: bool,
}

/// A delivery on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// Its place in the order of the webhook's deliveries.
    pub(crate) seq: i64,
    /// The event's sequence in the namespace; `None` of a ping and of a redelivery.
    pub(crate) sequence: Option<i64>,
    /// The event's id, which the receiver gets as `webhook-id`.
    pub(crate) event_id: String,
    /// The event's type.
    pub(crate) kind: String,
    /// Its state.
    pub(crate) state: State,
    /// When the event came: milliseconds since 1970.
    pub(crate) created_at_ms: i64,
    /// Attempts so far.
    pub(crate) attempts: u32,
    /// When it is tried next: milliseconds since 1970.
    pub(crate) due_at_ms: Option<i64>,
    /// The last attempt.
    pub(crate) last: Option<Attempted>,
}

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempted {
    /// When it began: milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// How long it took.
    pub(crate) duration_ms: i64,
    /// The HTTP status, if there was an answer.
    pub(crate) status: Option<u16>,
    /// How the answer began; without an answer, the fault.
    pub(crate) answer: Option<String>,
}

/// Answer of `GET /delivery`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeliveryInFull {
    /// The delivery.
    pub(crate) delivery: Delivery,
    /// The event's JSON, as it is sent.
    pub(crate) body: String,
}

/// Body of `POST /webhooks/disabled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Disabled {
    /// The webhook.
    pub(crate) id: String,
    /// The version that was switched off: one that was changed since stays on.
    pub(crate) version: i64,
    /// Why: `failing` or `gone`.
    pub(crate) reason: String,
    /// Since when nothing but failures came back, in milliseconds since 1970.
    pub(crate) failing_since_ms: Option<i64>,
}
