//! A session that a request has, and its content.

use serde::{Deserialize, Serialize};

use super::cookie::SessionSecret;

/// A session that a request has.
pub(crate) struct Session {
    /// The secret in its cookie.
    pub(crate) secret: SessionSecret,
    /// Its content.
    pub(crate) held: Held,
}

/// The content of a session.
#[derive(Serialize, Deserialize)]
pub(crate) struct Held {
    /// The token.
    pub(crate) token: String,
    /// The namespace that it opens, or in which; the operator's key has none.
    pub(crate) namespace: Option<String>,
    /// The one repository that it opens, by name.
    pub(crate) repository: Option<String>,
    /// Seconds since 1970.
    pub(crate) expires_at: i64,
}
