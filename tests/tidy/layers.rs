//! The imports that each part may have.

use super::support::arrows::{arrows, circles};
use super::support::source::Source;
use super::{none, production};

/// The imports of ours that each layer may have: itself, and the rooms written here.
const LAYERS: [(&str, &[&str]); 4] = [
    ("git", &[]),
    ("storage", &["git"]),
    ("repo_do", &["git", "storage"]),
    (
        "worker",
        &[
            "storage",
            "repo_do::contract",
            "repo_do::feed",
            "repo_do::runtime::random",
            "repo_do::runtime::timer",
            "repo_do::runtime::web_crypto",
        ],
    ),
];

/// The order inside the engine. A part may import parts of lower rank; parts of one rank
/// may import each other where `true` stands.
const ENGINE: [(&[&str], bool); 5] = [
    (
        &[
            "object",
            "hash",
            "refname",
            "refspec",
            "filter",
            "limits",
            "lfs",
            "attributes",
            "unquote",
            "config",
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
            "send_client",
            "maintenance",
            "content",
            "edit",
            "compare",
        ],
        false,
    ),
    (&["archive", "blame", "grep", "merge", "patch"], false),
];

/// The rooms of the actor, from the roof down: each imports those below it only.
const ROOMS: [&str; 25] = [
    "shell",
    "dispatch",
    "alarm",
    "mirrors",
    "lifecycle",
    "write",
    "receive",
    "upkeep",
    "archive",
    "explore",
    "compare",
    "neighbour",
    "content",
    "fetch",
    "intake",
    "lfs",
    "r2",
    "events",
    "request",
    "schedule",
    "object",
    "state",
    "feed",
    "runtime",
    "contract",
];

/// Files of one circle, and circles, at most. Both numbers only fall.
const CIRCLE_FILES_MAX: usize = 3;
const CIRCLES_MAX: usize = 8;

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
    none(&imported_upward("git", |part, other| {
        let (from, to) = (rank(part)?, rank(other));
        Some(to.is_some_and(|to| to < from || (to == from && ENGINE[to].1)))
    }));
}

#[test]
fn the_rooms_of_the_actor_import_only_downward() {
    let rank = |room: &str| ROOMS.iter().position(|name| *name == room);
    none(&imported_upward("repo_do", |room, other| {
        let (from, to) = (rank(room)?, rank(other));
        Some(to.is_some_and(|to| to > from))
    }));
}

/// Imports of one part of a layer in another part that `may_import` forbids. It does not know a part that has
/// no place yet.
fn imported_upward(layer: &str, may_import: impl Fn(&str, &str) -> Option<bool>) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in production() {
        let [own, part, ..] = source.module.as_slice() else {
            continue;
        };
        if own != layer {
            continue;
        }
        if may_import(part, part).is_none() {
            wrong.push(format!("{}: give {part} its place here", source.file));
            continue;
        }
        for path in own_paths(&source) {
            let [_, other, ..] = path.as_slice() else {
                continue;
            };
            let is_allowed = other == part || may_import(part, other) == Some(true);
            if path.first() == Some(own) && !is_allowed {
                wrong.push(format!("{}: imports {}", source.file, path.join("::")));
            }
        }
    }
    wrong
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

/// The paths into this crate, without `crate`.
fn own_paths(source: &Source) -> Vec<Vec<String>> {
    let own = source.paths().into_iter().filter(|path| path[0] == "crate");
    own.map(|path| path[1..].to_vec()).collect()
}
