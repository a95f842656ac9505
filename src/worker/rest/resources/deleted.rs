//! Deleted repositories as REST shows them.

use serde::Serialize;

use crate::repo_do::contract::{Deleted, KeptRepository};
use crate::worker::time::iso_8601;

/// A deleted repository as REST shows it.
#[derive(Debug, Serialize)]
pub(crate) struct ShownDeleted {
    id: String,
    name: String,
    deleted_at: String,
    restorable_until: String,
}

impl From<KeptRepository> for ShownDeleted {
    fn from(kept: KeptRepository) -> Self {
        Self {
            id: kept.repository_id,
            name: kept.name,
            deleted_at: iso_8601(kept.deleted_at_ms),
            restorable_until: iso_8601(kept.purge_at_ms),
        }
    }
}

/// A repository that is being deleted.
#[derive(Debug, Serialize)]
pub(crate) struct BeingDeleted {
    id: String,
    /// Until when it can be restored; `null`: it cannot.
    restorable_until: Option<String>,
}

impl From<Deleted> for BeingDeleted {
    fn from(deleted: Deleted) -> Self {
        Self {
            id: deleted.repository_id,
            restorable_until: deleted.purge_at_ms.map(iso_8601),
        }
    }
}
