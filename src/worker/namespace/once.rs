//! Requests that take effect once: a caller's `Idempotency-Key`, and the ids and tokens derived
//! from it.
//!
//! An answer may hold a token, and the server stores no token. So such a request does not draw
//! its ids and tokens at random. It derives them by SHA-256 from the caller's credential, its key
//! and a salt, and the server stores the answer without the token. A caller that sends the same
//! request with the same credential gets the token derived again. Without the credential the
//! stored answer gives none of it away.

use sha2::{Digest as _, Sha256};

use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::worker::credentials;
use crate::worker::id;
use crate::worker::token::PlainToken;

/// Bytes of a key.
const KEY_BYTES_MAX: usize = 255;

/// Bytes of an answer that is kept.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Stands for the token in a stored answer; JSON never contains this character.
const MARK: &str = "\0";

/// How the mark went on while tokens had their older form and were handed out with their expiry.
const MARK_VERSION_1: &str = "\0?expires=";

/// The use of a derived value: one of the ids, or the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The repository's id.
    Repository,
    /// The token's id.
    TokenId,
    /// The token.
    Token,
    /// A webhook's id.
    Webhook,
    /// A webhook's secret.
    WebhookSecret,
    /// A downstream's id.
    Downstream,
}

/// A caller and its key.
pub(crate) struct Once([u8; 32]);

/// The seed from which a request derives ids and tokens in place of randomness. A secret.
#[derive(Clone, Copy)]
pub(crate) struct Seed([u8; 32]);

impl Once {
    /// Made of an `Authorization` header and an `Idempotency-Key`; `None` without credentials.
    pub(crate) fn new(authorization: Option<&str>, key: &str) -> Result<Option<Self>, ErrorReply> {
        let is_fit = (1..=KEY_BYTES_MAX).contains(&key.len())
            && key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !is_fit {
            let message = format!("an Idempotency-Key has 1 to {KEY_BYTES_MAX} ASCII characters");
            return Err(ErrorReply::new(ErrorCode::InvalidInput, message));
        }
        let secret = authorization.and_then(credentials::secret);
        Ok(secret.map(|secret| {
            let secret = Sha256::digest(PlainToken::bare(&secret).as_bytes());
            Self(digest(&[b"once", &secret, key.as_bytes()]))
        }))
    }

    /// The key under which the answer is stored.
    pub(crate) fn key(&self) -> [u8; 32] {
        digest(&[b"key ", &self.0])
    }

    /// The seed that this salt gives.
    pub(crate) fn seed(&self, salt: &[u8; 32]) -> Seed {
        Seed(digest(&[b"seed", &self.0, salt]))
    }
}

/// Digest by which requests under one key differ.
pub(crate) fn request_digest(path: &str, body: &[u8]) -> [u8; 32] {
    digest(&[b"req ", &Sha256::digest(path.as_bytes()), body])
}

/// The first and the second part have fixed lengths, so that no two inputs are the same text.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

impl Seed {
    /// Derived bytes. To anyone without the seed they are as good as random.
    pub(crate) fn bytes<const N: usize>(&self, purpose: Purpose) -> [u8; N] {
        let label: &[u8; 4] = match purpose {
            Purpose::Repository => b"repo",
            Purpose::TokenId => b"t id",
            Purpose::Token => b"tok ",
            Purpose::Webhook => b"hook",
            Purpose::WebhookSecret => b"hsec",
            Purpose::Downstream => b"down",
        };
        let drawn = digest(&[label, &self.0]);
        let mut bytes = [0; N];
        for (to, from) in bytes.iter_mut().zip(drawn) {
            *to = from;
        }
        bytes
    }

    /// An answer as it is kept; `None` if it must not be: too long, or with another token in it.
    pub(crate) fn seal(&self, answer: &str) -> Option<String> {
        let sealed = answer.replace(self.token().reveal(), MARK);
        (sealed.len() <= ANSWER_BYTES_MAX && !PlainToken::is_in(&sealed)).then_some(sealed)
    }

    /// The answer that was kept.
    pub(crate) fn open(&self, sealed: &str) -> String {
        let token = if sealed.contains(MARK_VERSION_1) {
            PlainToken::version_1(self.bytes(Purpose::Token))
        } else {
            self.token()
        };
        sealed.replace(MARK, token.reveal())
    }

    fn token(&self) -> PlainToken {
        id::token(self.bytes(Purpose::Token))
    }
}

