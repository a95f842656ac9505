//! The compact form of a signed token (RFC 7515, 7519): `header.payload.signature`, each base64url.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::claims::Claims;
use super::keys::Algorithm;

/// Bytes of a token; GitHub's have some 2,000.
pub(crate) const TOKEN_BYTES_MAX: usize = 8 << 10;

/// How a JSON object without white space in front begins in base64url.
const BEGINNING: &str = "ey";

/// The types that a header may name. Others are made for something else, and are not access tokens.
const TYPES: [&str; 2] = ["JWT", "at+jwt"];

/// Why a token is refused before its signature is verified. Its sender may be anybody, and is not told
/// why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JwtError {
    /// It has too many bytes.
    #[error("the token has {0} bytes, at most {TOKEN_BYTES_MAX}")]
    TooLong(usize),
    /// It does not have three parts in base64url, the first two JSON objects.
    #[error("the token is malformed")]
    Malformed,
    /// The algorithm is not allowed, as `none` and those with secret keys.
    #[error("the token's algorithm is not allowed")]
    Algorithm,
    /// It was made for something else than access.
    #[error("the token is of another type")]
    Type,
    /// The header has extensions that must be understood.
    #[error("the token has critical extensions")]
    Critical,
}

/// A token, read and not yet believed.
#[derive(Debug)]
pub(crate) struct Jwt<'a> {
    /// The algorithm that it was signed with.
    pub(crate) algorithm: Algorithm,
    /// The key that it was signed with, where the issuer has several.
    pub(crate) key_id: Option<String>,
    /// The claims.
    pub(crate) claims: Claims,
    /// The claims as they stand there.
    pub(crate) payload: &'a str,
    /// The bytes that were signed.
    pub(crate) signed: &'a str,
    /// The signature.
    pub(crate) signature: Vec<u8>,
}

/// Whether a credential has the form of a signed token. No other credential has two dots.
#[must_use]
pub(crate) fn has_form(text: &str) -> bool {
    let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.starts_with(BEGINNING)
        && text.bytes().filter(|byte| *byte == b'.').count() == 2
        && text.bytes().all(is_of_it)
}

impl<'a> Jwt<'a> {
    /// Reads a token.
    pub(crate) fn parse(text: &'a str) -> Result<Self, JwtError> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(JwtError::TooLong(text.len()));
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JwtError::Malformed)?;
        let header = Claims::parse(header).ok_or(JwtError::Malformed)?;
        let algorithm = header.text("alg").and_then(Algorithm::named);
        let algorithm = algorithm.ok_or(JwtError::Algorithm)?;
        if header.get("crit").is_some() {
            return Err(JwtError::Critical);
        }
        if let Some(given) = header.get("typ") {
            let given = given.as_str().unwrap_or_default();
            if !TYPES.iter().any(|known| given.eq_ignore_ascii_case(known)) {
                return Err(JwtError::Type);
            }
        }
        let key_id = match header.get("kid") {
            Some(id) => Some(id.as_str().ok_or(JwtError::Malformed)?.to_owned()),
            None => None,
        };
        let claims = Claims::parse(payload).ok_or(JwtError::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature);
        let signature = signature.map_err(|_| JwtError::Malformed)?;
        if signature.is_empty() {
            return Err(JwtError::Malformed);
        }
        Ok(Self {
            algorithm,
            key_id,
            claims,
            payload,
            signed,
            signature,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn part(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    fn token(header: &Value) -> String {
        format!("{}.{}.c2ln", part(header), part(&json!({ "iss": "x" })))
    }

    fn error(text: &str) -> JwtError {
        Jwt::parse(text).unwrap_err()
    }

    #[test]
    fn a_token_is_read() {
        let text = token(&json!({ "alg": "ES256", "kid": "a", "typ": "JWT" }));
        let jwt = Jwt::parse(&text).unwrap();
        assert!(has_form(&text));
        assert_eq!(jwt.algorithm, Algorithm::Es256);
        assert_eq!(jwt.key_id.as_deref(), Some("a"));
        assert_eq!(jwt.claims.text("iss"), Some("x"));
        assert_eq!(jwt.signature, b"sig");
        assert_eq!(format!("{}.c2ln", jwt.signed), text);
    }

    #[test]
    fn no_algorithm_and_no_secret_key_is_taken() {
        for alg in [
            "none", "None", "HS256", "HS512", "RS512", "PS256", "es256", "",
        ] {
            assert_eq!(
                error(&token(&json!({ "alg": alg }))),
                JwtError::Algorithm,
                "{alg}"
            );
        }
        for alg in [json!(null), json!(["ES256"]), json!(1)] {
            assert_eq!(
                error(&token(&json!({ "alg": alg }))),
                JwtError::Algorithm,
                "{alg}"
            );
        }
        assert_eq!(error(&token(&json!({}))), JwtError::Algorithm);
        let unsigned = token(&json!({ "alg": "ES256" })).replace("c2ln", "");
        assert_eq!(error(&unsigned), JwtError::Malformed);
    }

    #[test]
    fn a_token_of_another_type_is_refused() {
        for typ in ["jwt", "JWT", "at+jwt", "AT+JWT"] {
            assert!(Jwt::parse(&token(&json!({ "alg": "RS256", "typ": typ }))).is_ok());
        }
        for typ in [
            json!("dpop+jwt"),
            json!("logout+jwt"),
            json!(""),
            json!(null),
            json!(1),
        ] {
            let refused = error(&token(&json!({ "alg": "RS256", "typ": typ })));
            assert_eq!(refused, JwtError::Type, "{typ}");
        }
    }

    #[test]
    fn extensions_that_must_be_understood_are_refused() {
        let critical = json!({ "alg": "RS256", "crit": ["b64"], "b64": false });
        assert_eq!(error(&token(&critical)), JwtError::Critical);
    }

    #[test]
    fn an_oversized_token_is_refused_unread() {
        let long = format!("{}.{}.x", "e".repeat(TOKEN_BYTES_MAX), "e");
        assert_eq!(error(&long), JwtError::TooLong(long.len()));
    }

    #[test]
    fn texts_that_are_not_signed_tokens() {
        let good = token(&json!({ "alg": "EdDSA" }));
        for other in [
            "",
            "..",
            "ey.ey.ey",
            &good.replace('.', ""),
            &format!("{good}="),
            &format!("{good}.x"),
            &good.replace("ey", " ey"),
        ] {
            assert_eq!(error(other), JwtError::Malformed, "{other}");
        }
        assert_eq!(
            error(&token(&json!({ "alg": "EdDSA", "kid": 1 }))),
            JwtError::Malformed
        );
        for other in ["cairn_x.y.z", "ey.a", "ey.a.b.c", "ey a.b.c", ""] {
            assert!(!has_form(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), near in "ey[A-Za-z0-9_=-]{0,20}(\\.[A-Za-z0-9_-]{0,9}){0,4}") {
            let _ = Jwt::parse(&text);
            let _ = Jwt::parse(&near);
            let _ = has_form(&text);
        }
    }
}
