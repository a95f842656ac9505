//! The result of each ref update: alone, all together, under the repository's settings.

use serde_json::json;

use super::raw::{NULL, RawPush};
use super::support::git::Git;
use super::support::history::History;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::server;

fn create(name: &str) -> Hosted {
    server().rest().create_repository("push-refs", name)
}

/// Two branches on one first commit, one of which lacks a blob, and all objects but that blob.
fn with_a_hole(source: &Git) -> (String, String, Vec<String>) {
    source.write("shared", "shared\n");
    source.commit("first");
    source.run(&["checkout", "-q", "-b", "bad"]);
    source.write("hole", "this blob is not sent\n");
    let bad = source.commit("refers to the hole");
    let hole = source.run(&["rev-parse", "HEAD:hole"]);
    source.run(&["checkout", "-q", "main"]);
    source.write("other", "other\n");
    let good = source.commit("is whole");
    let mut objects = source.objects(&["main", "bad"]);
    objects.retain(|id| *id != hole);
    (good, bad, objects)
}

#[test]
fn a_ref_that_lacks_an_object_falls_alone() {
    let (scratch, hosted) = (Scratch::new(), create("alone"));
    let source = scratch.repository("source");
    let (good, bad, objects) = with_a_hole(&source);
    let push = RawPush::new()
        .update(NULL, &bad, "refs/heads/bad")
        .update(NULL, &good, "refs/heads/main")
        .update(NULL, &bad, "refs/tags/bad-too")
        .pack(&source, &objects);
    let report = push.send(&hosted);
    assert_eq!(
        report.lines,
        [
            "unpack ok",
            "ng refs/heads/bad missing necessary objects",
            "ok refs/heads/main",
            "ng refs/tags/bad-too missing necessary objects",
        ]
    );
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    assert_eq!(clone.refs().len(), 2, "{:?}", clone.refs());
    // A refused push proves nothing: the same push is refused again, and a full one succeeds.
    let again = RawPush::new()
        .update(NULL, &bad, "refs/heads/bad")
        .pack(&source, &[] as &[&str]);
    let report = again.send(&hosted);
    assert_eq!(
        report.lines[1],
        "ng refs/heads/bad missing necessary objects"
    );
    source.run(&["push", &hosted.url(), "bad"]);
    scratch
        .clone(&hosted.url(), "again", &["--mirror"])
        .fsck_strict();
}

#[test]
fn in_an_atomic_push_all_fall_together() {
    let (scratch, hosted) = (Scratch::new(), create("atomic"));
    let source = scratch.repository("source");
    let (good, bad, objects) = with_a_hole(&source);
    let push = RawPush::new()
        .with("atomic")
        .update(NULL, &good, "refs/heads/main")
        .update(NULL, &bad, "refs/heads/bad")
        .pack(&source, &objects);
    let report = push.send(&hosted);
    assert_eq!(
        report.lines,
        [
            "unpack ok",
            "ng refs/heads/main atomic push failure",
            "ng refs/heads/bad missing necessary objects",
        ]
    );
    assert_eq!(source.remote_refs(&hosted.url()).len(), 1, "HEAD alone");
}

#[test]
fn git_push_atomic_is_all_or_nothing() {
    let (scratch, hosted) = (Scratch::new(), create("atomic-git"));
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", &hosted.url(), "main", "main:refs/heads/a"]);
    source.commit("second");
    let before = source.remote_refs(&hosted.url());
    let push = [
        "push",
        "--atomic",
        &hosted.url(),
        "main",
        "main:refs/heads/a/b",
    ];
    let said = source.fails(&push);
    assert!(said.contains("atomic push failure"), "{said}");
    assert!(said.contains("'refs/heads/a' exists"), "{said}");
    assert_eq!(source.remote_refs(&hosted.url()), before);
    let said = source.fails(&["push", &hosted.url(), "main", "main:refs/heads/a/b"]);
    assert!(said.contains("main -> main"), "{said}");
    assert_ne!(source.remote_refs(&hosted.url()), before);
}

