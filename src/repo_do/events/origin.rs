//! Who does something, as its event says it.

use crate::repo_do::contract::{Actor, TokenRecord};
use crate::repo_do::request::account::Account;
use crate::repo_do::request::caller::{Authorized, Caller};
use crate::storage::event::{ActorKind, EventActor, EventOrigin};
use crate::storage::repository::store::RepositoryRecord;

/// The origin of what a caller does to its repository.
pub(crate) fn of_authorized(authorized: &Authorized, account: &Account) -> EventOrigin {
    let actor = actor(authorized.actor, authorized.token.as_ref());
    of_record(&authorized.record, actor, account.request_id())
}

/// The origin of what Cairn does by itself.
pub(crate) fn of_system(record: &RepositoryRecord) -> EventOrigin {
    of_record(record, EventActor::default(), "")
}

/// The origin of what somebody does to this repository; no request has an empty id.
pub(crate) fn of_record(
    record: &RepositoryRecord,
    actor: EventActor,
    request_id: &str,
) -> EventOrigin {
    EventOrigin {
        repository_id: record.id.clone(),
        namespace: record.namespace.clone(),
        repo_name: record.name.clone(),
        actor,
        request_id: Some(request_id.to_owned()).filter(|id| !id.is_empty()),
    }
}

/// The caller of a request that makes a repository.
pub(crate) fn of_caller(caller: &Caller) -> EventActor {
    actor(caller.actor, caller.token.as_ref())
}

fn actor(actor: Actor, token: Option<&TokenRecord>) -> EventActor {
    let kind = match actor {
        Actor::Operator => ActorKind::Operator,
        Actor::NamespaceAdmin | Actor::NamespaceToken => ActorKind::Namespace,
        Actor::Token(_) => ActorKind::Token,
        Actor::Anonymous => ActorKind::System,
    };
    EventActor {
        kind,
        token_id: token.map(|token| token.token_id.clone()),
        label: token.and_then(|token| token.label.clone()),
    }
}
