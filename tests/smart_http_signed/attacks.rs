//! Tokens that must open nothing: each differs in one thing from a token that opens.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::signer::{Key, by_secret, now, with};
use super::support::receiver::Says;
use super::{
    AUDIENCE, GITHUB, PLATFORM, Trusting, github, one_rule, operator, serve_keys, statuses, world,
};

const REFUSED: [u16; 2] = [401; 2];
const OPENED: [u16; 2] = [200; 2];

/// The message of a refusal by REST.
fn told(trusting: &Trusting, token: &str) -> String {
    let client = operator().with_bearer(token);
    let answer = client.get(&trusting.hosted.path("/refs"));
    answer.json()["errors"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_token_with_the_algorithm_none_opens_nothing() {
    let trusting = Trusting::new("sig-none", &one_rule());
    let good = trusting.key.sign(&github());
    assert_eq!(statuses(&trusting.hosted, &good), OPENED);
    let payload = good.split('.').nth(1).unwrap();
    for alg in ["none", "None", ""] {
        let header = json!({ "alg": alg, "kid": trusting.key.name, "typ": "JWT" });
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        let signature = good.rsplit('.').next().unwrap();
        for signature in ["", signature] {
            let token = format!("{header}.{payload}.{signature}");
            assert_eq!(statuses(&trusting.hosted, &token), REFUSED, "{alg}");
        }
    }
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    assert_eq!(statuses(&trusting.hosted, &format!("{unsigned}.")), REFUSED);
}

/// Key confusion: everybody knows the public key, so it must never count as a secret.
#[test]
fn a_public_key_is_never_a_secret() {
    let trusting = Trusting::new("sig-confusion", &one_rule());
    let public = &trusting.key.public;
    let secrets = [
        public["n"].as_str().unwrap().to_owned(),
        public.to_string(),
        String::new(),
    ];
    for secret in secrets {
        for alg in ["HS256", "RS256"] {
            let header = json!({ "alg": alg, "kid": trusting.key.name, "typ": "JWT" });
            let token = by_secret(&secret, &header, &github());
            assert_eq!(statuses(&trusting.hosted, &token), REFUSED, "{alg}");
        }
    }
}

#[test]
fn a_key_of_another_issuer_signs_nothing() {
    let trusting = Trusting::new("sig-other-key", &one_rule());
    let stranger = Key::new("sig-stranger", "RS256");
    let of_operator = &world().keys[1];
    for key in [&stranger, of_operator] {
        // Under its own name, and under that of a key that is trusted.
        assert_eq!(statuses(&trusting.hosted, &key.sign(&github())), REFUSED);
        let header = trusting.key.header().to_string();
        let token = key.sign_text(&header, &github().to_string());
        assert_eq!(statuses(&trusting.hosted, &token), REFUSED);
    }
    // The key of the namespace's issuer signs nothing in the name of the operator's.
    let claims = with(
        &github(),
        &[
            ("iss", json!(PLATFORM)),
            ("repo", json!("sig-other-key/app")),
            ("scopes", json!(["write"])),
        ],
    );
    let header = of_operator.header().to_string();
    let forged = trusting.key.sign_text(&header, &claims.to_string());
    assert_eq!(statuses(&trusting.hosted, &forged), REFUSED);
    assert_eq!(
        statuses(&trusting.hosted, &of_operator.sign(&claims)),
        OPENED
    );
}

#[test]
fn keys_that_a_token_brings_along_are_not_used() {
    let trusting = Trusting::new("sig-own-key", &one_rule());
    let mine = Key::new("sig-mine", "RS256");
    for (name, value) in [
        ("jwk", mine.public.clone()),
        ("jku", json!(trusting.place.url("/mine"))),
        ("x5u", json!(trusting.place.url("/mine"))),
    ] {
        let header = with(&trusting.key.header(), &[(name, value)]);
        let token = mine.sign_text(&header.to_string(), &github().to_string());
        assert_eq!(statuses(&trusting.hosted, &token), REFUSED, "{name}");
    }
    let asked = trusting.place.received();
    assert!(asked.iter().all(|asked| asked.target == "GET /jwks"));
}

#[test]
fn a_new_key_is_taken_at_once_and_unknown_ones_are_looked_for_once_a_minute() {
    let trusting = Trusting::new("sig-rotation", &one_rule());
    let hosted = &trusting.hosted;
    assert_eq!(statuses(hosted, &trusting.key.sign(&github())), OPENED);
    assert_eq!(trusting.place.received().len(), 1, "kept between requests");
    let new = Key::new("sig-rotation-2", "ES256");
    serve_keys(&trusting.place, &[&trusting.key, &new]);
    assert_eq!(statuses(hosted, &new.sign(&github())), OPENED);
    assert_eq!(trusting.place.received().len(), 2);
    let unknown = Key::new("sig-rotation-3", "ES256");
    for _ in 0..5 {
        assert_eq!(statuses(hosted, &unknown.sign(&github())), REFUSED);
    }
    assert_eq!(trusting.place.received().len(), 2, "not for each of them");
    // The token does not name its key.
    let header = json!({ "alg": "RS256" }).to_string();
    let nameless = trusting.key.sign_text(&header, &github().to_string());
    assert_eq!(
        statuses(hosted, &nameless),
        OPENED,
        "one has that algorithm"
    );
}

#[test]
fn the_audience_must_be_the_issuers() {
    let trusting = Trusting::new("sig-audience", &one_rule());
    let sign = |aud: Value| trusting.key.sign(&with(&github(), &[("aud", aud)]));
    for aud in [json!(AUDIENCE), json!(["other", AUDIENCE])] {
        assert_eq!(statuses(&trusting.hosted, &sign(aud)), OPENED);
    }
    for aud in [
        json!(null),
        json!("https://github.com/acme"),
        json!(["other"]),
        json!(""),
        json!({ "aud": AUDIENCE }),
    ] {
        let token = sign(aud.clone());
        assert_eq!(statuses(&trusting.hosted, &token), REFUSED, "{aud}");
        assert!(told(&trusting, &token).contains("'aud'"), "{aud}");
    }
}

#[test]
fn a_token_holds_in_its_time_give_or_take_a_minute() {
    let trusting = Trusting::new("sig-times", &one_rule());
    let sign = |changes: &[(&str, i64)]| {
        let changes: Vec<_> = changes
            .iter()
            .map(|(name, at)| (*name, json!(at)))
            .collect();
        trusting.key.sign(&with(&github(), &changes))
    };
    let now = now();
    for good in [
        &[("exp", now - 30)][..],
        &[("nbf", now + 30)],
        &[("iat", now + 30)],
        &[("iat", now), ("exp", now + 86_400)],
    ] {
        assert_eq!(statuses(&trusting.hosted, &sign(good)), OPENED, "{good:?}");
    }
    for (bad, said) in [
        (&[("exp", now - 61)][..], "expired"),
        (&[("nbf", now + 120)], "'nbf'"),
        (&[("iat", now + 120), ("exp", now + 600)], "'iat'"),
        (&[("iat", now), ("exp", now + 86_401)], "86401 seconds"),
        (&[("exp", -1)], "'exp'"),
    ] {
        let token = sign(bad);
        assert_eq!(statuses(&trusting.hosted, &token), REFUSED, "{bad:?}");
        assert!(told(&trusting, &token).contains(said), "{bad:?}");
    }
    for missing in ["exp", "jti", "iss"] {
        let token = trusting
            .key
            .sign(&with(&github(), &[(missing, json!(null))]));
        assert_eq!(statuses(&trusting.hosted, &token), REFUSED, "{missing}");
    }
}

#[test]
fn a_claim_that_stands_twice_opens_nothing() {
    let trusting = Trusting::new("sig-twice", &one_rule());
    let good = github().to_string();
    for second in [
        r#""repository":"acme/app""#,
        r#""aud":"x""#,
        r#""\u0069ss":"x""#,
    ] {
        let payload = good.replacen('{', &format!("{{{second},"), 1);
        let token = trusting
            .key
            .sign_text(&trusting.key.header().to_string(), &payload);
        assert_eq!(statuses(&trusting.hosted, &token), REFUSED, "{second}");
    }
    let header = trusting.key.header().to_string();
    let header = header.replacen('{', r#"{"alg":"none","#, 1);
    let token = trusting.key.sign_text(&header, &good);
    assert_eq!(statuses(&trusting.hosted, &token), REFUSED);
}

#[test]
fn tokens_of_other_types_open_nothing() {
    let trusting = Trusting::new("sig-types", &one_rule());
    for (name, value, expected) in [
        ("typ", json!(null), OPENED),
        ("typ", json!("at+jwt"), OPENED),
        ("typ", json!("dpop+jwt"), REFUSED),
        ("typ", json!("logout+jwt"), REFUSED),
        ("crit", json!(["exp"]), REFUSED),
        ("alg", json!("RS512"), REFUSED),
        ("alg", json!("PS256"), REFUSED),
        ("alg", json!("ES256"), REFUSED),
    ] {
        let header = with(&trusting.key.header(), &[(name, value.clone())]);
        let token = trusting
            .key
            .sign_text(&header.to_string(), &github().to_string());
        assert_eq!(
            statuses(&trusting.hosted, &token),
            expected,
            "{name} {value}"
        );
    }
}

#[test]
fn a_large_token_is_taken_and_an_oversized_one_is_not() {
    let trusting = Trusting::new("sig-large", &one_rule());
    let sized = |bytes: usize| {
        trusting
            .key
            .sign(&with(&github(), &[("more", json!("x".repeat(bytes)))]))
    };
    let large = sized(5_000);
    assert!((7_000..8_192).contains(&large.len()), "{}", large.len());
    assert_eq!(statuses(&trusting.hosted, &large), OPENED);
    for bytes in [6_200, 14_000] {
        assert_eq!(
            statuses(&trusting.hosted, &sized(bytes)),
            REFUSED,
            "{bytes}"
        );
    }
}

#[test]
fn a_token_changed_after_it_was_signed_opens_nothing() {
    let trusting = Trusting::new("sig-changed", &one_rule());
    let good = trusting.key.sign(&github());
    let (unsigned, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = unsigned.split_once('.').unwrap();
    let other = with(&github(), &[("ref", json!("refs/heads/other"))]);
    let other = URL_SAFE_NO_PAD.encode(other.to_string());
    let first = if signature.starts_with('A') { "B" } else { "A" };
    for token in [
        format!("{header}.{other}.{signature}"),
        format!("{unsigned}.{}", &signature[..signature.len() - 4]),
        format!("{unsigned}.{first}{}", &signature[1..]),
        format!("{unsigned}.{signature}="),
        format!("{good}.{signature}"),
    ] {
        assert_eq!(statuses(&trusting.hosted, &token), REFUSED);
    }
    // A signature in another encoding than that of RFC 7518.
    let claims = with(
        &github(),
        &[
            ("iss", json!(PLATFORM)),
            ("repo", json!("sig-changed/app")),
            ("scopes", json!(["write"])),
        ],
    );
    let key = &world().keys[0];
    assert_eq!(statuses(&trusting.hosted, &key.sign(&claims)), OPENED);
    assert_eq!(
        statuses(&trusting.hosted, &key.sign_as_der(&claims)),
        REFUSED
    );
}

#[test]
fn a_token_of_one_namespace_opens_nothing_in_another() {
    let here = Trusting::new("sig-here", &one_rule());
    let there = Trusting::new("sig-there", &one_rule());
    // Both trust the same issuer, each with keys of its own.
    assert_eq!(statuses(&there.hosted, &here.key.sign(&github())), REFUSED);
    assert_eq!(statuses(&there.hosted, &there.key.sign(&github())), OPENED);
    let nobody = operator().create_repository("sig-nobody", "app");
    assert_eq!(statuses(&nobody, &here.key.sign(&github())), REFUSED);
    let stranger = with(&github(), &[("repository", json!("evil/app"))]);
    let token = here.key.sign(&stranger);
    assert_eq!(statuses(&here.hosted, &token), [403; 2]);
    assert!(told(&here, &token).contains("no rule"));
    // A route that names no namespace trusts nobody's tokens.
    let elsewhere = operator().with_bearer(&here.key.sign(&github()));
    assert_eq!(elsewhere.get("/api/v1/namespaces").status, 401);
    assert_eq!(elsewhere.get("/api/v1/namespaces/sig-absent").status, 401);
}

#[test]
fn an_issuer_that_does_not_answer_is_told_and_not_asked_by_every_request() {
    let trusting = Trusting::new("sig-silent", &one_rule());
    let place = trusting.place.url("/jwks");
    trusting
        .place
        .answers(move |_| Says::Answer(302, vec![("location", place.clone())], Vec::new()));
    let token = trusting.key.sign(&github());
    assert_eq!(
        statuses(&trusting.hosted, &token),
        [502; 2],
        "no redirect is followed"
    );
    assert_eq!(trusting.place.received().len(), 1);
    let large = vec![b' '; 65 << 10];
    let other = Trusting::new("sig-large-keys", &one_rule());
    other
        .place
        .answers(move |_| Says::Answer(200, Vec::new(), large.clone()));
    assert_eq!(
        statuses(&other.hosted, &other.key.sign(&github())),
        [502; 2]
    );
}

#[test]
fn an_issuer_that_begins_its_answer_and_stalls_holds_nobody_for_long() {
    let trusting = Trusting::new("sig-stalled", &one_rule());
    trusting
        .place
        .answers(|_| Says::Stall(b"HTTP/1.1 200 x\r\ncontent-length: 99\r\n\r\n{"));
    let token = trusting.key.sign(&github());
    let begun = Instant::now();
    assert_eq!(statuses(&trusting.hosted, &token), [502; 2]);
    // Five seconds for the first one; the second request is not kept waiting.
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(9), "{took:?}");
    assert_eq!(trusting.place.received().len(), 1);
}

#[test]
fn settings_of_issuers_that_open_too_much_are_refused() {
    let trusting = Trusting::new("sig-settings", &one_rule());
    let pointer = |rules: &Value| {
        let answer = trusting.set(rules);
        assert_eq!(answer.status, 400, "{}", answer.text());
        answer.json()["errors"][0]["source"]["pointer"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let rule = |claims: Value| json!([{ "claims": claims, "scope": "write" }]);
    let claims = "/issuers/0/rules/0/claims";
    assert_eq!(pointer(&rule(json!({}))), claims);
    assert_eq!(pointer(&rule(json!({ "ref": "refs/heads/main" }))), claims);
    assert_eq!(pointer(&rule(json!({ "repository": "*" }))), claims);
    assert_eq!(
        pointer(&json!([{ "claims": { "sub": "x" }, "scope": "all" }])),
        "/issuers/0/rules/0/scope"
    );
    // The refused settings were not kept.
    assert_eq!(
        statuses(&trusting.hosted, &trusting.key.sign(&github())),
        OPENED
    );

    let path = format!("/api/v1/namespaces/{}", trusting.hosted.namespace);
    let admin = operator().make_token("sig-settings", &json!({ "scope": "admin" }));
    let platform = operator().with_bearer(&admin.plaintext);
    let issuer = |scope: &str| {
        json!({ "issuers": [{
            "issuer": GITHUB, "audience": AUDIENCE, "jwks_url": trusting.place.url("/jwks"),
            "rules": [{ "claims": { "repository": "acme/app" }, "scope": scope }],
        }] })
    };
    assert_eq!(platform.patch(&path, &issuer("admin")).status, 403);
    assert_eq!(platform.patch(&path, &issuer("read")).status, 200);
    assert_eq!(
        statuses(&trusting.hosted, &trusting.key.sign(&github())),
        [403, 200]
    );
    assert_eq!(platform.patch(&path, &json!({ "issuers": [] })).status, 200);
    assert_eq!(
        statuses(&trusting.hosted, &trusting.key.sign(&github())),
        REFUSED
    );
}
