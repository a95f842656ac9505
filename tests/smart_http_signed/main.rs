//! Signed tokens against the real Worker: [`pipelines`] has issuers that a namespace trusts, [`operators`]
//! those of the operator, [`sessions`] both behind pages, and [`attacks`] tokens that must open nothing. Node makes keys and signatures.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic is how a test fails"
)]

use cairn_test_support as support;

// The pushes of another suite; this one needs a few of them.
#[allow(dead_code)]
#[path = "../smart_http_push/held.rs"]
mod held;
#[allow(dead_code)]
#[path = "../smart_http_push/raw.rs"]
mod raw;

mod attacks;
mod measured;
mod midway;
mod operators;
mod pipelines;
mod sessions;
mod signer;

use std::sync::OnceLock;

use serde_json::{Value, json};
use signer::{Key, now, with};
use support::git::Git;
use support::receiver::{Receiver, Says};
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::Server;

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const AUDIENCE: &str = "https://git.example.com";

/// The server that all stories share, and the keys that its operator trusts.
struct World {
    server: Server,
    /// The keys of the operator's issuer, one for each algorithm.
    keys: [Key; 3],
}

/// The issuer that the operator trusts.
const PLATFORM: &str = "https://platform.example.com";

fn world() -> &'static World {
    static SHARED: OnceLock<World> = OnceLock::new();
    SHARED.get_or_init(|| {
        let keys = ["ES256", "RS256", "EdDSA"].map(|kind| Key::new(&format!("own-{kind}"), kind));
        let public: Vec<_> = keys.iter().map(|key| &key.public).collect();
        let issuers = json!([
            { "issuer": PLATFORM, "audience": ["cairn", AUDIENCE], "keys": public },
            { "issuer": "https://narrow.example.com", "audience": "cairn", "keys": public,
              "namespaces": ["sig-narrow"] },
        ]);
        let issuers: &'static str = issuers.to_string().leak();
        let variables = [
            ("CAIRN_IMPORT_ALLOW_PRIVATE", "true"),
            ("CAIRN_JWT_ISSUERS", issuers),
        ];
        let server = Server::start_with(&variables);
        World { server, keys }
    })
}

fn operator() -> Rest {
    world().server.rest()
}

/// A place that serves the keys of an issuer.
fn key_place(keys: &[&Key]) -> Receiver {
    let place = Receiver::start();
    serve_keys(&place, keys);
    place
}

fn serve_keys(place: &Receiver, keys: &[&Key]) {
    let keys: Vec<_> = keys.iter().map(|key| key.public.clone()).collect();
    let body = json!({ "keys": keys }).to_string().into_bytes();
    place.answers(move |_| Says::Answer(200, Vec::new(), body.clone()));
}

/// A namespace with the repository `app`, which trusts GitHub by these rules.
struct Trusting {
    hosted: Hosted,
    key: Key,
    place: Receiver,
}

impl Trusting {
    fn new(namespace: &str, rules: &Value) -> Self {
        let hosted = operator().create_repository(namespace, "app");
        let key = Key::new(&format!("{namespace}-1"), "RS256");
        let place = key_place(&[&key]);
        let trusting = Self { hosted, key, place };
        trusting.set(rules).result(200);
        trusting
    }

    fn set(&self, rules: &Value) -> Answer {
        let issuer = json!({
            "issuer": GITHUB, "audience": AUDIENCE, "jwks_url": self.place.url("/jwks"),
            "rules": rules,
        });
        let path = format!("/api/v1/namespaces/{}", self.hosted.namespace);
        operator().patch(&path, &json!({ "issuers": [issuer] }))
    }

    fn revoke(&self, body: &Value) -> Answer {
        let namespace = &self.hosted.namespace;
        operator().post(
            &format!("/api/v1/namespaces/{namespace}/tokens/revoke-signed"),
            body,
        )
    }
}

/// Rules that let one of GitHub's repositories write.
fn one_rule() -> Value {
    json!([{ "claims": { "repository": "acme/app" }, "scope": "write" }])
}

/// Claims as GitHub Actions makes them.
fn github() -> Value {
    let now = now();
    json!({
        "iss": GITHUB, "aud": AUDIENCE, "sub": "repo:acme/app:ref:refs/heads/main",
        "jti": format!("jti-{now}-{}", fresh()), "iat": now, "nbf": now - 5, "exp": now + 300,
        "repository": "acme/app", "repository_owner": "acme", "repository_id": "123456",
        "ref": "refs/heads/main", "ref_type": "branch", "run_attempt": "1", "actor": "somebody",
        "environment": "production", "event_name": "push",
    })
}

/// A new number each time.
fn fresh() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// The status of a push's first request with this token, and of a read by REST.
fn statuses(hosted: &Hosted, token: &str) -> [u16; 2] {
    let client = operator().with_bearer(token);
    let push = hosted.git_path("info/refs?service=git-receive-pack");
    [
        client.get(&push).status,
        client.get(&hosted.path("/refs")).status,
    ]
}

/// A repository with one commit.
fn committed(scratch: &Scratch) -> Git {
    let work = scratch.repository("work");
    work.write("content", "content\n");
    work.commit("first");
    work
}
