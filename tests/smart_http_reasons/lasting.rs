//! Lasting faults of the storage: no answer says to try again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::Server;
use super::support::wait::until;

/// The databases below a folder, largest last.
fn databases(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(databases(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "sqlite")
        {
            found.push(path);
        }
    }
    found
}

/// The databases of repositories: those with a table of refs.
fn repositories(state: &Path) -> Vec<PathBuf> {
    let has_refs = |path: &PathBuf| {
        let database = rusqlite::Connection::open(path).unwrap();
        let sql = "SELECT count(*) FROM sqlite_master WHERE name = 'token'";
        let tables = database.query_one(sql, (), |row| row.get::<_, i64>(0));
        path.to_string_lossy().contains("RepoDo") && tables.unwrap_or(0) > 0
    };
    databases(state).into_iter().filter(has_refs).collect()
}

fn pushed(server: &Server, scratch: &Scratch) -> Hosted {
    let hosted = server.rest().create_repository("lasting", "repo");
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main"]);
    hosted
}

/// Checks the words of git and REST, and that neither says to come back.
fn told(server: &Server, scratch: &Scratch, hosted: &Hosted, words: &str) {
    let answer = server.rest().get(&hosted.path(""));
    assert_eq!(answer.status, 500, "{}", answer.text());
    assert_eq!(answer.header("retry-after"), "");
    assert!(answer.text().contains(words), "{}", answer.text());
    let said = scratch
        .git_in("source")
        .fails(&["push", &hosted.url(), "main:other"]);
    assert!(said.contains(words), "{said}");
    assert!(!said.contains("try again"), "{said}");
}

/// Makes the schema of all repositories one that the server does not know.
fn renew_schema(server: &mut Server) {
    server.restart_after(|state| {
        for file in repositories(state) {
            let database = rusqlite::Connection::open(file).unwrap();
            database
                .execute("UPDATE schema_version SET version = 999", ())
                .unwrap();
        }
    });
}

#[test]
fn a_schema_newer_than_the_server_is_reported_as_newer() {
    let (mut server, scratch) = (Server::start(), Scratch::new());
    let hosted = pushed(&server, &scratch);
    renew_schema(&mut server);
    told(
        &server,
        &scratch,
        &hosted,
        "the storage was written by a newer version of this server",
    );
}

#[test]
fn a_request_that_meets_a_fault_logs_it_once() {
    const REQUESTS: usize = 20;
    let mut server = Server::start();
    let hosted = server.rest().create_repository("lasting", "logged");
    renew_schema(&mut server);
    for _ in 0..REQUESTS {
        let answer = server.rest().get(&hosted.path(""));
        assert_eq!(answer.status, 500, "{}", answer.text());
        // Not the number alone: the request's random id may have its digits.
        assert!(!answer.text().contains("version 999"), "{}", answer.text());
    }
    server.request_lines(|lines| lines.len() >= REQUESTS);
    // The object writes its lines by itself: they may come after those of the requests.
    let lines = until("the faults in the log", Duration::from_secs(10), || {
        let mut lines = server.json_lines();
        lines.retain(|line| line["kind"] == "store" && line["level"] == "error");
        Some(lines).filter(|lines| lines.len() >= REQUESTS)
    });
    // The alarm may have met it as well, some times.
    assert!((REQUESTS..2 * REQUESTS).contains(&lines.len()), "{lines:?}");
    let causes = |line: &serde_json::Value| line["message"].as_str().unwrap().contains("999");
    assert!(lines.iter().all(causes), "{lines:?}");
}

#[test]
fn a_damaged_database_is_reported_as_damaged() {
    let (mut server, scratch) = (Server::start(), Scratch::new());
    let hosted = pushed(&server, &scratch);
    server.restart_after(|state| {
        for file in repositories(state) {
            let bytes = std::fs::read(&file).unwrap();
            // The header stays, and every page after the first is noise.
            let page = 4096.min(bytes.len());
            let noise = vec![0xa5; bytes.len() - page];
            std::fs::write(&file, [&bytes[..page], &noise].concat()).unwrap();
            for suffix in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
            }
        }
    });
    told(
        &server,
        &scratch,
        &hosted,
        "the storage could not be opened and may be damaged",
    );
}
