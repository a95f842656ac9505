//! Work that was under way when 0.1 ended goes on, and unreferenced data is removed.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::old_state::{NAMESPACE, Old, imported, move_remote, repository};
use super::support::git::refs_equal;
use super::support::remote::Remote;
use super::support::wait::until_true;

const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn an_import_under_way_goes_on_by_itself() {
    let mut remote = None;
    let old = Old::serve(|scratch, state| {
        let source = imported(scratch);
        let serving = Remote::serve(&scratch.join("remotes"));
        move_remote(state, &serving);
        remote = Some((source, serving));
    });
    let (source, remote) = remote.unwrap();
    // No request wakes the object: its alarm does.
    until_true("the remote is asked", PATIENCE, || {
        !remote.seen().is_empty()
    });
    let rest = old.rest();
    let hosted = old.hosted_with("importing", super::support::server::ADMIN_KEY);
    until_true("the import is over", PATIENCE, || {
        rest.get(&hosted.path("")).result(200)["status"] == "ready"
    });
    let mirror = old.scratch.clone(&hosted.url(), "imported", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source, &mirror);
    // This version does not fetch again the parts that 0.1 fetched.
    let wants_all = |body: &str| body.contains("command=fetch") && !body.contains("have ");
    assert!(!remote.seen().iter().any(|seen| wants_all(&seen.body)));
}

#[test]
fn a_push_that_ended_with_0_1_leaves_nothing() {
    let old = Old::serve(|_, state| assert_eq!(quarantined(state), 1));
    // The alarm or requested maintenance sweeps the packs.
    old.maintain(&old.hosted("history"), "run");
    let stats = old.rest().get(&old.hosted("history").path("/stats"));
    assert_eq!(stats.result(200)["packs"]["quarantined"], 0);
    old.is_whole("history");
}

/// Packs of the repository that were never published.
fn quarantined(state: &Path) -> i64 {
    let database = Connection::open(repository(state, "history")).unwrap();
    let sql = "SELECT count(*) FROM pack WHERE state = 'quarantine'";
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn nothing_of_0_1_stays_in_r2_that_nobody_names() {
    let old = Old::serve(|_, _| {});
    let rest = old.rest();
    assert!(old.server.r2_objects() > 0);
    // A fork whose source is gone has all its objects until it is deleted.
    old.is_whole("orphan");
    let names = rest.repository_names(NAMESPACE, "sort=name");
    for name in &names {
        let hosted = old.hosted_with(name, "");
        rest.delete(&hosted.path("")).result(202);
    }
    until_true("an empty R2", PATIENCE, || old.server.r2_objects() == 0);
    until_true("an empty list", PATIENCE, || {
        rest.repository_names(NAMESPACE, "").is_empty()
    });
    let namespace = rest.delete(&format!("/api/v1/namespaces/{NAMESPACE}"));
    assert_eq!(namespace.status, 204, "{}", namespace.text());
}
