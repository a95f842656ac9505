//! Imports that are refused at once, and leave nothing.

use serde_json::json;

use super::story::{PRIVATE, Source, ask, begin, ready, server};
use super::support::history::History;
use super::support::remote::Rules;
use super::support::server::{self, Server};

const INVALID_INPUT: u64 = 10_100;
const INVALID_URL: u64 = 10_104;
const REMOTE_AUTH_REQUIRED: u64 = 10_106;
const NOT_FOUND: u64 = 10_200;
const UPSTREAM_UNAVAILABLE: u64 = 10_401;

#[test]
fn private_hosts_are_refused_unless_the_operator_allows_them() {
    // The server that all stories share allows them; this one is as deployed.
    let rest = server::server().rest();
    for url in [
        "http://github.com/git/git",
        "https://127.0.0.1/x",
        "https://2130706433/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://metadata.google.internal/x",
        "https://printer.local/x",
        "ssh://git@github.com/git/git",
        "git@github.com:git/git",
        "",
    ] {
        let answer = ask(&rest, "import-no", "private", &json!({ "url": url }));
        assert_eq!(answer.error_code(400), INVALID_URL, "{url}");
        assert_eq!(answer.json()["errors"][0]["source"]["pointer"], "/url");
    }
    let path = "/api/v1/namespaces/import-no/repos/private";
    assert_eq!(rest.get(path).error_code(404), NOT_FOUND);
}

#[test]
fn wrong_fields_are_named() {
    let rest = server().rest();
    let source = Source::new(&History::small(521));
    let url = source.url();
    let check = |body: serde_json::Value, pointer: &str| {
        let answer = ask(&rest, "import-no", "fields", &body);
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{body}");
        assert_eq!(
            answer.json()["errors"][0]["source"]["pointer"],
            pointer,
            "{body}"
        );
    };
    check(json!({ "url": url, "depth": 0 }), "/depth");
    check(json!({ "url": url, "branch": "a..b" }), "/branch");
    check(json!({ "url": url, "branch": "absent" }), "/branch");
    check(json!({ "url": url, "colour": "red" }), "/colour");
    let both = source.remote.url_with("a:b", "source.git");
    check(json!({ "url": both, "password": "c" }), "/url");
    let anonymous = rest.anonymous();
    let answer = ask(&anonymous, "import-no", "fields", &json!({ "url": url }));
    assert_eq!(answer.status, 401);
}

#[test]
fn an_import_from_something_else_leaves_nothing() {
    let rest = server().rest();
    let source = Source::empty();
    let check = |url: &str, status: u16, code: u64| {
        let answer = ask(&rest, "import-no", "none", &json!({ "url": url }));
        assert_eq!(answer.error_code(status), code, "{}", answer.text());
        let shown = rest.get("/api/v1/namespaces/import-no/repos/none");
        assert_eq!(shown.error_code(404), NOT_FOUND);
    };
    check(&source.remote.url("absent.git"), 400, INVALID_URL);
    check("http://127.0.0.1:1/x", 502, UPSTREAM_UNAVAILABLE);
    let set = |rules: Rules| source.remote.set(rules);
    set(Rules {
        is_web_page: true,
        ..Rules::default()
    });
    check(&source.url(), 400, INVALID_URL);
    set(Rules {
        status: Some(500),
        ..Rules::default()
    });
    check(&source.url(), 502, UPSTREAM_UNAVAILABLE);
    // To another protocol, round in a circle, and to a page that is not Git's.
    for target in ["ssh://127.0.0.1/x", "/source.git", "/login?then="] {
        set(Rules {
            redirect: Some(("/source.git".to_owned(), target.to_owned())),
            ..Rules::default()
        });
        check(&source.url(), 400, INVALID_URL);
    }
    rest.create_repository("import-no", "none");
}

#[test]
fn credentials_are_asked_for_used_and_never_stored() {
    let server = Server::start_with(&[PRIVATE]);
    let rest = server.rest();
    let source = Source::new(&History::small(522));
    let password = "a-password-that-is-nowhere";
    source.remote.set(Rules {
        credentials: Some(format!("me:{password}")),
        ..Rules::default()
    });
    let body = json!({ "url": source.url() });
    let answer = ask(&rest, "import", "locked", &body);
    assert_eq!(answer.error_code(422), REMOTE_AUTH_REQUIRED);
    let body = json!({ "url": source.url(), "username": "me", "password": "wrong" });
    let answer = ask(&rest, "import", "locked", &body);
    assert_eq!(answer.error_code(422), REMOTE_AUTH_REQUIRED);

    let url = source
        .remote
        .url_with(&format!("me:{password}"), "source.git");
    let hosted = begin(&rest, "import", "locked", &json!({ "url": url }));
    let shown = ready(&rest, &hosted);
    assert_eq!(shown["source"], format!("git:{}", source.url()));
    let body = json!({ "url": source.url(), "username": "me", "password": password });
    let hosted = begin(&rest, "import", "fields", &body);
    ready(&rest, &hosted);

    let mut server = server;
    server.restart_after(|state| {
        let found = std::process::Command::new("grep")
            .args(["--recursive", "--text", "--files-with-matches", password])
            .arg(state)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&found.stdout), "");
    });
}
