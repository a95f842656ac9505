//! Permissions on Git's own paths: each row of the credentials table, by raw requests and
//! by real git. When a token or its repository ends is in [`endings`].

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod endings;
mod idioms;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, server};
use ureq::http::Method;

const FETCH: &str = "git-upload-pack";
const PUSH: &str = "git-receive-pack";
/// The first of the challenges, or all of them in one header.
const CHALLENGE: &str = r#"Basic realm="cairn""#;
/// A well-formed token that belongs to nothing.
const UNKNOWN: &str = "cairn_v1_0123456789abcdef0123456789abcdef01234567";

fn create(name: &str) -> Hosted {
    server().rest().create_repository("auth", name)
}

fn anonymous() -> Rest {
    server().rest().anonymous()
}

fn bearer(token: &str) -> Rest {
    server().rest().with_bearer(token)
}

/// The path of the repository for git, with or without the rest.
fn advertisement(client: &Rest, hosted: &Hosted, service: &str) -> Answer {
    client.get(&hosted.git_path(&format!("info/refs?service={service}")))
}

/// The second request of a fetch or push, with a body that asks for nothing.
fn exchange(client: &Rest, hosted: &Hosted, service: &str) -> Answer {
    let content_type = format!("application/x-{service}-request");
    let headers = [("Content-Type", content_type.as_str())];
    client.send(Method::POST, &hosted.git_path(service), &headers, b"0000")
}

/// The status of an answer; for a refusal in-band, the status that its reason has elsewhere.
fn told(answer: &Answer) -> u16 {
    let text = answer.text();
    let is_refused = text.contains("ERR ") || text.contains('\u{3}');
    let reasons = [
        ("the token is not valid", 401),
        ("the token does not allow", 403),
        ("not found", 404),
    ];
    let reason = reasons.iter().find(|(reason, _)| text.contains(reason));
    match reason {
        Some((_, status)) if answer.status == 200 && is_refused => *status,
        _ => answer.status,
    }
}

/// The statuses of both requests of both services.
fn statuses(client: &Rest, hosted: &Hosted) -> [u16; 4] {
    [
        told(&advertisement(client, hosted, FETCH)),
        told(&exchange(client, hosted, FETCH)),
        told(&advertisement(client, hosted, PUSH)),
        told(&exchange(client, hosted, PUSH)),
    ]
}

/// A token of the repository, and its id.
fn token(rest: &Rest, hosted: &Hosted, scope: &str) -> (String, String) {
    let body = json!({ "repo": hosted.name, "scope": scope });
    let made = rest.make_token(&hosted.namespace, &body);
    (made.plaintext, made.id)
}

fn revoke(rest: &Rest, hosted: &Hosted, token_id: &str) {
    let path = format!("/api/v1/namespaces/{}/tokens/{token_id}", hosted.namespace);
    assert_eq!(rest.delete(&path).result(200)["id"], token_id);
}

fn without_suffix(token: &str) -> &str {
    token.split('?').next().unwrap()
}

#[test]
fn a_private_repository_asks_for_credentials() {
    let hosted = create("private");
    for service in [FETCH, PUSH] {
        for answer in [
            advertisement(&anonymous(), &hosted, service),
            exchange(&anonymous(), &hosted, service),
        ] {
            assert_eq!(answer.status, 401, "{service}");
            assert!(answer.header("www-authenticate").starts_with(CHALLENGE));
            assert!(
                answer.text().contains("authentication"),
                "{}",
                answer.text()
            );
        }
    }
    let said = Scratch::new().git().fails(&["ls-remote", &hosted.remote]);
    assert!(said.contains("could not read Username"), "{said}");
}

#[test]
fn an_unknown_credential_is_refused_and_asked_for_again() {
    let hosted = create("unknown-token");
    let valid = without_suffix(&hosted.token);
    let long = "a".repeat(5000);
    let shouted = valid.to_uppercase();
    let cut = &valid[..valid.len() - 1];
    let longer = format!("{valid}0");
    let texts = [
        UNKNOWN,
        "x",
        "cairn_v1_",
        "cairn_v1_zz",
        cut,
        &longer,
        &shouted,
        &long,
        "' OR 1=1 --",
        "../../etc/passwd",
    ];
    for text in texts {
        for service in [FETCH, PUSH] {
            let answer = advertisement(&bearer(text), &hosted, service);
            assert_eq!(answer.status, 401, "{text:.60}");
            assert!(answer.header("www-authenticate").starts_with(CHALLENGE));
            let told = text.len() > 1 && answer.text().contains(text);
            assert!(!told, "a secret is told: {text:.60}");
            let answer = exchange(&bearer(text), &hosted, service);
            if text == UNKNOWN {
                // It could have been revoked since the advertisement, and Git shows no status.
                assert_eq!(answer.status, 200);
                assert!(
                    answer.text().contains("token is not valid"),
                    "{}",
                    answer.text()
                );
            } else {
                assert_eq!(answer.status, 401, "{text:.60}");
            }
        }
    }
    // Git asks its credential helper again and says so.
    let said = Scratch::new()
        .git()
        .fails(&["ls-remote", &hosted.url_with(UNKNOWN)]);
    assert!(said.contains("Authentication failed"), "{said}");
}

