//! State as another server left it: under an older schema, or in the middle of making a repository.

// The lints of wire data: here every surprise is a failed test. A clock, in a test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

use cairn_test_support as support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use cairn::storage::db::schema::{NAMESPACE, REPOSITORY, Schema};
use rusqlite::Connection;
use serde_json::json;
use support::rest::Rest;
use support::scratch::Scratch;
use support::server::Server;

const ALREADY_EXISTS: u64 = 10_201;
const CREATE_IN_PROGRESS: u64 = 10_301;
const NOT_FOUND: u64 = 10_200;

/// The databases below a folder that are of this kind.
fn databases(folder: &Path, schema: Schema) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let within = |path: PathBuf| {
        if path.is_dir() {
            return databases(&path, schema);
        }
        let is_database = path
            .extension()
            .is_some_and(|extension| extension == "sqlite");
        let kind = is_database.then(|| version(&path)).flatten();
        if kind.is_some_and(|(kind, _)| kind == schema.kind) {
            vec![path]
        } else {
            Vec::new()
        }
    };
    entries.flat_map(|entry| within(entry.path())).collect()
}

/// Kind and version of a database of ours.
fn version(file: &Path) -> Option<(String, usize)> {
    let database = Connection::open(file).unwrap();
    let sql = "SELECT kind, version FROM schema_version";
    database
        .query_row(sql, [], |row| {
            Ok((row.get(0)?, row.get::<_, u16>(1)?.into()))
        })
        .ok()
}

