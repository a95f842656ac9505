//! Where a namespace is kept: the object outside of every jurisdiction knows it.

use serde::{Deserialize, Serialize};

use crate::storage::jurisdiction::Jurisdiction;

/// Answer of `GET /place`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placed {
    /// The jurisdiction; `None`: no namespace has this name, and none had it.
    pub(crate) jurisdiction: Option<Jurisdiction>,
}

/// Body of `POST /place/take`: keeps the namespace of this name in a jurisdiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TakePlace {
    /// The jurisdiction, which restricts.
    pub(crate) jurisdiction: Jurisdiction,
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
}
