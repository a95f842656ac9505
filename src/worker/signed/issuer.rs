//! An issuer of signed tokens, as the operator's variable and a namespace's settings have it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::claims::Claims;
use super::keys::Jwk;
use crate::repo_do::contract::{ErrorCode, ErrorReply, RefRules, Scope};

/// An issuer that is trusted.
#[expect(clippy::struct_field_names, reason = "the settings name the field so")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Issuer {
    /// Its name: the claim `iss`.
    pub(crate) issuer: String,
    /// The audiences of which a token must name one.
    pub(crate) audience: OneOrMore,
    /// Where its keys are found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jwks_url: Option<String>,
    /// Its keys, where it has no URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keys: Option<Vec<Value>>,
    /// The rights of its tokens, by their claims; without rules a token names its own rights. Only an
    /// issuer of a namespace may have rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rules: Option<Vec<Rule>>,
    /// The namespaces that its tokens may open; every one unless given. Only an issuer of the operator
    /// may have this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespaces: Option<Vec<String>>,
}

/// Reads the issuers that a namespace keeps.
pub(crate) fn stored(json: Option<&str>) -> Result<Vec<Issuer>, ErrorReply> {
    let Some(json) = json else {
        return Ok(Vec::new());
    };
    serde_json::from_str(json).map_err(|error| {
        let reply = ErrorReply::new(ErrorCode::InternalError, "internal error");
        reply.caused_by("issuers", &error)
    })
}

/// The rights of tokens with such claims. The first rule that matches holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// Each claim must have one of these values; `*` at the end of a value stands for anything.
    pub(crate) claims: BTreeMap<String, OneOrMore>,
    /// The access.
    pub(crate) scope: Scope,
    /// The repositories by name; every one of the namespace unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repos: Option<Vec<String>>,
    /// Rules about refs.
    #[serde(default, skip_serializing_if = "RefRules::is_empty")]
    pub(crate) refs: RefRules,
}

/// A text, or a list of texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

impl OneOrMore {
    /// The texts.
    #[must_use]
    pub(crate) fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::More(texts) => texts,
        }
    }
}

impl Rule {
    /// Whether it holds for a token with these claims.
    #[must_use]
    pub(crate) fn matches(&self, claims: &Claims) -> bool {
        self.claims.iter().all(|(name, wanted)| {
            let wanted = wanted.texts();
            let found = claims.compared(name);
            found.is_some_and(|found| wanted.iter().any(|wanted| is_like(&found, wanted)))
        })
    }
}

fn is_like(found: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(beginning) => found.starts_with(beginning),
        None => found == wanted,
    }
}

impl Issuer {
    /// The part by which the Worker checks a signature.
    #[must_use]
    pub(crate) fn without_rules(self) -> Self {
        Self {
            rules: None,
            ..self
        }
    }

    /// The keys that it names itself, those that cannot be used left out.
    #[must_use]
    pub(crate) fn own_keys(&self) -> Vec<Jwk> {
        let keys = self.keys.iter().flatten();
        keys.filter_map(Jwk::read).collect()
    }

    /// Names the issuer with its audience and its keys. It differs as soon as one of them does.
    #[must_use]
    pub(crate) fn digest(&self) -> String {
        let facts = (&self.issuer, &self.audience, &self.jwks_url, &self.keys);
        let facts = serde_json::to_vec(&facts).unwrap_or_default();
        let digest: [u8; 32] = Sha256::digest(&facts).into();
        faster_hex::hex_string(&digest)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::claims::tests::claims;
    use super::*;

    fn rule(claims: &Value) -> Rule {
        serde_json::from_value(json!({ "claims": claims, "scope": "write" })).unwrap()
    }

    #[test]
    fn a_rule_wants_all_of_its_claims() {
        let token = claims(&json!({
            "repository": "acme/app", "ref": "refs/heads/main", "run_attempt": 2,
            "ref_protected": true, "list": ["x"],
        }));
        for matching in [
            json!({ "repository": "acme/app" }),
            json!({ "repository": "acme/app", "ref": "refs/heads/*" }),
            json!({ "repository": ["acme/lib", "acme/app"], "run_attempt": "2" }),
            json!({ "ref_protected": "true", "ref": "*" }),
        ] {
            assert!(rule(&matching).matches(&token), "{matching}");
        }
        for other in [
            json!({ "repository": "acme/ap" }),
            json!({ "repository": "acme/app2" }),
            json!({ "repository": "Acme/app" }),
            json!({ "repository": "acme/app", "environment": "*" }),
            json!({ "repository": "acme/app", "ref": "refs/tags/*" }),
            json!({ "repository": [] }),
            json!({ "list": "x" }),
            json!({ "ref": "refs/*/main" }),
        ] {
            assert!(!rule(&other).matches(&token), "{other}");
        }
    }

    #[test]
    fn a_digest_changes_with_whatever_a_signature_is_checked_by() {
        let issuer = |changes: &[(&str, Value)]| {
            let mut issuer = json!({
                "issuer": "https://i.example", "audience": "cairn", "jwks_url": "https://i.example/k",
            });
            for (field, value) in changes {
                issuer[*field] = value.clone();
            }
            let issuer: Issuer = serde_json::from_value(issuer).unwrap();
            issuer.digest()
        };
        let digest = issuer(&[]);
        let rules = json!([{ "claims": { "sub": "x" }, "scope": "read" }]);
        assert_eq!(issuer(&[("rules", rules)]), digest);
        for (field, value) in [
            ("issuer", json!("https://j.example")),
            ("audience", json!("other")),
            ("jwks_url", json!("https://i.example/l")),
            ("keys", json!([])),
        ] {
            assert_ne!(issuer(&[(field, value)]), digest, "{field}");
        }
    }
}
