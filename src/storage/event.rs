//! An event as databases keep it: what happened, to whom it is told later, and in which order.
//!
//! A repository's database and a namespace's keep the same body. The prefix of its type, its ids and
//! its time come from the row beside it, and are put in when the event is shown.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What can happen. Its name is the event's type without the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// A repository was made.
    #[serde(rename = "repo.created")]
    Created,
    /// A repository was deleted: its last event.
    #[serde(rename = "repo.deleted")]
    Deleted,
    /// A deleted repository came back.
    #[serde(rename = "repo.restored")]
    Restored,
    /// A repository has another name.
    #[serde(rename = "repo.renamed")]
    Renamed,
    /// A repository was made from another one.
    #[serde(rename = "repo.forked")]
    Forked,
    /// A repository was filled from another server.
    #[serde(rename = "repo.imported")]
    Imported,
    /// Its settings changed.
    #[serde(rename = "repo.updated")]
    Updated,
    /// Its time was up.
    #[serde(rename = "repo.expired")]
    Expired,
    /// A ref changed.
    #[serde(rename = "repo.pushed")]
    Pushed,
    /// It was cloned.
    #[serde(rename = "repo.cloned")]
    Cloned,
    /// It was fetched from.
    #[serde(rename = "repo.fetched")]
    Fetched,
    /// A token of the repository was made.
    #[serde(rename = "repo.token.created")]
    TokenCreated,
    /// A token of the repository was revoked.
    #[serde(rename = "repo.token.revoked")]
    TokenRevoked,
    /// The namespace's settings changed.
    #[serde(rename = "namespace.updated")]
    NamespaceUpdated,
    /// A token of the namespace was made.
    #[serde(rename = "namespace.token.created")]
    NamespaceTokenCreated,
    /// A token of the namespace was revoked.
    #[serde(rename = "namespace.token.revoked")]
    NamespaceTokenRevoked,
    /// Cairn switched a webhook off.
    #[serde(rename = "webhook.disabled")]
    WebhookDisabled,
    /// Somebody asked whether a webhook works. It is in no feed.
    #[serde(rename = "webhook.ping")]
    WebhookPing,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventActor {
    /// What the actor is.
    pub kind: ActorKind,
    /// The token's id, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// The token's label at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// Whoever holds the operator's key.
    Operator,
    /// A token of the namespace.
    Namespace,
    /// A token of the repository.
    Token,
    /// Cairn itself.
    System,
}

/// What a row of an event holds beside its numbers, its time and its kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventBody {
    /// The namespace's name at the time.
    pub namespace: String,
    /// The repository's name at the time; none of an event of the namespace itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_name: Option<String>,
    /// What happened, in the shape that its kind has.
    pub payload: Box<RawValue>,
    /// Who did it.
    pub actor: EventActor,
    /// The request that did it; none of what happened by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// An event with its place in the order of its source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// 1, 2, 3, … in its repository, or of the namespace's own.
    pub sequence: i64,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// What happened.
    pub kind: EventKind,
    /// The rest.
    pub body: EventBody,
}
