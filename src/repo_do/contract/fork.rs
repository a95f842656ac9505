//! Messages of forks, and of names given back.

use serde::{Deserialize, Serialize};

use super::repository::CreateRepository;

/// Body of `POST /fork`, to the object where the fork grows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForkRepository {
    /// The repository to make. Its default branch counts until the source's HEAD is known.
    pub(crate) create: CreateRepository,
    /// The name of the source's object.
    pub(crate) source_object: String,
    /// The source's id: another repository of that name is not meant.
    pub(crate) source_id: String,
    /// Whether it gets the default branch alone.
    pub(crate) default_branch_only: bool,
}

/// Body of `POST /fork/export`, from there to the source's object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportFork {
    /// The source's id.
    pub(crate) repository_id: String,
    /// Whether refs but the default branch are left out.
    pub(crate) default_branch_only: bool,
}

/// Body that goes to the namespace's object at [`NAMESPACE_RELEASE`]: frees a name, if the entry is
/// still that repository's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReleaseName {
    /// The repository's name.
    pub(crate) name: String,
    /// Its id.
    pub(crate) repository_id: String,
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
}

/// Path for [`ReleaseName`].
pub(crate) const NAMESPACE_RELEASE: &str = "/release";
