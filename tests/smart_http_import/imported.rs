//! Imports that succeed: afterwards the repository has the remote's objects and refs.

use serde_json::json;

use super::story::{Source, begin, import, ready, server, show};
use super::support::git::refs_equal;
use super::support::history::History;
use super::support::remote::Rules;

#[test]
fn everything_of_a_remote_is_imported() {
    let source = Source::new(&History::small(501));
    let rest = server().rest();
    let hosted = begin(&rest, "import", "Whole", &json!({ "url": source.url() }));
    let shown = ready(&rest, &hosted);
    assert_eq!(shown["source"], format!("git:{}", source.url()));
    assert_eq!(shown["default_branch"], "main");
    assert!(shown["object_count"].as_u64().unwrap() > 100, "{shown}");

    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source.git, &mirror);
    // The list has it, as it is now.
    let listed = rest.get("/api/v1/namespaces/import/repos?search=whole");
    assert_eq!(listed.result(200)[0]["source"], shown["source"]);

    // And it is a repository like any other.
    let work = source.scratch.clone(&hosted.url(), "work", &[]);
    work.write("more", "more\n");
    let tip = work.commit("more");
    work.run(&["push", "--quiet", "origin", "main"]);
    assert_eq!(work.remote_refs(&hosted.url())["refs/heads/main"], tip);
}

#[test]
fn an_import_works_from_a_server_of_old_protocols() {
    let source = Source::new(&History::small(502));
    source.remote.set(Rules {
        is_old: true,
        ..Rules::default()
    });
    let hosted = import(&server().rest(), "import", "old", &source.url());
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source.git, &mirror);
}

#[test]
fn cairn_imports_from_itself() {
    let source = Source::new(&History::small(503));
    let rest = server().rest();
    let first = import(&rest, "import", "first", &source.url());
    let second = import(&rest, "import", "second", &first.url());
    let shown = show(&rest, &second).result(200);
    assert_eq!(shown["source"], format!("git:{}", first.remote));
    let mirror = source.scratch.clone(&second.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source.git, &mirror);
}

#[test]
fn one_branch_comes_with_its_tags() {
    let source = Source::new(&History::small(504));
    source.git.run(&["branch", "only", "main~3"]);
    source.git.run(&["tag", "-m", "on it", "on-it", "main~5"]);
    let rest = server().rest();
    let body = json!({ "url": source.url(), "branch": "only", "read_only": true });
    let hosted = begin(&rest, "import", "branch", &body);
    let shown = ready(&rest, &hosted);
    assert_eq!(shown["default_branch"], "only");
    assert_eq!(shown["read_only"], true);
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    let refs = mirror.refs();
    let branches: Vec<_> = refs
        .keys()
        .filter(|name| name.starts_with("refs/heads/"))
        .collect();
    assert_eq!(branches, ["refs/heads/only"]);
    assert_eq!(
        refs["refs/heads/only"],
        source.git.run(&["rev-parse", "only"])
    );
    assert!(refs.contains_key("refs/tags/on-it"), "{refs:?}");
    // Exactly the tags that git calls merged.
    let merged = source.git.run(&["tag", "--merged", "only"]);
    let tags = refs
        .keys()
        .filter_map(|name| name.strip_prefix("refs/tags/"));
    assert_eq!(tags.collect::<Vec<_>>().join("\n"), merged);
    let work = source.scratch.clone(&hosted.url(), "work", &[]);
    work.commit("refused");
    assert!(
        work.fails(&["push", "origin", "only"])
            .contains("read-only")
    );
}

#[test]
fn an_empty_remote_makes_an_empty_repository() {
    let source = Source::empty();
    source
        .git
        .run(&["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    let rest = server().rest();
    let hosted = begin(&rest, "import", "empty", &json!({ "url": source.url() }));
    let shown = ready(&rest, &hosted);
    assert_eq!(shown["default_branch"], "trunk");
    assert_eq!(shown["object_count"], 0);
    let work = source.scratch.clone(&hosted.url(), "work", &[]);
    work.commit("first");
    work.run(&["push", "--quiet", "origin", "HEAD:refs/heads/trunk"]);
}

#[test]
fn redirects_are_followed_and_credentials_stay_with_their_host() {
    let source = Source::new(&History::small(505));
    let other = Source::empty();
    let moved = format!("{}/info/", source.url());
    other.remote.set(Rules {
        redirect: Some(("/gone/info/".to_owned(), moved)),
        ..Rules::default()
    });
    let url = other.remote.url_with("me:secret-of-the-first", "gone");
    let hosted = import(&server().rest(), "import", "moved", &url);
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    refs_equal(&source.git, &mirror);
    assert!(
        other
            .remote
            .seen()
            .iter()
            .all(|seen| seen.authorization.is_some())
    );
    let leaked = source.remote.seen();
    assert!(!leaked.is_empty());
    assert!(leaked.iter().all(|seen| seen.authorization.is_none()));
}
