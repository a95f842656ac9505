//! `make bench` on the smallest repository, once: every row is there and both servers did the
//! work. Nothing is timed here.

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use cairn_test_support as support;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Command;

use serde_json::Value;
use support::package_root;
use support::scratch::Scratch;

/// The benchmark's message if the machine has no web server to compare with.
const STATUS_MISSING: i32 = 3;

/// Operations that only Cairn has; the others of REST have a command of git beside them.
const ALONE: [&str; 11] = [
    "REST: a tree with last commits",
    "REST: compare of 50 commits",
    "REST: files by name",
    "REST: events",
    "REST: a revert",
    "REST: a branch restored",
    "page: its document",
    "LFS: 1 MiB up",
    "LFS: 1 MiB down",
    "fork, the first",
    "fork",
];

#[test]
fn every_row_is_measured_on_both_servers() {
    let scratch = Scratch::new();
    let root = package_root();
    let output = Command::new(root.join("scripts/node"))
        .arg(root.join("scripts/bench/main.mjs"))
        .env("BENCH_DIR", scratch.join("kept"))
        .env("BENCH_SIZES", "small")
        .env("BENCH_REFS", "10")
        .env("BENCH_RUNS", "1")
        .env_remove("BENCH_BUNDLES")
        .output()
        .expect("bash is installed");
    let complained = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(STATUS_MISSING) {
        let why = complained.lines().last().unwrap_or_default();
        let said = format!("bench: skipped: {why}\n");
        let written = std::io::stderr().write_all(said.as_bytes());
        return written.expect("standard error can be written");
    }
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}{complained}");

    let results = std::fs::read(scratch.join("kept/results.json"));
    let results: Value =
        serde_json::from_slice(&results.expect("results are written")).expect("results are JSON");
    let rows = results["rows"].as_array().expect("there are rows");
    let operations: BTreeSet<_> = rows
        .iter()
        .filter_map(|row| row["operation"].as_str())
        .collect();
    assert_eq!(operations.len(), rows.len(), "{operations:?}");
    for operation in [
        "ls-remote, 10 refs",
        "push, all",
        "clone, all",
        "clone, raw response",
        "clone --depth=1",
        "clone --filter=blob:none",
        "4 clones at once",
        "clone, during a push",
        "push, one commit",
        "fetch, one commit",
        "fetch, 100 commits",
        "REST: blame",
        "REST: a commit",
        "REST: a merge",
        "import",
        "ready clone, raw response",
        "ready clone, git clone",
    ] {
        assert!(
            operations.contains(operation),
            "{operation} of {operations:?}"
        );
    }
    for row in rows {
        has_figures(row);
        assert!(table.contains(row["operation"].as_str().expect("a name")));
    }
    let picture = std::fs::read_to_string(scratch.join("kept/results.svg"));
    let picture = picture.expect("the rows are drawn");
    assert!(picture.contains("small, REST: blame: "), "{picture}");
    same_pack(rows, "clone, raw response");
    same_pack(rows, "ready clone, raw response");
}

fn has_figures(row: &Value) {
    assert_eq!(row["failed"], Value::Null, "{row}");
    let alone = ALONE.contains(&row["operation"].as_str().expect("a name"));
    let servers: &[&str] = if alone { &["cairn"] } else { &["cairn", "git"] };
    for server in servers {
        assert!(row[server]["wall_ms"].as_f64() > Some(0.0), "{row}");
        assert_eq!(row["samples"][server].as_array().map(Vec::len), Some(1));
    }
    assert_eq!(row["git"].is_null(), alone, "{row}");
    // To serve a whole repository takes CPU time.
    if row["operation"] == "4 clones at once" {
        for server in servers {
            assert!(row[server]["cpu_ms"].as_f64() > Some(0.0), "{row}");
        }
    }
}

/// Two servers that answer the same request send packs of about the same size.
fn same_pack(rows: &[Value], operation: &str) {
    let row = rows.iter().find(|row| row["operation"] == operation);
    let row = row.expect("the row was looked for before");
    let bytes = |server: &str| {
        let bytes = &row["samples"][server][0]["bytes"];
        bytes
            .as_f64()
            .unwrap_or_else(|| panic!("no bytes in {row}"))
    };
    let ratio = bytes("cairn") / bytes("git");
    assert!((0.5..2.0).contains(&ratio), "{ratio}: {row}");
}
