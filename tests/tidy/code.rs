//! What the code names, calls and says.

use super::support::source::{files, text};
use super::{none, production};

/// The crates that exist on the platform alone.
const PLATFORM: [&str; 5] = [
    "web_sys",
    "js_sys",
    "wasm_bindgen",
    "wasm_bindgen_futures",
    "wasm_streams",
];

/// Where the platform may be named: the edge, the shell, and one adapter for each store.
const ON_THE_PLATFORM: [&str; 7] = [
    "src/worker/",
    "src/repo_do/",
    "src/storage/analytics.rs",
    "src/storage/db/do_sql.rs",
    "src/storage/fault_log.rs",
    "src/storage/kv.rs",
    "src/storage/r2/binding.rs",
];

/// How SQL begins.
const SQL: [&str; 10] = [
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE FROM ",
    "REPLACE INTO ",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "DROP TABLE ",
    "ALTER TABLE ",
    "PRAGMA ",
];

#[test]
fn the_platform_is_named_only_at_its_edges() {
    let mut wrong = Vec::new();
    for source in production() {
        if ON_THE_PLATFORM
            .iter()
            .any(|place| source.file.starts_with(place))
        {
            continue;
        }
        let words = source.words();
        for name in PLATFORM.iter().filter(|name| words.contains(**name)) {
            wrong.push(format!("{}: names {name}", source.file));
        }
        // Ours is `crate::worker`; a path that begins with the word is the platform's.
        if source.paths().iter().any(|path| path[0] == "worker") {
            wrong.push(format!("{}: names the crate worker", source.file));
        }
    }
    none(&wrong);
}

#[test]
fn sql_is_written_only_in_the_storage_layer() {
    let mut wrong = Vec::new();
    for source in production() {
        if source.file.starts_with("src/storage/") {
            continue;
        }
        for string in source.strings() {
            if SQL.iter().any(|start| string.contains(start)) {
                wrong.push(format!("{}: {string}", source.file));
            }
        }
    }
    none(&wrong);
}

#[test]
fn no_input_can_panic_by_a_shortcut() {
    let mut wrong = Vec::new();
    for source in production() {
        let macros = ["panic", "todo", "unimplemented", "dbg"];
        for call in source.calls(&["unwrap", "unwrap_err"], &macros) {
            wrong.push(format!("{}: {call}", source.file));
        }
    }
    none(&wrong);
}

#[test]
fn waiting_is_done_by_our_own_timer() {
    let named = production()
        .into_iter()
        .filter(|source| source.words().contains("Delay"));
    none(
        &named
            .map(|source| format!("{}: see docs/adr/0015", source.file))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn stories_do_not_sleep() {
    // Waiting itself, servers of the tests that may be slow, and stories in which the moment is what varies.
    let allowed = [
        "tests/support/wait.rs",
        "tests/support/receiver.rs",
        "tests/support/remote.rs",
        "tests/support/server.rs",
        "tests/smart_http_fork.rs",
    ];
    let sleeping = files("tests", "rs").into_iter().filter(|file| {
        !file.starts_with("tests/tidy/")
            && text(file).contains("sleep(")
            && !allowed.contains(&&**file)
    });
    let advice = |file| format!("{file}: wait for a condition, by support::wait");
    none(&sleeping.map(advice).collect::<Vec<_>>());
}