#[test]
fn a_shallow_clone_pushes_onto_stored_commits_and_onto_nothing_else() {
    let (scratch, hosted) = (Scratch::new(), create("shallow"));
    let source = scratch.repository("source");
    History::small(11).make(&source);
    source.run(&["push", &hosted.url(), "main"]);
    let shallow = scratch.clone(&hosted.url(), "shallow", &["--depth", "1"]);
    shallow.write("new", "new\n");
    shallow.commit("on a shallow clone");
    shallow.run(&["push", "origin", "main"]);
    scratch
        .clone(&hosted.url(), "clone", &["--mirror"])
        .fsck_strict();

    // To a repository that never had the history below.
    let empty = create("shallow-onto-nothing");
    shallow.run(&["checkout", "-q", "--orphan", "own"]);
    shallow.commit("without parents");
    let said = shallow.fails(&["push", &empty.url(), "main", "own"]);
    assert!(said.contains("shallow update not allowed"), "{said}");
    let refs = shallow.remote_refs(&empty.url());
    assert_eq!(refs.get("refs/heads/own").map(String::len), Some(40));
    assert!(!refs.contains_key("refs/heads/main"), "{refs:?}");
    scratch
        .clone(&empty.url(), "own", &["--mirror"])
        .fsck_strict();
}

#[test]
fn a_repository_may_deny_rewinding_and_deleting() {
    let (scratch, hosted) = (Scratch::new(), create("deny"));
    let rest = server().rest();
    let shown = rest.get(&hosted.path("")).result(200);
    assert_eq!(shown["deny_non_fast_forwards"], false);
    assert_eq!(shown["deny_deletes"], false);
    let strict = json!({ "deny_non_fast_forwards": true, "deny_deletes": true });
    let shown = rest.patch(&hosted.path(""), &strict).result(200);
    assert_eq!(shown["deny_non_fast_forwards"], true);
    assert_eq!(rest.get(&hosted.path("")).result(200)["deny_deletes"], true);

    let source = scratch.repository("source");
    source.commit("first");
    source.commit("second");
    source.run(&[
        "push",
        &hosted.url(),
        "main",
        "main:topic",
        "main:refs/notes/n",
    ]);
    source.commit("third");
    source.run(&["push", &hosted.url(), "main"]);
    let said = source.fails(&["push", &hosted.url(), "+main~1:main"]);
    assert!(said.contains("non-fast-forward"), "{said}");
    source.run(&["commit", "-q", "--amend", "--allow-empty", "-m", "other"]);
    let said = source.fails(&["push", &hosted.url(), "+main"]);
    assert!(said.contains("non-fast-forward"), "{said}");
    let said = source.fails(&["push", &hosted.url(), ":topic"]);
    assert!(said.contains("deletion prohibited"), "{said}");
    // Both settings are about branches.
    source.run(&["push", &hosted.url(), "+main~1:refs/notes/n"]);
    source.run(&["push", &hosted.url(), ":refs/notes/n"]);

    let open = json!({ "deny_non_fast_forwards": false, "deny_deletes": false });
    rest.patch(&hosted.path(""), &open).result(200);
    source.run(&["push", &hosted.url(), "+main", ":topic"]);
    assert_eq!(source.remote_refs(&hosted.url()).len(), 2);
}

