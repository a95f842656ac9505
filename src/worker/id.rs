//! Ids and tokens made from random bytes, which the shell supplies.

use crate::repo_do::contract::{PUBLIC_ID_CHARS, token_id_prefix};

use super::token::PlainToken;

/// Random bytes that an id takes: 36^16 values of 2^128, so that no character is likelier than
/// another by more than 2^-45.
pub(crate) const ID_ENTROPY_BYTES: usize = 16;
/// Random bytes that a token takes.
pub(crate) const TOKEN_ENTROPY_BYTES: usize = 20;

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A repository's id: 16 characters of `[0-9a-z]`.
#[must_use]
pub(crate) fn repository_id(entropy: [u8; ID_ENTROPY_BYTES]) -> String {
    base_36(entropy, PUBLIC_ID_CHARS)
}

/// The id of a token of that repository: it starts with half of the repository's id, because
/// `DELETE /namespaces/:ns/tokens/:id` names no repository.
#[must_use]
pub(crate) fn token_id(repository_id: &str, entropy: [u8; ID_ENTROPY_BYTES]) -> String {
    let prefix = token_id_prefix(repository_id);
    let rest = base_36(entropy, PUBLIC_ID_CHARS.saturating_sub(prefix.len()));
    format!("{prefix}{rest}")
}

/// A new token's plaintext.
#[must_use]
pub(crate) fn token(entropy: [u8; TOKEN_ENTROPY_BYTES]) -> PlainToken {
    PlainToken::from_entropy(entropy)
}

fn base_36(entropy: [u8; ID_ENTROPY_BYTES], chars: usize) -> String {
    let mut value = u128::from_be_bytes(entropy);
    let mut text = String::with_capacity(chars);
    for _ in 0..chars {
        let digit = usize::try_from(value % 36).unwrap_or(0);
        text.push(ALPHABET.get(digit).copied().unwrap_or(b'0').into());
        value /= 36;
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::repo_do::contract::is_public_id;

    use super::*;

    proptest! {
        #[test]
        fn ids_have_their_form(entropy in any::<[u8; ID_ENTROPY_BYTES]>(), more in any::<[u8; 16]>()) {
            let repository_id = repository_id(entropy);
            prop_assert!(is_public_id(&repository_id));
            let token_id = token_id(&repository_id, more);
            prop_assert!(is_public_id(&token_id));
            prop_assert_eq!(token_id_prefix(&token_id), token_id_prefix(&repository_id));
        }

        #[test]
        fn tokens_parse_as_what_they_are(entropy in any::<[u8; TOKEN_ENTROPY_BYTES]>()) {
            let token = token(entropy);
            prop_assert_eq!(PlainToken::parse(token.reveal()), Some(token));
        }
    }
}
