//! A session that a request has, and what it holds.

use serde::{Deserialize, Serialize};

use super::cookie::SessionSecret;

/// A session that a request has.
pub(crate) struct Session {
    /// What its cookie has.
    pub(crate) secret: SessionSecret,
    /// What it holds.
    pub(crate) held: Held,
}

/// What a session holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Held {
    /// The token.
    pub(crate) token: String,
    /// The namespace that it opens, or in which; of the operator's key none.
    pub(crate) namespace: Option<String>,
    /// The one repository that it opens, by name.
    pub(crate) repository: Option<String>,
    /// Seconds since 1970.
    pub(crate) expires_at: i64,
}
