//! How many bytes a namespace has, asked by the object of one of its repositories before it takes more.

use serde::{Deserialize, Serialize};

/// The path of the namespace's object that answers.
pub(crate) const NAMESPACE_ROOM: &str = "/room";

/// Body of `POST` [`NAMESPACE_ROOM`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskRoom {
    /// The repository that asks: it knows itself what it has.
    pub(crate) repository_id: String,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Room {
    /// Bytes of packs and large files of the other repositories.
    pub(crate) others: u64,
    /// The bound on the bytes of all of them; `None`: there is none any more.
    pub(crate) bytes_max: Option<u64>,
}
