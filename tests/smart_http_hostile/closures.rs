//! Objects that are not there, or not of the kind they should be: nothing is recorded.

use super::pack::{BLOB, COMMIT, Pack, TAG, TREE, nobody, tag};
use super::request::{command, create_evil, null, push};
use super::target::{Expect, Target};

const MISSING: Expect = Expect::Ng("missing necessary objects");

#[test]
fn tips_with_incomplete_closures() {
    let mut target = Target::new("closures");
    let (tip, tip_tree) = (target.tip, target.tip_tree);
    let empty = Pack::new().finish();
    target.pack("a tip that nobody has", nobody(9), &empty, MISSING);

    let mut pack = Pack::new();
    let commit = pack.commit(nobody(9), &[tip]);
    target.pack("a commit without its tree", commit, &pack.finish(), MISSING);

    let mut pack = Pack::new();
    let commit = pack.commit(tip_tree, &[nobody(9)]);
    target.pack(
        "a commit without its parent",
        commit,
        &pack.finish(),
        MISSING,
    );

    let mut pack = Pack::new();
    let commit = pack.commit(tip_tree, &[tip, nobody(9)]);
    target.pack(
        "a merge without its second parent",
        commit,
        &pack.finish(),
        MISSING,
    );

    let mut pack = Pack::new();
    let tree = pack.tree(&[("100644", b"a", nobody(9))]);
    let commit = pack.commit(tree, &[tip]);
    target.pack("a tree without its blob", commit, &pack.finish(), MISSING);

    let mut pack = Pack::new();
    let tree = pack.tree(&[("40000", b"a", nobody(9))]);
    let commit = pack.commit(tree, &[tip]);
    target.pack("a tree without its tree", commit, &pack.finish(), MISSING);

    let mut pack = Pack::new();
    let tree = pack.tree(&[("120000", b"a", nobody(9))]);
    let commit = pack.commit(tree, &[tip]);
    target.pack("a tree without its link", commit, &pack.finish(), MISSING);

    let mut pack = Pack::new();
    let inner = pack.tree(&[("100644", b"b", nobody(9))]);
    let middle = pack.tree(&[("40000", b"c", inner)]);
    let tree = pack.tree(&[("40000", b"a", middle)]);
    let first = pack.commit(tree, &[tip]);
    let second = pack.commit(tip_tree, &[first]);
    target.pack(
        "a blob missing deep down in an older commit",
        second,
        &pack.finish(),
        MISSING,
    );

    let mut pack = Pack::new();
    let tagged = pack.object(TAG, &tag(nobody(9), "commit"));
    let body = push(&[command(null(), tagged, "refs/tags/evil")], &pack.finish());
    target.push("a tag without its commit", &body, MISSING);

    // A client with a shallow clone says so; its commits have no parents here.
    let mut pack = Pack::new();
    let commit = pack.commit(tip_tree, &[nobody(9)]);
    let mut body = super::request::pkt(format!("shallow {commit}"));
    body.extend(create_evil(commit, &pack.finish()));
    let expect = Expect::Ng("shallow update not allowed");
    target.push("a shallow push whose parents are missing", &body, expect);
    target.finish(10);
}

#[test]
fn objects_of_another_kind() {
    let mut target = Target::new("kinds");
    let (tip, tip_tree) = (target.tip, target.tip_tree);
    let with_tree = |pack: &mut Pack, mode: &str, id| {
        let tree = pack.tree(&[(mode, b"a", id)]);
        pack.commit(tree, &[tip])
    };
    let mut pack = Pack::new();
    let commit = with_tree(&mut pack, "40000", tip);
    target.pack("a commit as a folder", commit, &pack.finish(), MISSING);
    let mut pack = Pack::new();
    let commit = with_tree(&mut pack, "100644", tip_tree);
    target.pack("a tree as a file", commit, &pack.finish(), MISSING);
    let mut pack = Pack::new();
    let blob = pack.blob(b"x");
    let commit = with_tree(&mut pack, "40000", blob);
    target.pack("a blob as a folder", commit, &pack.finish(), MISSING);
    let mut pack = Pack::new();
    let commit = pack.commit(tip, &[]);
    target.pack(
        "a commit as a commit's tree",
        commit,
        &pack.finish(),
        MISSING,
    );
    let mut pack = Pack::new();
    let blob = pack.blob(b"x");
    let commit = pack.commit(blob, &[]);
    target.pack("a blob as a commit's tree", commit, &pack.finish(), MISSING);
    let mut pack = Pack::new();
    let commit = pack.commit(tip_tree, &[tip_tree]);
    target.pack("a tree as a parent", commit, &pack.finish(), MISSING);
    for (name, id, kind) in [
        ("a commit as a tree", tip, "tree"),
        ("a commit as a tag", tip, "tag"),
        ("a tree as a commit", tip_tree, "commit"),
        ("a tree as a blob", tip_tree, "blob"),
    ] {
        let mut pack = Pack::new();
        let tagged = pack.object(TAG, &tag(id, kind));
        let body = push(&[command(null(), tagged, "refs/tags/evil")], &pack.finish());
        target.push(&format!("{name} in a tag"), &body, MISSING);
    }
    // A branch may name nothing but a commit.
    let contents: [(&str, u8, Vec<u8>); 3] = [
        ("blob", BLOB, b"x".to_vec()),
        ("tree", TREE, Vec::new()),
        ("tag", TAG, tag(tip, "commit")),
    ];
    for (name, kind, content) in contents {
        let mut pack = Pack::new();
        let id = pack.object(kind, &content);
        let expect = Expect::Ng("non-commit object");
        target.pack(&format!("a {name} as a branch"), id, &pack.finish(), expect);
    }
    target.finish(13);
}

