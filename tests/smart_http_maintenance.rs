//! A repository through hundreds of pushes: packs stay few, pushes stay cheap, unneeded rows are
//! removed, and derived parts can be checked and rebuilt.

#![allow(clippy::indexing_slicing, reason = "a panic is how a test fails")]

use cairn_test_support as support;

use serde_json::{Value, json};
use support::git::{Git, refs_equal};
use support::rest::Hosted;
use support::scratch::Scratch;
use support::server::server;

fn create(name: &str) -> Hosted {
    server().rest().create_repository("maintenance", name)
}

fn path(hosted: &Hosted) -> String {
    format!(
        "/api/v1/namespaces/{}/repos/{}",
        hosted.namespace, hosted.name
    )
}

fn stats(hosted: &Hosted) -> Value {
    server()
        .rest()
        .get(&format!("{}/stats", path(hosted)))
        .result(200)
}

fn maintain(hosted: &Hosted, task: &str) -> Value {
    let route = format!("{}/maintenance", path(hosted));
    server()
        .rest()
        .post(&route, &json!({ "task": task }))
        .result(200)
}

/// Settings under which nothing is kept only because of its age.
fn keep_nothing(hosted: &Hosted) {
    let settings = json!({
        "prune_grace_seconds": 0,
        "reflog_retention_seconds": 0,
        "superseded_grace_seconds": 0,
    });
    let shown = server().rest().patch(&path(hosted), &settings).result(200);
    assert_eq!(shown["prune_grace_seconds"], 0);
}

fn push_commits(source: &Git, hosted: &Hosted, count: usize) {
    for number in 0..count {
        source.write(
            &format!("d{}/file", number % 5),
            format!("{number}\n").repeat(50),
        );
        source.commit(&format!("commit {number}"));
        source.run(&["push", "-q", &hosted.url(), "main"]);
    }
}

fn verified(hosted: &Hosted) {
    let answer = maintain(hosted, "verify");
    assert_eq!(answer["ok"], true, "{answer}");
}

/// The cost of one more push: rows read and written.
fn cost_of_a_push(source: &Git, hosted: &Hosted) -> (u64, u64) {
    let count = |stats: &Value, what: &str| stats["sql"][what].as_u64().expect("a number");
    let before = stats(hosted);
    let idle = stats(hosted);
    push_commits(source, hosted, 1);
    let after = stats(hosted);
    // The cost of reading the figures is subtracted.
    let of = |what| {
        let look = count(&idle, what) - count(&before, what);
        (count(&after, what) - count(&idle, what)).saturating_sub(look)
    };
    (of("rows_read"), of("rows_written"))
}

