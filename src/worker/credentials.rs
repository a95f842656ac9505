//! Reads the `Authorization` header: the identity that a request claims.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::repo_do::contract::TokenHash;

use super::signed::jwt::{TOKEN_BYTES_MAX, has_form};
use super::token::{PlainToken, same_secret};

/// The longest header that is read: a signed token of [`TOKEN_BYTES_MAX`] in Basic form needs 11 KiB, and
/// git-lfs may send it twice.
const HEADER_BYTES_MAX: usize = 3 * TOKEN_BYTES_MAX;

/// Base64 as the tools of a shell write it: with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The password with which GitHub takes the user's name for the token.
const NO_PASSWORD: &str = "x-oauth-basic";

/// The identity behind a request, before anything is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// No credential.
    Anonymous,
    /// The operator's key.
    Operator,
    /// A well-formed token, valid or not.
    Token(TokenHash),
    /// A credential that cannot be valid: refused without any look-up.
    Unrecognised,
}

/// Reads the header. An unset or empty operator key matches no caller. The first key is the
/// operator's; the second, the one before it, holds only beside the first.
#[must_use]
pub(crate) fn identify(authorization: Option<&str>, operator_keys: &[Option<&str>; 2]) -> Identity {
    let Some(header) = authorization else {
        return Identity::Anonymous;
    };
    let Some(secret) = secret(header) else {
        return Identity::Unrecognised;
    };
    let keys = operator_keys.iter().copied();
    let mut keys = keys.map_while(|key| key.filter(|key| !key.is_empty()));
    if keys.any(|key| same_secret(&secret, key)) {
        return Identity::Operator;
    }
    PlainToken::parse(&secret).map_or(Identity::Unrecognised, |token| {
        Identity::Token(token.hash())
    })
}

/// The credential, if it has the form of a signed token; it is not checked yet.
#[must_use]
pub(crate) fn signed(authorization: Option<&str>) -> Option<String> {
    secret(authorization?).filter(|secret| has_form(secret))
}

/// Whether a program set this header: a browser adds Basic credentials that its user once typed, and no
/// credential of these schemes.
pub(crate) fn is_given_by_a_program(header: &str) -> bool {
    let scheme = header.split_ascii_whitespace().next().unwrap_or_default();
    let mut schemes = ["bearer", "token"].iter();
    schemes.any(|of_programs| scheme.eq_ignore_ascii_case(of_programs))
}

/// The secret of a `Bearer`, `token` or `Basic` header.
pub(crate) fn secret(header: &str) -> Option<String> {
    if header.len() > HEADER_BYTES_MAX {
        return None;
    }
    let (scheme, value) = once(header.trim()).split_once(|c: char| c.is_ascii_whitespace())?;
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    if is("bearer") || is("token") {
        Some(value.trim().to_owned())
    } else if is("basic") {
        of_basic(value)
    } else {
        None
    }
}

/// The credential of a header that has the same one twice: git-lfs sends the header of a batch's answer and,
/// once more, the one of `http.extraHeader`. No credential here has a comma.
fn once(header: &str) -> &str {
    match header.split_once(',') {
        Some((first, second)) if first.trim() == second.trim() => first.trim(),
        _ => header,
    }
}

