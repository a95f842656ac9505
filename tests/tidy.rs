//! The rules of `CONTRIBUTING.md` that a machine can check: layers, sizes, indexes, lost files.

#![allow(clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use support::arrows::{arrows, circles};
use support::source::{Source, declared, files, modules, text};

/// Lines of a source file, its tests apart.
const LINES_MAX: usize = 450;

/// What each layer may import of ours: itself, and what is written here.
const LAYERS: [(&str, &[&str]); 4] = [
    ("git", &[]),
    ("storage", &["git"]),
    ("repo_do", &["git", "storage"]),
    ("worker", &["storage", "repo_do::contract"]),
];

/// The order inside the engine. A part may import parts of lower rank; parts of one rank
/// may import each other where `true` stands.
const ENGINE: [(&[&str], bool); 4] = [
    (
        &[
            "object",
            "hash",
            "refname",
            "filter",
            "limits",
            "common_prefix",
        ],
        true,
    ),
    (&["protocol", "pack", "store"], true),
    (&["graph"], false),
    (
        &[
            "upload_pack",
            "receive_pack",
            "fetch_client",
            "maintenance",
            "content",
        ],
        false,
    ),
];

/// The rooms of the actor, from the roof down: each imports those below it only.
const ROOMS: [&str; 16] = [
    "shell",
    "dispatch",
    "alarm",
    "lifecycle",
    "receive",
    "upkeep",
    "content",
    "fetch",
    "intake",
    "r2",
    "request",
    "schedule",
    "object",
    "state",
    "runtime",
    "contract",
];

/// Files of one circle, and circles, at most. Both numbers only fall.
const CIRCLE_FILES_MAX: usize = 3;
const CIRCLES_MAX: usize = 8;

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
fn layers_import_only_downward() {
    let mut wrong = Vec::new();
    for source in production() {
        let Some(layer) = source.module.first() else {
            continue;
        };
        let allowed = LAYERS.iter().find(|(name, _)| name == layer);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{layer} is no layer"));
        for path in own_paths(&source) {
            let own = path.first() == Some(layer);
            let joined = path.join("::");
            let inside = |part: &&str| joined == **part || joined.starts_with(&format!("{part}::"));
            if !own && !allowed.iter().any(inside) {
                wrong.push(format!("{}: imports {joined}", source.file));
            }
        }
    }
    none(&wrong);
}

#[test]
fn the_engine_imports_only_downward_inside() {
    let rank = |part: &str| ENGINE.iter().position(|(parts, _)| parts.contains(&part));
    let mut wrong = Vec::new();
    for source in production() {
        let [layer, part, ..] = source.module.as_slice() else {
            continue;
        };
        if layer != "git" {
            continue;
        }
        let Some(from) = rank(part) else {
            wrong.push(format!(
                "{}: give git::{part} its place in ENGINE",
                source.file
            ));
            continue;
        };
        for path in own_paths(&source) {
            let [_, other, ..] = path.as_slice() else {
                continue;
            };
            let down = rank(other).is_some_and(|to| to < from || (to == from && ENGINE[to].1));
            if path.first() == Some(layer) && other != part && !down {
                wrong.push(format!("{}: imports {}", source.file, path.join("::")));
            }
        }
    }
    none(&wrong);
}

#[test]
fn the_rooms_of_the_actor_import_only_downward() {
    let rank = |room: &str| ROOMS.iter().position(|name| *name == room);
    let mut wrong = Vec::new();
    for source in production() {
        let [layer, room, ..] = source.module.as_slice() else {
            continue;
        };
        if layer != "repo_do" {
            continue;
        }
        let Some(from) = rank(room) else {
            wrong.push(format!("{}: give {room} its place in ROOMS", source.file));
            continue;
        };
        for path in own_paths(&source) {
            let [_, other, ..] = path.as_slice() else {
                continue;
            };
            let down = rank(other).is_some_and(|to| to >= from);
            if path.first() == Some(layer) && !down {
                wrong.push(format!("{}: imports {}", source.file, path.join("::")));
            }
        }
    }
    none(&wrong);
}

#[test]
fn packs_come_in_through_the_intake_alone() {
    // The machines that make and prove the objects of a pack, and the caches' way to yield.
    let own = [
        ("PackParser::new(", "intake"),
        ("Resolver::new(", "intake"),
        ("Connectivity::new(", "intake"),
        ("make_room(", "state"),
    ];
    let mut wrong = Vec::new();
    for source in production() {
        let [layer, room, ..] = source.module.as_slice() else {
            continue;
        };
        for (call, home) in own {
            if layer == "repo_do" && room != home && source.text.contains(call) {
                wrong.push(format!("{}: {call}..) is for {home} to call", source.file));
            }
        }
    }
    none(&wrong);
}