#[test]
fn a_header_that_cannot_be_read_is_a_credential_that_is_refused() {
    let hosted = create("headers");
    let path = hosted.git_path("info/refs?service=git-upload-pack");
    let token = without_suffix(&hosted.token);
    let headers = [
        "Basic".to_owned(),
        "Basic !!!".to_owned(),
        format!("Basic {token}"),
        format!("Basic {}", STANDARD.encode(token)),
        format!("Basic {}", STANDARD.encode([0xff, b':', 0xfe])),
        "Bearer".to_owned(),
        "Digest username=\"x\"".to_owned(),
        token.to_owned(),
        format!("Bearer {token} {token}"),
    ];
    for header in headers {
        let answer = anonymous().send(Method::GET, &path, &[("Authorization", &header)], b"");
        assert_eq!(answer.status, 401, "{header:.40}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with(CHALLENGE), "{header:.40}");
    }
}

#[test]
fn a_token_of_another_repository_is_forbidden() {
    let (own, other) = (create("own"), create("other"));
    let elsewhere = server().rest().create_repository("auth-elsewhere", "own");
    for (holder, target) in [(&own, &other), (&own, &elsewhere), (&elsewhere, &own)] {
        // KV's copy of a token changes nothing but the status.
        let statuses = statuses(&bearer(&holder.token), target);
        assert_eq!(statuses, [403, 401, 403, 401]);
    }
    assert_eq!(statuses(&bearer(&own.token), &own), [200; 4]);
}

#[test]
fn a_read_token_fetches_and_does_not_push() {
    let hosted = create("read-token");
    let (read, _) = token(&server().rest(), &hosted, "read");
    assert_eq!(statuses(&bearer(&read), &hosted), [200, 200, 403, 403]);
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    let said = source.fails(&["push", &hosted.url_with(&read), "main"]);
    assert!(said.contains("403"), "{said}");
    source.run(&["push", &hosted.url(), "main"]);
    let clone = scratch.clone(&hosted.url_with(&read), "clone", &[]);
    assert_eq!(
        clone.run(&["rev-parse", "HEAD"]),
        source.run(&["rev-parse", "HEAD"])
    );
}

#[test]
fn names_cannot_be_probed() {
    let hosted = create("there");
    let not_there = Hosted {
        name: "not-there".to_owned(),
        remote: hosted.remote.replace("there", "not-there"),
        ..hosted.clone()
    };
    let in_no_namespace = Hosted {
        namespace: "auth-nowhere".to_owned(),
        ..hosted.clone()
    };
    for unknown in [&not_there, &in_no_namespace] {
        assert_eq!(statuses(&server().rest(), unknown), [404; 4]);
        assert_eq!(statuses(&bearer(UNKNOWN), unknown), [401; 4]);
        for service in [FETCH, PUSH] {
            // The same answer to the letter, whether or not there is something.
            let one = advertisement(&anonymous(), unknown, service);
            let other = advertisement(&anonymous(), &hosted, service);
            assert_eq!((one.status, one.text()), (401, other.text()));
            let names = |answer: &Answer| -> Vec<String> {
                answer.headers.keys().map(ToString::to_string).collect()
            };
            assert_eq!(names(&one), names(&other));
            let one = exchange(&anonymous(), unknown, service);
            assert_eq!((one.status, one.text()), (401, other.text()));
        }
    }
    let said = Scratch::new()
        .git()
        .fails(&["ls-remote", &not_there.url_with(ADMIN_KEY)]);
    assert!(said.contains("not found"), "{said}");
}

#[test]
fn a_read_only_repository_refuses_in_band() {
    let rest = server().rest();
    let hosted = create("read-only");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    rest.patch(&hosted.path(""), &json!({ "read_only": true }))
        .result(200);
    source.commit("second");
    let said = source.fails(&["push", &hosted.url(), "main", "main:refs/tags/v1"]);
    // Before anything is packed.
    let line = "fatal: remote error: repository is read-only";
    assert!(said.contains(line), "{said}");
    let said = source.fails(&["push", &hosted.url(), ":main"]);
    assert!(said.contains("repository is read-only"), "{said}");
    assert_eq!(
        scratch
            .clone(&hosted.url(), "clone", &[])
            .run(&["rev-list", "--count", "HEAD"]),
        "1"
    );
    rest.patch(&hosted.path(""), &json!({ "read_only": false }))
        .result(200);
    source.run(&["push", &hosted.url(), "main"]);
}

#[test]
fn a_public_repository_is_fetched_by_anybody_and_pushed_by_few() {
    let rest = server().rest();
    let body = json!({ "name": "public", "public": true });
    let hosted = rest.create_repository_with("auth", &body);
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    assert_eq!(statuses(&anonymous(), &hosted), [200, 200, 401, 401]);
    for version in ["0", "2"] {
        let protocol = format!("protocol.version={version}");
        let clone = scratch.clone(&hosted.remote, version, &["-c", &protocol]);
        clone.fsck_strict();
    }
    let said = source.fails(&["push", &hosted.remote, "main:topic"]);
    assert!(said.contains("could not read Username"), "{said}");
    // A wrong credential is not the same as none.
    assert_eq!(statuses(&bearer(UNKNOWN), &hosted), [401; 4]);
    rest.patch(&hosted.path(""), &json!({ "public": false }))
        .result(200);
    assert_eq!(statuses(&anonymous(), &hosted), [401; 4]);
}

#[test]
fn a_credential_has_many_spellings() {
    let hosted = create("spellings");
    let bare = hosted.token.as_str();
    assert!(!bare.contains('?'), "{bare}");
    // Older versions handed tokens out with this suffix.
    let full = &format!("{bare}?expires=1795000000");
    let encoded = full.replace('?', "%3F").replace('=', "%3D");
    let lower = full.replace('?', "%3f").replace('=', "%3d");
    let nonsense = format!("{bare}?expires=1");
    let path = hosted.git_path("info/refs?service=git-receive-pack");
    for secret in [full, bare, &encoded, &lower, &nonsense] {
        let mut headers = vec![
            format!("Bearer {secret}"),
            format!("bearer {secret}"),
            format!("BEARER   {secret}"),
        ];
        for user in ["x", "", "git", "x-access-token", "Zoë", "a b"] {
            headers.push(format!(
                "Basic {}",
                STANDARD.encode(format!("{user}:{secret}"))
            ));
        }
        for header in headers {
            let answer = anonymous().send(Method::GET, &path, &[("Authorization", &header)], b"");
            assert_eq!(answer.status, 200, "{header}");
        }
    }
    // The operator's key opens every repository, for Git too.
    assert_eq!(statuses(&server().rest(), &hosted), [200; 4]);
    let scratch = Scratch::new();
    for password in [bare, &encoded, ADMIN_KEY] {
        for user in ["x", "someone%40example.com"] {
            let url = hosted
                .remote
                .replacen("://", &format!("://{user}:{password}@"), 1);
            scratch.git().run(&["ls-remote", &url]);
        }
    }
}

#[test]
fn a_name_is_matched_without_regard_to_case_and_suffix() {
    let hosted = server().rest().create_repository("Auth-Cased", "Some.Name");
    assert!(
        hosted.remote.ends_with("/git/Auth-Cased/Some.Name.git"),
        "{}",
        hosted.remote
    );
    let client = bearer(&hosted.token);
    for path in [
        "/git/Auth-Cased/Some.Name.git",
        "/git/auth-cased/some.name.git",
        "/git/AUTH-CASED/SOME.NAME.GIT",
        "/git/Auth-Cased/Some.Name",
        "/git/auth-CASED/some.NAME",
        "/git/%41uth-Cased/Some%2EName.git",
    ] {
        let answer = client.get(&format!("{path}/info/refs?service=git-upload-pack"));
        assert_eq!(answer.status, 200, "{path}");
    }
    let base = server().url().replacen(
        "://",
        &format!("://x:{}@", without_suffix(&hosted.token)),
        1,
    );
    let scratch = Scratch::new();
    let url = format!("{base}/git/AUTH-cased/some.NAME");
    scratch.git().run(&["ls-remote", &url]);
}

#[test]
fn a_path_that_is_no_repository_is_never_served() {
    let hosted = create("paths");
    let rest = server().rest();
    let query = "info/refs?service=git-upload-pack";
    for path in [
        "/git/auth",
        "/git/auth/",
        "/git//paths.git/info/refs?service=git-upload-pack",
        &format!("/git/auth/paths.git//{query}"),
        &format!("/git/auth/paths.git.git/{query}"),
        &format!("/git/auth/x/paths.git/{query}"),
        &format!("/git/auth/paths%2F..%2Fpaths.git/{query}"),
        &format!("/git/auth/paths%00.git/{query}"),
        &format!("/git/auth/.paths.git/{query}"),
        &format!("/git/auth/paths.lock/{query}"),
        &format!("/git/a/paths.git/{query}"),
        &format!("/GIT/auth/paths.git/{query}"),
        "/git/auth/paths.git/info/refs/",
        "/git/auth/paths.git/config",
    ] {
        let answer = rest.get(path);
        assert!(
            [400, 404].contains(&answer.status),
            "{path}: {}",
            answer.status
        );
    }
    for path in [
        "HEAD",
        "objects/info/packs",
        "info/refs",
        "info/refs?service=git-upload-archive",
    ] {
        assert_eq!(rest.get(&hosted.git_path(path)).status, 403, "{path}");
    }
    for (method, path) in [
        (Method::POST, "info/refs"),
        (Method::GET, FETCH),
        (Method::PUT, PUSH),
    ] {
        let answer = rest.send(method, &hosted.git_path(path), &[], b"");
        assert_eq!(answer.status, 405, "{path}");
    }
}
