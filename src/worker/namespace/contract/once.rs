//! A request with an `Idempotency-Key`: begun once, and its answer kept.

use serde::{Deserialize, Serialize};

/// Body of `POST /once/begin`: a request with an `Idempotency-Key` is about to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BeginOnce {
    /// Digest of the caller and its key.
    pub(crate) key: [u8; 32],
    /// Digest of the request.
    pub(crate) request: [u8; 32],
    /// Random.
    pub(crate) salt: [u8; 32],
    /// Whether the request may make the first thing that is here.
    pub(crate) may_create: bool,
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
}

/// Answer of `POST /once/begin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnceBegun {
    /// The caller does it.
    Yours {
        /// Seeds the ids and the token of this request.
        salt: [u8; 32],
    },
    /// It was done.
    Answered {
        /// Seeded the ids and the token of the first request.
        salt: [u8; 32],
        /// HTTP status.
        status: u16,
        /// The body, its token taken out.
        answer: String,
    },
    /// Somebody does it now.
    Running,
    /// The key belongs to another request.
    AnotherRequest,
    /// Nothing was ever made here, and nothing can be kept.
    NoPlace,
}

/// Body of `POST /once/end`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndOnce {
    /// As it was begun.
    pub(crate) key: [u8; 32],
    /// Status and body; `None` when the same may be done again.
    pub(crate) answer: Option<(u16, String)>,
}
