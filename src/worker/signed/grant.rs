//! The access that a token's claims give, once its signature was found good.

use serde_json::Value;

use super::claims::Claims;
use super::issuer::Rule;
use crate::repo_do::contract::{RefRules, Scope};

/// The access that a token gives in one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Granted {
    /// The access.
    pub(crate) scope: Scope,
    /// The repositories by name; `None`: every one.
    pub(crate) repos: Option<Vec<String>>,
    /// Rules about refs.
    pub(crate) refs: RefRules,
}

/// Why claims open nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrantError {
    /// None of the issuer's rules matches.
    #[error("the signed token's claims match no rule that the namespace has for its issuer")]
    NoRule,
    /// It names neither a repository nor a namespace, or both.
    #[error("the signed token names neither a 'repo' nor a 'namespace', or both")]
    Target,
    /// It opens something else.
    #[error("the signed token is for another namespace")]
    OtherNamespace,
    /// It names no scope that is known.
    #[error("the signed token has none of the scopes read, write and admin in 'scopes'")]
    Scope,
    /// It administers a namespace, where it may not.
    #[error("the signed token may not have the scope admin")]
    Admin,
    /// Its rules about refs cannot be read, and so cannot be kept.
    #[error("the signed token's 'refs' are no rules about refs")]
    Refs,
}

/// By the first rule that matches.
pub(crate) fn by_rules(rules: &[Rule], claims: &Claims) -> Result<Granted, GrantError> {
    let rule = rules.iter().find(|rule| rule.matches(claims));
    let rule = rule.ok_or(GrantError::NoRule)?;
    Ok(Granted {
        scope: rule.scope,
        repos: rule.repos.clone(),
        refs: rule.refs.clone(),
    })
}

/// By the token's own claims: `repo` or `namespace`, `scopes`, and `refs`. The issuer of the operator
/// alone may make administrators.
pub(crate) fn by_itself(
    claims: &Claims,
    namespace: &str,
    may_administer: bool,
) -> Result<Granted, GrantError> {
    let repos = match (claims.get("repo"), claims.get("namespace")) {
        (Some(repo), None) => {
            let repo = repo.as_str().and_then(|repo| repo.split_once('/'));
            let (within, name) = repo.ok_or(GrantError::Target)?;
            check_namespace(within, namespace)?;
            Some(vec![name.to_owned()])
        }
        (None, Some(within)) => {
            check_namespace(within.as_str().ok_or(GrantError::Target)?, namespace)?;
            None
        }
        _ => return Err(GrantError::Target),
    };
    let scope = scope(claims)?;
    if scope == Scope::Admin && (repos.is_some() || !may_administer) {
        return Err(GrantError::Admin);
    }
    let refs = match claims.get("refs") {
        Some(refs) => rules(refs).ok_or(GrantError::Refs)?,
        None => RefRules::default(),
    };
    Ok(Granted { scope, repos, refs })
}

fn check_namespace(named: &str, namespace: &str) -> Result<(), GrantError> {
    if named.eq_ignore_ascii_case(namespace) {
        return Ok(());
    }
    Err(GrantError::OtherNamespace)
}

