//! Tokens that are revoked or have reached their time, and repositories that are deleted.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::support::scratch::Scratch;
use super::support::server::{Server, server};
use super::{
    CHALLENGE, FETCH, PUSH, advertisement, anonymous, bearer, create, exchange, revoke, statuses,
    token,
};

#[test]
fn revoking_holds_at_once() {
    let rest = server().rest();
    let hosted = create("revoked");
    for round in 0..20 {
        let (plaintext, token_id) = token(&rest, &hosted, ["read", "write"][round % 2]);
        let client = bearer(&plaintext);
        assert_eq!(
            advertisement(&client, &hosted, FETCH).status,
            200,
            "round {round}"
        );
        revoke(&rest, &hosted, &token_id);
        for service in [FETCH, PUSH] {
            let answer = advertisement(&client, &hosted, service);
            assert_eq!(answer.status, 401, "round {round}");
            assert!(answer.header("www-authenticate").starts_with(CHALLENGE));
        }
        for service in [FETCH, PUSH] {
            let told = exchange(&client, &hosted, service).text();
            assert!(told.contains("token is not valid"), "round {round}: {told}");
        }
    }
    // The others live on.
    assert_eq!(statuses(&bearer(&hosted.token), &hosted), [200; 4]);
}

#[test]
fn a_deleted_repository_takes_its_tokens_along() {
    let rest = server().rest();
    let old = create("recreated");
    let (read, _) = token(&rest, &old, "read");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("secret");
    source.run(&["push", &old.url(), "main"]);
    let gone = rest.delete(&old.path("")).result(202);
    for client in [bearer(&old.token), bearer(&read), anonymous()] {
        assert_eq!(statuses(&client, &old), [401; 4]);
    }
    assert_eq!(statuses(&rest, &old), [404; 4]);

    let new = create("recreated");
    let shown = rest.get(&new.path("")).result(200);
    assert_ne!(shown["id"], gone["id"]);
    assert_eq!(shown["object_count"], 0);
    for client in [bearer(&old.token), bearer(&read)] {
        assert_eq!(statuses(&client, &new), [401; 4]);
    }
    assert_eq!(statuses(&bearer(&new.token), &new), [200; 4]);
    assert_eq!(scratch.git().run(&["ls-remote", &new.url()]), "");
    let tokens = rest.get(&new.path("/tokens?state=all")).result(200);
    assert_eq!(tokens.as_array().map(Vec::len), Some(1), "{tokens}");
}

#[test]
fn a_token_ends_at_its_time() {
    let mut server = Server::start();
    let rest = server.rest();
    let hosted = rest.create_repository("auth", "expired");
    let (plaintext, token_id) = token(&rest, &hosted, "write");
    let client = rest.with_bearer(&plaintext);
    assert_eq!(statuses(&client, &hosted), [200; 4]);
    // Tokens live for a minute at least: the time is changed where it is kept, not waited for.
    server.restart_after(|state| expire(state, &token_id));
    for service in [FETCH, PUSH] {
        let answer = advertisement(&client, &hosted, service);
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").starts_with(CHALLENGE));
    }
    assert_eq!(
        statuses(&rest.with_bearer(&hosted.token), &hosted),
        [200; 4]
    );
    let listed = rest.get(&hosted.path("/tokens?state=expired")).result(200);
    assert_eq!(listed[0]["id"], Value::from(token_id), "{listed}");
}

/// Moves a token's end into the past, in whichever database holds it.
fn expire(state: &Path, token_id: &str) {
    let mut changed = 0;
    for file in databases(state) {
        let database = rusqlite::Connection::open(&file).expect("a database opens");
        let sql = "UPDATE token SET created_at = 1, expires_at = 1000 WHERE id = ?1";
        // Other objects have other tables.
        changed += database.execute(sql, [token_id]).unwrap_or(0);
    }
    assert_eq!(changed, 1, "the token is kept in one place");
}

fn databases(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let within = |path: PathBuf| {
        if path.is_dir() {
            databases(&path)
        } else {
            vec![path]
        }
    };
    let mut found: Vec<_> = entries.flat_map(|entry| within(entry.path())).collect();
    found.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "sqlite")
    });
    found
}
