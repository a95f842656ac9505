//! Long histories, fetched in parts.

use serde_json::json;

use super::story::{PRIVATE, Source, begin, ready, until};
use super::support::git::refs_equal;
use super::support::history::History;
use super::support::remote::Rules;
use super::support::server::Server;

const PARTS: (&str, &str) = ("CAIRN_IMPORT_PART_OBJECTS", "120");

/// A long history on a server that can leave trees out, as the large hosts do.
fn long(seed: u64) -> Source {
    let source = Source::new(&History {
        commits: 300,
        branches: 6,
        ..History::small(seed)
    });
    source
        .git
        .run(&["config", "uploadpack.allowFilter", "true"]);
    source
}

#[test]
fn a_long_history_comes_in_parts_and_goes_on_where_it_was() {
    let mut server = Server::start_with(&[PRIVATE, PARTS]);
    let source = long(541);
    source.remote.set(Rules {
        bytes_per_second: Some(30_000),
        ..Rules::default()
    });
    let rest = server.rest();
    let hosted = begin(&rest, "import", "long", &json!({ "url": source.url() }));
    let shown = until(&rest, &hosted, |answer| {
        answer.result(200)["import"]["parts_done"].as_u64() >= Some(2)
    });
    let parts = shown.result(200)["import"]["parts"].as_u64().unwrap();
    assert!(parts > 4, "{parts}");
    server.crash();
    let before = source.remote.seen().len();
    source.remote.set(Rules::default());
    let rest = server.rest();
    ready(&rest, &hosted);
    // The import does not ask again for objects that it has.
    let after = source.remote.seen();
    let wants_all = |body: &str| body.contains("command=fetch") && !body.contains("have ");
    assert!(!after[before..].iter().any(|seen| wants_all(&seen.body)));

    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source.git, &mirror);
    let stats = rest.get(&hosted.path("/stats")).result(200);
    let packs = |state: &str| stats["packs"][state].as_u64().unwrap();
    // They may be merged by now.
    assert!(packs("live") + packs("superseded") >= parts - 1, "{stats}");
    assert_eq!(packs("quarantined"), 0, "{stats}");
}

#[test]
fn a_remote_that_moves_meanwhile_is_taken_as_it_is() {
    let server = Server::start_with(&[PRIVATE, PARTS]);
    let source = long(542);
    source.remote.set(Rules {
        bytes_per_second: Some(30_000),
        ..Rules::default()
    });
    let rest = server.rest();
    let hosted = begin(&rest, "import", "moving", &json!({ "url": source.url() }));
    until(&rest, &hosted, |answer| {
        answer.result(200)["import"]["parts_done"].as_u64() >= Some(1)
    });
    source.git.run(&["branch", "--force", "main", "main~4"]);
    source.git.run(&["branch", "new", "main~2"]);
    source.remote.set(Rules::default());
    ready(&rest, &hosted);
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source.git, &mirror);
}
