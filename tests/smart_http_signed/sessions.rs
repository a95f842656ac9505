//! Signed tokens behind the pages: as a session, and as Cloudflare Access sends them along.

use serde_json::{Value, json};
use ureq::http::Method;

use super::operators::claims;
use super::signer::{Key, now, with};
use super::support::rest::Answer;
use super::{Trusting, fresh, github, key_place, one_rule, operator, world};

const SESSION: &str = "/api/v1/session";
const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");
const MARK: (&str, &str) = ("x-cairn-session", "1");

fn try_sign_in(body: &Value) -> Answer {
    let headers = [OURS, MARK];
    let client = operator().anonymous();
    client.send(Method::POST, SESSION, &headers, body.to_string().as_bytes())
}

/// Signs in, and gives the answer to a read with the cookie.
fn sign_in(body: &Value) -> (Value, impl Fn(&str) -> Answer + use<>) {
    let answer = try_sign_in(body);
    let set = answer.header("set-cookie").to_owned();
    let cookie = set.split(';').next().unwrap().to_owned();
    let read = move |path: &str| {
        let headers = [OURS, ("Cookie", cookie.as_str())];
        operator()
            .anonymous()
            .send(Method::GET, path, &headers, b"")
    };
    (answer.result(200), read)
}

#[test]
fn a_session_of_a_signed_token_ends_with_its_issuer_and_when_it_is_revoked() {
    let trusting = Trusting::new("sig-session", &one_rule());
    let refs = trusting.hosted.path("/refs");
    let pipeline = github();
    let token = trusting.key.sign(&pipeline);
    // GitHub's claims name no namespace of ours.
    try_sign_in(&json!({ "token": token })).error_code(400);
    let body = json!({ "token": token, "namespace": "sig-session" });
    let (who, read) = sign_in(&body);
    assert_eq!(
        (&who["kind"], &who["scope"]),
        (&json!("namespace"), &json!("write"))
    );
    assert_eq!(read(&refs).status, 200);
    assert_eq!(read(SESSION).result(200)["kind"], "namespace");
    let revocation = json!({ "issuer": pipeline["iss"], "jti": pipeline["jti"] });
    trusting.revoke(&revocation).result(200);
    assert_eq!(read(&refs).status, 401);
    assert_eq!(read(SESSION).result(200)["kind"], "anonymous");

    let (_, read) =
        sign_in(&json!({ "token": trusting.key.sign(&github()), "namespace": "sig-session" }));
    assert_eq!(read(&refs).status, 200);
    let path = "/api/v1/namespaces/sig-session";
    operator()
        .patch(path, &json!({ "issuers": [] }))
        .result(200);
    assert_eq!(read(&refs).status, 401, "nobody trusts its issuer any more");
}

#[test]
fn a_session_of_a_signed_token_lasts_until_its_exp() {
    let hosted = operator().create_repository("sig-until", "app");
    let key = &world().keys[0];
    let token = key.sign(&claims(&[
        ("repo", json!("sig-until/app")),
        ("scopes", json!(["read"])),
    ]));
    let (who, read) = sign_in(&json!({ "token": token }));
    assert_eq!(
        (&who["kind"], &who["repository"]),
        (&json!("token"), &json!("app"))
    );
    assert_eq!(read(&hosted.path("/refs")).status, 200);
    let set = try_sign_in(&json!({ "token": token }));
    let seconds = set.header("set-cookie").split("Max-Age=").nth(1).unwrap();
    let seconds: i64 = seconds.split(';').next().unwrap().parse().unwrap();
    assert!((500..=660).contains(&seconds), "{seconds}");
    let over = with(
        &claims(&[("repo", json!("sig-until/app"))]),
        &[("exp", json!(now() - 100))],
    );
    try_sign_in(&json!({ "token": key.sign(&over) })).error_code(401);
}

const TEAM: &str = "https://team.cloudflareaccess.com";

