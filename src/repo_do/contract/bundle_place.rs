//! Where the bytes of a bundle are.

use serde::{Deserialize, Serialize};

use super::error::{ErrorCode, ErrorReply};

/// A bundle in R2, whose bytes the Worker has pumped to the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BundlePlace {
    /// The R2 key.
    pub(crate) r2_key: String,
    /// Its bytes.
    pub(crate) bytes: u64,
    /// R2's own name of the bytes.
    pub(crate) etag: String,
    /// Whether everybody may have it, so that caches between may keep it.
    pub(crate) is_public: bool,
}

/// The refusal of a URL that opens nothing. It is the same where nothing is, so that nobody learns which
/// bundles exist; and it asks for no credential, since git would take that for the end of the one it has.
pub(crate) fn unopened() -> ErrorReply {
    let message = "the URL has expired or was changed: ask for another one";
    ErrorReply::new(ErrorCode::Forbidden, message)
}
