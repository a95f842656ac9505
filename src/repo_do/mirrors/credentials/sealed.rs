//! Sealed credentials: the text in the database.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::key_ring::KEY_ID_BYTES;
use crate::repo_do::contract::CredentialsKind;
use crate::repo_do::runtime::web_crypto::NONCE_BYTES;

/// Credentials as the database stores them: `kind.base64url(key id, nonce, ciphertext)`. Only the kind is
/// readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SealedCredentials {
    kind: CredentialsKind,
    /// The id of the key that sealed them.
    pub(super) key_id: [u8; KEY_ID_BYTES],
    pub(super) nonce: [u8; NONCE_BYTES],
    pub(super) ciphertext: Vec<u8>,
}

/// The database's text is no sealed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored credentials are malformed")]
pub(crate) struct MalformedSeal;

impl SealedCredentials {
    pub(super) fn new(
        kind: CredentialsKind,
        key_id: [u8; KEY_ID_BYTES],
        nonce: [u8; NONCE_BYTES],
        ciphertext: Vec<u8>,
    ) -> Self {
        Self {
            kind,
            key_id,
            nonce,
            ciphertext,
        }
    }

    /// The kind of the credentials, for answers.
    #[must_use]
    pub(crate) fn kind(&self) -> CredentialsKind {
        self.kind
    }

    /// The text for the database.
    #[must_use]
    pub(crate) fn to_text(&self) -> String {
        let bytes = [&self.key_id[..], &self.nonce[..], &self.ciphertext[..]].concat();
        format!("{}.{}", self.kind.name(), URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads the database's text.
    pub(crate) fn parse(text: &str) -> Result<Self, MalformedSeal> {
        let (kind, base64) = text.split_once('.').ok_or(MalformedSeal)?;
        let kind = CredentialsKind::named(kind).ok_or(MalformedSeal)?;
        let bytes = URL_SAFE_NO_PAD.decode(base64).map_err(|_| MalformedSeal)?;
        let (key_id, rest) = bytes.split_first_chunk().ok_or(MalformedSeal)?;
        let (nonce, ciphertext) = rest.split_first_chunk().ok_or(MalformedSeal)?;
        Ok(Self::new(kind, *key_id, *nonce, ciphertext.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_was_written() {
        let kind = CredentialsKind::GithubApp;
        let sealed = SealedCredentials::new(kind, [1; 8], [2; 12], vec![3; 40]);
        let text = sealed.to_text();
        assert!(text.starts_with("github_app."), "{text}");
        assert_eq!(SealedCredentials::parse(&text), Ok(sealed));
        for wrong in [
            "",
            "basic",
            "basic.",
            "other.AAAA",
            "basic.A=",
            "basic.AAAA",
        ] {
            assert_eq!(SealedCredentials::parse(wrong), Err(MalformedSeal));
        }
    }
}
