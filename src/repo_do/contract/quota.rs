//! How many bytes a namespace has, asked by the object of one of its repositories before it takes more.
//!
//! A repository claims the bytes of a request before it publishes them: the namespace counts the claim
//! until the repository tells its result, or until its time is up.

use serde::{Deserialize, Serialize};

/// The path of the namespace's object that answers.
pub(crate) const NAMESPACE_ROOM: &str = "/room";

/// The path of the namespace's object by which it hears that a request with a claim is over.
pub(crate) const NAMESPACE_ROOM_TOLD: &str = "/room/told";

/// How long a claim counts at most, in milliseconds: nobody tells of a request that the platform has
/// cancelled. A request that takes longer claims once more before it publishes.
pub(crate) const CLAIM_MS: i64 = 2 * 60 * 1000;

/// A claim that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskClaim {
    /// Its number, which no other claim of the repository has.
    pub(crate) number: i64,
    /// The bytes that may come.
    pub(crate) bytes: u64,
}

/// Body of `POST` [`NAMESPACE_ROOM`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskRoom {
    /// The repository that asks: it knows its own sizes.
    pub(crate) repository_id: String,
    /// Those bytes.
    #[serde(default)]
    pub(crate) here: u64,
    /// The bytes that it wants to have more; `None`: it only wants to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) claim: Option<AskClaim>,
    /// Numbers of its claims whose requests are under way: others are over.
    #[serde(default)]
    pub(crate) running: Vec<i64>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Room {
    /// Bytes of packs and large files of the other repositories.
    pub(crate) others: u64,
    /// Bytes of the claims of all repositories, without the one that is made.
    #[serde(default)]
    pub(crate) claimed: u64,
    /// The bound on the bytes of all of them; `None`: none any more.
    pub(crate) bytes_max: Option<u64>,
    /// Whether the claim fits: then it counts from now on.
    #[serde(default)]
    pub(crate) is_granted: bool,
}

/// Body of `POST` [`NAMESPACE_ROOM_TOLD`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TellRoom {
    /// The repository.
    pub(crate) repository_id: String,
    /// The claim whose request is over.
    pub(crate) number: i64,
    /// The bytes of its live packs now.
    pub(crate) size_bytes: u64,
    /// The bytes of its large files now.
    pub(crate) lfs_bytes: u64,
}