#[test]
fn hundreds_of_pushes_leave_few_packs_and_pushes_as_cheap_as_the_first() {
    let (scratch, hosted) = (Scratch::new(), create("hundreds"));
    let source = scratch.repository("source");
    push_commits(&source, &hosted, 2);
    let (read_first, written_first) = cost_of_a_push(&source, &hosted);
    assert!(written_first <= 20, "{written_first} rows written");

    push_commits(&source, &hosted, 250);
    let live = stats(&hosted)["packs"]["live"].as_u64().expect("a number");
    assert!(
        live <= 24,
        "{live} live packs, and nobody asked for maintenance"
    );
    maintain(&hosted, "run");
    let now = stats(&hosted);
    let live = now["packs"]["live"].as_u64().expect("a number");
    assert!(live <= 14, "{live} live packs");
    let merged = now["maintenance"].as_array().expect("a list");
    let merged = merged.iter().find(|run| run["task"] == "merge");
    let merged = merged.expect("a merge is on record");
    assert_eq!(merged["outcome"], "done");
    assert!(
        merged["packs"].as_u64() >= Some(6) && merged["rows"].as_u64() > Some(5),
        "{merged}"
    );

    // Three pushes, because an earlier push's alarm may ring during one of them.
    let costs = (0..3).map(|_| cost_of_a_push(&source, &hosted));
    let (read, written) = costs.min().expect("three pushes");
    assert!(
        written <= 20,
        "{written} rows written, {written_first} at the start"
    );
    assert!(
        read <= read_first + 100,
        "{read} rows read, {read_first} at the start"
    );

    verified(&hosted);
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(&source, &clone);

    // Superseded packs go when their time is over, and nothing else does.
    assert!(now["packs"]["superseded"].as_u64() > Some(200));
    keep_nothing(&hosted);
    // The next run removes the packs that this one merges, unless an alarm was faster.
    maintain(&hosted, "run");
    maintain(&hosted, "run");
    let now = stats(&hosted);
    let packs = &now["packs"];
    assert_eq!(
        (&packs["superseded"], &packs["quarantined"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(
        packs["part_rows"].as_u64(),
        packs["live"].as_u64().map(|live| 3 * live)
    );
    assert_eq!(
        packs["chunk_rows"], packs["live"],
        "small packs have a chunk each"
    );
    verified(&hosted);
    let clone = scratch.clone(&hosted.url(), "again", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(&source, &clone);
}

#[test]
fn unreachable_objects_are_pruned_after_their_grace_period() {
    let (scratch, hosted) = (Scratch::new(), create("pruned"));
    let source = scratch.repository("source");
    push_commits(&source, &hosted, 3);
    source.run(&["checkout", "-q", "-b", "secret"]);
    source.write("secret", "do not tell\n".repeat(20));
    source.commit("a secret");
    let secret = source.run(&["rev-parse", "HEAD"]);
    source.run(&["push", "-q", &hosted.url(), "secret"]);
    source.run(&["checkout", "-q", "main"]);
    source.run(&["push", "-q", &hosted.url(), ":secret"]);
    source.run(&["branch", "-D", "secret"]);
    push_commits(&source, &hosted, 1);

    // It is kept as long as the reflog says, or the grace period lasts.
    let before = stats(&hosted)["objects"].as_u64();
    maintain(&hosted, "run");
    assert_eq!(stats(&hosted)["objects"].as_u64(), before);
    let fetcher = scratch.repository("fetcher");
    fetcher.run(&["fetch", "-q", &hosted.url(), &secret]);

    keep_nothing(&hosted);
    let runs = maintain(&hosted, "run");
    let pruned = runs["runs"]
        .as_array()
        .expect("a list")
        .iter()
        .any(|run| run["task"] == "prune");
    assert!(pruned, "{runs}");
    assert!(stats(&hosted)["objects"].as_u64() < before);
    let other = scratch.repository("other");
    let said = other.fails(&["fetch", "-q", &hosted.url(), &secret]);
    assert!(said.contains("not our ref"), "{said}");
    verified(&hosted);
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(&source, &clone);
    // A client that has the commit may push it again.
    fetcher.run(&[
        "push",
        "-q",
        &hosted.url(),
        &format!("{secret}:refs/heads/back"),
    ]);
    verified(&hosted);
}

#[test]
fn rebuilt_parts_serve_as_before() {
    let (scratch, hosted) = (Scratch::new(), create("rebuilt"));
    let source = scratch.repository("source");
    support::history::History::small(5).make(&source);
    source.run(&["push", "-q", "--mirror", &hosted.url()]);
    push_commits(&source, &hosted, 8);
    verified(&hosted);
    let done = maintain(&hosted, "rebuild");
    assert!(done["packs"].as_u64() >= Some(2), "{done}");
    verified(&hosted);
    push_commits(&source, &hosted, 8);
    maintain(&hosted, "run");
    verified(&hosted);
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(&source, &clone);
}

#[test]
fn only_administrators_maintain_and_only_in_known_ways() {
    let hosted = create("refused");
    let route = format!("{}/maintenance", path(&hosted));
    let rest = server().rest();
    assert_eq!(
        rest.anonymous()
            .post(&route, &json!({ "task": "run" }))
            .status,
        401
    );
    let token = rest.with_bearer(&hosted.token);
    assert_eq!(token.post(&route, &json!({ "task": "run" })).status, 403);
    assert_eq!(rest.post(&route, &json!({ "task": "dance" })).status, 400);
    assert_eq!(rest.get(&route).status, 405);
    let patch = json!({ "prune_grace_seconds": 4_000_000_000_u32 });
    let answer = rest.patch(&path(&hosted), &patch);
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.json()["errors"][0]["source"]["pointer"],
        "/prune_grace_seconds"
    );
    // Nothing is wrong with an empty repository.
    verified(&hosted);
    maintain(&hosted, "rebuild");
    maintain(&hosted, "run");
}