/// The claims that Access makes of somebody who signed in to it.
fn access(email: &str) -> Value {
    let now = now();
    json!({
        "iss": TEAM, "aud": ["the-application"], "email": email, "type": "app", "iat": now, "nbf": now,
        "exp": now + 600, "identity_nonce": format!("nonce-{now}-{}", fresh()), "country": "US",
        "sub": "7335d417-61da-459d-899c-0a01c76a2f94",
    })
}

#[test]
fn the_token_of_cloudflare_access_signs_in_where_a_namespace_trusts_it() {
    let rest = operator();
    let hosted = rest.create_repository("sig-access", "app");
    let foreign = rest.create_repository("sig-no-access", "app");
    let open = json!({ "name": "open", "public": true });
    let open = rest.create_repository_with("sig-no-access", &open);
    let key = Key::new("sig-access-1", "RS256");
    let place = key_place(&[&key]);
    let issuer = json!({
        "issuer": TEAM, "audience": "the-application", "jwks_url": place.url("/certs"),
        "rules": [
            { "claims": { "email": ["ann@example.com"] }, "scope": "write" },
            { "claims": { "type": "app" }, "scope": "read" },
        ],
    });
    let path = "/api/v1/namespaces/sig-access";
    rest.patch(path, &json!({ "issuers": [issuer] }))
        .result(200);
    let stranger = rest.anonymous();
    let url = world().server.url();
    let (ann, bob) = (access("ann@example.com"), access("bob@example.com"));
    let (of_ann, of_bob) = (key.sign(&ann), key.sign(&bob));
    let by_header = |token: &str, method, path: &str, body: &str| {
        let own = [
            OURS,
            MARK,
            ("Origin", url.as_str()),
            ("Cf-Access-Jwt-Assertion", token),
        ];
        stranger.send(method, path, &own, body.as_bytes())
    };
    let refs = hosted.path("/refs");
    assert_eq!(by_header(&of_bob, Method::GET, &refs, "").status, 200);
    let cookie = format!("a=b; CF_Authorization={of_bob}");
    let by_cookie = |site| {
        let headers = [("Sec-Fetch-Site", site), ("Cookie", cookie.as_str())];
        stranger.send(Method::GET, &refs, &headers, b"").status
    };
    assert_eq!([by_cookie("same-origin"), by_cookie("none")], [200; 2]);
    assert_eq!([by_cookie("cross-site"), by_cookie("same-site")], [401; 2]);
    assert_eq!(
        stranger
            .send(
                Method::GET,
                &refs,
                &[("Cf-Access-Jwt-Assertion", &of_bob)],
                b""
            )
            .status,
        401
    );
    let who = by_header(
        &of_ann,
        Method::GET,
        &format!("{SESSION}?namespace=sig-access"),
        "",
    )
    .result(200);
    assert_eq!(
        (&who["kind"], &who["scope"], &who["session"]),
        (&json!("namespace"), &json!("write"), &json!(false))
    );
    // Ann writes, Bob does not; a repository in Git has neither.
    let blobs = hosted.path("/refs");
    let body = json!({ "name": "refs/heads/none", "target": "1".repeat(40) }).to_string();
    assert_eq!(by_header(&of_bob, Method::POST, &blobs, &body).status, 403);
    assert!(![401, 403].contains(&by_header(&of_ann, Method::POST, &blobs, &body).status));
    let git = hosted.git_path("info/refs?service=git-upload-pack");
    assert_eq!(by_header(&of_ann, Method::GET, &git, "").status, 401);
    // Where nobody trusts Access, its token is nobody's; public repositories are read as before.
    assert_eq!(
        by_header(&of_ann, Method::GET, &foreign.path("/refs"), "").status,
        401
    );
    assert_eq!(
        by_header(&of_ann, Method::GET, &open.path("/refs"), "").status,
        200
    );
    let forged = format!("{}x", &of_ann[..of_ann.len() - 1]);
    assert_eq!(by_header(&forged, Method::GET, &refs, "").status, 401);
    // It is revoked by its nonce.
    let body = json!({ "issuer": TEAM, "jti": bob["identity_nonce"] });
    rest.post(&format!("{path}/tokens/revoke-signed"), &body)
        .result(200);
    assert_eq!(by_header(&of_bob, Method::GET, &refs, "").status, 401);
}