/// Whether the same request would be answered so again: else it may be sent again under its key.
pub(crate) fn is_final(error: &ErrorReply) -> bool {
    let in_progress = matches!(
        error.code,
        ErrorCode::CreateInProgress | ErrorCode::ImportInProgress | ErrorCode::ForkInProgress
    );
    !in_progress
        && error.retry_after_seconds.is_none()
        && matches!(error.code.status(), 400 | 404 | 409 | 413 | 415 | 422)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "Bearer cairn_v1_0123456789abcdef0123456789abcdef01234567";

    fn once(authorization: &str, key: &str) -> Once {
        Once::new(Some(authorization), key).unwrap().unwrap()
    }

    #[test]
    fn a_key_belongs_to_its_caller() {
        let key = once(TOKEN, "k").key();
        let suffixed = format!("{TOKEN}?expires=1");
        assert_eq!(once(&suffixed, "k").key(), key, "the suffix only informs");
        for (authorization, other) in [(TOKEN, "l"), ("Bearer operator", "k")] {
            assert_ne!(once(authorization, other).key(), key);
        }
        assert!(Once::new(None, "k").unwrap().is_none());
        for wrong in ["", "\u{e9}", "a\tb", &"k".repeat(256)] {
            let refused = Once::new(Some(TOKEN), wrong).map(|_| ()).unwrap_err();
            assert_eq!(refused.code, ErrorCode::InvalidInput);
        }
    }

    #[test]
    fn ids_and_tokens_follow_from_the_salt() {
        let seed = once(TOKEN, "k").seed(&[1; 32]);
        let token = |seed: &Seed| seed.bytes::<20>(Purpose::Token);
        assert_eq!(token(&seed), token(&once(TOKEN, "k").seed(&[1; 32])));
        for other in [
            once(TOKEN, "k").seed(&[2; 32]),
            once(TOKEN, "l").seed(&[1; 32]),
            once("Bearer operator", "k").seed(&[1; 32]),
        ] {
            assert_ne!(token(&seed), token(&other));
        }
        let ids = [Purpose::Repository, Purpose::TokenId, Purpose::Token];
        let ids = ids.map(|purpose| seed.bytes::<16>(purpose));
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    }

    #[test]
    fn an_answer_is_kept_without_its_token() {
        let seed = once(TOKEN, "k").seed(&[1; 32]);
        let token = seed.token();
        let token = token.reveal();
        let answer = format!(r#"{{"token":"{token}","clone_url":"https://x:{token}@h/"}}"#);
        let sealed = seed.seal(&answer).unwrap();
        assert_eq!(
            sealed,
            "{\"token\":\"\0\",\"clone_url\":\"https://x:\0@h/\"}"
        );
        assert_eq!(seed.open(&sealed), answer);
        let other = once(TOKEN, "l").seed(&[1; 32]);
        assert_ne!(other.open(&sealed), answer);
        assert_eq!(other.seal(&answer), None, "a token that it did not draw");
        assert_eq!(seed.seal(&"x".repeat(ANSWER_BYTES_MAX + 1)), None);
    }

    #[test]
    fn an_answer_that_an_older_version_kept_has_the_token_that_it_gave() {
        let seed = once(TOKEN, "k").seed(&[1; 32]);
        let token = PlainToken::version_1(seed.bytes(Purpose::Token));
        let answer = format!(r#"{{"token":"{}?expires=7"}}"#, token.reveal());
        assert_eq!(seed.open("{\"token\":\"\0?expires=7\"}"), answer);
    }

    #[test]
    fn requests_differ_by_path_or_body() {
        let digests = [("/a", "b"), ("/ab", ""), ("/a", "c"), ("", "/ab")]
            .map(|(path, body)| request_digest(path, body.as_bytes()));
        for (at, one) in digests.iter().enumerate() {
            assert!(digests[at + 1..].iter().all(|other| other != one));
        }
    }

    #[test]
    fn requests_that_may_be_sent_again() {
        let is = |code| is_final(&ErrorReply::new(code, ""));
        assert!(is(ErrorCode::InvalidInput) && is(ErrorCode::AlreadyExists));
        assert!(is(ErrorCode::NotFound) && is(ErrorCode::RemoteAuthRequired));
        assert!(!is(ErrorCode::CreateInProgress) && !is(ErrorCode::InternalError));
        assert!(!is(ErrorCode::Unauthorized) && !is(ErrorCode::Forbidden));
        assert!(!is_final(&ErrorReply::busy(1, "")));
    }
}
