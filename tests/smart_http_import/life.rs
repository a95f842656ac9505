//! Imported repositories in use: maintenance, copies in R2, forks.

use serde_json::json;

use super::shallow::{edge, imported};
use super::story::{Source, begin, ready, server};
use super::support::history::History;
use super::support::remote::Rules;
use super::support::rest::Hosted;

const IMPORT_IN_PROGRESS: u64 = 10_302;

#[test]
fn other_work_waits_until_the_import_is_over() {
    let source = Source::new(&History::small(561));
    source.remote.set(Rules {
        bytes_per_second: Some(10_000),
        ..Rules::default()
    });
    let rest = server().rest();
    let hosted = begin(
        &rest,
        "import-life",
        "slow",
        &json!({ "url": source.url() }),
    );
    for task in ["run", "verify", "rebuild", "secure", "snapshot"] {
        let answer = rest.post(&hosted.path("/maintenance"), &json!({ "task": task }));
        assert_eq!(answer.error_code(409), IMPORT_IN_PROGRESS, "{task}");
    }
    let answer = rest.post(&hosted.path("/fork"), &json!({ "name": "early" }));
    assert_eq!(answer.error_code(409), IMPORT_IN_PROGRESS);
    assert_eq!(
        rest.get("/api/v1/namespaces/import-life/repos/early")
            .status,
        404
    );
    source.remote.set(Rules::default());
    ready(&rest, &hosted);
    let fork = rest.post(&hosted.path("/fork"), &json!({ "name": "early" }));
    assert_eq!(fork.status, 201, "{}", fork.text());
}

/// It is as shallow as before, and verifies.
fn check(source: &Source, hosted: &Hosted, clone: &str) {
    let rest = server().rest();
    let verified = rest.post(&hosted.path("/maintenance"), &json!({ "task": "verify" }));
    let verified = verified.result(200);
    assert_eq!(verified["ok"], true, "{verified}");
    let clone = source.scratch.clone(&hosted.url(), clone, &[]);
    assert_eq!(
        edge(&clone).trim(),
        source.git.run(&["rev-parse", "main~2"])
    );
    clone.fsck_strict();
}

#[test]
fn a_shallow_one_stays_so_in_r2_and_in_forks() {
    let (source, hosted) = imported("life");
    let rest = server().rest();
    check(&source, &hosted, "before");
    let rebuilt = rest.post(&hosted.path("/maintenance"), &json!({ "task": "rebuild" }));
    rebuilt.result(200);
    check(&source, &hosted, "rebuilt");

    let settings = json!({
        "settle_seconds": 0, "cold_after_seconds": 0, "cold_bytes_min": 0, "ready_bytes_min": 0
    });
    rest.patch(&hosted.path(""), &settings).result(200);
    let copied = rest.post(&hosted.path("/maintenance"), &json!({ "task": "snapshot" }));
    copied.result(200);
    let stats = rest.get(&hosted.path("/stats")).result(200);
    assert_eq!(stats["packs"]["cold"], 1, "{stats}");
    check(&source, &hosted, "cold");

    let forked = rest.post(&hosted.path("/fork"), &json!({ "name": "fork" }));
    let fork = Hosted::made(&hosted.namespace, &forked);
    check(&source, &fork, "fork");
    // A push onto shared packs is proved up to the edge, and verified on top of them.
    let work = source.scratch.clone(&fork.url(), "work", &[]);
    work.write("file", "more\n");
    work.commit("more");
    work.run(&["push", "--quiet", "origin", "main"]);
    check(&source, &fork, "pushed");
}
