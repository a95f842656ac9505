//! `make serve` as an operator meets it: starting, starting again, and what it refuses.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use cairn::storage::db::rusqlite_db::RusqliteDatabase;
use cairn::storage::db::sql::{Database as _, query_first};
use support::history::History;
use support::package_root;
use support::scratch::Scratch;
use support::server::{Server, serve_command};

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let scratch = Scratch::new();
    let output = serve_command(scratch.path())
        .env("PORT", &port)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains(&format!("port {port} is in use")), "{said}");
}

#[test]
fn a_state_is_served_by_one_server_at_a_time() {
    let server = Server::start();
    let second = serve_command(server.state())
        .env("PORT", "0")
        .stdin(Stdio::null())
        .output();
    let said = String::from_utf8_lossy(&second.expect("it runs").stderr).into_owned();
    assert!(said.contains("already"), "{said}");
    assert_eq!(server.rest().get("/healthz").status, 200);
}

#[test]
fn a_server_comes_back_on_its_port_after_an_end_and_after_a_crash() {
    let mut server = Server::start();
    let port = server.port();
    server.restart();
    assert_eq!(
        (server.port(), server.rest().get("/healthz").status),
        (port, 200)
    );
    server.crash();
    assert_eq!(
        (server.port(), server.rest().get("/healthz").status),
        (port, 200)
    );
}

/// What `make verify` does once all is built: whether all is well, and what it said.
fn verify(state: &Path) -> (bool, String) {
    let root = package_root();
    let mut command = Command::new(root.join("scripts/node"));
    let output = command
        .arg(root.join("scripts/verify.mjs"))
        .env("STATE", state)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), said)
}

/// Overwrites the packs of the repository of this name.
fn damage(state: &Path, name: &str) {
    for entry in std::fs::read_dir(state.join("data/do/-RepoDo")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "sqlite")
        {
            continue;
        }
        let db = RusqliteDatabase::open(&path).unwrap();
        let sql = "SELECT name FROM repository";
        let found = query_first(&db, sql, &[], |row| row.text(0));
        if found.is_ok_and(|found| found.as_deref() == Some(name)) {
            let sql = "UPDATE pack_chunk SET bytes = zeroblob(length(bytes))";
            assert_eq!(db.execute(sql, &[]), Ok(1));
        }
    }
}

#[test]
fn a_damaged_repository_of_a_state_is_found() {
    let (mut server, scratch) = (Server::start(), Scratch::new());
    let source = scratch.repository("source");
    History::small(3).make(&source);
    for (namespace, name) in [("verify-a", "sound"), ("verify-b", "broken")] {
        let hosted = server.rest().create_repository(namespace, name);
        source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    }
    server.rest().create_repository("verify-b", "empty");
    server.restart_after(|state| {
        let (ok, said) = verify(state);
        assert!(ok, "{said}");
        for line in [
            "whole\tverify-a/sound\t1 packs, ",
            "whole\tverify-b/broken\t1 packs, ",
        ] {
            assert!(said.contains(line), "{said}");
        }
        assert!(said.ends_with("3 whole, 0 in the making, 0 damaged, 0 not checked\n"));
        damage(state, "broken");
        let (ok, said) = verify(state);
        assert!(!ok, "{said}");
        assert!(said.contains("damaged\tverify-b/broken\t"), "{said}");
        assert!(said.ends_with("2 whole, 0 in the making, 1 damaged, 0 not checked\n"));
    });
    let (ok, said) = verify(scratch.path());
    assert_eq!((ok, said.as_str()), (false, ""), "there is no data");
}
