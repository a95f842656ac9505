//! Tokens: `cairn_v1_<40 hex>`, optionally followed by `?expires=<unix seconds>`, which informs
//! the owner and decides nothing. Only the SHA-256 of the first part is ever kept.

use std::fmt;

use percent_encoding::percent_decode_str;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::repo_do::contract::TokenHash;

/// How every token starts.
pub const TOKEN_PREFIX: &str = "cairn_v1_";

const HEX_DIGITS: usize = 40;
const EXPIRY: &str = "?expires=";
/// Digits of the largest `u64`.
const EXPIRY_DIGITS_MAX: usize = 20;
/// The longest text that can be a token, each byte percent-encoded.
const TEXT_BYTES_MAX: usize =
    3 * (TOKEN_PREFIX.len() + HEX_DIGITS + EXPIRY.len() + EXPIRY_DIGITS_MAX);

/// A well-formed token. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(String);

impl PlainToken {
    /// Reads a token with or without its expiry, percent-encoded or not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let decoded = percent_decode_str(text).decode_utf8().ok()?;
        let (token, expiry) = match decoded.split_once(EXPIRY) {
            Some((token, expiry)) => (token, Some(expiry)),
            None => (decoded.as_ref(), None),
        };
        let hex = token.strip_prefix(TOKEN_PREFIX)?;
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_expiry = |digits: &str| {
            (1..=EXPIRY_DIGITS_MAX).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let well_formed =
            hex.len() == HEX_DIGITS && hex.bytes().all(is_hex) && expiry.is_none_or(is_expiry);
        well_formed.then(|| Self(token.to_owned()))
    }

    /// The secret itself.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// A secret without the expiry that a token's may have.
    pub(super) fn bare(secret: &str) -> String {
        Self::parse(secret).map_or_else(|| secret.to_owned(), |token| token.0)
    }

    pub(super) fn from_entropy(entropy: [u8; HEX_DIGITS / 2]) -> Self {
        Self(format!(
            "{TOKEN_PREFIX}{}",
            faster_hex::hex_string(&entropy)
        ))
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::new(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The form that is handed out.
    #[must_use]
    pub fn with_expiry(&self, expires_at_seconds: i64) -> String {
        format!("{}{EXPIRY}{expires_at_seconds}", self.0)
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken(…)")
    }
}

/// Whether two secrets are the same. The time taken tells neither where they differ nor how long
/// the expected one is.
#[must_use]
pub fn same_secret(given: &str, expected: &str) -> bool {
    let digest = |secret: &str| -> [u8; 32] { Sha256::digest(secret.as_bytes()).into() };
    digest(given).ct_eq(&digest(expected)).into()
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "cairn_v1_0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn the_forms_of_one_token() {
        let forms = [
            TOKEN.to_owned(),
            format!("{TOKEN}?expires=1700000000"),
            format!("{TOKEN}%3Fexpires%3D1700000000"),
            format!("{TOKEN}%3fexpires=1700000000"),
            percent_encode(TOKEN.as_bytes(), NON_ALPHANUMERIC).to_string(),
        ];
        for form in forms {
            let token = PlainToken::parse(&form).expect(&form);
            assert_eq!(token.0, TOKEN);
        }
    }

    #[test]
    fn the_hash_is_sha256_of_the_token_without_its_expiry() {
        let token = PlainToken::parse(&format!("{TOKEN}?expires=1")).unwrap();
        // printf cairn_v1_0123456789abcdef0123456789abcdef01234567 | sha256sum
        assert_eq!(
            token.hash().to_string(),
            "a6827f9d0b6da76efcfdcac65a5bc0d21c6f4288491544dd60e7ca5559a8dde4"
        );
    }

    #[test]
    fn what_is_not_a_token() {
        let not_tokens = [
            String::new(),
            "cairn_v1_".into(),
            TOKEN.to_uppercase(),
            TOKEN.replace("cairn_v1", "cairn_v2"),
            format!("{TOKEN}0"),
            TOKEN[..TOKEN.len() - 1].into(),
            format!(" {TOKEN}"),
            format!("{TOKEN}\n"),
            format!("{TOKEN}?expires="),
            format!("{TOKEN}?expires=-1"),
            format!("{TOKEN}?expires=1&x=2"),
            format!("{TOKEN}?expires=1?expires=2"),
            format!("{TOKEN}?expires={}", "1".repeat(21)),
            format!("{TOKEN}%00"),
            format!("{TOKEN}%253Fexpires%253D1"),
            "%ff".repeat(40),
            "c".repeat(1 << 20),
        ];
        for text in not_tokens {
            assert_eq!(PlainToken::parse(&text), None, "{text:.80}");
        }
    }

    #[test]
    fn secrets_are_the_same_or_not() {
        assert!(same_secret("key", "key"));
        for other in ["", "ke", "keys", "kez"] {
            assert!(!same_secret(other, "key"), "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_parses_has_the_form(text in any::<String>()) {
            prop_assert_eq!(PlainToken::parse(&text), None);
        }

        #[test]
        fn near_misses_never_panic(text in "(cairn_v1_|%63airn_v1_)[0-9a-f%]{30,50}(%3F|\\?)?(expires=)?[0-9]{0,22}") {
            if let Some(token) = PlainToken::parse(&text) {
                prop_assert_eq!(token.0.len(), TOKEN.len());
            }
        }
    }
}
