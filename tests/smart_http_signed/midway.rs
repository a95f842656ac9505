//! A signed token is revoked while a push with it is under way: the push changes nothing.

use serde_json::{Value, json};

use super::held::{Story, main_to};
use super::signer::{Key, now};
use super::support::rest::Rest;
use super::{PLATFORM, fresh, world};

/// A signed token for all of a namespace, and its `jti`.
fn token_for(key: &Key, namespace: &str, issuer: &str) -> (String, String) {
    let now = now();
    let jti = format!("midway-{now}-{}", fresh());
    // The revocation of all tokens counts in seconds for signed ones, as their `iat` does.
    let claims = json!({
        "iss": issuer, "aud": "cairn", "jti": jti, "iat": now, "exp": now + 600,
        "scopes": ["write"], "namespace": namespace,
    });
    (key.sign(&claims), jti)
}

/// Pushes with a signed token, which `revoke` ends half way; gives the server's report.
#[track_caller]
fn push_meets(namespace: &str, issuer: &str, revoke: impl FnOnce(&Rest, &str, &str)) {
    let story = Story::begin_at(&world().server, namespace);
    let path = format!("/api/v1/namespaces/{namespace}");
    let key = &world().keys[0];
    if issuer != PLATFORM {
        let trusted = json!({ "issuer": issuer, "audience": "cairn", "keys": [key.public] });
        story
            .rest
            .patch(&path, &json!({ "issuers": [trusted] }))
            .result(200);
    }
    let new = story.commit("second");
    let push = main_to(&story, &new);
    let (token, jti) = token_for(key, namespace, issuer);
    let report = story.push(&token, &push, |rest| revoke(rest, &path, &jti));
    let refusal = "ng refs/heads/main the token is not valid, has expired or was revoked";
    assert!(report.contains(refusal), "{report}");
    story.assert_unchanged();
    // A token that is made afterwards pushes the same.
    let again = json!({ "repo": "held", "scope": "write" });
    let again = story.rest.make_token(namespace, &again).plaintext;
    let report = story.push(&again, &push, |_| {});
    assert!(report.contains("ok refs/heads/main"), "{report}");
}

#[test]
fn a_push_that_began_before_its_signed_token_was_revoked_by_jti_changes_nothing() {
    push_meets("midway-jti", PLATFORM, |rest, path, jti| {
        let body = json!({ "issuer": PLATFORM, "jti": jti });
        rest.post(&format!("{path}/tokens/revoke-signed"), &body)
            .result(200);
    });
}

#[test]
fn a_push_with_a_signed_token_that_began_before_all_were_revoked_changes_nothing() {
    push_meets("midway-all", PLATFORM, |rest, path, _| {
        rest.post(&format!("{path}/tokens/revoke-all"), &json!({}))
            .result(200);
    });
}

#[test]
fn a_push_that_began_before_its_issuer_was_taken_out_changes_nothing() {
    push_meets(
        "midway-issuer",
        "https://ci.example.com",
        |rest, path, _| {
            let none: [Value; 0] = [];
            rest.patch(path, &json!({ "issuers": none })).result(200);
        },
    );
}

#[test]
fn a_push_that_began_as_an_administrators_is_judged_by_what_its_rule_gives_at_the_end() {
    let story = Story::begin_at(&world().server, "midway-rule");
    let key = &world().keys[0];
    let trust = |rest: &Rest, scope: &str| {
        let rules = json!([{ "claims": { "sub": "ci" }, "scope": scope }]);
        let issuer = json!({ "issuer": "https://ci.example.com", "audience": "cairn",
            "keys": [key.public], "rules": rules });
        let path = "/api/v1/namespaces/midway-rule";
        rest.patch(path, &json!({ "issuers": [issuer] }))
            .result(200);
    };
    trust(&story.rest, "admin");
    let new = story.commit("second");
    let push = main_to(&story, &new);
    let now = now();
    let token = key.sign(&json!({
        "iss": "https://ci.example.com", "aud": "cairn", "sub": "ci", "iat": now, "exp": now + 600,
        "jti": format!("midway-{now}-{}", fresh()),
    }));
    let report = story.push(&token, &push, |rest| trust(rest, "read"));
    assert!(report.contains("ng refs/heads/main"), "{report}");
    story.assert_unchanged();
    trust(&story.rest, "write");
    let report = story.push(&token, &push, |_| {});
    assert!(report.contains("ok refs/heads/main"), "{report}");
}
