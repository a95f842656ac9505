//! The changes to files that a commit may make, beside git's own.

use serde_json::json;

use crate::{Desk, base64};

#[test]
fn the_first_commit_makes_the_default_branch_and_others_build_on_it() {
    let desk = Desk::new("first");
    let first = desk.commit("main", &[("a.txt", "one\n"), ("d/e/f.txt", "two\n")]);
    assert_eq!(first["oldHead"], json!(null));
    let second = desk.commit("main", &[("d/e/f.txt", "three\n")]);
    assert_eq!(second["oldHead"], first["newHead"]);
    assert_eq!(second["branch"], "main");
    let clone = desk.clone("clone");
    let git = |arguments: &[&str]| clone.run(arguments);
    assert_eq!(second["commit"], git(&["rev-parse", "HEAD"]));
    assert_eq!(second["tree"], git(&["rev-parse", "HEAD^{tree}"]));
    assert_eq!(first["commit"], git(&["rev-parse", "HEAD^"]));
    assert_eq!(git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(git(&["show", "HEAD:d/e/f.txt"]), "three");
    assert_eq!(git(&["rev-list", "--count", "HEAD"]), "2");
}

#[test]
fn modes_moves_and_deletions_equal_gits() {
    let desk = Desk::new("modes");
    desk.commit(
        "main",
        &[
            ("run.sh", "#!/bin/sh\n"),
            ("old/a", "a"),
            ("old/b", "b"),
            ("gone", "x"),
        ],
    );
    let id = "1234567890123456789012345678901234567890";
    let not_utf8 = b"caf\xe9";
    let body = json!({"branch": "main", "message": "all kinds", "files": [
        {"path": "run.sh", "mode": "100755", "content": "#!/bin/sh\nexit\n"},
        {"path": "link", "mode": "120000", "content": "run.sh"},
        {"path": "module", "mode": "160000", "blob": id},
        {"path": "new", "move_from": "old"},
        {"path": "gone", "delete": true},
        {"path_base64": base64(not_utf8), "content_base64": base64(b"\x00\xff")},
        {"path": "empty", "content": ""},
    ]});
    let made = desk.post(&body).result(201);
    let clone = desk.clone("clone");
    let listed = clone.run(&["ls-tree", "-r", "--format=%(objectmode) %(path)", "HEAD"]);
    assert_eq!(
        listed,
        "100644 \"caf\\351\"\n100644 empty\n120000 link\n160000 module\n100644 new/a\n100644 new/b\n\
         100755 run.sh"
    );
    // Git's result for the same changes.
    let git = desk.scratch.repository("git");
    git.write("run.sh", "#!/bin/sh\nexit\n");
    git.write("new/a", "a");
    git.write("new/b", "b");
    git.write("empty", "");
    let hash = |content: &[u8]| git.run_with(&["hash-object", "-w", "--stdin"], content);
    let (link, bytes) = (hash(b"run.sh"), hash(b"\x00\xff"));
    git.run(&["update-index", "--chmod=+x", "run.sh"]);
    let mut index =
        format!("120000 {link}\tlink\n160000 {id}\tmodule\n100644 {bytes}\t").into_bytes();
    index.extend_from_slice(not_utf8);
    index.push(b'\n');
    git.run_with(&["update-index", "--index-info"], &index);
    assert_eq!(made["tree"], git.run(&["write-tree"]));
    // A file that is changed keeps its mode.
    desk.commit("main", &[("run.sh", "true\n")]);
    clone.run(&["pull", "--quiet"]);
    assert!(
        clone
            .run(&["ls-tree", "HEAD", "run.sh"])
            .starts_with("100755 ")
    );
}

#[test]
fn a_new_branch_starts_from_its_base() {
    let desk = Desk::new("base");
    let first = desk.commit("main", &[("a", "1")]);
    desk.commit("main", &[("a", "2")]);
    let body = |base: &str| {
        json!({"branch": "topic", "message": "m", "base": base,
        "expected_head": null, "files": [{"path": "b", "content": "x"}]})
    };
    let old = first["commit"].as_str().unwrap();
    let made = desk.post(&body(old)).result(201);
    assert_eq!(made["oldHead"], json!(null));
    let clone = desk.clone("clone");
    let topic = clone.run(&["rev-parse", "origin/topic"]);
    assert_eq!(made["commit"], topic.as_str());
    assert_eq!(clone.run(&["rev-parse", "origin/topic^"]), old);
    // A name, and a commit by its name.
    let body = json!({"branch": "other", "message": "m", "base": "topic",
        "files": [{"path": "a", "delete": true}]});
    desk.post(&body).result(201);
    clone.run(&["fetch", "--quiet"]);
    assert_eq!(clone.run(&["rev-parse", "origin/other^"]), topic);
    assert_eq!(clone.run(&["ls-tree", "--name-only", "origin/other"]), "b");
}

#[test]
fn a_blob_of_the_repository_is_named_by_its_id() {
    let desk = Desk::new("by-id");
    desk.commit("main", &[("a", "the same\n")]);
    let clone = desk.clone("clone");
    let blob = clone.run(&["rev-parse", "HEAD:a"]);
    let tree = clone.run(&["rev-parse", "HEAD^{tree}"]);
    let body = json!({"branch": "main", "message": "m", "files": [
        {"path": "copy", "blob": blob},
        {"path": "below", "mode": "040000", "blob": tree},
    ]});
    desk.post(&body).result(201);
    clone.run(&["pull", "--quiet"]);
    clone.fsck_strict();
    assert_eq!(clone.run(&["show", "HEAD:below/a"]), "the same");
    assert_eq!(clone.run(&["rev-parse", "HEAD:copy"]), blob);
}
