//! Sessions as programs see them: the credentials that sign in, the requests for which the cookie counts, and
//! the ends of a session.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::Method;

use super::support::rest::{Answer, Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::{ADMIN_KEY, Server, server};
use super::support::wait::until_true;

const SESSION: &str = "/api/v1/session";
const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");
const MARK: (&str, &str) = ("x-cairn-session", "1");

/// Somebody's browser, which has a cookie and is on one of our pages.
struct Browser {
    rest: Rest,
    origin: String,
    cookie: String,
}

impl Browser {
    fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let cookie = [("Cookie", self.cookie.as_str())];
        let headers = [&cookie, headers].concat();
        self.rest.send(method, path, &headers, body)
    }

    fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[OURS], b"")
    }

    /// As our pages change something.
    fn change(&self, method: Method, path: &str, body: &Value) -> Answer {
        let headers = [OURS, MARK, ("Origin", self.origin.as_str())];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.send(method, path, &headers, body.as_bytes())
    }

    fn who(&self) -> Value {
        self.get(SESSION).result(200)
    }
}

fn try_sign_in(server: &Server, token: &str) -> Answer {
    let body = json!({ "token": token }).to_string();
    let rest = server.rest().anonymous();
    rest.send(Method::POST, SESSION, &[OURS, MARK], body.as_bytes())
}

fn sign_in(server: &Server, token: &str) -> Browser {
    let answer = try_sign_in(server, token);
    answer.result(200);
    let set = answer.header("set-cookie");
    let (cookie, _) = set.split_once(';').unwrap();
    Browser {
        rest: server.rest().anonymous(),
        origin: server.url(),
        cookie: cookie.to_owned(),
    }
}

/// A private repository with a commit.
fn private(name: &str) -> Hosted {
    let (server, scratch) = (server(), Scratch::new());
    scratch.pushed(&server.rest(), "sessions", name).0
}

#[test]
fn a_user_with_a_token_signs_in_and_is_known_by_the_cookie() {
    let (server, hosted) = (server(), private("known"));
    let answer = try_sign_in(server, &hosted.token);
    let who = answer.result(200);
    assert_eq!(who["kind"], "token");
    assert_eq!(
        (&who["namespace"], &who["repository"]),
        (&json!("sessions"), &json!("known"))
    );
    assert_eq!(
        (&who["scope"], &who["session"]),
        (&json!("write"), &json!(true))
    );
    let set = answer.header("set-cookie");
    assert!(set.starts_with("__Host-cairn-session="), "{set}");
    assert!(
        set.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"),
        "{set}"
    );
    assert!(!set.contains("Domain"), "{set}");
    assert!(set.contains("; Max-Age=43200;"), "half a day: {set}");
    let secret = hosted.token.split('?').next().unwrap();
    assert!(!set.contains(secret) && !answer.text().contains(secret));

    let browser = sign_in(server, &hosted.token);
    assert_eq!(browser.who(), {
        let mut same = who.clone();
        same["expires_at"] = browser.who()["expires_at"].clone();
        same
    });
    browser.get(&hosted.path("/log")).result(200);
    let operator = sign_in(server, ADMIN_KEY);
    assert_eq!(operator.who()["kind"], "operator");
    operator.get("/api/v1/namespaces").result(200);
    for (asked, scope) in [
        (json!({ "scope": "admin" }), "admin"),
        (json!({ "scope": "read" }), "read"),
    ] {
        let token = server.rest().make_token("sessions", &asked);
        let who = sign_in(server, &token.plaintext).who();
        assert_eq!(who["kind"], "namespace");
        assert_eq!(
            (&who["scope"], &who["repository"]),
            (&json!(scope), &Value::Null)
        );
    }
    let nobody = server.rest().anonymous().get(SESSION).result(200);
    assert_eq!(
        (&nobody["kind"], &nobody["session"]),
        (&json!("anonymous"), &json!(false))
    );
    assert_eq!(
        server.rest().get(SESSION).result(200)["kind"],
        "operator",
        "by a header as well"
    );
}

#[test]
fn a_wrong_token_signs_nobody_in() {
    let (server, hosted) = (server(), private("wrong"));
    let other = hosted.token.split('?').next().unwrap();
    let (rest, last) = other.split_at(other.len() - 1);
    let mistyped = format!("{rest}{}", if last == "0" { "1" } else { "0" });
    for token in [
        "",
        "x",
        "cairn_08umpsRGMi9hXbwR6pXWz2Ckob64ZE8ep",
        &mistyped,
        "eyJ.eyJ.x",
        "a b",
    ] {
        let answer = try_sign_in(server, token);
        answer.error_code(401);
        assert_eq!(answer.header("set-cookie"), "", "{token}");
    }
    let forms = [
        json!({}),
        json!({ "token": 1 }),
        json!({ "token": "x", "more": 1 }),
        json!([]),
    ];
    for body in forms {
        let body = body.to_string();
        let answer =
            server
                .rest()
                .anonymous()
                .send(Method::POST, SESSION, &[OURS, MARK], body.as_bytes());
        assert_eq!(answer.status, 400, "{body}");
    }
}

