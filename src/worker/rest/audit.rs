//! The audit log of a namespace, and that of the deployment, of acts on namespaces as a whole.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::repo_do::contract::ErrorReply;
use crate::storage::event::{ActorKind, EventActor};
use crate::storage::namespace::audit::AuditEntry;
use crate::worker::admission;
use crate::worker::credentials::Identity;
use crate::worker::envelope;
use crate::worker::names::NamespaceName;
use crate::worker::namespace::audit::{AskAudit, Audit};
use crate::worker::namespace::contract::{REGISTRY, path};
use crate::worker::namespace::directory;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters;
use crate::worker::time::iso_8601;
use crate::worker::visit::Visit;

/// Characters of an action.
const ACTION_CHARACTERS_MAX: usize = 64;

/// Query of `GET /namespaces/:ns/audit`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    limit: Option<u32>,
    cursor: Option<String>,
    action: Option<String>,
    actor: Option<ActorKind>,
    token_id: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

/// An entry as the API shows it.
#[derive(Debug, Serialize)]
struct Shown {
    id: String,
    at: String,
    action: String,
    actor: EventActor,
    request_id: Option<String>,
    address: Option<String>,
    repo_id: Option<String>,
    repo: Option<String>,
    details: Box<RawValue>,
}

impl Shown {
    /// The operator's address is the operator's alone to see.
    fn new(entry: AuditEntry, to_operator: bool) -> Self {
        let body = entry.body;
        let is_shown = to_operator || body.actor.kind != ActorKind::Operator;
        Self {
            id: entry.sequence.to_string(),
            at: iso_8601(entry.at_ms),
            action: entry.action,
            actor: body.actor,
            request_id: body.request_id,
            address: body.address.filter(|_| is_shown),
            repo_id: body.repository_id,
            repo: body.repo_name,
            details: body.details,
        }
    }
}

/// `GET /namespaces/:ns/audit`
pub(crate) async fn list(
    visit: &Visit,
    query: &str,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let asked = asked(parameters::query(query)?)?;
    let found: Audit = directory::get(visit, &namespace.folded(), path::AUDIT, &asked).await?;
    let to_operator = visit.identity == Identity::Operator;
    let entries = found.entries.into_iter();
    let entries: Vec<_> = entries
        .map(|entry| Shown::new(entry, to_operator))
        .collect();
    let cursor = found.next.map(|next| next.to_string());
    envelope::page(&entries, asked.limit, cursor)
}

/// `GET /audit`: the operator's alone.
pub(crate) async fn list_all(visit: &Visit, query: &str) -> Result<Reply, ErrorReply> {
    admission::to_administer(visit).await?;
    let asked = asked(parameters::query(query)?)?;
    let found: Audit = directory::get(visit, REGISTRY, path::ACTS, &asked).await?;
    let entries = found.entries.into_iter();
    let entries: Vec<_> = entries.map(|entry| Shown::new(entry, true)).collect();
    let cursor = found.next.map(|next| next.to_string());
    envelope::page(&entries, asked.limit, cursor)
}

fn asked(query: Query) -> Result<AskAudit, ErrorReply> {
    let before = parameters::cursor(query.cursor)?.map(|cursor| {
        let place = cursor.parse::<i64>().ok().filter(|place| *place > 0);
        place.ok_or_else(parameters::foreign_cursor)
    });
    let action = parameters::bounded("action", ACTION_CHARACTERS_MAX, query.action)?;
    if let Some(token_id) = &query.token_id {
        parameters::public_id("/token_id", token_id)?;
    }
    let at = |field: &str, text: Option<String>| {
        text.map(|text| parameters::time(field, &text)).transpose()
    };
    Ok(AskAudit {
        limit: parameters::page_limit(query.limit)?,
        before: before.transpose()?,
        action: action.filter(|action| !action.is_empty()),
        actor: query.actor,
        token_id: query.token_id,
        since_ms: at("since", query.since)?,
        until_ms: at("until", query.until)?,
    })
}
