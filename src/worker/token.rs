//! Tokens: `cairn_`, 27 random digits of base 62 and 6 of their CRC-32, so that a token is recognised
//! wherever it leaks, and a mistyped one is refused without asking anybody
//! ([docs/tokens.md](../../docs/tokens.md)).
//!
//! Older ones are `cairn_v1_` and 40 hex digits. Either may be followed by `?expires=<unix seconds>`,
//! as tokens once were handed out: that informs the owner and decides nothing. Only the SHA-256 of a
//! token without it is ever kept.

use std::fmt;

use cairn_secrets::checksum::{self, CHECKSUM_DIGITS, DIGITS, RANDOM_DIGITS};
use percent_encoding::percent_decode_str;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::repo_do::contract::{TOKEN_PREFIX as PREFIX, TOKEN_VERSION_1 as VERSION_1, TokenHash};

const HEX_DIGITS: usize = 40;
const EXPIRY: &str = "?expires=";
/// Digits of the largest `u64`.
const EXPIRY_DIGITS_MAX: usize = 20;
/// The longest text that can be a token, each byte percent-encoded.
const TEXT_BYTES_MAX: usize =
    3 * (PREFIX.len() + VERSION_1.len() + HEX_DIGITS + EXPIRY.len() + EXPIRY_DIGITS_MAX);

/// A well-formed token. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PlainToken(String);

impl PlainToken {
    /// Reads a token of either form with or without its expiry, percent-encoded or not.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let decoded = percent_decode_str(text).decode_utf8().ok()?;
        let (token, expiry) = match decoded.split_once(EXPIRY) {
            Some((token, expiry)) => (token, Some(expiry)),
            None => (decoded.as_ref(), None),
        };
        let is_expiry = |digits: &str| {
            (1..=EXPIRY_DIGITS_MAX).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let well_formed = is_token(token) && expiry.is_none_or(is_expiry);
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
        let random = base_62(entropy, RANDOM_DIGITS);
        let checksum = checksum::of(random.as_bytes()).map(char::from);
        Self(
            PREFIX
                .chars()
                .chain(random.chars())
                .chain(checksum)
                .collect(),
        )
    }

    /// The token in the form that was made before there were checksums.
    pub(super) fn version_1(entropy: [u8; HEX_DIGITS / 2]) -> Self {
        let hex = faster_hex::hex_string(&entropy);
        Self(format!("{PREFIX}{VERSION_1}{hex}"))
    }

    /// Whether the text contains a token.
    pub(super) fn is_in(text: &str) -> bool {
        let forms = [
            PREFIX.len() + RANDOM_DIGITS + CHECKSUM_DIGITS,
            PREFIX.len() + VERSION_1.len() + HEX_DIGITS,
        ];
        text.match_indices(PREFIX).any(|(at, _)| {
            let from = text.get(at..).unwrap_or_default();
            forms
                .iter()
                .any(|bytes| from.get(..*bytes).is_some_and(is_token))
        })
    }

    /// The hash that the store keeps of it.
    #[must_use]
    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash::new(Sha256::digest(self.0.as_bytes()).into())
    }
}

fn is_token(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(PREFIX) else {
        return false;
    };
    if let Some(hex) = rest.strip_prefix(VERSION_1) {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        return hex.len() == HEX_DIGITS && hex.bytes().all(is_hex);
    }
    let Some((random, given)) = rest.split_at_checked(RANDOM_DIGITS) else {
        return false;
    };
    random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && *given.as_bytes() == checksum::of(random.as_bytes())
}

/// A number of big-endian bytes in so many digits of base 62, the most significant first.
fn base_62<const N: usize>(mut number: [u8; N], digits: usize) -> String {
    let mut text = Vec::with_capacity(digits);
    for _ in 0..digits {
        let mut remainder = 0_u16;
        for byte in &mut number {
            let dividend = remainder << 8 | u16::from(*byte);
            // The remainder is below 62, so that the quotient is below 256.
            *byte = u8::try_from(dividend / 62).unwrap_or(u8::MAX);
            remainder = dividend % 62;
        }
        text.push(DIGITS.get(usize::from(remainder)).copied().unwrap_or(b'0'));
    }
    text.iter().rev().map(|digit| char::from(*digit)).collect()
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken(…)")
    }
}