/// The password of Basic credentials, for every user name. Where GitHub takes the user name for
/// the token, so does this.
///
/// `base64` breaks long lines, and `echo` adds a line end before the text is encoded; neither
/// belongs to the secret.
fn of_basic(value: &str) -> Option<String> {
    let value = value.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let value: Vec<u8> = value.collect();
    let pair = String::from_utf8(BASE64.decode(value).ok()?).ok()?;
    let (user, password) = pair.trim_end_matches(['\r', '\n']).split_once(':')?;
    let secret = match password {
        "" | NO_PASSWORD => user,
        _ => password,
    };
    Some(secret.to_owned())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "operator:key";
    const TOKEN: &str = "cairn_v1_0123456789abcdef0123456789abcdef01234567";
    const WRONG_CHECKSUM: &str = "cairn_08umpsRGMi9hXbwR6pXWz2Ckob64ZE8eq";

    #[test]
    fn browsers_add_basic_credentials_and_no_others() {
        for header in ["Bearer x", "bearer  x", "token x"] {
            assert!(is_given_by_a_program(header), "{header}");
        }
        for header in [
            "",
            " ",
            "Basic eDp5",
            "basic Bearer",
            "Negotiate x",
            "bearers x",
        ] {
            assert!(!is_given_by_a_program(header), "{header}");
        }
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn headers_name_their_callers() {
        let token = Identity::Token(PlainToken::parse(TOKEN).unwrap().hash());
        let cases = [
            (format!("Bearer {TOKEN}"), token),
            (format!("bearer  {TOKEN}?expires=1 "), token),
            (basic(&format!("x:{TOKEN}")), token),
            (basic(&format!(":{TOKEN}%3Fexpires%3D1")), token),
            (format!("Bearer {KEY}"), Identity::Operator),
            (format!("Bearer {TOKEN}, Bearer {TOKEN}"), token),
            (
                format!("Bearer {TOKEN}, Bearer {KEY}"),
                Identity::Unrecognised,
            ),
            (basic(&format!("operator:{KEY}")), Identity::Operator),
            (basic(TOKEN), Identity::Unrecognised),
            (basic(&format!("{TOKEN}:x")), Identity::Unrecognised),
            (basic("x:x-oauth-basic"), Identity::Unrecognised),
            (basic(":"), Identity::Unrecognised),
            (format!("token {WRONG_CHECKSUM}"), Identity::Unrecognised),
            (format!("Basic {TOKEN}"), Identity::Unrecognised),
            (format!("Digest {TOKEN}"), Identity::Unrecognised),
            (TOKEN.into(), Identity::Unrecognised),
            ("Bearer ".into(), Identity::Unrecognised),
            (String::new(), Identity::Unrecognised),
            (
                format!("Bearer {}", "a".repeat(HEADER_BYTES_MAX)),
                Identity::Unrecognised,
            ),
        ];
        for (header, identity) in cases {
            assert_eq!(
                identify(Some(&header), &[Some(KEY), None]),
                identity,
                "{header:.80}"
            );
        }
        assert_eq!(identify(None, &[Some(KEY), None]), Identity::Anonymous);
    }

    #[test]
    fn the_idioms_of_other_hosts_name_the_token() {
        let token = Identity::Token(PlainToken::parse(TOKEN).unwrap().hash());
        let pair = format!("x:{TOKEN}");
        let broken = STANDARD.encode(&pair);
        let (first, second) = broken.split_at(20);
        let headers = [
            basic(&format!("{TOKEN}:x-oauth-basic")),
            basic(&format!("{TOKEN}:")),
            basic(&format!("{TOKEN}:\n")),
            basic(&format!("x-access-token:{TOKEN}")),
            basic(&format!("oauth2:{TOKEN}")),
            format!("token {TOKEN}"),
            format!("Token\t{TOKEN}"),
            format!("BEARER {TOKEN}"),
            basic(&pair).replace("Basic", "bAsIc"),
            basic(&format!("{pair}\n")),
            basic(&format!("{pair}\r\n")),
            format!("Basic {broken}\n"),
            format!("Basic {first} {second}"),
            format!("Basic {}", STANDARD_NO_PAD.encode(format!("{pair}\n"))),
            format!("Basic {}", STANDARD_NO_PAD.encode(format!("xx:{TOKEN}"))),
        ];
        for header in headers {
            assert_eq!(
                identify(Some(&header), &[Some(KEY), None]),
                token,
                "{header}"
            );
        }
        let as_user = basic("a-key:x-oauth-basic");
        assert_eq!(
            identify(Some(&as_user), &[Some("a-key"), None]),
            Identity::Operator
        );
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
                    identify(Some(header), &[key, None]),
                    Identity::Unrecognised,
                    "{header}"
                );
            }
        }
    }

    #[test]
    fn the_previous_key_holds_beside_the_present_one_only() {
        let old = Some("Bearer the-old-key");
        let new = Some("Bearer the-new-key");
        let keys = [Some("the-new-key"), Some("the-old-key")];
        assert_eq!(identify(old, &keys), Identity::Operator);
        assert_eq!(identify(new, &keys), Identity::Operator);
        assert_eq!(
            identify(Some("Bearer other"), &keys),
            Identity::Unrecognised
        );
        // Once the key is replaced, the old one is nobody's.
        assert_eq!(identify(old, &[keys[0], None]), Identity::Unrecognised);
        assert_eq!(identify(old, &[keys[0], Some("")]), Identity::Unrecognised);
        assert_eq!(identify(Some("Bearer "), &keys), Identity::Unrecognised);
        // Without a key everybody is refused.
        for unset in [None, Some("")] {
            assert_eq!(identify(old, &[unset, keys[1]]), Identity::Unrecognised);
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(header in any::<String>(), pair in any::<Vec<u8>>()) {
            prop_assert_eq!(identify(Some(&header), &[Some(KEY), None]), Identity::Unrecognised);
            let basic = format!("Basic {}", STANDARD.encode(pair));
            prop_assert_eq!(identify(Some(&basic), &[Some(KEY), None]), Identity::Unrecognised);
        }
    }
}
