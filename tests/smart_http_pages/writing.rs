//! Writes by people on pages. Git checks the results.

use serde_json::json;

use super::seen::{public, told};
use super::support::git::Git;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::Server;

/// Tells a story to somebody who may write, and clones the result afterwards.
fn written(story: &str, scratch: &Scratch, fill: impl Fn(&Git)) -> Git {
    let server = Server::start();
    let hosted = public(&server, story);
    let source = scratch.repository("source");
    fill(&source);
    source.run(&["push", "-q", "--mirror", &hosted.url()]);
    let asked = json!({ "repo": hosted.name, "scope": "read" });
    let reader = server.rest().make_token("pages", &asked).plaintext;
    let commits = hosted.path("/commits");
    let facts = json!({ "token": hosted.token, "reader": reader, "commits": commits });
    told(story, &server, &hosted, &facts);
    cloned(scratch, &hosted)
}

fn cloned(scratch: &Scratch, hosted: &Hosted) -> Git {
    let clone = scratch.clone(&hosted.url(), "clone", &["-q"]);
    clone.fsck_strict();
    clone
}

/// The subjects of a branch's commits, newest first.
fn subjects(clone: &Git, revision: &str) -> Vec<String> {
    let log = clone.run(&["log", "--format=%s", revision]);
    log.lines().map(str::to_owned).collect()
}

#[test]
fn files_are_edited_made_moved_deleted_and_uploaded() {
    let scratch = Scratch::new();
    let clone = written("writing", &scratch, |source| {
        source.write("README.md", "# Stones\n");
        source.write("src/main.rs", "fn main() {\n    println!(\"stone\");\n}\n");
        source.write("notes/windows.txt", "one\r\ntwo\r\n");
        source.write("old/a.txt", "a\n");
        source.write("old/deep/b.txt", "b\n");
        source.write("waste/a.txt", "a\n");
        source.write("waste/deep/b.txt", "b\n");
        source.commit("Begin");
    });
    let expected = [
        "Upload 3 files",
        "Upload 3 files",
        "Delete waste",
        "Move old to new/place",
        "Move notes/windows.txt to notes/kept.txt",
        "Change src/main.rs",
        "Begin",
    ];
    assert_eq!(subjects(&clone, "main"), expected);
    let files = clone.run(&["ls-tree", "-r", "--name-only", "main"]);
    let expected = [
        "README.md",
        "large/.gitattributes",
        "large/empty",
        "large/pieces.bin",
        "new/place/a.txt",
        "new/place/deep/b.txt",
        "notes/kept.txt",
        "src/data.bin",
        "src/dropped.txt",
        "src/main.rs",
    ];
    assert_eq!(files.lines().collect::<Vec<_>>(), expected);
    let size = |path: &str| clone.run(&["cat-file", "-s", &format!("main:{path}")]);
    assert_eq!(size("src/data.bin"), "4");
    assert_eq!(size("large/empty"), "0");
    let bytes: Vec<u8> = b"stone".iter().copied().cycle().take(12 << 20).collect();
    let pieces = clone.run_with(&["hash-object", "--stdin"], &bytes);
    assert_eq!(clone.run(&["rev-parse", "main:large/pieces.bin"]), pieces);
    // Three lines that end as those of Windows do.
    assert_eq!(size("notes/kept.txt"), "17");
    assert_eq!(
        subjects(&clone, "origin/feature/arch"),
        ["An arch", "Change src/main.rs", "Begin"]
    );
    let arch = clone.run(&["show", "origin/feature/arch:src/deep/arch.rs"]);
    assert_eq!(arch, "fn arch() {\n    stone();\n}");
    let author = clone.run(&["log", "-1", "--format=%ae %ce", "main"]);
    assert!(author.ends_with("@cairn.invalid"), "{author}");
}

#[test]
fn the_second_editor_is_told_and_loses_nothing() {
    let scratch = Scratch::new();
    let clone = written("together", &scratch, |source| {
        let lines = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n";
        source.write("count.txt", lines);
        source.write("other.txt", "other\n");
        source.commit("Begin");
    });
    assert_eq!(
        subjects(&clone, "main").len(),
        6,
        "each commit is there once"
    );
    let count = clone.run(&["show", "main:count.txt"]);
    assert!(
        count.starts_with("one of theirs\ntwo of mine\n") && count.ends_with("nine of theirs"),
        "{count}"
    );
    let rescued = clone.run(&["show", "origin/rescued:other.txt"]);
    assert_eq!(rescued, "typed");
    let count = clone.run(&["show", "origin/rescued:count.txt"]);
    assert!(count.starts_with("one of both\n"), "{count}");
}

#[test]
fn branches_and_tags_are_made_deleted_merged_and_brought_back() {
    let scratch = Scratch::new();
    let clone = written("branches", &scratch, |source| {
        for name in ["a", "b", "c"] {
            source.write(&format!("{name}.txt"), name);
        }
        source.commit("Begin");
        source.run(&["tag", "v1"]);
        source.run(&["branch", "gone"]);
        for (branch, file, subject) in [
            ("clean", "clean.txt", "Clean work"),
            ("late", "late.txt", "Late work"),
            ("torn", "a.txt", "Torn work"),
        ] {
            source.run(&["checkout", "-q", "-b", branch, "v1"]);
            source.write(file, branch);
            if branch == "torn" {
                source.run(&["rm", "-q", "b.txt"]);
            }
            source.commit(subject);
        }
        source.run(&["checkout", "-q", "main"]);
        source.write("a.txt", "main");
        source.write("b.txt", "main");
        source.commit("Main work");
    });
    assert_eq!(clone.run(&["tag"]), "v2", "v1 was deleted");
    assert_eq!(clone.run(&["cat-file", "-t", "v2"]), "tag");
    assert!(
        clone
            .run(&["cat-file", "-p", "v2"])
            .ends_with("The second one")
    );
    let branches = clone.run(&["branch", "-r", "--format=%(refname:lstrip=3)"]);
    let expected = ["HEAD", "clean", "gone", "late", "made/here", "main", "torn"];
    assert_eq!(branches.lines().collect::<Vec<_>>(), expected);
    let first_parents = clone.run(&["log", "--first-parent", "--format=%s", "main"]);
    let made: Vec<_> = first_parents.lines().skip(1).collect();
    let expected = [
        "Revert \"Clean work\"",
        "Merge branch 'late' into main",
        "Meanwhile",
        "Merge what is clean",
        "Main work",
        "Begin",
    ];
    assert_eq!(made, expected);
    // The first entry of its reflog is the push.
    clone.run(&["diff", "--quiet", "main", "main~5"]);
    clone.run(&["diff", "--quiet", "origin/made/here", "main~5"]);
}
