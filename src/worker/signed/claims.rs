//! The claims of a signed token (RFC 7519), and the rules for every token.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

/// Seconds by which the clocks of an issuer and of Cairn may differ.
pub(crate) const SKEW_SECONDS: i64 = 60;

/// Seconds that a token may live. So a revocation need not be kept for longer.
pub(crate) const LIFE_SECONDS_MAX: i64 = 86_400;

/// Claims of a token; GitHub's have some thirty.
const CLAIMS_MAX: usize = 128;

/// Bytes of an issuer's name, of an audience and of a `jti`.
pub(crate) const NAME_BYTES_MAX: usize = 256;

/// The last second of the year 9999.
const SECOND_MAX: i64 = 253_402_300_799;

/// Why a token whose signature is good is refused. Its holder hears it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClaimError {
    /// A claim that every token needs is missing, or has another type.
    #[error("the signed token has no usable claim '{0}'")]
    Missing(&'static str),
    /// It has neither `iat` nor `nbf`.
    #[error("the signed token has neither 'iat' nor 'nbf', one of which says when it begins")]
    NoBeginning,
    /// Its time is over.
    #[error("the signed token has expired: its 'exp' is {exp}, now it is {now}")]
    Expired {
        /// Seconds since 1970.
        exp: i64,
        /// Seconds since 1970.
        now: i64,
    },
    /// Its time has not come.
    #[error("the signed token does not hold yet: its '{claim}' is {at}, now it is {now}")]
    NotYet {
        /// `nbf` or `iat`.
        claim: &'static str,
        /// Seconds since 1970.
        at: i64,
        /// Seconds since 1970.
        now: i64,
    },
    /// It lives for too long.
    #[error("the signed token lives for {seconds} seconds, at most {LIFE_SECONDS_MAX}")]
    TooLong {
        /// From its beginning to its end.
        seconds: i64,
    },
    /// It is meant for somebody else.
    #[error("the signed token's 'aud' names no audience of the issuer's settings")]
    Audience,
}

/// The claims. No name stands twice: two readers might take two values of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Claims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose members have different names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.len() >= CLAIMS_MAX {
                return Err(A::Error::custom("too many members"));
            }
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Claims(members))
    }
}

/// From when to when a token holds, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// Its `iat`, or else its `nbf`.
    pub(crate) issued: i64,
    /// Its `exp`.
    pub(crate) expires: i64,
}

impl Claims {
    /// Reads base64url of a JSON object.
    pub(crate) fn parse(encoded: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// A claim of any type.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A claim that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A claim as a rule compares it: a text, or the JSON of a number or of a truth value.
    pub(crate) fn compared(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            _ => None,
        }
    }

    /// A name that every token has: neither empty nor too long.
    pub(crate) fn name(&self, name: &'static str) -> Result<&str, ClaimError> {
        self.text(name)
            .filter(|text| (1..=NAME_BYTES_MAX).contains(&text.len()))
            .ok_or(ClaimError::Missing(name))
    }

    /// The name by which one token of its issuer is revoked: its `jti`. Cloudflare Access gives none, but a
    /// nonce in its place.
    pub(crate) fn token_name(&self) -> Result<&str, ClaimError> {
        let jti = self.name("jti");
        jti.or_else(|missing| self.name("identity_nonce").map_err(|_| missing))
    }

    /// Whether one of the audiences is among these.
    pub(crate) fn check_audience(&self, expected: &[String]) -> Result<(), ClaimError> {
        let is_meant = |audience: &str| expected.iter().any(|known| known == audience);
        let meant = match self.get("aud") {
            Some(Value::String(audience)) => is_meant(audience),
            Some(Value::Array(audiences)) => {
                audiences.iter().filter_map(Value::as_str).any(is_meant)
            }
            _ => return Err(ClaimError::Missing("aud")),
        };
        meant.then_some(()).ok_or(ClaimError::Audience)
    }

    /// Its times, if it holds now.
    pub(crate) fn times(&self, now_ms: i64) -> Result<Times, ClaimError> {
        let now = now_ms.div_euclid(1000);
        let expires = self.second("exp")?.ok_or(ClaimError::Missing("exp"))?;
        if now >= expires.saturating_add(SKEW_SECONDS) {
            return Err(ClaimError::Expired { exp: expires, now });
        }
        let (issued, not_before) = (self.second("iat")?, self.second("nbf")?);
        for (claim, at) in [("nbf", not_before), ("iat", issued)] {
            if let Some(at) = at.filter(|at| *at > now.saturating_add(SKEW_SECONDS)) {
                return Err(ClaimError::NotYet { claim, at, now });
            }
        }
        let issued = issued.or(not_before).ok_or(ClaimError::NoBeginning)?;
        let seconds = expires.saturating_sub(issued);
        if seconds > LIFE_SECONDS_MAX {
            return Err(ClaimError::TooLong { seconds });
        }
        Ok(Times { issued, expires })
    }