/// The widest scope that it names, in a list or in a text with spaces between. Other words may be meant for
/// other services.
fn scope(claims: &Claims) -> Result<Scope, GrantError> {
    let named = claims.get("scopes").or_else(|| claims.get("scope"));
    let words: Vec<&str> = match named {
        Some(Value::String(words)) => words.split(' ').collect(),
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    [
        ("admin", Scope::Admin),
        ("write", Scope::Write),
        ("read", Scope::Read),
    ]
    .into_iter()
    .find(|(word, _)| words.contains(word))
    .map(|(_, scope)| scope)
    .ok_or(GrantError::Scope)
}

fn rules(refs: &Value) -> Option<RefRules> {
    let rules: RefRules = serde_json::from_value(refs.clone()).ok()?;
    rules.check().is_ok().then_some(rules)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::claims::tests::claims;
    use super::*;

    fn itself(value: &Value) -> Result<Granted, GrantError> {
        by_itself(&claims(value), "Acme", true)
    }

    #[test]
    fn a_token_opens_the_repository_or_namespace_that_it_names_and_no_other() {
        let of_one = itself(&json!({ "repo": "acme/App", "scopes": ["write", "read"] })).unwrap();
        assert_eq!(
            (of_one.scope, of_one.repos),
            (Scope::Write, Some(vec!["App".to_owned()]))
        );
        let of_all = itself(&json!({ "namespace": "ACME", "scopes": "openid admin" })).unwrap();
        assert_eq!((of_all.scope, of_all.repos), (Scope::Admin, None));
        for (value, error) in [
            (
                json!({ "repo": "other/app", "scopes": ["read"] }),
                GrantError::OtherNamespace,
            ),
            (
                json!({ "namespace": "other", "scopes": ["read"] }),
                GrantError::OtherNamespace,
            ),
            (
                json!({ "namespace": "acme2", "scopes": ["read"] }),
                GrantError::OtherNamespace,
            ),
            (
                json!({ "repo": "acme", "scopes": ["read"] }),
                GrantError::Target,
            ),
            (json!({ "scopes": ["read"] }), GrantError::Target),
            (
                json!({ "namespace": ["acme"], "scopes": ["read"] }),
                GrantError::Target,
            ),
            (
                json!({ "repo": "acme/a", "namespace": "acme", "scopes": ["read"] }),
                GrantError::Target,
            ),
            (json!({ "namespace": "acme" }), GrantError::Scope),
            (
                json!({ "namespace": "acme", "scopes": ["reader"] }),
                GrantError::Scope,
            ),
            (
                json!({ "namespace": "acme", "scopes": [["read"]] }),
                GrantError::Scope,
            ),
            (
                json!({ "repo": "acme/app", "scopes": ["admin"] }),
                GrantError::Admin,
            ),
            (
                json!({ "namespace": "acme", "scopes": ["read"], "refs": [["x", ["no-such"]]] }),
                GrantError::Refs,
            ),
        ] {
            assert_eq!(itself(&value), Err(error), "{value}");
        }
        let admin = claims(&json!({ "namespace": "acme", "scopes": ["admin"] }));
        assert_eq!(by_itself(&admin, "acme", false), Err(GrantError::Admin));
    }

    #[test]
    fn the_first_rule_that_matches_holds() {
        let rules: Vec<Rule> = serde_json::from_value(json!([
            { "claims": { "ref": "refs/heads/main" }, "scope": "write", "repos": ["app"] },
            { "claims": { "repository": "acme/app" }, "scope": "read" },
        ]))
        .unwrap();
        let granted = |value: &Value| by_rules(&rules, &claims(value));
        let on_main = json!({ "ref": "refs/heads/main", "repository": "acme/app" });
        assert_eq!(
            granted(&on_main).unwrap().repos,
            Some(vec!["app".to_owned()])
        );
        let elsewhere = json!({ "ref": "refs/heads/x", "repository": "acme/app" });
        let read = granted(&elsewhere).unwrap();
        assert_eq!((read.scope, read.repos), (Scope::Read, None));
        assert_eq!(granted(&json!({ "ref": "x" })), Err(GrantError::NoRule));
    }

    /// Values that a claim may have, right or wrong.
    fn some_value() -> impl Strategy<Value = Value> {
        let text =
            "(acme|ACME|other|acme/app|acme/|/app|read|write|admin|read admin|refs/heads/[*]|)";
        let second = -1_i64..4_000_000_000;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            second.prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text.prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop::collection::vec(inner, 0..3).prop_map(Value::from)
        })
    }

    fn some_claims() -> impl Strategy<Value = Claims> {
        let name = "(iss|sub|aud|exp|nbf|iat|jti|repo|namespace|scope|scopes|refs|repository)";
        let all = prop::collection::btree_map(name, some_value(), 0..10);
        all.prop_map(|all| claims(&serde_json::to_value(all).unwrap()))
    }

    proptest! {
        #[test]
        fn random_claims_open_one_place_and_administer_nothing_where_they_may_not(
            claims in some_claims(),
            now_ms in any::<i64>(),
        ) {
            let _ = claims.check_audience(&["acme".to_owned()]);
            let _ = (claims.name("iss"), claims.name("jti"));
            if let Ok(times) = claims.times(now_ms) {
                prop_assert!(times.expires <= times.issued.saturating_add(86_400));
            }
            if let Ok(granted) = by_itself(&claims, "acme", false) {
                prop_assert_ne!(granted.scope, Scope::Admin);
                let named = claims.text("repo").or_else(|| claims.text("namespace")).unwrap();
                let within = named.split('/').next().unwrap();
                prop_assert!(within.eq_ignore_ascii_case("acme"), "{}", within);
                prop_assert_eq!(granted.repos.is_some(), claims.get("repo").is_some());
            }
            if let Ok(granted) = by_itself(&claims, "acme", true) {
                prop_assert!(granted.scope != Scope::Admin || granted.repos.is_none());
            }
        }
    }
}
