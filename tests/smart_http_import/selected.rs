//! Which refs an import takes: branches and tags, all, or those that patterns name.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::story::{Source, ask, begin, ready, server};
use super::support::history::History;
use super::support::remote::Rules;
use super::support::rest::Hosted;

/// A remote with branches, tags, and refs of two other kinds, each on a commit of its own.
fn source(seed: u64) -> Source {
    let source = Source::new(&History::small(seed));
    for name in [
        "refs/pull/1/head",
        "refs/pull/12/merge",
        "refs/notes/commits",
    ] {
        let message = format!("for {name}");
        let commit = source
            .git
            .run(&["commit-tree", "-p", "main", "-m", &message, "main^{tree}"]);
        source.git.run(&["update-ref", name, &commit]);
    }
    source
}

/// The refs that the remote has and that are wanted, with their ids.
fn wanted(source: &Source, is_wanted: impl Fn(&str) -> bool) -> BTreeSet<(String, String)> {
    let refs = source.git.refs().into_iter();
    refs.filter(|(name, _)| name.starts_with("refs/") && is_wanted(name))
        .collect()
}

/// The refs that were imported, with all of their objects.
fn imported(source: &Source, hosted: &Hosted, folder: &str) -> BTreeSet<(String, String)> {
    let mirror = source.scratch.clone(&hosted.url(), folder, &["--mirror"]);
    mirror.fsck_strict();
    let refs = mirror.refs().into_iter();
    refs.filter(|(name, _)| name.starts_with("refs/")).collect()
}

fn takes(source: &Source, name: &str, refs: &Value, is_wanted: impl Fn(&str) -> bool) {
    let rest = server().rest();
    let body = json!({ "url": source.url(), "refs": refs });
    let hosted = begin(&rest, "import-refs", name, &body);
    let shown = ready(&rest, &hosted);
    assert_eq!(shown["skipped_refs"]["count"], 0, "{shown}");
    assert_eq!(
        imported(source, &hosted, name),
        wanted(source, is_wanted),
        "{refs}"
    );
}

fn is_branch_or_tag(name: &str) -> bool {
    name.starts_with("refs/heads/") || name.starts_with("refs/tags/")
}

#[test]
fn an_import_takes_the_refs_that_are_asked_for() {
    let source = source(551);
    takes(&source, "default", &Value::Null, is_branch_or_tag);
    takes(&source, "word", &json!("branches-tags"), is_branch_or_tag);
    takes(&source, "all", &json!("all"), |_| true);
    let patterns = json!(["refs/heads/main", "refs/pull/1*"]);
    takes(&source, "patterns", &patterns, |name| {
        name == "refs/heads/main" || name.starts_with("refs/pull/1")
    });
    // Refs that nobody asks for are not even listed.
    let listed = source.remote.seen();
    let mut asked = listed
        .iter()
        .filter(|seen| seen.body.contains("command=ls-refs"));
    let last = asked.next_back().unwrap();
    assert!(
        last.body.contains("ref-prefix refs/pull/1\n"),
        "{}",
        last.body
    );
    assert!(
        !last.body.contains("ref-prefix refs/tags/"),
        "{}",
        last.body
    );
    // An old server lists everything.
    source.remote.set(Rules {
        is_old: true,
        ..Rules::default()
    });
    let patterns = json!(["refs/pull/*", "refs/heads/main"]);
    takes(&source, "old", &patterns, |name| {
        name.starts_with("refs/pull/") || name == "refs/heads/main"
    });
}

#[test]
fn refs_that_no_repository_can_have_are_named() {
    let source = source(552);
    let long = format!("refs/pull/{}", "l".repeat(245));
    source.git.run(&["update-ref", &long, "main"]);
    let rest = server().rest();
    let body = json!({ "url": source.url(), "refs": "all", "depth": 2 });
    let hosted = begin(&rest, "import-refs", "long", &body);
    let shown = ready(&rest, &hosted);
    assert_eq!(shown["skipped_refs"]["count"], 1, "{shown}");
    assert_eq!(shown["skipped_refs"]["first"][0]["name"], long);
    // With a depth too, all of them but tags elsewhere.
    let refs = source.git.remote_refs(&hosted.url());
    assert!(refs.contains_key("refs/pull/12/merge"), "{refs:?}");
}

#[test]
fn a_selection_without_refs_is_refused() {
    let rest = server().rest();
    let url = "https://example.com/x";
    let many = vec!["refs/heads/*"; 101];
    for (refs, pointer, says) in [
        (
            json!("some"),
            "/refs",
            "must be 'branches-tags', 'all' or a list of patterns",
        ),
        (json!([]), "/refs", "0 patterns, from 1 to 100"),
        (json!(many), "/refs", "101 patterns, from 1 to 100"),
        (
            json!(["refs/heads/*", "main"]),
            "/refs/1",
            "neither '*' nor begins with 'refs/'",
        ),
        (
            json!(["refs/*/head"]),
            "/refs/0",
            "a '*' stands at its end or nowhere",
        ),
    ] {
        let answer = ask(
            &rest,
            "import-refs",
            "wrong",
            &json!({ "url": url, "refs": refs }),
        );
        assert_eq!(answer.status, 400, "{refs}");
        let error = &answer.json()["errors"][0];
        assert_eq!(error["source"]["pointer"], pointer, "{refs}");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
    let both = json!({ "url": url, "branch": "main", "refs": "all" });
    let answer = ask(&rest, "import-refs", "wrong", &both);
    assert_eq!(
        (
            answer.status,
            &answer.json()["errors"][0]["source"]["pointer"]
        ),
        (400, &json!("/refs"))
    );
}