#[test]
fn objects_of_a_refused_push_stay_unknown() {
    let mut target = Target::new("unknown");
    // The first push brings a sound blob and tree, and is refused for its other tip.
    let mut pack = Pack::new();
    let blob = pack.blob(b"brought by a refused push");
    let tree = pack.tree(&[("100644", b"a", blob)]);
    let content = super::pack::commit(tree, &[target.tip]);
    let orphan = pack.object(COMMIT, &content);
    let lacking = pack.commit(nobody(9), &[orphan]);
    target.pack(
        "a chain that lacks its end",
        lacking,
        &pack.finish(),
        MISSING,
    );
    let empty = Pack::new().finish();
    target.pack("its first commit, without bytes", orphan, &empty, MISSING);
    let mut pack = Pack::new();
    let commit = pack.commit(tree, &[target.tip]);
    target.pack("a commit on its tree", commit, &pack.finish(), MISSING);
    let mut pack = Pack::new();
    let base = b"brought by a refused push";
    pack.ref_delta(blob, &super::pack::append(base, b"!"));
    target.pack(
        "a delta on its blob",
        commit,
        &pack.finish(),
        Expect::Unpack("unresolved"),
    );
    for (name, id) in [("commit", orphan), ("tree", tree), ("blob", blob)] {
        let body = fetch(&format!("want {id}\n"));
        let expect = Expect::Fatal("upload-pack: not our ref");
        target.fetch(&format!("a want of its {name}"), 2, &body, expect);
    }
    target.finish(7);
}

/// A fetch request of version 2.
fn fetch(argument: &str) -> Vec<u8> {
    use super::request::pkt;
    [
        pkt("command=fetch"),
        b"0001".to_vec(),
        pkt(argument),
        pkt("done\n"),
        b"0000".to_vec(),
    ]
    .concat()
}

#[test]
fn an_unreferenced_commit_of_a_pack_is_not_in_the_graph() {
    let mut target = Target::new("junk");
    // A push that is taken brings a commit that no ref names and whose parent nobody has.
    let mut pack = Pack::new();
    let junk = pack.commit(target.tip_tree, &[nobody(9)]);
    let good = pack.commit(target.tip_tree, &[target.tip]);
    let answer = target.send("git-receive-pack", &[], &create_evil(good, &pack.finish()));
    let taken = answer.text();
    assert!(taken.contains("ok refs/heads/evil"), "{taken}");
    let gone = push(&[command(good, null(), "refs/heads/evil")], b"");
    assert!(
        target
            .send("git-receive-pack", &[], &gone)
            .text()
            .contains("ok refs/heads/evil")
    );

    let not_ours = Expect::Fatal("upload-pack: not our ref");
    target.fetch(
        "a want of the junk commit",
        2,
        &fetch(&format!("want {junk}\n")),
        not_ours,
    );
    let empty = Pack::new().finish();
    target.pack("the junk commit as a tip", junk, &empty, MISSING);
    let mut pack = Pack::new();
    let child = pack.commit(target.tip_tree, &[junk]);
    target.pack("a child of the junk commit", child, &pack.finish(), MISSING);
    let mut pack = Pack::new();
    let tagged = pack.object(TAG, &tag(junk, "commit"));
    let body = push(&[command(null(), tagged, "refs/tags/evil")], &pack.finish());
    target.push("a tag of the junk commit", &body, MISSING);
    // As a have it is not common.
    let arguments = format!("have {junk}\n");
    let want = format!("want {}\n", target.tip);
    let body = [
        super::request::pkt("command=fetch"),
        b"0001".to_vec(),
        super::request::pkt(want),
        super::request::pkt(arguments),
        b"0000".to_vec(),
    ]
    .concat();
    target.fetch(
        "a have of the junk commit",
        2,
        &body,
        Expect::Harmless("NAK"),
    );
    target.finish(5);
}
