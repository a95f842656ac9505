//! The place, run in a browser: by the operator, and by somebody with a namespace's admin token.

use serde_json::json;

use super::seen::{public, told};
use super::support::git::Git;
use super::support::history::History;
use super::support::remote::Remote;
use super::support::scratch::Scratch;
use super::support::server::{ADMIN_KEY, Server};

/// Receivers and remotes of these stories are on this machine.
const PRIVATE: (&str, &str) = ("CAIRN_IMPORT_ALLOW_PRIVATE", "true");

/// A deleted repository can be restored.
const UNDELETE: (&str, &str) = ("CAIRN_UNDELETE_SECONDS", "600");

/// A commit that no server takes.
fn break_history(source: &Git) {
    let tree = source.run(&["rev-parse", "HEAD^{tree}"]);
    let hash = [
        "hash-object",
        "-w",
        "-t",
        "commit",
        "--literally",
        "--stdin",
    ];
    let bad = source.run_with(&hash, format!("tree {tree}\nauthor a\n\nbad\n").as_bytes());
    source.run(&["update-ref", "refs/heads/bad", &bad]);
}

#[test]
fn the_operator_runs_the_place() {
    let (server, scratch) = (Server::start_with(&[PRIVATE, UNDELETE]), Scratch::new());
    let hosted = public(&server, "quarry");
    for name in ["source", "broken"] {
        let source = scratch.bare_repository(&format!("remotes/{name}.git"));
        History::small(1).make(&source);
        if name == "broken" {
            break_history(&source);
        }
    }
    let remote = Remote::serve(&scratch.join("remotes"));
    let facts = json!({
        "operator": ADMIN_KEY,
        "source": remote.url("source.git"),
        "broken": remote.url("broken.git"),
    });
    told("operator", &server, &hosted, &facts);
}

#[test]
fn the_operator_recovers_what_an_object_has_lost() {
    let mut server = Server::start_with(&[("CAIRN_R2_GRACE_SECONDS", "0")]);
    let scratch = Scratch::new();
    let hosted = public(&server, "lost");
    let source = scratch.repository("source");
    source.write("a", "a\n");
    source.commit("Begin");
    source.run(&["push", "-q", &hosted.url(), "main"]);
    let rest = server.rest();
    let at_once = json!({ "settle_seconds": 0, "cold_after_seconds": 0, "cold_bytes_min": 0 });
    let shown = rest.patch(&hosted.path(""), &at_once).result(200);
    let task = json!({ "task": "snapshot" });
    rest.post(&hosted.path("/maintenance"), &task).result(200);
    server.restart_after(|state| {
        std::fs::remove_dir_all(state.join("data/do/-RepoDo")).unwrap();
    });
    let facts = json!({ "operator": ADMIN_KEY, "lost": shown["id"] });
    told("lost", &server, &hosted, &facts);
}

#[test]
fn an_admin_token_runs_its_namespace_and_sees_no_other() {
    let server = Server::start_with(&[UNDELETE]);
    let hosted = public(&server, "quarry");
    let secret = json!({ "name": "secret", "description": "of others" });
    server.rest().create_repository_with("other", &secret);
    let admin = server
        .rest()
        .make_token("pages", &json!({ "scope": "admin" }));
    let reader = server
        .rest()
        .make_token("pages", &json!({ "scope": "read" }));
    let facts = json!({ "admin": admin.plaintext, "reader": reader.plaintext });
    told("namespace", &server, &hosted, &facts);
}
