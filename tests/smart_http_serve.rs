//! `make serve` as an operator meets it: starting, starting again, and its refusals.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic)]

use cairn_test_support as support;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use cairn::storage::db::rusqlite_db::RusqliteDatabase;
use cairn::storage::db::sql::{Database as _, query_first};
use support::history::History;
use support::package_root;
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, Server, serve_command};
use support::tools::path_without;

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
fn a_state_that_cannot_be_kept_is_refused_in_a_sentence() {
    let scratch = Scratch::new();
    let file = scratch.join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("state");
    let mut cases = vec![(file, "it is a file"), (below, "lies below one")];
    if cfg!(target_os = "linux") {
        // Even the superuser writes nothing there.
        cases.push(("/proc".into(), "cannot be kept in /proc"));
    }
    for (state, why) in cases {
        let output = serve_command(&state).env("PORT", "0").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with("error: data cannot be kept in "), "{said}");
        assert!(said.contains(why) && said.contains("STATE="), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn tools_that_are_missing_are_named_before_anything_is_installed() {
    let scratch = Scratch::new();
    let output = Command::new(package_root().join("scripts/install.sh"))
        .env("PATH", path_without(&["git", "cc"], &scratch))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    let missing: Vec<_> = said.lines().collect();
    assert_eq!(missing.len(), 2, "{said}");
    assert!(missing[0].starts_with("error: git is needed: "), "{said}");
    assert!(missing[1].starts_with("error: cc is needed: "), "{said}");
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

/// The README's shell commands that contain `part`, as they are pasted.
fn readme_commands(part: &str) -> String {
    let readme = std::fs::read_to_string(package_root().join("README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1);
    let mut blocks = blocks.map(|block| block.split("```").next().unwrap());
    blocks
        .find(|block| block.contains(part))
        .unwrap()
        .to_owned()
}

/// Pastes commands into a shell in this folder, for `server`: gives its status, and its output.
fn paste(server: &Server, scratch: &Scratch, commands: &str) -> (bool, String) {
    let commands = commands
        .replace("127.0.0.1:8787", &format!("127.0.0.1:{}", server.port()))
        .replace("$(cat .cairn/admin-key)", ADMIN_KEY);
    let mut shell = Command::new("bash");
    shell
        .args(["-c", &format!("exec 2>&1\n{commands}")])
        .current_dir(package_root())
        .env("PORT", server.port().to_string())
        .env("STATE", server.state())
        .env("CAIRN_ADMIN_KEY", ADMIN_KEY)
        .env("TMPDIR", scratch.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    for who in ["AUTHOR", "COMMITTER"] {
        shell.env(format!("GIT_{who}_NAME"), "A reader");
        shell.env(format!("GIT_{who}_EMAIL"), "reader@example.com");
    }
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), said)
}

#[test]
fn the_readmes_commands_work_each_time_they_are_pasted() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let commands = readme_commands("make token");
    for _ in 0..2 {
        let (ok, said) = paste(&server, &scratch, &commands);
        assert!(ok && said.contains("HEAD -> main"), "{said}");
    }
    let log = "/api/v1/namespaces/demo/repos/hello/log?ref=main";
    let commits = server.rest().get(log).result(200);
    assert_eq!(commits.as_array().map(Vec::len), Some(2));

    let commands = readme_commands("$API/tokens");
    for _ in 0..2 {
        let (ok, said) = paste(&server, &scratch, &commands);
        assert!(ok && said.contains("\"plaintext\""), "{said}");
    }
}

#[test]
fn a_token_is_never_the_text_of_an_error() {
    let (server, scratch) = (Server::start(), Scratch::new());
    for (arguments, reason) in [
        ("", "say which repository"),
        ("REPO=d/hello", "invalid path"),
        (
            "REPO=demo/hello CAIRN_ADMIN_KEY=wrong",
            "does not accept this operator's key",
        ),
        (
            "REPO=demo/hello PORT=1",
            "nothing answers on http://127.0.0.1:1",
        ),
    ] {
        let token = format!("TOKEN=$(make token {arguments}); echo \"[$TOKEN]\"");
        let (_, said) = paste(&server, &scratch, &token);
        assert!(
            said.contains(reason) && said.ends_with("[]\n"),
            "{arguments}: {said}"
        );
    }
}

/// Runs `make verify`, without the build: gives whether all is well, and its output.
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
