//! Tokens of an issuer that the operator trusts: each token names its own rights.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::http::Method;

use super::signer::{now, with};
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::{PLATFORM, committed, fresh, operator, statuses, world};

pub(super) fn claims(changes: &[(&str, Value)]) -> Value {
    let now = now();
    let claims = json!({
        "iss": PLATFORM, "aud": "cairn", "jti": format!("own-{now}-{}", fresh()), "iat": now,
        "exp": now + 600, "scopes": ["write"],
    });
    with(&claims, changes)
}

fn of_repository(hosted: &Hosted) -> Value {
    let repo = format!("{}/{}", hosted.namespace, hosted.name);
    claims(&[("repo", json!(repo))])
}

#[test]
fn every_algorithm_signs_tokens_that_push_and_read() {
    let hosted = operator().create_repository("sig-own", "app");
    let other = operator().create_repository("sig-own", "other");
    let scratch = Scratch::new();
    let work = committed(&scratch);
    for (at, key) in world().keys.iter().enumerate() {
        let token = key.sign(&of_repository(&hosted));
        let target = format!("main:refs/heads/branch-{at}");
        work.run(&["push", "--quiet", &hosted.url_with(&token), &target]);
        assert_eq!(statuses(&hosted, &token), [200; 2], "{}", key.kind);
        assert_eq!(statuses(&other, &token), [403; 2], "{}", key.kind);
    }
    let key = &world().keys[0];
    let reading = with(&of_repository(&hosted), &[("scopes", json!(["read"]))]);
    assert_eq!(statuses(&hosted, &key.sign(&reading)), [403, 200]);
    let all = claims(&[("namespace", json!("SIG-OWN"))]);
    for hosted in [&hosted, &other] {
        assert_eq!(statuses(hosted, &key.sign(&all)), [200; 2]);
    }
}

#[test]
fn a_token_that_fits_no_repository_or_namespace_opens_nothing() {
    let hosted = operator().create_repository("sig-fits", "app");
    let key = &world().keys[2];
    for changes in [
        vec![("repo", json!("sig-fits/other"))],
        vec![("repo", json!("sig-own/app"))],
        vec![("namespace", json!("sig-own"))],
        vec![
            ("repo", json!("sig-fits/app")),
            ("namespace", json!("sig-fits")),
        ],
        vec![("repo", json!("sig-fits/app")), ("scopes", json!([]))],
        vec![
            ("repo", json!("sig-fits/app")),
            ("scopes", json!(["admin"])),
        ],
        vec![
            ("repo", json!("sig-fits/app")),
            ("refs", json!([["main", ["no-push"]]])),
        ],
        vec![],
    ] {
        let token = key.sign(&claims(&changes));
        assert_eq!(statuses(&hosted, &token), [403; 2], "{changes:?}");
    }
    // An issuer that is trusted in one namespace only.
    let narrow = operator().create_repository("sig-narrow", "app");
    let of_narrow = |hosted: &Hosted| {
        let changes = [("iss", json!("https://narrow.example.com"))];
        key.sign(&with(&of_repository(hosted), &changes))
    };
    assert_eq!(statuses(&narrow, &of_narrow(&narrow)), [200; 2]);
    assert_eq!(statuses(&hosted, &of_narrow(&hosted)), [403; 2]);
}

#[test]
fn a_signed_token_administers_where_its_issuer_lets_it() {
    let hosted = operator().create_repository("sig-admin", "app");
    let key = &world().keys[0];
    let admin = [
        ("namespace", json!("sig-admin")),
        ("scopes", json!("admin")),
    ];
    let platform = operator().with_bearer(&key.sign(&claims(&admin)));
    platform.create_repository("sig-admin", "made");
    platform.get("/api/v1/namespaces/sig-admin").result(200);
    let change = json!({ "description": "by a signed token" });
    platform.patch(&hosted.path(""), &change).result(200);
    let elsewhere = platform.get("/api/v1/namespaces/sig-own");
    assert!(
        [401, 403].contains(&elsewhere.status),
        "{}",
        elsewhere.text()
    );
    let writing = operator().with_bearer(&key.sign(&of_repository(&hosted)));
    assert_eq!(writing.patch(&hosted.path(""), &change).status, 403);
    assert_eq!(writing.get("/api/v1/namespaces/sig-admin").status, 403);
    let feed = operator().get("/api/v1/namespaces/sig-admin/events").text();
    assert!(feed.contains("repo.created"), "{feed}");
}

