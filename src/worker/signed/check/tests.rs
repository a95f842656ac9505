use serde_json::{Value, json};

use super::super::keys::tests::ec;
use super::*;

const GITHUB: &str = "https://token.actions.githubusercontent.com";

fn setter(is_operator: bool) -> Setter {
    Setter {
        is_operator,
        of_deployment: false,
        allow_private: false,
    }
}

fn issuer(changes: &[(&str, Value)]) -> Value {
    let mut issuer = json!({
        "issuer": GITHUB, "audience": "https://git.example", "jwks_url": "https://i.example/jwks",
        "rules": [{ "claims": { "repository": "acme/app" }, "scope": "write", "repos": ["app"] }],
    });
    for (field, value) in changes {
        match value {
            Value::Null => drop(issuer.as_object_mut().unwrap().remove(*field)),
            value => issuer[*field] = value.clone(),
        }
    }
    issuer
}

fn checked(setter: Setter, list: &[Value]) -> Result<(), ErrorReply> {
    let list: Vec<Issuer> = list
        .iter()
        .map(|one| serde_json::from_value(one.clone()).unwrap())
        .collect();
    issuers(&list, setter)
}

fn pointer(changes: &[(&str, Value)]) -> String {
    let refused = checked(setter(false), &[issuer(changes)]).unwrap_err();
    refused.pointer.unwrap_or_default()
}

fn rule(changes: &[(&str, Value)]) -> String {
    let mut rule = json!({ "claims": { "repository": "acme/app" }, "scope": "write" });
    for (field, value) in changes {
        rule[*field] = value.clone();
    }
    pointer(&[("rules", json!([rule]))])
}

#[test]
fn settings_of_issuers_are_bounded_and_told_by_pointers() {
    assert!(checked(setter(false), &[issuer(&[])]).is_ok());
    let own = [("jwks_url", Value::Null), ("keys", json!([ec("a")]))];
    assert!(checked(setter(false), &[issuer(&own)]).is_ok());
    let twice = checked(setter(false), &[issuer(&[]), issuer(&[])]).unwrap_err();
    assert_eq!(twice.pointer.as_deref(), Some("/issuers/1/issuer"));
    let many: Vec<_> = (0..17)
        .map(|at| issuer(&[("issuer", json!(format!("https://{at}.example")))]))
        .collect();
    let many = checked(setter(false), &many).unwrap_err();
    assert_eq!(many.pointer.as_deref(), Some("/issuers"));

    let long = "x".repeat(257);
    for (changes, expected) in [
        (vec![("issuer", json!(""))], "/issuers/0/issuer"),
        (vec![("issuer", json!(long))], "/issuers/0/issuer"),
        (vec![("audience", json!([]))], "/issuers/0/audience"),
        (vec![("audience", json!("a\nb"))], "/issuers/0/audience"),
        (vec![("jwks_url", Value::Null)], "/issuers/0/jwks_url"),
        (vec![("keys", json!([ec("a")]))], "/issuers/0/jwks_url"),
        (
            vec![("jwks_url", json!("https://10.0.0.1/k"))],
            "/issuers/0/jwks_url",
        ),
        (
            vec![("jwks_url", json!("http://i.example/k"))],
            "/issuers/0/jwks_url",
        ),
        (vec![("namespaces", json!(["x"]))], "/issuers/0/namespaces"),
        (vec![("rules", json!([]))], "/issuers/0/rules"),
        (
            vec![("jwks_url", Value::Null), ("keys", json!([]))],
            "/issuers/0/keys",
        ),
    ] {
        assert_eq!(pointer(&changes), expected, "{changes:?}");
    }
    for (change, expected) in [
        (("claims", json!({})), "/issuers/0/rules/0/claims"),
        (
            ("claims", json!({ "a/b": "" })),
            "/issuers/0/rules/0/claims/a~1b",
        ),
        (("repos", json!([])), "/issuers/0/rules/0/repos"),
        (("refs", json!([["x", []]])), "/issuers/0/rules/0/refs/0/0"),
        (("repos", json!(["../x"])), "/issuers/0/rules/0/repos/0"),
    ] {
        assert_eq!(rule(std::slice::from_ref(&change)), expected, "{change:?}");
    }
}

#[test]
fn a_secret_key_is_not_taken() {
    for secret in [
        json!({ "kty": "oct", "k": "AQAB" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "AQAB", "d": "AQAB" }),
        json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
    ] {
        let changes = [
            ("jwks_url", Value::Null),
            ("keys", json!([ec("a"), secret])),
        ];
        assert_eq!(pointer(&changes), "/issuers/0/keys/1", "{secret}");
    }
}

#[test]
fn a_rule_for_an_issuer_of_everybody_says_whose_tokens() {
    for claims in [
        json!({ "ref": "refs/heads/main" }),
        json!({ "repository": "*" }),
        json!({ "repository": ["acme/app", "acme/*"] }),
        json!({ "environment": "production", "actor": "somebody" }),
    ] {
        let expected = "/issuers/0/rules/0/claims";
        assert_eq!(rule(&[("claims", claims.clone())]), expected, "{claims}");
    }
    for claims in [
        json!({ "repository_owner": "acme", "repository": "acme/*" }),
        json!({ "sub": "repo:acme/app:ref:refs/heads/main" }),
    ] {
        let rules = json!([{ "claims": claims, "scope": "read" }]);
        assert!(checked(setter(false), &[issuer(&[("rules", rules)])]).is_ok());
    }
}

#[test]
fn an_issuer_of_everybody_has_rules_whoever_trusts_it() {
    let alone = issuer(&[("rules", Value::Null)]);
    for setter in [
        setter(false),
        setter(true),
        Setter {
            of_deployment: true,
            ..setter(true)
        },
    ] {
        let refused = checked(setter, std::slice::from_ref(&alone)).unwrap_err();
        assert_eq!(refused.pointer.as_deref(), Some("/issuers/0/rules"));
    }
    let other = [
        ("rules", Value::Null),
        ("issuer", json!("https://i.example")),
    ];
    assert!(checked(setter(false), &[issuer(&other)]).is_ok());
}

#[test]
fn only_the_operator_lets_signed_tokens_administer() {
    let admin = json!([{ "claims": { "repository": "acme/app" }, "scope": "admin" }]);
    let list = [issuer(&[("rules", admin)])];
    let refused = checked(setter(false), &list).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert!(checked(setter(true), &list).is_ok());
}
