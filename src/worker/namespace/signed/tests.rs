use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::repo_do::contract::{Scope, TokenHash};
use crate::storage::namespace::audit::AuditQuery;
use crate::storage::namespace::standing::StandingChange;
use crate::storage::namespace::testing::{self, Store, hold};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// A namespace `Acme` with the repositories `app` and `lib`, which trusts one issuer.
fn acme(rules: &Value) -> Store {
    let store = testing::acme(NOW);
    hold(&store, "app", "aaaaaaaaaaaaaaaa", NOW);
    hold(&store, "lib", "bbbbbbbbbbbbbbbb", NOW);
    set_issuers(&store, &[trusted(rules)]).unwrap();
    store
}

fn trusted(rules: &Value) -> Issuer {
    let issuer = json!({
        "issuer": ISSUER, "audience": "cairn", "jwks_url": "https://i.example/jwks", "rules": rules,
    });
    serde_json::from_value(issuer).unwrap()
}

fn rules() -> Value {
    json!([{
        "claims": { "repository": "acme/app" }, "scope": "write", "repos": ["app", "gone"],
        "refs": [["refs/heads/main", ["no-delete"]]],
    }])
}

fn claims(changes: &[(&str, Value)]) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": "cairn", "sub": "repo:acme/app:ref:refs/heads/main", "jti": "one",
        "iat": NOW - 10, "exp": NOW + 600, "repository": "acme/app",
    });
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    claims
}

fn shown(store: &Store, trust: Trust, claims: &Value) -> Result<Admitted, ErrorReply> {
    let signed = Signed {
        trust,
        payload: URL_SAFE_NO_PAD.encode(claims.to_string()),
    };
    let asked = Admit {
        sha256: TokenHash::new([7; 32]),
        signed: Some(signed.clone()),
        now_ms: NOW * 1000,
    };
    admit(store, &asked, &signed).map_err(ErrorReply::from)
}

fn by_namespace(rules: &Value) -> Trust {
    Trust::Namespace(trusted(rules).digest())
}

fn is_admitted(store: &Store, changes: &[(&str, Value)]) -> bool {
    let trust = by_namespace(&rules());
    shown(store, trust, &claims(changes)).is_ok_and(|admitted| admitted.token.is_some())
}

#[test]
fn the_first_matching_rule_decides_what_a_token_opens() {
    let store = acme(&rules());
    let before = store.database().rows_written();
    let admitted = shown(&store, by_namespace(&rules()), &claims(&[])).unwrap();
    let token = admitted.token.clone().unwrap();
    assert_eq!(token.scope, Scope::Write);
    assert_eq!(token.refs.all().len(), 1);
    assert_eq!(
        token.label.as_deref(),
        Some("repo:acme/app:ref:refs/heads/main")
    );
    assert_eq!(token.expires_at_ms, (NOW + 660) * 1000);
    assert!(admitted.opens(Some("aaaaaaaaaaaaaaaa")));
    assert!(!admitted.opens(Some("bbbbbbbbbbbbbbbb")) && !admitted.opens(None));
    assert_eq!(
        store.database().rows_written(),
        before,
        "it is kept nowhere"
    );
    let other = shown(
        &store,
        by_namespace(&rules()),
        &claims(&[("repository", json!("evil/app"))]),
    );
    assert_eq!(other.unwrap_err().code, ErrorCode::Forbidden);
}

#[test]
fn an_issuer_that_was_changed_since_the_signature_was_checked_opens_nothing() {
    let store = acme(&rules());
    assert!(is_admitted(&store, &[]));
    let mut changed = trusted(&rules());
    changed.jwks_url = Some("https://i.example/others".into());
    set_issuers(&store, &[changed]).unwrap();
    assert!(!is_admitted(&store, &[]));
    set_issuers(&store, &[]).unwrap();
    assert!(!is_admitted(&store, &[]));
    assert_eq!(issuers(&store).unwrap(), []);
}

#[test]
fn a_token_is_revoked_by_its_jti_and_no_other_with_it() {
    let store = acme(&rules());
    let asked = RevokeSigned {
        issuer: ISSUER.into(),
        jti: "one".into(),
        expires_at_ms: Some((NOW + 600) * 1000),
        now_ms: NOW * 1000,
    };
    for _ in 0..2 {
        let revoked = revoke(&store, &asked, &Author::system(NOW)).unwrap();
        assert_eq!(revoked.expires_at_ms, (NOW + 660) * 1000);
        assert!(!is_admitted(&store, &[]));
        assert!(is_admitted(&store, &[("jti", json!("two"))]));
    }
    // The row goes when the token has ended.
    let later = RevokeSigned {
        jti: "two".into(),
        expires_at_ms: None,
        now_ms: (NOW + 661) * 1000,
        ..asked
    };
    revoke(&store, &later, &Author::system(NOW)).unwrap();
    let is_revoked = |jti| store.signed_revoked_until(ISSUER, jti).unwrap().is_some();
    assert!(!is_revoked("one") && is_revoked("two"));
}