fn names(database: &Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(sql).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

const TABLES: &str =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'";

/// Changes a database to the rows that the first schema would have held.
fn set_back(file: &Path, schema: Schema) {
    let (first, newest) = (
        Connection::open_in_memory().unwrap(),
        Connection::open_in_memory().unwrap(),
    );
    first.execute_batch(schema.migrations[0]).unwrap();
    for migration in schema.migrations {
        newest.execute_batch(migration).unwrap();
    }
    let database = Connection::open(file).unwrap();
    database
        .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; BEGIN")
        .unwrap();
    let ours: BTreeSet<String> = names(&newest, TABLES).into_iter().collect();
    let sql = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    for index in names(&newest, sql) {
        database
            .execute_batch(&format!("DROP INDEX {index}"))
            .unwrap();
    }
    for table in &ours {
        database
            .execute_batch(&format!("ALTER TABLE {table} RENAME TO newer_{table}"))
            .unwrap();
    }
    database.execute_batch(schema.migrations[0]).unwrap();
    for table in names(&first, TABLES)
        .iter()
        .filter(|table| *table != "schema_version")
    {
        let columns = names(
            &first,
            &format!("SELECT name FROM pragma_table_info('{table}')"),
        )
        .join(", ");
        let sql = format!(
            "INSERT OR REPLACE INTO {table} ({columns}) SELECT {columns} FROM newer_{table}"
        );
        database.execute_batch(&sql).unwrap();
    }
    for table in &ours {
        database
            .execute_batch(&format!("DROP TABLE newer_{table}"))
            .unwrap();
    }
    database.execute_batch("COMMIT").unwrap();
}

#[test]
fn data_of_an_older_version_is_served() {
    assert!(
        REPOSITORY.migrations.len() > 1,
        "there is nothing to upgrade from"
    );
    let mut server = Server::start();
    let scratch = Scratch::new();
    let hosted = server.rest().create_repository("upgrade", "repo");
    let source = scratch.repository("source");
    for number in 0..3 {
        source.write("file", format!("{number}\n"));
        source.commit(&format!("commit {number}"));
        source.run(&[
            "push",
            "--quiet",
            &hosted.url(),
            "main",
            &format!("main:topic-{number}"),
        ]);
    }
    source.run(&["tag", "-a", "v1", "-m", "tagged"]);
    source.run(&["push", "--quiet", &hosted.url(), "v1"]);
    let refs = source.run(&["ls-remote", &hosted.url()]);
    let shown = server.rest().get(&hosted.path("")).result(200);

    server.restart_after(|state| {
        for schema in [REPOSITORY, NAMESPACE] {
            let found = databases(state, schema);
            assert_eq!(found.len(), 1, "{}", schema.kind);
            set_back(&found[0], schema);
            assert_eq!(version(&found[0]), Some((schema.kind.to_owned(), 1)));
        }
    });

    // Everything is there, under the same token.
    assert_eq!(source.run(&["ls-remote", &hosted.url()]), refs);
    scratch
        .clone(&hosted.url(), "clone", &["--mirror"])
        .fsck_strict();
    let rest = server.rest();
    let after = rest.get(&hosted.path("")).result(200);
    for field in [
        "id",
        "created_at",
        "object_count",
        "size_bytes",
        "default_branch",
    ] {
        assert_eq!(after[field], shown[field], "{field}");
    }
    assert_eq!(after["fsck"]["strict"], false);
    let listed = rest.get("/api/v1/namespaces/upgrade/repos").result(200);
    assert_eq!(listed[0]["id"], shown["id"]);
    // And it goes on.
    source.commit("after");
    source.run(&["push", "--quiet", &hosted.url(), "main"]);
    let maintenance = json!({ "task": "verify" });
    rest.post(&hosted.path("/maintenance"), &maintenance)
        .result(200);
    rest.patch(&hosted.path(""), &json!({ "settle_seconds": 5 }))
        .result(200);
    scratch.clone(&hosted.url(), "again", &[]).fsck_strict();
    server.restart_after(|state| {
        for schema in [REPOSITORY, NAMESPACE] {
            let newest = (schema.kind.to_owned(), schema.migrations.len());
            assert_eq!(version(&databases(state, schema)[0]), Some(newest));
        }
    });
    source.run(&["ls-remote", "--exit-code", &hosted.url(), "main"]);
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

/// Changes the one namespace's database while nothing runs.
fn change(state: &Path, sql: &str, since_ms: i64) {
    let found = databases(state, NAMESPACE);
    assert_eq!(found.len(), 1);
    let database = Connection::open(&found[0]).unwrap();
    let changed = database.execute(sql, [since_ms]).unwrap();
    assert_eq!(changed, 1, "{sql}");
}

fn listed(rest: &Rest) -> Vec<String> {
    rest.repository_names("heal", "sort=name")
}

/// A name that was taken although its repository was never made.
const HALF: &str = "INSERT INTO repository (name_key, name, id, state, default_branch, read_only,
    public, created_at, updated_at)
    VALUES ('half', 'half', 'aaaaaaaaaaaaaaaa', 'creating', 'main', 0, 0, ?1, ?1)";

const REPOS: &str = "/api/v1/namespaces/heal/repos";

#[test]
fn a_name_whose_creator_died_goes_to_the_next_request() {
    let mut server = Server::start();
    server.rest().create_repository("heal", "whole");
    // Somebody may still be at it.
    server.restart_after(|state| change(state, HALF, now_ms()));
    let rest = server.rest();
    assert_eq!(
        rest.post(REPOS, &json!({ "name": "Half" })).error_code(409),
        CREATE_IN_PROGRESS
    );
    assert_eq!(
        rest.get(&format!("{REPOS}/half")).error_code(404),
        NOT_FOUND
    );
    assert_eq!(listed(&rest), ["whole"]);
    // A minute later nobody is.
    let sql = "UPDATE repository SET created_at = ?1 WHERE name_key = 'half'";
    server.restart_after(|state| change(state, sql, now_ms() - 61_000));
    let rest = server.rest();
    let made = rest.create_repository("heal", "Half");
    assert_eq!(listed(&rest), ["Half", "whole"]);
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &made.url(), "main"]);
}

