//! Messages of forks, and of names given back.

use serde::{Deserialize, Serialize};

use super::repository::CreateRepository;

/// Body of `POST /fork`, to the object where the fork grows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkRepository {
    /// The repository to make. Its default branch counts until the source's HEAD is known.
    pub create: CreateRepository,
    /// The name of the source's object.
    pub source_object: String,
    /// The source's id: another repository of that name is not meant.
    pub source_id: String,
    /// Whether it gets the default branch alone.
    pub default_branch_only: bool,
}

/// Body of `POST /fork/export`, from there to the source's object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportFork {
    /// The source's id.
    pub repository_id: String,
    /// Whether refs but the default branch are left out.
    pub default_branch_only: bool,
}

/// Body that goes to the namespace's object at [`NAMESPACE_RELEASE`]: frees a name, if the entry is
/// still that repository's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseName {
    /// The repository's name.
    pub name: String,
    /// Its id.
    pub repository_id: String,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

/// Where [`ReleaseName`] goes.
pub const NAMESPACE_RELEASE: &str = "/release";
