//! Pipelines that push without a stored secret: GitHub's and GitLab's tokens, by rules of a namespace.

use serde_json::{Value, json};

use super::signer::{Key, with};
use super::support::scratch::Scratch;
use super::{
    AUDIENCE, GITHUB, Trusting, committed, github, key_place, one_rule, operator, statuses,
};

#[test]
fn a_pipeline_of_github_pushes_without_a_stored_secret() {
    let rules = json!([
        { "claims": { "repository": "acme/app", "environment": "production" },
          "scope": "write", "repos": ["app"], "refs": [["refs/heads/*", []], ["*", ["no-push"]]] },
        { "claims": { "repository": "acme/app" }, "scope": "read" },
    ]);
    let trusting = Trusting::new("sig-github", &rules);
    let other = operator().create_repository("sig-github", "other");
    let scratch = Scratch::new();
    let work = committed(&scratch);
    let commit = work.run(&["rev-parse", "HEAD"]);

    let token = trusting.key.sign(&github());
    let url = trusting.hosted.url_with(&token);
    work.run(&["push", "--quiet", &url, "main"]);
    let said = work.fails(&["push", &url, "main:refs/tags/v1"]);
    assert!(said.contains("token: no-push"), "{said}");
    let clone = scratch.clone(&url, "clone", &[]);
    assert_eq!(clone.run(&["rev-parse", "HEAD"]), commit);
    let said = work.fails(&["push", &other.url_with(&token), "main"]);
    assert!(said.contains("403"), "{said}");

    // Without the environment the token only reads, in other repositories too.
    let reading = trusting
        .key
        .sign(&with(&github(), &[("environment", Value::Null)]));
    assert_eq!(statuses(&trusting.hosted, &reading), [403, 200]);
    assert_eq!(statuses(&other, &reading), [403, 200]);

    // The event names the pusher by the token's subject.
    let events = operator().get(&trusting.hosted.path("/events")).result(200);
    let mut events = events.as_array().unwrap().iter();
    let pushed = events.find(|event| event["type"] == "cairn.repo.pushed");
    let actor = &pushed.unwrap()["actor"];
    assert_eq!(actor["kind"], "namespace");
    assert_eq!(actor["label"], "repo:acme/app:ref:refs/heads/main");
}

#[test]
fn a_pipeline_of_gitlab_pushes_by_claims_of_its_own() {
    let hosted = operator().create_repository("sig-gitlab", "app");
    let key = Key::new("sig-gitlab-1", "ES256");
    let place = key_place(&[&key]);
    let issuer = json!({
        "issuer": "https://gitlab.com", "audience": AUDIENCE, "jwks_url": place.url("/keys"),
        "rules": [{
            "claims": { "project_path": "acme/app", "ref_protected": "true", "ref_path": "refs/heads/*" },
            "scope": "write",
        }],
    });
    let path = "/api/v1/namespaces/sig-gitlab";
    let change = json!({ "issuers": [issuer] });
    let changed = operator().patch(path, &change).result(200);
    assert_eq!(changed["issuers"], change["issuers"]);
    assert_eq!(
        operator().get(path).result(200)["issuers"],
        change["issuers"]
    );
    let claims = with(
        &github(),
        &[
            ("iss", json!("https://gitlab.com")),
            ("project_path", json!("acme/app")),
            ("ref_path", json!("refs/heads/main")),
            ("ref_protected", json!("true")),
            (
                "sub",
                json!("project_path:acme/app:ref_type:branch:ref:main"),
            ),
        ],
    );
    assert_eq!(statuses(&hosted, &key.sign(&claims)), [200; 2]);
    let unprotected = with(&claims, &[("ref_protected", json!("false"))]);
    assert_eq!(statuses(&hosted, &key.sign(&unprotected)), [403; 2]);
    let of_github = with(&claims, &[("iss", json!(GITHUB))]);
    assert_eq!(statuses(&hosted, &key.sign(&of_github)), [401; 2]);
}

#[test]
fn a_signed_token_is_revoked_by_its_jti_at_once() {
    let trusting = Trusting::new("sig-revoked", &one_rule());
    let (first, second) = (github(), github());
    let (one, two) = (trusting.key.sign(&first), trusting.key.sign(&second));
    for token in [&one, &two] {
        assert_eq!(statuses(&trusting.hosted, token), [200; 2]);
    }
    let body = json!({ "issuer": GITHUB, "jti": first["jti"] });
    let revoked = trusting.revoke(&body).result(200);
    assert_eq!(
        (&revoked["issuer"], &revoked["jti"]),
        (&json!(GITHUB), &first["jti"])
    );
    assert_eq!(trusting.revoke(&body).result(200)["id"], revoked["id"]);
    assert_eq!(statuses(&trusting.hosted, &one), [401; 2]);
    assert_eq!(statuses(&trusting.hosted, &two), [200; 2]);

    for wrong in [
        json!({ "issuer": GITHUB }),
        json!({ "issuer": "", "jti": "x" }),
        json!({ "issuer": GITHUB, "jti": "x".repeat(257) }),
        json!({ "issuer": GITHUB, "jti": "x", "expires_at": "tomorrow" }),
        json!({ "issuer": GITHUB, "jti": "x", "more": 1 }),
    ] {
        assert_eq!(trusting.revoke(&wrong).status, 400, "{wrong}");
    }
    let holder = operator().with_bearer(&two);
    let path = "/api/v1/namespaces/sig-revoked/tokens/revoke-signed";
    assert_eq!(holder.post(path, &body).status, 403);
    assert_eq!(operator().anonymous().post(path, &body).status, 401);
    let absent = operator().post(
        "/api/v1/namespaces/sig-absent-2/tokens/revoke-signed",
        &body,
    );
    assert_eq!(absent.status, 404);
}
