//! A signed token whose signature the Worker has found good, on its way to the namespace's object, which
//! decides its rights ([ADR 84](../../../docs/adr/0084-signed-tokens.md)).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The party that trusts the issuer of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trust {
    /// The operator, in the variables of the deployment.
    Operator,
    /// The namespace. The digest names the issuer, its audience and its keys as they were when the
    /// signature was checked: where the namespace has others meanwhile, the token counts for nothing.
    Namespace(String),
}

/// The text is not a [`Signed`]: the Worker and the object disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the text form of a signed token")]
pub(crate) struct BadSigned;

/// A signed token without its signature, which was good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signed {
    /// The party that trusts its issuer.
    pub(crate) trust: Trust,
    /// The claims, as they stand in the token: base64url of a JSON object.
    pub(crate) payload: String,
}

const OPERATOR: &str = "operator";
const NAMESPACE: &str = "namespace:";

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trust {
            Trust::Operator => write!(f, "{OPERATOR} {}", self.payload),
            Trust::Namespace(digest) => write!(f, "{NAMESPACE}{digest} {}", self.payload),
        }
    }
}

impl FromStr for Signed {
    type Err = BadSigned;

    fn from_str(text: &str) -> Result<Self, BadSigned> {
        let (trust, payload) = text.split_once(' ').ok_or(BadSigned)?;
        let trust = match trust.strip_prefix(NAMESPACE) {
            Some(digest) => Trust::Namespace(digest.to_owned()),
            None if trust == OPERATOR => Trust::Operator,
            None => return Err(BadSigned),
        };
        Ok(Self {
            trust,
            payload: payload.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_token_survives_the_header() {
        for trust in [Trust::Operator, Trust::Namespace("0a1b".into())] {
            let payload = "eyJpc3MiOiJ4In0".to_owned();
            let signed = Signed { trust, payload };
            assert_eq!(signed.to_string().parse(), Ok(signed));
        }
        for text in ["", "operator", "nobody e30", "namespace e30"] {
            assert_eq!(text.parse::<Signed>(), Err(BadSigned), "{text}");
        }
    }
}