#[test]
fn the_cookie_counts_for_our_pages_alone() {
    let (server, hosted) = (server(), private("ours"));
    let browser = sign_in(server, ADMIN_KEY);
    let path = hosted.path("");
    let change = json!({ "description": "changed" }).to_string();
    let own = ("Origin", browser.origin.as_str());
    let json = ("Content-Type", "application/json");
    for (headers, status) in [
        (vec![], 401),
        (vec![("Sec-Fetch-Site", "cross-site")], 403),
        (vec![("Sec-Fetch-Site", "same-site")], 403),
        (vec![("Sec-Fetch-Site", "cross-site"), MARK, own], 403),
        (vec![OURS, MARK, ("Origin", "https://evil.example")], 401),
        (vec![OURS, MARK, ("Origin", "null")], 401),
        (vec![OURS, MARK], 401),
        (vec![OURS, own], 401),
        (vec![("Sec-Fetch-Site", "none"), MARK], 401),
        (vec![OURS, own, MARK], 200),
    ] {
        let headers = [&headers[..], &[json]].concat();
        let answer = browser.send(Method::PATCH, &path, &headers, change.as_bytes());
        assert_eq!(answer.status, status, "{headers:?} {}", answer.text());
    }
    for (headers, status) in [
        (vec![], 401),
        (vec![("Sec-Fetch-Site", "cross-site")], 401),
        (vec![("Sec-Fetch-Site", "same-site")], 401),
        (vec![("Sec-Fetch-Site", "none")], 200),
        (vec![OURS], 200),
        (vec![OURS, ("Authorization", "Bearer x")], 401),
    ] {
        let answer = browser.send(Method::GET, &path, &headers, b"");
        assert_eq!(answer.status, status, "{headers:?} {}", answer.text());
    }
}

#[test]
fn git_lfs_and_artifacts_take_no_cookie() {
    let (server, hosted) = (server(), private("git"));
    let browser = sign_in(server, ADMIN_KEY);
    let account = "/client/v4/accounts/a/artifacts/namespaces/sessions/repos/git";
    for path in [
        "/git/sessions/git.git/info/refs?service=git-upload-pack",
        "/git/sessions/git.git/info/refs?service=git-receive-pack",
        account,
        "/metrics",
    ] {
        let answer = browser.get(path);
        assert_eq!(answer.status, 401, "{path} {}", answer.text());
    }
    let own = ("Origin", browser.origin.as_str());
    let lfs = ("Content-Type", "application/vnd.git-lfs+json");
    let batch = hosted.git_path("info/lfs/objects/batch");
    let asked = json!({ "operation": "download", "objects": [] }).to_string();
    let headers = [OURS, MARK, own, lfs];
    let answer = browser.send(Method::POST, &batch, &headers, asked.as_bytes());
    assert_eq!(answer.status, 401, "{}", answer.text());
}

#[test]
fn signing_out_ends_the_session_for_every_copy_of_the_cookie() {
    let (server, hosted) = (server(), private("out"));
    let browser = sign_in(server, &hosted.token);
    let log = hosted.path("/log");
    let unmarked = browser.send(
        Method::DELETE,
        SESSION,
        &[OURS, ("Origin", browser.origin.as_str())],
        b"",
    );
    assert_eq!(unmarked.status, 403, "{}", unmarked.text());
    assert_eq!(browser.get(&log).status, 200);
    let answer = browser.change(Method::DELETE, SESSION, &Value::Null);
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert!(
        answer
            .header("set-cookie")
            .starts_with("__Host-cairn-session=; Max-Age=0;")
    );
    assert_eq!(browser.get(&log).status, 401);
    assert_eq!(browser.who()["kind"], "anonymous");
    // The token itself lives on; to sign in again ends the session before.
    let first = sign_in(server, &hosted.token);
    let body = json!({ "token": hosted.token });
    let second = first.change(Method::POST, SESSION, &body);
    second.result(200);
    assert_eq!(first.get(&log).status, 401);
}

