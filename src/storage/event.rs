//! An event as databases keep it: the change that happened, the receivers that hear of it later, and their
//! order.
//!
//! A repository's database and a namespace's keep the same body. The prefix of its type, its ids and
//! its time come from the row beside it, and are put in when the event is shown.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::git::store::StoreError;

/// Makes [`EventKind`] and its names.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// A kind of event. Its name is the event's type without the prefix.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventKind {
            $($(#[$doc])* #[serde(rename = $name)] $kind,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The type without its prefix, as `repo.pushed`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// A repository was made.
    Created = "repo.created",
    /// A repository was deleted: its last event.
    Deleted = "repo.deleted",
    /// A deleted repository came back.
    Restored = "repo.restored",
    /// A repository has another name.
    Renamed = "repo.renamed",
    /// A repository was made from another one.
    Forked = "repo.forked",
    /// A repository was filled from another server.
    Imported = "repo.imported",
    /// Its settings changed.
    Updated = "repo.updated",
    /// Its time is up in an hour.
    Expiring = "repo.expiring",
    /// Its time was up.
    Expired = "repo.expired",
    /// Objects that no ref reaches were purged.
    Purged = "repo.purged",
    /// Refs were taken over from the upstream.
    UpstreamSynced = "repo.upstream.synced",
    /// A sync with the upstream failed.
    UpstreamFailed = "repo.upstream.failed",
    /// Refs went different ways here and in the upstream.
    UpstreamDiverged = "repo.upstream.diverged",
    /// A push passed a protection that it was told to override.
    Overridden = "repo.overridden",
    /// A ref changed.
    Pushed = "repo.pushed",
    /// It was cloned.
    Cloned = "repo.cloned",
    /// It was fetched from.
    Fetched = "repo.fetched",
    /// A downstream got what changed.
    DownstreamPushed = "repo.downstream.pushed",
    /// A downstream did not get it, or not all of it.
    DownstreamFailed = "repo.downstream.failed",
    /// A token of the repository was made.
    TokenCreated = "repo.token.created",
    /// A token of the repository was revoked.
    TokenRevoked = "repo.token.revoked",
    /// The namespace's settings changed.
    NamespaceUpdated = "namespace.updated",
    /// An administrative act.
    Audited = "namespace.audited",
    /// A token of the namespace was made.
    NamespaceTokenCreated = "namespace.token.created",
    /// A token of the namespace was revoked.
    NamespaceTokenRevoked = "namespace.token.revoked",
    /// Cairn switched a webhook off.
    WebhookDisabled = "webhook.disabled",
    /// Somebody asked whether a webhook works. It is in no feed.
    WebhookPing = "webhook.ping",
}

impl EventKind {
    /// Whether it tells an administrative act: such events stand in the audit log too.
    #[must_use]
    pub(crate) fn is_administrative(self) -> bool {
        match self {
            Self::Created
            | Self::Deleted
            | Self::Restored
            | Self::Renamed
            | Self::Forked
            | Self::Imported
            | Self::Updated
            | Self::Expired
            | Self::Purged
            | Self::Overridden
            | Self::TokenCreated
            | Self::TokenRevoked
            | Self::NamespaceUpdated
            | Self::Audited
            | Self::NamespaceTokenCreated
            | Self::NamespaceTokenRevoked
            | Self::WebhookDisabled => true,
            Self::Expiring
            | Self::UpstreamSynced
            | Self::UpstreamFailed
            | Self::UpstreamDiverged
            | Self::Pushed
            | Self::Cloned
            | Self::Fetched
            | Self::DownstreamPushed
            | Self::DownstreamFailed
            | Self::WebhookPing => false,
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// The actor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventActor {
    /// The kind of actor.
    pub kind: ActorKind,
    /// The token's id, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// The token's label at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// A kind of actor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A caller with the operator's key.
    Operator,
    /// A token of the namespace.
    Namespace,
    /// A token of the repository.
    Token,
    /// Cairn itself.
    #[default]
    System,
}

impl ActorKind {
    /// As events and the API spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Namespace => "namespace",
            Self::Token => "token",
            Self::System => "system",
        }
    }
}

/// Where something happens, who does it, and by which request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventOrigin {
    /// The repository's id.
    pub repository_id: String,
    /// Its namespace's name.
    pub namespace: String,
    /// Its name.
    pub repo_name: String,
    /// The actor.
    pub actor: EventActor,
    /// The request that does it; `None` if it happens by itself.
    pub request_id: Option<String>,
    /// The address that the request comes from, if it is known: for the audit log.
    pub address: Option<String>,
}

impl EventOrigin {
    /// The body of an event of the repository.
    #[must_use]
    pub fn body(&self, payload: Box<RawValue>) -> EventBody {
        EventBody {
            namespace: self.namespace.clone(),
            repo_name: Some(self.repo_name.clone()),
            payload,
            actor: self.actor.clone(),
            request_id: self.request_id.clone(),
            address: None,
        }
    }

    /// The same of an event of this kind: where it tells an administrative act, with the address.
    #[must_use]
    pub(crate) fn body_of(&self, kind: EventKind, payload: Box<RawValue>) -> EventBody {
        EventBody {
            address: self.address.clone().filter(|_| kind.is_administrative()),
            ..self.body(payload)
        }
    }
}

/// The part of an event's row beside its numbers, its time and its kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventBody {
    /// The namespace's name at the time.
    pub namespace: String,
    /// The repository's name at the time; `None` in an event of the namespace itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_name: Option<String>,
    /// The details, in the shape that the kind has.
    pub payload: Box<RawValue>,
    /// The actor.
    pub actor: EventActor,
    /// The request that did it; `None` if it happened by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The address that an administrative act came from. No feed shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl EventBody {
    /// As a row holds it.
    pub(crate) fn json(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Failed(error.to_string()))
    }
}

/// An event with its place in the order of its source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// 1, 2, 3, … in its repository, or of the namespace's own.
    pub sequence: i64,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// The kind of event.
    pub kind: EventKind,
    /// The rest.
    pub body: EventBody,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_one_name_everywhere() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_name(kind.name()), Some(*kind));
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.name());
        }
        assert_eq!(EventKind::from_name("repo.Pushed"), None);
    }
}
