//! The namespace's own events, written in the transaction of the change that they tell.

use serde::Serialize;
use serde_json::json;

use crate::repo_do::contract::TokenRecord;
use crate::storage::db::sql::Database;
use crate::storage::event::{ActorKind, Event, EventActor, EventBody, EventKind};
use crate::storage::event_payload::raw;
use crate::storage::namespace::audit::AuditBody;
use crate::storage::namespace::entries::EntryError;
use crate::storage::namespace::store::NamespaceStore;
use crate::storage::namespace::token_repositories::Opens;
use crate::worker::namespace::contract::RevokedSigned;
use crate::worker::time::iso_8601;

/// The author of a change of the namespace, its time, and the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Author {
    actor: EventActor,
    request_id: Option<String>,
    address: Option<String>,
    now_ms: i64,
}

/// How the text form of a token's holder begins.
const TOKEN: &str = "token ";
/// The text form of a caller with the operator's key.
const OPERATOR: &str = "operator";

/// The author as the Worker names it to the namespace's object: the operator, or a token by its id.
#[must_use]
pub(crate) fn author_text(is_operator: bool, token_id: Option<&str>) -> Option<String> {
    match token_id {
        _ if is_operator => Some(OPERATOR.to_owned()),
        Some(token_id) => Some(format!("{TOKEN}{token_id}")),
        None => None,
    }
}

/// The token that this text form of an author names.
#[must_use]
pub(crate) fn token_of(text: &str) -> Option<&str> {
    text.strip_prefix(TOKEN)
}

impl Author {
    /// Cairn itself.
    #[must_use]
    pub(crate) fn system(now_ms: i64) -> Self {
        Self {
            actor: actor(ActorKind::System),
            request_id: None,
            address: None,
            now_ms,
        }
    }

    /// The author of this event, when it is taken.
    #[must_use]
    pub(crate) fn of(event: &Event, now_ms: i64) -> Self {
        let body = event.body.clone();
        Self {
            actor: body.actor,
            request_id: body.request_id,
            address: body.address,
            now_ms,
        }
    }

    /// The author that the Worker names.
    #[must_use]
    pub(crate) fn named(text: Option<&str>, request_id: Option<String>, now_ms: i64) -> Self {
        let actor = match text {
            Some(OPERATOR) => actor(ActorKind::Operator),
            Some(text) if text.starts_with(TOKEN) => EventActor {
                token_id: token_of(text).map(str::to_owned),
                ..actor(ActorKind::Namespace)
            },
            _ => actor(ActorKind::System),
        };
        Self {
            actor,
            request_id,
            address: None,
            now_ms,
        }
    }

    /// The same, by a request from this address.
    #[must_use]
    pub(crate) fn with_address(self, address: Option<String>) -> Self {
        Self { address, ..self }
    }

    /// The same, by a signed token with this label: the namespace does not keep the token.
    #[must_use]
    pub(crate) fn with_label(mut self, label: Option<String>) -> Self {
        self.actor.label = label;
        self
    }

    /// The body of its entry in the log of the registry, which knows no labels but those of signed
    /// tokens.
    pub(crate) fn audit_body(&self, details: &impl Serialize) -> AuditBody {
        AuditBody {
            actor: self.actor.clone(),
            request_id: self.request_id.clone(),
            address: self.address.clone(),
            repository_id: None,
            repo_name: None,
            details: raw(details),
        }
    }

    /// Unix milliseconds: when it acts.
    #[must_use]
    pub(crate) fn now_ms(&self) -> i64 {
        self.now_ms
    }
}

fn actor(kind: ActorKind) -> EventActor {
    EventActor {
        kind,
        ..EventActor::default()
    }
}

/// Writes an event of the namespace's own, in the caller's transaction.
pub(crate) fn append<D: Database>(
    store: &NamespaceStore<D>,
    author: &Author,
    kind: EventKind,
    payload: &impl Serialize,
) -> Result<(), EntryError> {
    let mut actor = author.actor.clone();
    if let (Some(token_id), None) = (&actor.token_id, &actor.label) {
        let token = store.tokens().find_by_id(token_id)?;
        actor.label = token
            .map(|token| token.label)
            .filter(|label| !label.is_empty());
    }
    let body = EventBody {
        namespace: store.shown_name()?.unwrap_or_default(),
        repo_name: None,
        payload: raw(payload),
        actor,
        request_id: author.request_id.clone(),
        address: author.address.clone(),
    };
    store.append_event(kind, author.now_ms, &body)
}

/// The payload of a new token. It does not hold the token.
pub(crate) fn token_created(token: &TokenRecord, opens: &Opens) -> impl Serialize {
    let ids = match opens {
        Opens::Every => None,
        Opens::Listed(ids) => Some(ids),
    };
    json!({
        "tokenId": token.token_id,
        "scope": token.scope,
        "label": token.label,
        "expiresAt": iso_8601(token.expires_at_ms),
        "repoIds": ids,
        "refs": token.refs,
    })
}

/// The payload of a signed token's revocation.
pub(crate) fn signed_revoked(revoked: &RevokedSigned) -> impl Serialize {
    json!({ "tokenId": revoked.token_id, "issuer": revoked.issuer, "jti": revoked.jti })
}

/// The payload of a token's revocation.
pub(crate) fn token_revoked(token_id: &str) -> impl Serialize {
    json!({ "tokenId": token_id })
}
