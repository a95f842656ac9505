//! Messages about repositories that are deleted, restored and purged.

use serde::{Deserialize, Serialize};

use super::forward::Forwarding;
use super::standing::Standing;

/// Body of `POST /delete`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteRepository {
    /// Whether it goes for good at once.
    pub(crate) purge: bool,
}

/// Answer of `POST /delete` and of `POST /kept/purge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deleted {
    /// The id of the repository that was here.
    pub(crate) repository_id: String,
    /// Milliseconds since 1970: until when it can be restored; `None`: it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) purge_at_ms: Option<i64>,
}

/// A repository that was deleted and can still be restored. A repository's object sends it to its
/// namespace's ([`NAMESPACE_KEEP`]), which frees the name and lists it among the deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptRepository {
    /// Its id.
    pub(crate) repository_id: String,
    /// The name that it had.
    pub(crate) name: String,
    /// The object that has it.
    pub(crate) object_name: String,
    /// Milliseconds since 1970.
    pub(crate) deleted_at_ms: i64,
    /// Milliseconds since 1970: when it goes for good.
    pub(crate) purge_at_ms: i64,
}

impl KeptRepository {
    /// Where requests about it go.
    #[must_use]
    pub(crate) fn home(&self) -> Forwarding {
        Forwarding {
            object_name: self.object_name.clone(),
            repository_id: self.repository_id.clone(),
        }
    }
}

/// Path for [`KeptRepository`].
pub(crate) const NAMESPACE_KEEP: &str = "/keep";

/// Path for [`ForgetKept`].
pub(crate) const NAMESPACE_FORGET: &str = "/forget";

/// Body of [`NAMESPACE_FORGET`]: the repository is gone for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ForgetKept {
    /// Its id.
    pub(crate) repository_id: String,
    /// Its name, if somebody has purged it before its time; that caller is then the author of the act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) purged_name: Option<String>,
}

/// Body of `POST /kept/restore` and of `POST /kept/purge`: a deleted repository is meant, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptAsked {
    /// Its id: another repository in this object is not meant.
    pub(crate) repository_id: String,
    /// The name that it gets by a restore; its own unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// The standing of its namespace at a restore: it did not hear of changes while it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) standing: Option<Standing>,
}
