//! The acts on a namespace that the registry logs.

use serde::{Deserialize, Serialize};

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