    /// A time in seconds since 1970, a fraction cut off.
    fn second(&self, name: &'static str) -> Result<Option<i64>, ClaimError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let Value::Number(number) = value else {
            return Err(ClaimError::Missing(name));
        };
        let number = number.to_string();
        let whole = match number.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => whole,
            _ => number.as_str(),
        };
        let second = whole.parse().ok();
        let second = second.filter(|second| (0..=SECOND_MAX).contains(second));
        second.map(Some).ok_or(ClaimError::Missing(name))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    pub(crate) fn claims(value: &Value) -> Claims {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn times(value: &Value) -> Result<Times, ClaimError> {
        claims(value).times(NOW * 1000)
    }

    #[test]
    fn clocks_may_differ_by_a_minute_and_no_more() {
        let ends_at = |exp: i64| times(&serde_json::json!({ "iat": NOW - 600, "exp": exp }));
        assert!(ends_at(NOW - 59).is_ok());
        let exp = NOW - 60;
        assert_eq!(ends_at(exp), Err(ClaimError::Expired { exp, now: NOW }));
        for claim in ["iat", "nbf"] {
            let begins_at = |at: i64| times(&serde_json::json!({ claim: at, "exp": at + 600 }));
            assert!(begins_at(NOW + 60).is_ok(), "{claim}");
            let (at, now) = (NOW + 61, NOW);
            assert_eq!(begins_at(at), Err(ClaimError::NotYet { claim, at, now }));
        }
    }

    #[test]
    fn a_token_says_its_times_and_lives_for_a_day_at_most() {
        let missing = |name| Err(ClaimError::Missing(name));
        assert_eq!(times(&serde_json::json!({ "iat": NOW })), missing("exp"));
        assert_eq!(
            times(&serde_json::json!({ "exp": NOW + 1 })),
            Err(ClaimError::NoBeginning)
        );
        let of_a_day = serde_json::json!({ "iat": NOW, "exp": NOW + 86_400 });
        assert_eq!(times(&of_a_day).unwrap().expires, NOW + 86_400);
        let longer = serde_json::json!({ "nbf": NOW, "exp": NOW + 86_401 });
        assert_eq!(times(&longer), Err(ClaimError::TooLong { seconds: 86_401 }));
        for wrong in [
            serde_json::json!("1"),
            serde_json::json!(-1),
            serde_json::json!(1e300),
            serde_json::json!(null),
            serde_json::json!(i64::MAX),
        ] {
            let asked = serde_json::json!({ "iat": NOW, "exp": wrong });
            assert_eq!(times(&asked), missing("exp"), "{wrong}");
        }
        let fraction: Claims =
            serde_json::from_str(r#"{"iat": 1800000000.75, "exp": 1800000600.25}"#).unwrap();
        assert_eq!(fraction.times(NOW * 1000).unwrap().expires, NOW + 600);
    }

    #[test]
    fn the_audience_must_be_named() {
        let expected = ["cairn".to_owned(), "https://git.example".to_owned()];
        let check = |value: Value| claims(&value).check_audience(&expected);
        for aud in [
            serde_json::json!("cairn"),
            serde_json::json!(["x", "https://git.example"]),
        ] {
            assert_eq!(check(serde_json::json!({ "aud": aud })), Ok(()));
        }
        for aud in [
            serde_json::json!("Cairn"),
            serde_json::json!("cairn "),
            serde_json::json!([]),
            serde_json::json!([["cairn"]]),
        ] {
            let checked = check(serde_json::json!({ "aud": aud }));
            assert_eq!(checked, Err(ClaimError::Audience), "{aud}");
        }
        assert_eq!(
            check(serde_json::json!({})),
            Err(ClaimError::Missing("aud"))
        );
    }

    #[test]
    fn a_claim_that_stands_twice_is_refused() {
        for twice in [
            r#"{"iss": "a", "iss": "b"}"#,
            r#"{"iss": "a", "x": 1, "iss": "a"}"#,
            r#"{"iss": "a", "\u0069ss": "b"}"#,
        ] {
            assert!(serde_json::from_str::<Claims>(twice).is_err(), "{twice}");
        }
        let many: BTreeMap<String, i32> = (0..129).map(|at| (at.to_string(), at)).collect();
        let many = serde_json::to_string(&many).unwrap();
        assert!(serde_json::from_str::<Claims>(&many).is_err());
        for other in ["[]", "1", "", "{", r#"{"a": 1} {}"#] {
            assert!(serde_json::from_str::<Claims>(other).is_err(), "{other}");
        }
    }
}
