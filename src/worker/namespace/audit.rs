//! The audit log: read page by page; acts written that have no event of their own.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::events::{self, Author};
use super::step_error::{StepError, no_namespace};
use crate::storage::db::row::INTEGER_MAX;
use crate::storage::db::sql::Database;
use crate::storage::event::{ActorKind, EventKind};
use crate::storage::namespace::audit::{AuditEntry, AuditPage, AuditQuery};
use crate::storage::namespace::entries::EntryError;
use crate::storage::namespace::listing::ListError;
use crate::storage::namespace::registry::RegistryStore;
use crate::storage::namespace::store::NamespaceStore;

/// Query of `GET /audit`: which entries are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskAudit {
    /// Entries a page.
    pub(crate) limit: u32,
    /// Those before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<i64>,
    /// An action, or the beginning of one and `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
    /// The kind of actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) actor: Option<ActorKind>,
    /// The id of the actor's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_id: Option<String>,
    /// Those not before this time, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since_ms: Option<i64>,
    /// Those before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until_ms: Option<i64>,
}

/// Answer of `GET /audit`: newest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Audit {
    /// A page, which may be shorter than asked for.
    pub(crate) entries: Vec<AuditEntry>,
    /// Behind which entry the next page begins; `None` at the end.
    pub(crate) next: Option<i64>,
}

/// A page of the log.
pub(crate) fn list<D: Database>(
    store: &NamespaceStore<D>,
    asked: &AskAudit,
) -> Result<Audit, StepError> {
    if store.shown_name()?.is_none() {
        return Err(no_namespace().into());
    }
    Ok(store.audit(&asked.query()?, asked.limit)?.into())
}

/// A page of the registry's log.
pub(crate) fn acts<D: Database>(
    store: &RegistryStore<D>,
    asked: &AskAudit,
) -> Result<Audit, StepError> {
    Ok(store.acts(&asked.query()?, asked.limit)?.into())
}

impl AskAudit {
    fn query(&self) -> Result<AuditQuery<'_>, StepError> {
        if self.before.is_some_and(|before| before > INTEGER_MAX) {
            return Err(ListError::InvalidCursor.into());
        }
        Ok(AuditQuery {
            before: self.before,
            action: self.action.as_deref(),
            actor: self.actor,
            token_id: self.token_id.as_deref(),
            since_ms: self.since_ms,
            until_ms: self.until_ms,
        })
    }
}

impl From<AuditPage> for Audit {
    fn from(page: AuditPage) -> Self {
        Self {
            entries: page.entries,
            next: page.next,
        }
    }
}

/// Writes an act that has no event of its own, with its event, in the caller's transaction. The
/// details hold no secret.
pub(crate) fn note<D: Database>(
    store: &NamespaceStore<D>,
    author: &Author,
    action: &str,
    details: Value,
) -> Result<(), EntryError> {
    let mut payload = match details {
        Value::Object(details) => details,
        _ => serde_json::Map::new(),
    };
    payload.insert("action".to_owned(), Value::String(action.to_owned()));
    events::append(store, author, EventKind::Audited, &payload)
}

#[cfg(test)]
mod tests;
