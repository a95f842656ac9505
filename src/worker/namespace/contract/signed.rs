//! Messages about signed tokens.

use serde::{Deserialize, Serialize};

/// Body of `POST /revoke-signed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RevokeSigned {
    /// The token's `iss`.
    pub(crate) issuer: String,
    /// Its `jti`.
    pub(crate) jti: String,
    /// Its `exp`, in milliseconds since 1970; unless given, as late as a token can end.
    pub(crate) expires_at_ms: Option<i64>,
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
}

/// Answer of `POST /revoke-signed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RevokedSigned {
    /// The token's `iss`.
    pub(crate) issuer: String,
    /// Its `jti`.
    pub(crate) jti: String,
    /// The id by which events and logs name it.
    pub(crate) token_id: String,
    /// Until when this is kept, in milliseconds since 1970.
    pub(crate) expires_at_ms: i64,
}