/// Else a token whose end was first given too early would come back to life.
#[test]
fn a_second_revocation_puts_off_the_end_of_the_first_and_never_brings_it_forward() {
    let store = acme(&rules());
    let until = |second: Option<i64>| {
        let asked = RevokeSigned {
            issuer: ISSUER.into(),
            jti: "one".into(),
            expires_at_ms: second.map(|second| second * 1000),
            now_ms: NOW * 1000,
        };
        let revoked = revoke(&store, &asked, &Author::system(NOW)).unwrap();
        let kept = store.signed_revoked_until(ISSUER, "one").unwrap();
        assert_eq!(kept, Some(revoked.expires_at_ms));
        revoked.expires_at_ms / 1000
    };
    assert_eq!(until(Some(NOW + 10)), NOW + 70);
    assert_eq!(until(None), NOW + 86_520);
    assert_eq!(until(Some(NOW + 10)), NOW + 86_520);
    let log = store.audit(&AuditQuery::default(), 10).unwrap();
    let acts: Vec<_> = log.entries.iter().map(|entry| &*entry.action).collect();
    assert_eq!(acts, ["namespace.token.revoked"], "told once");
}

#[test]
fn a_suspended_namespace_admits_no_signed_token_and_says_why() {
    let store = acme(&rules());
    let change = StandingChange {
        suspended: Some(true),
        ..StandingChange::default()
    };
    store.change_standing(&change).unwrap();
    let refused = shown(&store, by_namespace(&rules()), &claims(&[])).unwrap_err();
    assert_eq!(refused.message, "the namespace is suspended");
    let admin = claims(&[("namespace", json!("acme")), ("scopes", json!(["admin"]))]);
    let refused = shown(&store, Trust::Operator, &admin).unwrap_err();
    assert_eq!(refused.message, "the namespace is suspended");
}

#[test]
fn tokens_from_before_the_epoch_are_revoked() {
    let store = acme(&rules());
    let set = |second: i64| {
        let sql = "UPDATE namespace SET token_epoch = ?1";
        store.database().execute(sql, &[second.into()]).unwrap();
    };
    set((NOW - 10) * 1000);
    assert!(is_admitted(&store, &[]));
    set((NOW - 10) * 1000 + 1);
    assert!(!is_admitted(&store, &[]));
    assert!(is_admitted(&store, &[("iat", json!(NOW - 9))]));
    // A token without `iat` is judged by `nbf`.
    assert!(!is_admitted(
        &store,
        &[("iat", json!(NOW - 20)), ("nbf", json!(NOW))]
    ));
}

#[test]
fn tokens_of_an_issuer_without_rules_say_themselves_what_they_open() {
    let store = acme(&Value::Null);
    let trust = || by_namespace(&Value::Null);
    let of_one = claims(&[("repo", json!("acme/lib")), ("scopes", json!(["read"]))]);
    assert!(
        shown(&store, trust(), &of_one)
            .unwrap()
            .opens(Some("bbbbbbbbbbbbbbbb"))
    );
    let admin = claims(&[("namespace", json!("acme")), ("scopes", json!(["admin"]))]);
    assert_eq!(
        shown(&store, trust(), &admin).unwrap_err().code,
        ErrorCode::Forbidden
    );
    let by_operator = shown(&store, Trust::Operator, &admin).unwrap();
    assert_eq!(by_operator.token.unwrap().scope, Scope::Admin);
    let elsewhere = claims(&[("repo", json!("other/app")), ("scopes", json!(["read"]))]);
    for trust in [trust(), Trust::Operator] {
        let refused = shown(&store, trust, &elsewhere).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Forbidden);
    }
}

#[test]
fn times_are_judged_here_too() {
    let store = acme(&rules());
    for changes in [
        [("exp", json!(NOW - 60))],
        [("nbf", json!(NOW + 61))],
        [("exp", json!(NOW + 90_000))],
        [("jti", json!(""))],
    ] {
        assert!(!is_admitted(&store, &changes), "{changes:?}");
    }
    let nowhere = testing::nowhere();
    assert!(!is_admitted(&nowhere, &[]));
    assert_eq!(nowhere.database().rows_written(), 0);
}
