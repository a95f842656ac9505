//! Public keys as JSON Web Keys (RFC 7517, 7518, 8037), and the one that a token names.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Keys that are taken of one issuer.
pub(crate) const KEYS_MAX: usize = 64;

/// Bytes of an RSA key's modulus: 2,048 bits (RFC 7518, 3.3) to 8,192.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Bytes that the public exponent of an RSA key may have.
const EXPONENT_BYTES_MAX: usize = 8;

/// Bytes of a coordinate of P-256, and of a key of Ed25519.
const POINT_BYTES: usize = 32;

/// How a token may be signed. Each is for public keys, and each key is for one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The algorithm of this name in a token or a key. `Ed25519` is the newer name (RFC 9864).
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A public key, without the other fields that an issuer writes beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Jwk {
    /// `EC`, `RSA` or `OKP`.
    pub(crate) kty: String,
    /// The curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crv: Option<String>,
    /// A coordinate, or the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) x: Option<String>,
    /// The other coordinate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) y: Option<String>,
    /// The modulus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) n: Option<String>,
    /// The exponent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) e: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kid: Option<String>,
    /// The only algorithm that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alg: Option<String>,
    /// `sig`, if it names its use.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub(crate) used_for: Option<String>,
}

/// Why a token's key is not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// The issuer has no key of this name and algorithm: it may have a new one.
    Unknown,
    /// The token names no key, and the issuer has several.
    Ambiguous,
}

impl Jwk {
    /// Reads a key and ignores other fields; `None` where a field that a key has is missing or no text.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }

    /// The algorithm that it verifies; `None` when it is not such a public key, or too short.
    #[must_use]
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        if self.used_for.as_deref().is_some_and(|used| used != "sig") {
            return None;
        }
        let bytes = |field: &Option<String>| {
            let decoded = URL_SAFE_NO_PAD.decode(field.as_deref()?).ok()?;
            Some(decoded.len())
        };
        let is_point = |field| bytes(field) == Some(POINT_BYTES);
        let algorithm = match (self.kty.as_str(), self.crv.as_deref()) {
            ("EC", Some("P-256")) if is_point(&self.x) && is_point(&self.y) => Algorithm::Es256,
            ("OKP", Some("Ed25519")) if is_point(&self.x) => Algorithm::EdDsa,
            ("RSA", None)
                if bytes(&self.n).is_some_and(|bytes| MODULUS_BYTES.contains(&bytes))
                    && bytes(&self.e).is_some_and(|bytes| bytes <= EXPONENT_BYTES_MAX) =>
            {
                Algorithm::Rs256
            }
            _ => return None,
        };
        match &self.alg {
            Some(alg) if Algorithm::named(alg) != Some(algorithm) => None,
            _ => Some(algorithm),
        }
    }
}

/// The place of the key for a token that was signed with this algorithm. A key is never used with another
/// algorithm than its own, whatever a token says.
pub(crate) fn choose<'a>(
    keys: impl Iterator<Item = &'a Jwk>,
    algorithm: Algorithm,
    key_id: Option<&str>,
) -> Result<usize, NoKey> {
    let fit = |key: &Jwk| {
        key.algorithm() == Some(algorithm) && key_id.is_none_or(|id| key.kid.as_deref() == Some(id))
    };
    let mut places = keys.enumerate().filter(|(_, key)| fit(key));
    let (place, _) = places.next().ok_or(NoKey::Unknown)?;
    if key_id.is_none() && places.next().is_some() {
        return Err(NoKey::Ambiguous);
    }
    Ok(place)
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    fn encoded(bytes: usize) -> String {
        URL_SAFE_NO_PAD.encode(vec![1; bytes])
    }

    pub(crate) fn ec(kid: &str) -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": encoded(32), "y": encoded(32), "kid": kid })
    }

    fn algorithm(value: &Value) -> Option<Algorithm> {
        Jwk::read(value)?.algorithm()
    }

    #[test]
    fn a_key_is_for_one_algorithm() {
        let rsa = |bytes| json!({ "kty": "RSA", "n": encoded(bytes), "e": "AQAB" });
        let okp = json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(32) });
        assert_eq!(algorithm(&ec("a")), Some(Algorithm::Es256));
        assert_eq!(algorithm(&okp), Some(Algorithm::EdDsa));
        assert_eq!(algorithm(&rsa(256)), Some(Algorithm::Rs256));
        for short in [rsa(128), rsa(255), rsa(1025)] {
            assert_eq!(algorithm(&short), None);
        }
        let with = |field: &str, value: &str| {
            let mut key = ec("a");
            key[field] = json!(value);
            algorithm(&key)
        };
        assert_eq!(with("alg", "ES256"), Some(Algorithm::Es256));
        assert_eq!(with("use", "sig"), Some(Algorithm::Es256));
        for (field, value) in [
            ("alg", "HS256"),
            ("alg", "RS256"),
            ("use", "enc"),
            ("crv", "secp256k1"),
            ("kty", "oct"),
            ("x", "AQAB"),
            ("y", "="),
        ] {
            assert_eq!(with(field, value), None, "{field} {value}");
        }
        let secret = json!({ "kty": "oct", "k": encoded(32), "alg": "HS256" });
        assert_eq!(algorithm(&secret), None);
        assert_eq!(algorithm(&json!(["EC"])), None);
    }

    #[test]
    fn the_key_that_a_token_names() {
        let keys: Vec<_> = [ec("a"), ec("b")].iter().filter_map(Jwk::read).collect();
        let chosen = |algorithm, id| choose(keys.iter(), algorithm, id);
        assert_eq!(chosen(Algorithm::Es256, Some("b")), Ok(1));
        assert_eq!(chosen(Algorithm::Es256, Some("c")), Err(NoKey::Unknown));
        assert_eq!(chosen(Algorithm::Rs256, Some("b")), Err(NoKey::Unknown));
        assert_eq!(chosen(Algorithm::Es256, None), Err(NoKey::Ambiguous));
        assert_eq!(choose(keys.iter().take(1), Algorithm::Es256, None), Ok(0));
    }
}
