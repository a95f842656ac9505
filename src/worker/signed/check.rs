//! The bounds of the settings about issuers. A refusal names the fault by a JSON pointer.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::claims::NAME_BYTES_MAX;
use super::issuer::{Issuer, OneOrMore, Rule};
use super::keys::Jwk;
use crate::repo_do::contract::{
    ErrorCode, ErrorReply, Scope, check_webhook_url, checked_ref_rules,
};
use crate::worker::names::RepositoryName;

/// Issuers of one namespace.
pub(crate) const ISSUERS_MAX: usize = 16;
/// Keys that one issuer's settings give.
const OWN_KEYS: RangeInclusive<usize> = 1..=16;
/// Audiences of an issuer, and values that a claim may have.
const TEXTS: RangeInclusive<usize> = 1..=16;
/// Rules of one issuer.
const RULES: RangeInclusive<usize> = 1..=32;
/// Claims that one rule wants.
const CLAIMS: RangeInclusive<usize> = 1..=16;
/// Repositories that one rule opens.
const REPOS: RangeInclusive<usize> = 1..=100;

/// Issuers at which everybody can have tokens made, and the claims that say who that was.
const SHARED: [(&str, &[&str]); 2] = [
    (
        "https://token.actions.githubusercontent.com",
        &[
            "repository",
            "repository_id",
            "repository_owner",
            "repository_owner_id",
            "sub",
        ],
    ),
    (
        "https://gitlab.com",
        &[
            "project_path",
            "project_id",
            "namespace_path",
            "namespace_id",
            "sub",
        ],
    ),
];

/// The setter of the issuers, and the place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setter {
    /// Whether the operator sets those of a namespace, or of the deployment.
    pub(crate) is_operator: bool,
    /// Whether they are those of the deployment.
    pub(crate) of_deployment: bool,
    /// Whether keys may be on a private network.
    pub(crate) allow_private: bool,
}

fn refuse(pointer: impl Into<String>, message: impl Into<String>) -> ErrorReply {
    ErrorReply::at(ErrorCode::InvalidInput, pointer.into(), message)
}

/// Checks a list of issuers.
pub(crate) fn issuers(issuers: &[Issuer], setter: Setter) -> Result<(), ErrorReply> {
    let count = issuers.len();
    if count > ISSUERS_MAX {
        let message = format!("issuers has {count} entries, at most {ISSUERS_MAX}");
        return Err(refuse("/issuers", message));
    }
    for (at, issuer) in issuers.iter().enumerate() {
        let pointer = format!("/issuers/{at}");
        let before = issuers.iter().take(at);
        if before
            .into_iter()
            .any(|other| other.issuer == issuer.issuer)
        {
            let message = format!("the issuer {} stands twice", issuer.issuer);
            return Err(refuse(format!("{pointer}/issuer"), message));
        }
        check(&pointer, issuer, setter)?;
    }
    Ok(())
}

fn check(pointer: &str, issuer: &Issuer, setter: Setter) -> Result<(), ErrorReply> {
    text(&format!("{pointer}/issuer"), &issuer.issuer)?;
    texts(&format!("{pointer}/audience"), &issuer.audience)?;
    match (&issuer.jwks_url, &issuer.keys) {
        (Some(url), None) => check_webhook_url(url, setter.allow_private)
            .map_err(|error| refuse(format!("{pointer}/jwks_url"), error.to_string()))?,
        (None, Some(keys)) => own_keys(&format!("{pointer}/keys"), keys)?,
        _ => {
            let message = "an issuer has either jwks_url or keys";
            return Err(refuse(format!("{pointer}/jwks_url"), message));
        }
    }
    if issuer.namespaces.is_some() && !setter.of_deployment {
        let message = "only the operator's own issuers are for several namespaces";
        return Err(refuse(format!("{pointer}/namespaces"), message));
    }
    let Some(rules) = &issuer.rules else {
        if claims_of_everybody(issuer).is_some() {
            let message =
                "everybody has tokens of this issuer: a namespace's rules say whose count";
            return Err(refuse(format!("{pointer}/rules"), message));
        }
        return Ok(());
    };
    if setter.of_deployment {
        let message = "rules are for the issuers of a namespace";
        return Err(refuse(format!("{pointer}/rules"), message));
    }
    counted(&format!("{pointer}/rules"), rules.len(), &RULES)?;
    for (at, rule) in rules.iter().enumerate() {
        check_rule(&format!("{pointer}/rules/{at}"), issuer, rule, setter)?;
    }
    Ok(())
}

