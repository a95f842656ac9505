//! The code's names, calls and comments.

use std::collections::{BTreeMap, BTreeSet};

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
const ON_THE_PLATFORM: [&str; 8] = [
    "src/worker/",
    "src/repo_do/",
    "src/storage/analytics.rs",
    "src/storage/db/do_sql.rs",
    "src/storage/fault_log.rs",
    "src/storage/jurisdiction.rs",
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

/// `unreachable_pub` finds items that are public and cannot be named outside. This finds items that can be
/// named outside and are not. A type may be given out by a function whose caller does not name it, so types
/// are left out.
#[test]
fn no_public_function_or_constant_is_for_its_own_module_alone() {
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in ["src", "tests", "benches", "fuzz"]
        .map(|folder| files(folder, "rs"))
        .concat()
    {
        for word in text(&file).split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
            named
                .entry(word.to_owned())
                .or_default()
                .insert(file.clone());
        }
    }
    let mut wrong = Vec::new();
    for source in production() {
        let below = source.file.replace(".rs", "/");
        let is_outside = |file: &String| *file != source.file && !file.starts_with(&below);
        for name in public_names(&source.text) {
            if !named
                .get(name)
                .is_some_and(|files| files.iter().any(is_outside))
            {
                wrong.push(format!("{}: nothing outside names {name}", source.file));
            }
        }
    }
    none(&wrong);
}

/// The names of `pub fn`, `pub const` and `pub static`.
fn public_names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let item = line.trim_start().strip_prefix("pub ")?;
        let item = item.strip_prefix("async ").unwrap_or(item);
        let constant = item.strip_prefix("const ").or(item.strip_prefix("static "));
        let function = constant.unwrap_or(item).strip_prefix("fn ");
        let name = function.or(constant)?;
        name.split(['(', '<', ':']).next()
    })
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
    // Waiting itself, servers of the tests that may be slow, and stories in which the moment varies.
    let allowed = [
        "tests/support/wait.rs",
        "tests/support/receiver.rs",
        "tests/support/remote.rs",
        "tests/support/server.rs",
        "tests/smart_http_fork.rs",
        "tests/smart_http_mirrors_both_ways/rounds.rs",
    ];
    let sleeping = files("tests", "rs").into_iter().filter(|file| {
        !file.starts_with("tests/tidy/")
            && text(file).contains("sleep(")
            && !allowed.contains(&&**file)
    });
    let advice = |file| format!("{file}: wait for a condition, by support::wait");
    none(&sleeping.map(advice).collect::<Vec<_>>());
}