#[test]
fn the_next_request_lists_a_repository_whose_entry_is_unconfirmed_or_lost() {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("heal", "made");
    server.rest().create_repository("heal", "other");
    let unconfirmed =
        "UPDATE repository SET state = 'creating', created_at = ?1 WHERE name_key = 'made'";
    let lost = "DELETE FROM repository WHERE name_key = 'made' AND created_at <> ?1";
    for sql in [unconfirmed, lost] {
        server.restart_after(|state| change(state, sql, now_ms() - 61_000));
        let rest = server.rest();
        assert_eq!(listed(&rest), ["other"], "{sql}");
        // It was there all the time.
        assert_eq!(rest.get(&hosted.path("")).result(200)["name"], "made");
        assert_eq!(
            rest.post(REPOS, &json!({ "name": "made" })).error_code(409),
            ALREADY_EXISTS
        );
        assert_eq!(listed(&rest), ["made", "other"], "{sql}");
        let scratch = Scratch::new();
        assert_eq!(scratch.git().run(&["ls-remote", &hosted.url()]), "");
    }
}

#[test]
fn a_deletion_clears_a_creation_that_died() {
    let mut server = Server::start();
    server.rest().create_repository("heal", "kept");
    server.restart_after(|state| change(state, HALF, now_ms() - 61_000));
    let rest = server.rest();
    // Its entry says that it is being made, its object knows of nothing.
    assert_eq!(
        rest.delete(&format!("{REPOS}/half")).error_code(404),
        NOT_FOUND
    );
    assert_eq!(rest.delete(&format!("{REPOS}/kept")).status, 202);
    assert_eq!(rest.delete("/api/v1/namespaces/heal").status, 204);
}

#[test]
fn an_old_ref_that_no_client_can_store_is_served_and_deletable_and_not_forked() {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("old-refs", "repo");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main", "main:topic"]);
    let long = format!("refs/heads/{}", "l".repeat(245));
    server.restart_after(|state| {
        let found = databases(state, REPOSITORY);
        let database = Connection::open(&found[0]).unwrap();
        let sql = "UPDATE ref SET name = CAST(?1 AS BLOB) WHERE name = CAST(?2 AS BLOB)";
        let changed = database.execute(sql, [long.as_str(), "refs/heads/topic"]);
        assert_eq!(changed.unwrap(), 1);
    });

    assert!(source.remote_refs(&hosted.url()).contains_key(&long));
    let rest = server.rest();
    let refs = rest.get(&hosted.path("/refs")).result(200).to_string();
    assert!(refs.contains(&long), "{refs}");
    let one = ["--single-branch", "--branch=main"];
    scratch.clone(&hosted.url(), "one", &one).fsck_strict();
    source.commit("second");
    let said = source.fails(&["push", &hosted.url(), &format!("main:{long}")]);
    assert!(said.contains("245 bytes, at most 240"), "{said}");

    let fork = json!({ "name": "fork" });
    let answer = rest.post(&hosted.path("/fork"), &fork).result(201);
    let reason = "refname with a component of 245 bytes, at most 240: clients could not store it";
    let skipped = json!({ "count": 1, "first": [{ "name": long, "reason": reason }] });
    assert_eq!(answer["skipped_refs"], skipped);
    let shown = rest.get("/api/v1/namespaces/old-refs/repos/fork");
    let shown = shown.result(200);
    assert_eq!(shown["skipped_refs"], skipped);
    assert_eq!(shown.get("fsck_warnings"), None);
    // The branch is not asked for, so it is not left out.
    let one = json!({ "name": "one", "default_branch_only": true });
    let answer = rest.post(&hosted.path("/fork"), &one).result(201);
    assert_eq!(answer["skipped_refs"], json!({ "count": 0, "first": [] }));
    let source_shown = rest.get(&hosted.path("")).result(200);
    assert_eq!(source_shown.get("skipped_refs"), None);
    let refs = rest.get("/api/v1/namespaces/old-refs/repos/fork/refs");
    let refs = refs.result(200).to_string();
    assert!(
        refs.contains("refs/heads/main") && !refs.contains(&long),
        "{refs}"
    );

    source.run(&["push", &hosted.url(), &format!(":{long}")]);
    assert!(!source.remote_refs(&hosted.url()).contains_key(&long));
    scratch
        .clone(&hosted.url(), "clone", &["--mirror"])
        .fsck_strict();
}
