//! Where a namespace is kept: the object outside of every jurisdiction knows it.

use serde::{Deserialize, Serialize};

use crate::storage::jurisdiction::Jurisdiction;

/// Answer of `GET /place`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placed {
    /// The jurisdiction; `None`: there is no namespace of this name, and there was none.
    pub(crate) jurisdiction: Option<Jurisdiction>,
}

/// Body of `POST /place/take`: the namespace of this name is to be kept in a jurisdiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TakePlace {
    /// The jurisdiction, which restricts.
    pub(crate) jurisdiction: Jurisdiction,
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
}
