//! Messages between the Worker and the object about a recovery.

use serde::{Deserialize, Serialize};

use super::repository::CreateRepository;

/// Body of `POST /recover`. The object reads the beginning of the record before it makes the
/// repository, so that plain mistakes are refused at once; the rest its alarm does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecoverRepository {
    /// The repository to make. Its settings are those of the record, in the end.
    pub(crate) create: CreateRepository,
    /// The id of the lost repository.
    pub(crate) lost_id: String,
}
