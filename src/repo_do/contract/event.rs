//! Events on their way from a repository's object to its namespace's, and as everybody sees them.

use serde::{Deserialize, Serialize};

use super::repository::RepositoryInfo;
use crate::storage::event::Event;

/// The path of the namespace's object that takes events.
pub(crate) const NAMESPACE_TAKE: &str = "/events/take";

/// Body of `POST` [`NAMESPACE_TAKE`]: the events that follow those handed over before, and the
/// repository as lists are to show it now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HandOver {
    /// The repository.
    pub(crate) repository_id: String,
    /// Its next events, in order.
    pub(crate) events: Vec<Event>,
    /// The oldest event that it still has: what came before it cannot be asked for. 0: not said.
    #[serde(default)]
    pub(crate) oldest: i64,
    /// What lists show; `None` of a repository that is going.
    pub(crate) info: Option<RepositoryInfo>,
}

/// Answer to it. What does not follow on the last one taken is not taken: the repository goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HandedOver {
    /// The last sequence of that repository that the namespace has.
    pub(crate) taken: i64,
}