#[test]
fn a_session_ends_with_its_token() {
    let (server, hosted) = (server(), private("ends"));
    let log = hosted.path("/log");
    let token = server
        .rest()
        .make_token("sessions", &json!({ "repo": "ends", "scope": "read" }));
    let browser = sign_in(server, &token.plaintext);
    assert_eq!(browser.get(&log).status, 200);
    let revoke = format!("/api/v1/namespaces/sessions/tokens/{}", token.id);
    server.rest().delete(&revoke).result(200);
    assert_eq!(browser.get(&log).status, 401);
    let who = browser.get(SESSION);
    assert_eq!(who.result(200)["kind"], "anonymous");
    assert!(who.header("set-cookie").contains("Max-Age=0"));
    try_sign_in(server, &token.plaintext).error_code(401);
    let short = json!({ "repo": "ends", "scope": "read", "ttl": 600 });
    let short = server.rest().make_token("sessions", &short);
    let set = try_sign_in(server, &short.plaintext);
    let set = set.header("set-cookie").to_owned();
    let seconds = set
        .split("Max-Age=")
        .nth(1)
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    assert!(
        (500..=600).contains(&seconds.parse::<u32>().unwrap()),
        "{set}"
    );
}

#[test]
fn a_session_lives_as_long_as_the_operator_says() {
    let server = Server::start_with(&[("CAIRN_SESSION_SECONDS", "3")]);
    let answer = try_sign_in(&server, ADMIN_KEY);
    assert!(answer.header("set-cookie").contains("; Max-Age=3;"));
    let browser = sign_in(&server, ADMIN_KEY);
    browser.get("/api/v1/namespaces").result(200);
    until_true("the session ended", Duration::from_secs(20), || {
        browser.get("/api/v1/namespaces").status == 401
    });
    assert_eq!(browser.who()["kind"], "anonymous");
}

#[test]
fn sessions_of_the_operator_end_with_the_key() {
    let mut server = Server::start();
    let browser = sign_in(&server, ADMIN_KEY);
    browser.get("/api/v1/namespaces").result(200);
    server.restart_with(&[("CAIRN_ADMIN_KEY", "another-key-of-these-tests")]);
    assert_eq!(browser.get("/api/v1/namespaces").status, 401);
    assert_eq!(browser.who()["kind"], "anonymous");
}

#[test]
fn public_repositories_stay_public_for_users_signed_in_elsewhere() {
    let (server, hosted) = (server(), private("elsewhere"));
    let open = json!({ "name": "open", "public": true });
    let open = server.rest().create_repository_with("others", &open);
    let closed = server.rest().create_repository("others", "closed");
    let browser = sign_in(server, &hosted.token);
    browser.get(&open.path("/refs")).result(200);
    // The answer about a private repository tells no more than the one about a missing repository.
    let told = |path: &str| {
        let answer = browser.get(path);
        (answer.status, answer.text())
    };
    let absent = told("/api/v1/namespaces/others/repos/absent/refs");
    assert_eq!(told(&closed.path("/refs")), absent);
    assert!([401, 403].contains(&absent.0), "{absent:?}");
}

#[test]
fn the_log_tells_the_token_and_the_session_and_no_secret() {
    let server = Server::start();
    let hosted = Scratch::new()
        .pushed(&server.rest(), "sessions", "logged")
        .0;
    let browser = sign_in(&server, &hosted.token);
    browser.get(&hosted.path("/log")).result(200);
    let of_log = |line: &&Value| line["route"] == "/api/v1/namespaces/:ns/repos/:name/log";
    let lines = server.request_lines(|lines| lines.iter().any(|line| of_log(&line)));
    let line = lines.iter().find(of_log).unwrap();
    assert_eq!(line["actor"], "token");
    assert_eq!(line["token_id"].as_str().unwrap().len(), 16);
    assert_eq!(line["session"].as_str().unwrap().len(), 16);
    let (_, value) = browser.cookie.split_once('=').unwrap();
    let log = server.log();
    let secret = hosted.token.split('?').next().unwrap();
    for secret in [value, secret] {
        assert!(!log.contains(secret), "a secret in the log");
    }
}

#[test]
fn pages_of_listed_origins_get_no_session() {
    let server = Server::start_with(&[("CAIRN_CORS_ORIGINS", "https://app.example")]);
    let hosted = Scratch::new()
        .pushed(&server.rest(), "sessions", "listed")
        .0;
    let browser = sign_in(&server, &hosted.token);
    let listed = ("Origin", "https://app.example");
    for site in ["cross-site", "same-site", "same-origin"] {
        let answer = browser.send(
            Method::GET,
            &hosted.path("/log"),
            &[("Sec-Fetch-Site", site), listed],
            b"",
        );
        assert_eq!(answer.status, 401, "{site}");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
    let asked = [
        listed,
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "x-cairn-session"),
    ];
    let preflight = browser.send(Method::OPTIONS, SESSION, &asked, b"");
    assert_eq!(preflight.status, 204);
    assert!(
        !preflight
            .header("access-control-allow-headers")
            .contains("x-cairn-session")
    );
}
