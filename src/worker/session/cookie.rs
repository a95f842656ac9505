//! The cookie of a session: 256 random bits, from which both the name in KV and the key are made.
//!
//! Specification: <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis>. A browser takes a
//! name that begins with `__Host-` from this very host alone, and over https; over http it takes such a name
//! from the machine that it runs on.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// Its name.
const NAME: &str = "__Host-cairn-session";

/// No script reads it, no other site's page has it sent.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// Bytes that are drawn for it.
pub(crate) const SECRET_BYTES: usize = 32;

/// Digits of the name by which logs tell sessions apart.
const LOGGED_DIGITS: usize = 16;

/// The secret of a session. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SessionSecret([u8; SECRET_BYTES]);

impl SessionSecret {
    /// Made of random bytes.
    pub(crate) const fn new(random: [u8; SECRET_BYTES]) -> Self {
        Self(random)
    }

    /// The session of a `Cookie` header, if it has one.
    #[must_use]
    pub(crate) fn find(header: &str) -> Option<Self> {
        let value = value(header, NAME)?;
        let bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The name under which KV has it. It opens nothing.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        faster_hex::hex_string(&self.derived(b"cairn session name"))
    }

    /// The key that opens the value in KV.
    #[must_use]
    pub(crate) fn key(&self) -> [u8; 32] {
        self.derived(b"cairn session key")
    }

    /// How logs call it.
    #[must_use]
    pub(crate) fn logged(&self) -> String {
        self.name().chars().take(LOGGED_DIGITS).collect()
    }

    /// The `Set-Cookie` header that begins it.
    #[must_use]
    pub(crate) fn set(&self, seconds: i64) -> String {
        let value = URL_SAFE_NO_PAD.encode(self.0);
        format!("{NAME}={value}; Max-Age={seconds}; {ATTRIBUTES}")
    }

    fn derived(&self, purpose: &[u8]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(purpose);
        hasher.update([0]);
        hasher.update(self.0);
        hasher.finalize().into()
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(…)")
    }
}

/// The `Set-Cookie` header that takes the cookie away.
#[must_use]
pub(crate) fn clear() -> String {
    format!("{NAME}=; Max-Age=0; {ATTRIBUTES}")
}

/// The value of a cookie.
#[must_use]
pub(crate) fn value<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = header.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(given, _)| given.trim() == name)?;
    Some(value.trim())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_opens_its_session() {
        let secret = SessionSecret::new([7; SECRET_BYTES]);
        let set = secret.set(60);
        let (pair, attributes) = set.split_once("; ").unwrap();
        assert_eq!(
            attributes,
            "Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Strict"
        );
        let header = format!("a=b; x; {pair};c=\"d=e\"");
        assert_eq!(SessionSecret::find(&header), Some(secret.clone()));
        let other = SessionSecret::new([8; SECRET_BYTES]);
        assert!(secret.name() != other.name() && secret.key() != other.key());
        assert!(
            !secret
                .name()
                .contains(&faster_hex::hex_string(&secret.key()))
        );
        assert!(secret.name().starts_with(&secret.logged()));
        assert_eq!(format!("{secret:?}"), "SessionSecret(…)");
        assert!(clear().starts_with("__Host-cairn-session=; Max-Age=0; Path=/; Secure"));
    }

    #[test]
    fn texts_that_are_not_a_sessions_cookie() {
        for header in [
            "",
            "__Host-cairn-session",
            "__Host-cairn-session=",
            "__Host-cairn-session=AAAA",
            "x__Host-cairn-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "__host-cairn-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "__Host-cairn-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(SessionSecret::find(header), None, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(text in any::<String>(), near in "(__Host-cairn-session=)?[A-Za-z0-9_=; -]{0,60}") {
            let _ = SessionSecret::find(&text);
            let _ = SessionSecret::find(&near);
        }

        #[test]
        fn a_cookie_that_was_set_is_found(random in any::<[u8; SECRET_BYTES]>()) {
            let secret = SessionSecret::new(random);
            prop_assert_eq!(SessionSecret::find(&secret.set(1)), Some(secret));
        }
    }
}