/// Whether two secrets are the same. The time taken tells neither where they differ nor how long
/// the expected one is.
#[must_use]
pub(crate) fn same_secret(given: &str, expected: &str) -> bool {
    let digest = |secret: &str| -> [u8; 32] { Sha256::digest(secret.as_bytes()).into() };
    digest(given).ct_eq(&digest(expected)).into()
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
    use proptest::prelude::*;

    use super::*;

    const OLD: &str = "cairn_v1_0123456789abcdef0123456789abcdef01234567";
    /// The token made of twenty bytes 0x01, 0x02, …
    const NEW: &str = "cairn_08umpsRGMi9hXbwR6pXWz2Ckob64ZE8ep";

    #[test]
    fn push_protection_finds_tokens_of_both_forms() {
        let searcher = cairn_secrets::Searcher::new();
        let count = |text: &str| {
            let mut count = 0;
            searcher.search(text.as_bytes(), &mut |_| {
                count += 1;
                true
            });
            count
        };
        for number in 0..100 {
            let entropy = std::array::from_fn(|at| number ^ u8::try_from(at * 37 % 251).unwrap());
            for token in [
                PlainToken::from_entropy(entropy),
                PlainToken::version_1(entropy),
            ] {
                assert_eq!(count(&format!("token={}", token.reveal())), 1, "{number}");
            }
        }
    }

    #[test]
    fn the_forms_of_one_token() {
        for token in [OLD, NEW] {
            let forms = [
                token.to_owned(),
                format!("{token}?expires=1700000000"),
                format!("{token}%3Fexpires%3D1700000000"),
                format!("{token}%3fexpires=1700000000"),
                percent_encode(token.as_bytes(), NON_ALPHANUMERIC).to_string(),
            ];
            for form in forms {
                let parsed = PlainToken::parse(&form).expect(&form);
                assert_eq!(parsed.0, token);
            }
        }
    }

    #[test]
    fn a_token_is_its_entropy_and_a_checksum() {
        let mut entropy = [0; 20];
        for (byte, number) in entropy.iter_mut().zip(1..) {
            *byte = number;
        }
        assert_eq!(PlainToken::from_entropy(entropy).0, NEW);
        assert_eq!(base_62([0; 20], 3), "000");
        assert_eq!(base_62([255_u8; 20], RANDOM_DIGITS).len(), RANDOM_DIGITS);
        assert_eq!(base_62(u32::MAX.to_be_bytes(), CHECKSUM_DIGITS), "4gfFC3");
    }

    #[test]
    fn the_hash_is_sha256_of_the_token_without_its_expiry() {
        let token = PlainToken::parse(&format!("{OLD}?expires=1")).unwrap();
        // printf cairn_v1_0123456789abcdef0123456789abcdef01234567 | sha256sum
        assert_eq!(
            token.hash().to_string(),
            "a6827f9d0b6da76efcfdcac65a5bc0d21c6f4288491544dd60e7ca5559a8dde4"
        );
    }

    #[test]
    fn texts_that_are_not_tokens() {
        let mut not_tokens = vec![
            String::new(),
            PREFIX.into(),
            "cairn_v1_".into(),
            OLD.replace("cairn_v1", "cairn_v2"),
            NEW.replace("cairn_", "cairn-"),
            format!("{OLD}%253Fexpires%253D1"),
            "%ff".repeat(40),
            "c".repeat(1 << 20),
        ];
        for token in [OLD, NEW] {
            not_tokens.extend([
                token.to_uppercase(),
                format!("{token}0"),
                token[..token.len() - 1].into(),
                format!(" {token}"),
                format!("{token}\n"),
                format!("{token}?expires="),
                format!("{token}?expires=-1"),
                format!("{token}?expires=1&x=2"),
                format!("{token}?expires=1?expires=2"),
                format!("{token}?expires={}", "1".repeat(21)),
                format!("{token}%00"),
            ]);
        }
        for text in not_tokens {
            assert_eq!(PlainToken::parse(&text), None, "{text:.80}");
        }
    }

    #[test]
    fn a_token_with_one_character_changed_is_none() {
        for at in PREFIX.len()..NEW.len() {
            for digit in DIGITS {
                let mut changed = NEW.as_bytes().to_vec();
                if changed[at] == *digit {
                    continue;
                }
                changed[at] = *digit;
                let changed = String::from_utf8(changed).unwrap();
                assert_eq!(PlainToken::parse(&changed), None, "{changed}");
            }
        }
    }

    #[test]
    fn tokens_are_found_in_texts() {
        for token in [OLD, NEW] {
            assert!(PlainToken::is_in(&format!(
                "cairn_ \u{e9} x{token}?expires=1"
            )));
        }
        for text in [
            "",
            "cairn_",
            "cairn_ci",
            &NEW[..NEW.len() - 1],
            "cairn_\u{e9}",
        ] {
            assert!(!PlainToken::is_in(text), "{text}");
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
        fn no_text_panics_and_a_parsed_token_has_the_form(text in any::<String>()) {
            prop_assert_eq!(PlainToken::parse(&text), None);
            PlainToken::is_in(&text);
        }

        #[test]
        fn near_misses_never_panic(text in "(cairn_v1_|%63airn_v1_)[0-9a-f%]{30,50}(%3F|\\?)?(expires=)?[0-9]{0,22}") {
            if let Some(token) = PlainToken::parse(&text) {
                prop_assert_eq!(token.0.len(), OLD.len());
            }
        }

        #[test]
        fn a_new_token_has_the_form_of_one(entropy in any::<[u8; 20]>()) {
            for token in [PlainToken::from_entropy(entropy), PlainToken::version_1(entropy)] {
                prop_assert_eq!(PlainToken::parse(token.reveal()), Some(token.clone()));
                prop_assert!(PlainToken::is_in(token.reveal()));
            }
        }
    }
}
