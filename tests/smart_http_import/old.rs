//! Imports of histories that old clients wrote, and of names that clients cannot store.

use serde_json::{Value, json};

use super::story::{PRIVATE, Source, begin, failed, import, ready, server, show};
use super::support::git::refs_equal;
use super::support::history::History;
use super::support::old_history::{OldHistory, fsck_lines};
use super::support::rest::Rest;
use super::support::server::Server;

/// Requests for a pack that the remote has seen.
fn fetches(source: &Source) -> usize {
    let seen = source.remote.seen();
    let fetches = seen
        .iter()
        .filter(|seen| seen.body.contains("command=fetch"));
    fetches.count()
}

#[test]
fn an_old_history_is_imported_as_it_is() {
    let source = Source::empty();
    OldHistory::make(&source.git);
    let rest = server().rest();
    let hosted = import(&rest, "import-old", "lenient", &source.url());
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    refs_equal(&source.git, &mirror);
    assert_eq!(fsck_lines(&source.git), fsck_lines(&mirror));
}

/// The import says of each message how many objects have it, and names the first ten.
fn tells_what_fsck_warned_of(shown: &Value, history: &OldHistory) {
    let warnings = &shown["fsck_warnings"];
    assert_eq!(warnings["object_count"], history.odd.len());
    assert_eq!(warnings["by_message"], json!(history.counts()));
    let first = warnings["first"].as_array().unwrap();
    assert_eq!(first.len(), 10);
    for warning in first {
        let text = |field: &str| warning[field].as_str().unwrap();
        let odd =
            |(message, id): &(&str, String)| *message == text("message") && id == text("hash");
        assert!(history.odd.iter().any(odd), "{warning}");
        assert!(
            ["commit", "tree", "tag"].contains(&text("type")),
            "{warning}"
        );
        assert!(!text("detail").is_empty(), "{warning}");
    }
    assert_eq!(shown["skipped_refs"], json!({ "count": 0, "first": [] }));
}

#[test]
fn an_import_tells_and_counts_the_warnings_of_fsck() {
    let source = Source::empty();
    let history = OldHistory::make(&source.git);
    let rest = server().rest();
    let hosted = begin(&rest, "import-old", "told", &json!({ "url": source.url() }));
    tells_what_fsck_warned_of(&ready(&rest, &hosted), &history);
    let counted = |rest: &Rest| {
        let stats = rest.get(&hosted.path("/stats")).result(200);
        stats["fsck_warnings"].clone()
    };
    assert_eq!(counted(&rest), json!(history.counts()));

    // A push is told for itself, and counted beside the import.
    let commit = source.git.run(&["cat-file", "commit", &history.commits[2]]);
    let again = commit.replacen("badTimezone", "another", 1);
    let literally = [
        "hash-object",
        "-w",
        "--literally",
        "-t",
        "commit",
        "--stdin",
    ];
    let again = source.git.run_with(&literally, again.as_bytes());
    let topic = format!("{again}:refs/heads/topic");
    source.git.run(&["push", "--quiet", &hosted.url(), &topic]);
    let mut counts = history.counts();
    *counts.get_mut("badTimezone").unwrap() += 1;
    assert_eq!(counted(&rest), json!(counts));
    tells_what_fsck_warned_of(&show(&rest, &hosted).result(200), &history);
}

#[test]
fn an_import_in_parts_tells_the_warnings_of_all_parts() {
    let server = Server::start_with(&[PRIVATE, ("CAIRN_IMPORT_PART_OBJECTS", "6")]);
    let source = Source::empty();
    let history = OldHistory::make(&source.git);
    let filter = ["config", "uploadpack.allowFilter", "true"];
    source.git.run(&filter);
    let rest = server.rest();
    let hosted = begin(
        &rest,
        "import-old",
        "parts",
        &json!({ "url": source.url() }),
    );
    tells_what_fsck_warned_of(&ready(&rest, &hosted), &history);
    assert!(fetches(&source) > 3, "{}", fetches(&source));
}

#[test]
fn an_import_that_fsck_refuses_is_fetched_once() {
    let source = Source::empty();
    let history = OldHistory::make(&source.git);
    let rest = server().rest();
    let body = json!({ "url": source.url(), "fsck": { "strict": true } });
    let hosted = begin(&rest, "import-old", "strict", &body);
    let reason = failed(&rest, &hosted);
    let count = history.odd.len() - 3;
    assert!(
        reason.contains(&format!("fsck refuses {count} objects: ")),
        "{reason}"
    );
    assert!(reason.contains(" (badDateOverflow)"), "{reason}");
    assert_eq!(reason.matches("commit ").count(), 10, "{reason}");
    assert!(
        reason.contains(r#"{"fsck": {"strict": false}} lets them in"#),
        "{reason}"
    );
    assert_eq!(fetches(&source), 1);

    let body = json!({ "url": source.url(), "fsck": { "strict": false } });
    let again = begin(&rest, "import-old", "strict", &body);
    let shown = ready(&rest, &again);
    assert_eq!(shown["fsck"]["strict"], false);
}

#[test]
fn refs_that_no_client_can_store_are_left_out() {
    let source = Source::new(&History::small(541));
    // Git itself writes such a file, but for five bytes no longer one.
    let long = format!("refs/heads/{}", "l".repeat(245));
    source.git.run(&["update-ref", &long, "main"]);
    let rest = server().rest();
    let hosted = import(&rest, "import-old", "long", &source.url());
    let reason = "refname with a component of 245 bytes, at most 240: clients could not store it";
    let skipped = |names: &[&str]| {
        let first = names.iter();
        let first = first.map(|name| json!({ "name": name, "reason": reason }));
        json!({ "count": names.len(), "first": first.collect::<Value>() })
    };
    let shown = show(&rest, &hosted).result(200);
    assert_eq!(shown["skipped_refs"], skipped(&[&long]));
    assert_eq!(shown["fsck_warnings"]["object_count"], 0);
    let refs = source.git.remote_refs(&hosted.url());
    assert!(!refs.contains_key(&long), "{refs:?}");
    // With one branch, refs that nobody asks for do not count as left out: another branch, a tag elsewhere.
    let [on_main, elsewhere] = ["m", "e"].map(|c| format!("refs/tags/{}", c.repeat(245)));
    let orphan = source
        .git
        .run(&["commit-tree", "-m", "elsewhere", "main^{tree}"]);
    source.git.run(&["update-ref", &on_main, "main"]);
    source.git.run(&["update-ref", &elsewhere, &orphan]);
    let body = json!({ "url": source.url(), "branch": "main" });
    let one = begin(&rest, "import-old", "long-one", &body);
    let shown = ready(&rest, &one);
    assert_eq!(shown["skipped_refs"], skipped(&[&on_main]));

    let odd_only = Source::new(&History::small(542));
    let main = odd_only.git.run(&["rev-parse", "main"]);
    for name in odd_only.git.refs().keys() {
        odd_only.git.run(&["update-ref", "-d", name]);
    }
    odd_only.git.run(&["update-ref", &long, &main]);
    let body = json!({ "url": odd_only.url() });
    let empty = begin(&rest, "import-old", "long-only", &body);
    assert_eq!(ready(&rest, &empty)["skipped_refs"], skipped(&[&long]));

    for name in [&long, &on_main, &elsewhere] {
        source.git.run(&["update-ref", "-d", name]);
    }
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    refs_equal(&source.git, &mirror);
}
