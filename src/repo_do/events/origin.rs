//! The actor of an event, as the event names it.

use serde::{Deserialize, Serialize};

use crate::repo_do::contract::{Actor, TokenRecord};
use crate::repo_do::request::account::Account;
use crate::repo_do::request::caller::{Authorized, Caller};
use crate::storage::event::{ActorKind, EventActor, EventOrigin};
use crate::storage::repository::store::RepositoryRecord;

/// An actor and the request by which it acts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Doer {
    actor: EventActor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

impl Doer {
    /// A caller who makes a repository.
    pub(crate) fn caller(caller: &Caller, account: &Account) -> Self {
        Self::new(caller.actor, caller.token.as_ref(), account)
    }

    /// A caller with the right to do it.
    pub(crate) fn authorized(authorized: &Authorized, account: &Account) -> Self {
        Self::new(authorized.actor, authorized.token.as_ref(), account)
    }

    /// The operator, by a request that is long over.
    pub(crate) fn operator() -> Self {
        Self {
            actor: EventActor {
                kind: ActorKind::Operator,
                ..EventActor::default()
            },
            request_id: None,
            address: None,
        }
    }

    fn new(actor: Actor, token: Option<&TokenRecord>, account: &Account) -> Self {
        let behalf = account.behalf().filter(|_| actor == Actor::Operator);
        let kind = match actor {
            Actor::Operator if behalf.is_some() => ActorKind::Namespace,
            Actor::Operator => ActorKind::Operator,
            Actor::NamespaceAdmin | Actor::NamespaceToken => ActorKind::Namespace,
            Actor::Token(_) => ActorKind::Token,
            Actor::Anonymous => ActorKind::System,
        };
        let (token_id, label) = match (behalf, token) {
            (Some(behalf), _) => (Some(behalf.token_id.clone()), behalf.label.clone()),
            (None, Some(token)) => (Some(token.token_id.clone()), token.label.clone()),
            (None, None) => (None, None),
        };
        Self {
            actor: EventActor {
                kind,
                token_id,
                label,
            },
            request_id: Some(account.request_id().to_owned()).filter(|id| !id.is_empty()),
            address: account.address().map(str::to_owned),
        }
    }

    /// The origin of its acts on this repository.
    pub(crate) fn at(self, record: &RepositoryRecord) -> EventOrigin {
        EventOrigin {
            repository_id: record.id.clone(),
            namespace: record.namespace.clone(),
            repo_name: record.name.clone(),
            actor: self.actor,
            request_id: self.request_id,
            address: self.address,
        }
    }
}
