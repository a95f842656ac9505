//! Histories imported in part: every client learns where the history ends.

use serde_json::json;

use super::story::{Source, begin, ready, server};
use super::support::git::Git;
use super::support::history::History;
use super::support::rest::Hosted;

/// A line of ten commits with a tag on the eighth, imported three commits deep.
pub fn imported(name: &str) -> (Source, Hosted) {
    let source = Source::empty();
    let work = source.scratch.clone(
        &source.git.folder().display().to_string(),
        "author",
        &["--quiet"],
    );
    for number in 0..10 {
        work.write("file", format!("{number}\n"));
        work.commit(&format!("commit {number}"));
    }
    work.run(&["tag", "-m", "eighth", "eighth", "HEAD~2"]);
    work.run(&["tag", "-m", "second", "second", "HEAD~8"]);
    work.run(&["push", "--quiet", "--tags", "origin", "main"]);
    let rest = server().rest();
    let body = json!({ "url": source.url(), "depth": 3 });
    let hosted = begin(&rest, "import-shallow", name, &body);
    ready(&rest, &hosted);
    (source, hosted)
}

pub fn edge(git: &Git) -> String {
    std::fs::read_to_string(git.folder().join(".git/shallow")).unwrap_or_default()
}

fn count(git: &Git) -> String {
    git.run(&["rev-list", "--count", "HEAD"])
}

#[test]
fn a_clone_of_it_is_as_shallow() {
    let (source, hosted) = imported("clone");
    let oldest = source.git.run(&["rev-parse", "main~2"]);
    for version in [0, 1, 2] {
        let git = source.scratch.git().protocol(version);
        let name = format!("clone-{version}");
        git.run(&["clone", "--quiet", &hosted.url(), &name]);
        let clone = source.scratch.git_in(&name).protocol(version);
        assert_eq!(edge(&clone).trim(), oldest, "version {version}");
        assert_eq!(count(&clone), "3");
        clone.fsck_strict();
        // The tag that reaches no further is there, the other is not.
        assert_eq!(clone.run(&["tag"]), "eighth");
        // The server has no more, and asking does no harm.
        clone.run(&["fetch", "--quiet", "--depth", "9"]);
        assert_eq!(
            (edge(&clone).trim(), count(&clone).as_str()),
            (oldest.as_str(), "3")
        );
        clone.try_run(&["fetch", "--quiet", "--unshallow"], b"");
        assert_eq!(edge(&clone).trim(), oldest, "version {version}");
        clone.fsck_strict();
    }
}

#[test]
fn shallower_clones_deepen_up_to_its_edge() {
    let (source, hosted) = imported("deepen");
    let oldest = source.git.run(&["rev-parse", "main~2"]);
    let tip = source.git.run(&["rev-parse", "main"]);
    for version in [0, 2] {
        let git = source.scratch.git().protocol(version);
        let name = format!("deepen-{version}");
        git.run(&["clone", "--quiet", "--depth", "1", &hosted.url(), &name]);
        let clone = source.scratch.git_in(&name).protocol(version);
        assert_eq!(
            (edge(&clone).trim(), count(&clone).as_str()),
            (tip.as_str(), "1")
        );
        clone.run(&["fetch", "--quiet", "--deepen", "1"]);
        assert_eq!(count(&clone), "2");
        clone.run(&["fetch", "--quiet", "--deepen", "5"]);
        assert_eq!(
            (edge(&clone).trim(), count(&clone).as_str()),
            (oldest.as_str(), "3")
        );
        clone.fsck_strict();
    }
}

#[test]
fn a_shallow_repository_takes_pushes_on_top() {
    let (source, hosted) = imported("grow");
    let clone = source.scratch.clone(&hosted.url(), "work", &[]);
    clone.write("file", "more\n");
    let tip = clone.commit("more");
    clone.run(&["push", "--quiet", "origin", "main"]);
    // A repository with all of the history can push to it commits that build on those that are there.
    let full = source.scratch.git_in("author");
    full.run(&["fetch", "--quiet", &hosted.url(), "main"]);
    full.run(&["merge", "--quiet", "--ff-only", "FETCH_HEAD"]);
    full.write("file", "still more\n");
    full.commit("still more");
    full.run(&["push", "--quiet", &hosted.url(), "main"]);
    // And not the commits behind the edge.
    let said = full.fails(&["push", &hosted.url(), "main~9:refs/heads/old"]);
    assert!(said.contains("missing necessary objects"), "{said}");

    clone.run(&["pull", "--quiet", "--ff-only"]);
    assert_eq!(clone.run(&["rev-parse", "HEAD~1"]), tip);
    assert_eq!(count(&clone), "5");
    clone.fsck_strict();
    let other = source.scratch.clone(&hosted.url(), "other", &[]);
    assert_eq!(count(&other), "5");
    other.fsck_strict();
}

#[test]
fn a_shallow_remote_makes_a_shallow_repository() {
    let (source, hosted) = imported("first");
    let rest = server().rest();
    let body = json!({ "url": hosted.url() });
    let second = begin(&rest, "import-shallow", "second", &body);
    ready(&rest, &second);
    let clone = source.scratch.clone(&second.url(), "clone", &[]);
    assert_eq!(
        edge(&clone).trim(),
        source.git.run(&["rev-parse", "main~2"])
    );
    clone.fsck_strict();
}

#[test]
fn a_depth_that_reaches_the_first_commit_leaves_nothing_out() {
    let source = Source::new(&History::small(551));
    let rest = server().rest();
    let body = json!({ "url": source.url(), "depth": 1000 });
    let hosted = begin(&rest, "import-shallow", "all", &body);
    ready(&rest, &hosted);
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    assert!(!mirror.folder().join("shallow").exists());
    assert_eq!(
        mirror.objects(&["--branches"]),
        source.git.objects(&["--branches"])
    );
}
