//! Who a request says it comes from: the `Authorization` header, read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::repo_do::contract::TokenHash;

use super::token::{PlainToken, same_secret};

/// The longest header that is read; a token in Basic form needs a few hundred bytes.
const HEADER_BYTES_MAX: usize = 4096;

/// The identity behind a request, before anything is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// No credential.
    Anonymous,
    /// The operator's key.
    Operator,
    /// A well-formed token, valid or not.
    Token(TokenHash),
    /// A credential that cannot be valid: refused without any look-up.
    Unrecognised,
}

/// Reads the header. An operator key that is unset or empty is nobody's.
#[must_use]
pub fn identify(authorization: Option<&str>, operator_key: Option<&str>) -> Identity {
    let Some(header) = authorization else {
        return Identity::Anonymous;
    };
    let Some(secret) = secret(header) else {
        return Identity::Unrecognised;
    };
    match operator_key {
        Some(key) if !key.is_empty() && same_secret(&secret, key) => Identity::Operator,
        _ => PlainToken::parse(&secret).map_or(Identity::Unrecognised, |token| {
            Identity::Token(token.hash())
        }),
    }
}

/// The secret of a `Bearer` or `Basic` header; of the latter the password, whoever the user.
pub fn secret(header: &str) -> Option<String> {
    if header.len() > HEADER_BYTES_MAX {
        return None;
    }
    let (scheme, value) = header.trim().split_once(' ')?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        Some(value.to_owned())
    } else if scheme.eq_ignore_ascii_case("basic") {
        let pair = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
        let (_user, password) = pair.split_once(':')?;
        Some(password.to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "operator:key";
    const TOKEN: &str = "cairn_v1_0123456789abcdef0123456789abcdef01234567";

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn headers_and_who_they_name() {
        let token = Identity::Token(PlainToken::parse(TOKEN).unwrap().hash());
        let cases = [
            (format!("Bearer {TOKEN}"), token),
            (format!("bearer  {TOKEN}?expires=1 "), token),
            (basic(&format!("x:{TOKEN}")), token),
            (basic(&format!(":{TOKEN}%3Fexpires%3D1")), token),
            (format!("Bearer {KEY}"), Identity::Operator),
            (basic(&format!("operator:{KEY}")), Identity::Operator),
            (basic(TOKEN), Identity::Unrecognised),
            (basic(&format!("{TOKEN}:")), Identity::Unrecognised),
            (format!("Basic {TOKEN}"), Identity::Unrecognised),
            (format!("Digest {TOKEN}"), Identity::Unrecognised),
            (TOKEN.into(), Identity::Unrecognised),
            ("Bearer ".into(), Identity::Unrecognised),
            (String::new(), Identity::Unrecognised),
            (
                format!("Bearer {}", "a".repeat(5000)),
                Identity::Unrecognised,
            ),
        ];
        for (header, identity) in cases {
            assert_eq!(identify(Some(&header), Some(KEY)), identity, "{header:.80}");
        }
        assert_eq!(identify(None, Some(KEY)), Identity::Anonymous);
    }

    #[test]
    fn an_unset_key_is_nobodys() {
        for key in [None, Some("")] {
            for header in [
                "Bearer ",
                "Bearer",
                &basic("operator:"),
                &format!("Bearer {KEY}"),
            ] {
                assert_eq!(
                    identify(Some(header), key),
                    Identity::Unrecognised,
                    "{header}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(header in any::<String>(), pair in any::<Vec<u8>>()) {
            prop_assert_eq!(identify(Some(&header), Some(KEY)), Identity::Unrecognised);
            let basic = format!("Basic {}", STANDARD.encode(pair));
            prop_assert_eq!(identify(Some(&basic), Some(KEY)), Identity::Unrecognised);
        }
    }
}
