//! What a namespace's object tells the objects of its repositories.

use serde::{Deserialize, Serialize};

pub(crate) use crate::storage::repository::standing::Standing;

/// Body of `POST /standing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeStanding {
    /// The namespace that says it: a repository of another one does not listen.
    pub(crate) namespace: String,
    /// What it says.
    pub(crate) standing: Standing,
}

/// Answer of `POST /standing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StandingTaken {
    /// Whether there is a repository of that namespace, which now knows it.
    pub(crate) is_here: bool,
}