#[test]
fn a_push_may_delete_alone_and_delete_a_missing_ref() {
    let (scratch, hosted) = (Scratch::new(), create("delete"));
    let source = scratch.repository("source");
    let first = source.commit("first");
    source.run(&["push", &hosted.url(), "main", "main:a", "main:b"]);
    source.run(&["push", &hosted.url(), ":a"]);
    // No pack, though a client may send an empty one.
    let gone = RawPush::new()
        .update(&first, NULL, "refs/heads/b")
        .pack(&source, &[] as &[&str]);
    assert_eq!(gone.send(&hosted).lines, ["unpack ok", "ok refs/heads/b"]);
    // Git accepts the deletion of a missing ref, with an unknown old id too.
    let unknown = "1".repeat(40);
    for old in [NULL, unknown.as_str()] {
        let report = RawPush::new()
            .update(old, NULL, "refs/heads/none")
            .send(&hosted);
        assert_eq!(report.lines, ["unpack ok", "ok refs/heads/none"]);
        assert!(report.remarks.contains("non-existent"), "{report:?}");
    }
    let raced = RawPush::new()
        .update(&first, NULL, "refs/heads/b")
        .send(&hosted);
    assert!(raced.lines[1].starts_with("ng refs/heads/b"), "{raced:?}");
    let existing = RawPush::new()
        .update(NULL, NULL, "refs/heads/main")
        .send(&hosted);
    assert!(existing.lines[1].starts_with("ng refs/heads/main"));
    // A branch makes way for one below its name, in one push.
    source.run(&["push", &hosted.url(), "main:x"]);
    source.run(&["push", &hosted.url(), ":x", "main:refs/heads/x/y"]);
    let refs = source.remote_refs(&hosted.url());
    assert!(refs.contains_key("refs/heads/x/y") && !refs.contains_key("refs/heads/x"));
}

#[test]
fn a_quiet_push_hears_no_progress_but_every_warning() {
    let (scratch, hosted) = (Scratch::new(), create("quiet-warning"));
    let source = scratch.repository("source");
    let first = source.commit("first");
    let quiet = |push: RawPush| push.with("quiet").send(&hosted).remarks;
    let made = RawPush::new().update(NULL, &first, "refs/heads/main");
    let remarks = quiet(made.pack(&source, &source.objects(&["main"])));
    assert_eq!(remarks, "", "no progress");
    let gone = quiet(RawPush::new().update(NULL, NULL, "refs/heads/none"));
    assert!(gone.contains("non-existent"), "{gone}");
    let odd = RawPush::new().update(NULL, &first, "refs/heads/Main");
    let odd = quiet(odd.pack(&source, &[] as &[&str]));
    assert!(odd.contains("differs from refs/heads/main"), "{odd}");
}

#[test]
fn refs_of_every_namespace_but_the_hidden_and_the_funny() {
    let (scratch, hosted) = (Scratch::new(), create("namespaces"));
    let source = scratch.repository("source");
    source.write("a", "a\n");
    let first = source.commit("first");
    source.run(&["tag", "-a", "-m", "v1", "v1"]);
    source.run(&["notes", "add", "-m", "a note"]);
    // Tags alone, into an empty repository.
    source.run(&["push", &hosted.url(), "--tags"]);
    source.run(&["push", &hosted.url(), "refs/notes/*:refs/notes/*"]);
    source.run(&["push", &hosted.url(), "main:refs/changes/01/1/1"]);
    let tree = source.run(&["rev-parse", "main^{tree}"]);
    let blob = source.run(&["rev-parse", "main:a"]);
    let to_tree = format!("{tree}:refs/tags/tree");
    let to_blob = format!("{blob}:refs/tags/blob");
    source.run(&["push", &hosted.url(), &to_tree, &to_blob]);
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    assert_eq!(clone.refs().len(), 6, "{:?}", clone.refs());

    let to_branch = RawPush::new()
        .update(NULL, &tree, "refs/heads/tree")
        .update(NULL, &first, "HEAD")
        .update(NULL, &first, "refs/heads/a..b")
        .update(NULL, &first, "refs/heads/fine")
        .pack(&source, &[] as &[&str]);
    let lines = to_branch.send(&hosted).lines;
    assert!(lines[1].contains("non-commit object"), "{lines:?}");
    assert_eq!(lines[2], "ng HEAD funny refname");
    assert_eq!(lines[3], "ng refs/heads/a..b funny refname");
    assert_eq!(lines[4], "ok refs/heads/fine");
    // The first branch became HEAD's, and pushing to that branch is ordinary.
    let refs = source.remote_refs(&hosted.url());
    assert_eq!(refs["HEAD"], "refs/heads/fine");
    source.commit("second");
    source.run(&["push", &hosted.url(), "main:fine"]);
    let said = source.fails(&["push", &hosted.url(), ":fine"]);
    assert!(said.contains("deletion of the current branch"), "{said}");
}