#[test]
fn a_signed_token_reads_the_feed_of_the_namespace_that_it_administers_and_acts_under_its_label() {
    operator().create_repository("sig-feed", "app");
    let key = &world().keys[0];
    let admin = [
        ("namespace", json!("sig-feed")),
        ("scopes", json!("admin")),
        ("sub", json!("the platform")),
    ];
    let platform = operator().with_bearer(&key.sign(&claims(&admin)));
    let settings = "/api/v1/namespaces/sig-feed";
    platform
        .patch(settings, &json!({ "read_only": true }))
        .result(200);
    let feed = platform.get(&format!("{settings}/events"));
    assert_eq!(feed.status, 200, "{}", feed.text());
    assert!(feed.text().contains("namespace.updated"), "{}", feed.text());
    let log = operator().get(&format!("{settings}/audit?action=namespace.updated"));
    let acts = log.result(200);
    assert_eq!(acts[0]["actor"]["label"], "the platform", "{acts}");
}

#[test]
fn no_signed_token_administers_a_suspended_namespace() {
    operator().create_repository("sig-suspended", "app");
    let key = &world().keys[0];
    let admin = [
        ("namespace", json!("sig-suspended")),
        ("scopes", json!("admin")),
    ];
    let platform = operator().with_bearer(&key.sign(&claims(&admin)));
    let settings = "/api/v1/namespaces/sig-suspended";
    platform.get(settings).result(200);
    operator()
        .patch(settings, &json!({ "suspended": true }))
        .result(200);
    for path in ["", "/audit", "/events", "/tokens"] {
        let refused = platform.get(&format!("{settings}{path}"));
        assert_eq!(refused.status, 403, "{path}: {}", refused.text());
        assert!(
            refused.text().contains("the namespace is suspended"),
            "{path}"
        );
    }
}

#[test]
fn every_form_in_which_a_token_is_sent_takes_a_signed_one() {
    let hosted = operator().create_repository("sig-forms", "app");
    let key = &world().keys[1];
    let token = key.sign(&with(
        &of_repository(&hosted),
        &[("more", json!("x".repeat(5_000)))],
    ));
    let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
    let twice = basic(format!("x:{token}"));
    let path = hosted.git_path("info/refs?service=git-receive-pack");
    for header in [
        format!("Bearer {token}"),
        format!("token {token}"),
        basic(format!("x:{token}")),
        basic(format!("oauth2:{token}")),
        basic(format!("{token}:x-oauth-basic")),
        basic(format!("{token}:")),
        format!("{twice}, {twice}"),
    ] {
        let headers = [("Authorization", header.as_str())];
        let answer = operator()
            .anonymous()
            .send(Method::GET, &path, &headers, b"");
        assert_eq!(answer.status, 200, "{header:.40}");
    }
}

/// The merge asks the other repository's object, which must accept the token too.
#[test]
fn a_signed_token_merges_from_another_repository_of_its_namespace() {
    let scratch = Scratch::new();
    let (into, work) = scratch.pushed(&operator(), "sig-merge", "into");
    let from = operator().create_repository("sig-merge", "from");
    work.write("more", "more\n");
    let commit = work.commit("more");
    work.run(&["push", "--quiet", &from.url(), "main"]);
    let token = world().keys[0].sign(&claims(&[("namespace", json!("sig-merge"))]));
    let body = json!({
        "into": "main", "from": { "repository": "sig-merge/from", "ref": "main" },
        "strategy": "ff_only",
    });
    let merged = operator()
        .with_bearer(&token)
        .post(&into.path("/merge"), &body);
    assert_eq!(merged.status, 201, "{}", merged.text());
    assert!(merged.text().contains(commit.trim()), "{}", merged.text());
}
