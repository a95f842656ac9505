//! What the registry is told of a namespace.

use serde::{Deserialize, Serialize};

use super::NamespaceInfo;

/// Body of `POST /register` and of `POST /unregister`: a namespace that the registry notes or forgets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registration {
    /// The namespace.
    pub(crate) info: NamespaceInfo,
    /// The act for the log; `None` if the registry is only reminded.
    pub(crate) act: Option<NamespaceAct>,
}

/// An administrative act on a namespace as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NamespaceAct {
    /// It was made, by itself or with its first repository.
    Created,
    /// Its repositories were listed again.
    Relisted,
    /// It was deleted.
    Deleted,
}

impl NamespaceAct {
    /// The action of its entry.
    #[must_use]
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Created => "namespace.created",
            Self::Relisted => "namespace.relisted",
            Self::Deleted => "namespace.deleted",
        }
    }
}
