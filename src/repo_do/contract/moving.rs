//! The facts that a repository takes along when it goes to another namespace.

use serde::{Deserialize, Serialize};

use crate::storage::webhook::definition::{FormerSecret, Secret};

/// The path of the namespace's object that frees the name of a repository which has left.
pub(crate) const NAMESPACE_DEPART: &str = "/depart";

/// Body of `POST` [`NAMESPACE_DEPART`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Depart {
    /// The repository.
    pub(crate) repository_id: String,
    /// The name that it had.
    pub(crate) name: String,
}

/// Answer to it, also when the name was freed before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Departed {
    /// Its webhooks there, which have not ended.
    pub(crate) webhooks: Vec<MovedWebhook>,
}

/// A webhook as it is made again in the other namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MovedWebhook {
    /// 16 characters of `[0-9a-z]`; it stays.
    pub(crate) id: String,
    /// Where events are sent.
    pub(crate) url: String,
    /// Types of events, without their prefix.
    pub(crate) events: Vec<String>,
    /// Patterns of refs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refs: Option<Vec<String>>,
    /// The key that signs.
    pub(crate) secret: Secret,
    /// The key before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) former: Option<FormerSecret>,
    /// Whether events are sent.
    pub(crate) active: bool,
    /// Why Cairn switched it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) disabled_reason: Option<String>,
    /// Its version there. The next one is its version here: an object that it had here before, and which
    /// has not ended yet, takes over the newer version.
    pub(crate) version: i64,
    /// Milliseconds since 1970.
    pub(crate) created_at_ms: i64,
}