/// For an issuer at which everybody can have tokens made: the claims that say whose a token is.
fn claims_of_everybody(issuer: &Issuer) -> Option<&'static [&'static str]> {
    let mut shared = SHARED.iter();
    let found = shared.find(|(name, _)| *name == issuer.issuer);
    found.map(|(_, telling)| *telling)
}

fn check_rule(
    pointer: &str,
    issuer: &Issuer,
    rule: &Rule,
    setter: Setter,
) -> Result<(), ErrorReply> {
    let claims = format!("{pointer}/claims");
    counted(&claims, rule.claims.len(), &CLAIMS)?;
    for (name, wanted) in &rule.claims {
        let below = format!("{claims}/{}", name.replace('~', "~0").replace('/', "~1"));
        text(&below, name)?;
        texts(&below, wanted)?;
    }
    if let Some(telling) = claims_of_everybody(issuer) {
        let says_who = |name: &&str| {
            let wanted = rule.claims.get(*name);
            wanted.is_some_and(|wanted| wanted.texts().iter().all(|text| !text.ends_with('*')))
        };
        if !telling.iter().any(says_who) {
            let message = format!(
                "everybody has tokens of this issuer: a rule names, without '*', one of {}",
                telling.join(", ")
            );
            return Err(refuse(claims, message));
        }
    }
    if rule.scope == Scope::Admin {
        if !setter.is_operator {
            let message = "only the operator lets tokens administer a namespace";
            let pointer = format!("{pointer}/scope");
            return Err(ErrorReply::at(ErrorCode::Forbidden, pointer, message));
        }
        if rule.repos.is_some() {
            let message = "the scope admin opens all of the namespace: leave repos out";
            return Err(refuse(format!("{pointer}/repos"), message));
        }
    }
    checked_ref_rules(&format!("{pointer}/refs"), rule.refs.clone())?;
    let Some(repos) = &rule.repos else {
        return Ok(());
    };
    counted(&format!("{pointer}/repos"), repos.len(), &REPOS)?;
    for (at, name) in repos.iter().enumerate() {
        RepositoryName::parse(name)
            .map_err(|error| refuse(format!("{pointer}/repos/{at}"), error.to_string()))?;
    }
    Ok(())
}

fn own_keys(pointer: &str, keys: &[Value]) -> Result<(), ErrorReply> {
    counted(pointer, keys.len(), &OWN_KEYS)?;
    for (at, key) in keys.iter().enumerate() {
        let pointer = format!("{pointer}/{at}");
        if let Some(secret) = ["d", "k", "p"].iter().find(|name| key.get(name).is_some()) {
            let message =
                format!("'{secret}' is a part of a secret key: give the public key alone");
            return Err(refuse(pointer, message));
        }
        if Jwk::read(key).and_then(|key| key.algorithm()).is_none() {
            let message = "it is no public key (JWK) for ES256, for RS256 with 2048 to 8192 bits, or \
                           for EdDSA";
            return Err(refuse(pointer, message));
        }
    }
    Ok(())
}

fn texts(pointer: &str, texts: &OneOrMore) -> Result<(), ErrorReply> {
    counted(pointer, texts.texts().len(), &TEXTS)?;
    texts
        .texts()
        .iter()
        .try_for_each(|each| text(pointer, each))
}

fn text(pointer: &str, given: &str) -> Result<(), ErrorReply> {
    let bytes = given.len();
    if (1..=NAME_BYTES_MAX).contains(&bytes) && !given.chars().any(char::is_control) {
        return Ok(());
    }
    let message = format!(
        "it has 1 to {NAME_BYTES_MAX} bytes and no control characters, this has {bytes} bytes"
    );
    Err(refuse(pointer, message))
}

fn counted(pointer: &str, count: usize, range: &RangeInclusive<usize>) -> Result<(), ErrorReply> {
    if range.contains(&count) {
        return Ok(());
    }
    let (min, max) = (range.start(), range.end());
    let message = format!("it has {min} to {max} entries, this has {count}");
    Err(refuse(pointer, message))
}

#[cfg(test)]
mod tests;