#[test]
fn circles_between_files_only_fall() {
    let found = circles(&arrows(&production()));
    let longest = found.first().map_or(0, Vec::len);
    println!("{} circles, the longest of {longest} files", found.len());
    for circle in &found {
        println!("{}: {}", circle.len(), circle.join(" "));
    }
    assert!(found.len() <= CIRCLES_MAX, "{} circles", found.len());
    assert!(longest <= CIRCLE_FILES_MAX, "a circle of {longest} files");
}

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
    // Waiting itself, two servers of the tests, and stories in which the moment is what varies.
    let allowed = [
        "tests/support/wait.rs",
        "tests/support/remote.rs",
        "tests/support/server.rs",
        "tests/smart_http_fork.rs",
    ];
    let sleeping = files("tests", "rs").into_iter().filter(|file| {
        file != "tests/tidy.rs" && text(file).contains("sleep(") && !allowed.contains(&&**file)
    });
    let advice = |file| format!("{file}: wait for a condition, by support::wait");
    none(&sleeping.map(advice).collect::<Vec<_>>());
}

#[test]
fn files_stay_small() {
    let mut sizes: Vec<_> = production()
        .into_iter()
        .map(|source| (source.lines(), source.file))
        .collect();
    sizes.sort_unstable();
    let longest = sizes.last().expect("there are sources");
    println!(
        "longest file: {} with {} lines of {LINES_MAX}",
        longest.1, longest.0
    );
    let long = sizes.iter().filter(|(lines, _)| *lines > LINES_MAX);
    none(
        &long
            .map(|(lines, file)| format!("{file}: {lines} lines"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_source_and_test_file_is_compiled() {
    let mut reached: BTreeSet<_> = modules().into_iter().map(|source| source.file).collect();
    // Cargo makes a test of `tests/name.rs` and of `tests/name/main.rs`.
    let is_root = |file: &String| match file.matches('/').count() {
        1 => true,
        2 => file.ends_with("/main.rs"),
        _ => false,
    };
    let mut open: Vec<_> = files("tests", "rs").into_iter().filter(is_root).collect();
    while let Some(file) = open.pop() {
        if reached.insert(file.clone()) {
            open.extend(
                declared(&file, &text(&file))
                    .into_iter()
                    .map(|(_, child, _)| child),
            );
        }
    }
    let all = files("src", "rs").into_iter().chain(files("tests", "rs"));
    // A package of its own is not for this one to compile.
    let apart = |file: &String| {
        let (folder, _) = file.rsplit_once('/').expect("a file in a folder");
        support::package_root()
            .join(folder)
            .join("Cargo.toml")
            .exists()
    };
    let forgotten: Vec<_> = all
        .filter(|file| !reached.contains(file) && !apart(file))
        .collect();
    none(&forgotten);
}

#[test]
fn every_table_has_prose_above_it() {
    let mut wrong = Vec::new();
    for file in files("migrations", "sql") {
        let text = text(&file);
        let mut above = "";
        for (line, content) in text.lines().enumerate() {
            if content.starts_with("CREATE TABLE") && !above.starts_with("-- ") {
                wrong.push(format!("{file}:{}: {content}", line + 1));
            }
            above = content;
        }
    }
    none(&wrong);
}

/// The files of SQL by folder, in order.
fn sql_folders() -> BTreeMap<String, Vec<String>> {
    let mut folders = BTreeMap::<_, Vec<_>>::new();
    for file in files("migrations", "sql") {
        let (folder, name) = file.rsplit_once('/').expect("it is in a folder");
        let names = folders.entry(folder.to_owned()).or_default();
        names.push(name.to_owned());
    }
    folders
}

#[test]
fn migrations_are_numbered_without_gaps_and_the_newest_schema_stands_beside_them() {
    for (folder, mut names) in sql_folders() {
        names.sort_unstable();
        assert_eq!(names.pop().as_deref(), Some("schema.sql"), "{folder}");
        for (place, name) in names.iter().enumerate() {
            let expected = format!("{:04}_", place + 1);
            assert!(
                name.starts_with(&expected),
                "{folder}/{name} is expected to begin {expected}"
            );
        }
    }
}

#[test]
fn every_decision_is_in_the_index_with_its_title() {
    let index = text("docs/adr/README.md");
    let index = index.split_whitespace().collect::<Vec<_>>().join(" ");
    let decisions = files("docs/adr", "md");
    assert!(decisions.len() > 30, "the decisions are not read");
    let missing = decisions.into_iter().filter_map(|file| {
        let name = file.trim_start_matches("docs/adr/").to_owned();
        let number = name.split('-').next()?.parse::<u32>().ok()?;
        let text = text(&file);
        let heading = text.lines().next().unwrap_or_default();
        let expected = match heading.strip_prefix(&format!("# {number}. ")) {
            Some(title) => format!("- [{number}]({name}) · **{title}.** "),
            None => return Some(format!("{file}: is expected to begin `# {number}. `")),
        };
        let found = index.contains(&expected);
        (!found).then(|| format!("docs/adr/README.md has no `{expected}`"))
    });
    none(&missing.collect::<Vec<_>>());
}

#[test]
fn every_file_of_sql_is_part_of_the_program() {
    let program = text("src/storage/db/schema.rs");
    let mut wrong = Vec::new();
    for (folder, names) in sql_folders() {
        let kind = folder.trim_start_matches("migrations/");
        let mut at = 0;
        for name in names.iter().filter(|name| *name != "schema.sql") {
            let Some(found) = program.find(&format!("\"{kind}/{name}\"")) else {
                wrong.push(format!("{folder}/{name} is never applied"));
                continue;
            };
            if found < at {
                wrong.push(format!("{folder}/{name} is applied too early"));
            }
            at = found;
        }
        if !program.contains(&format!("newest: include_sql!(\"{kind}/schema.sql\")")) {
            wrong.push(format!("{folder}/schema.sql makes no database"));
        }
    }
    none(&wrong);
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let claims = text("SECURITY.md");
    let mut named = Vec::new();
    for claim in claims
        .split("Test")
        .skip(1)
        .filter(|rest| rest.starts_with([':', 's']))
    {
        let end = claim
            .find("\n- ")
            .or(claim.find("\n\n"))
            .unwrap_or(claim.len());
        named.extend(
            claim[..end]
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned),
        );
    }
    assert!(named.len() > 30, "the claims are not read: {named:?}");
    let all = files("src", "rs").into_iter().chain(files("tests", "rs"));
    let sources: Vec<String> = all.map(|file| text(&file)).collect();
    let exists = |name: &String| {
        let declared = format!("fn {name}(");
        sources.iter().any(|source| source.contains(&declared))
    };
    none(
        &named
            .into_iter()
            .filter(|name| !exists(name))
            .collect::<Vec<_>>(),
    );
}

/// The sources that are not test code.
fn production() -> Vec<Source> {
    modules()
        .into_iter()
        .filter(|source| !source.test)
        .collect()
}

/// The paths into this crate, without `crate`.
fn own_paths(source: &Source) -> Vec<Vec<String>> {
    let own = source.paths().into_iter().filter(|path| path[0] == "crate");
    own.map(|path| path[1..].to_vec()).collect()
}

/// Fails with the whole list, so that one run shows everything.
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

mod the_reader {
    //! The rules are worth what the reading of the sources is worth.

    use super::support::source::paths_of;

    #[test]
    fn a_use_with_groups_is_multiplied_out() {
        let paths = paths_of("use crate::{git::{self, hash, pack::index as i}, storage::sql::*};");
        assert_eq!(
            paths,
            [
                "crate::git",
                "crate::git::hash",
                "crate::git::pack::index",
                "crate::storage::sql"
            ]
        );
    }

    #[test]
    fn paths_in_code_types_and_attributes_are_seen() {
        let paths =
            paths_of("fn f(a: &crate::x::Y) -> ::worker::Result<b::C> { d::e(a, worker::f()) }");
        assert_eq!(
            paths,
            ["crate::x::Y", "worker::Result", "b::C", "worker::f", "d::e"]
        );
    }

    #[test]
    fn tests_comments_and_strings_are_not_code() {
        let paths = paths_of(
            "/// a::b\n// c::d\nconst S: &str = \"e::f\";\n#[cfg(test)]\nmod tests { use g::h; }\n\
             #[cfg(test)]\nuse i::{j, k};\nfn live() { l::m() }",
        );
        assert_eq!(paths, ["l::m"]);
    }
}
