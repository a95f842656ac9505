//! Imports of histories that old clients wrote, and of names that clients cannot store.

use serde_json::json;

use super::story::{Source, begin, failed, import, ready, server};
use super::support::git::refs_equal;
use super::support::history::History;
use super::support::old_history::{OldHistory, fsck_lines};

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
    let refs = source.git.remote_refs(&hosted.url());
    assert!(!refs.contains_key(&long), "{refs:?}");
    source.git.run(&["update-ref", "-d", &long]);
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    refs_equal(&source.git, &mirror);
}
