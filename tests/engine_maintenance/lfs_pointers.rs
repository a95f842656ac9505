//! Pointers of Git LFS that refs reach: git's own list of reached objects is the judge.

use std::collections::BTreeSet;
use std::rc::Rc;

use cairn::git::graph::commits::CommitGraph;
use cairn::git::lfs::{LfsOid, Pointer};
use cairn::git::limits::Limits;
use cairn::git::maintenance::lfs_pointers::LfsPointers;
use cairn::git::maintenance::reach::Reach;
use cairn::git::maintenance::step::Step;
use cairn::git::pack::reader::LivePacks;
use cairn::storage::db::rusqlite_db::RusqliteDatabase;
use gix_hash::ObjectId;

use super::hosted::{Source, Store, created, git, push, text};

type Found = BTreeSet<(LfsOid, u64)>;

fn pointer(number: u8) -> Pointer {
    Pointer {
        oid: LfsOid::from([number; 32]),
        size: u64::from(number) * 1000,
    }
}

/// The pointers that the machine finds from these roots, in steps of this size.
fn found(store: &Rc<Store<RusqliteDatabase>>, roots: &[ObjectId], budget: usize) -> Found {
    let packs = LivePacks::open(Rc::clone(store), &Limits::DEFAULT).unwrap();
    let graph = CommitGraph::open(&**store, packs.records()).unwrap();
    let mut reach = Reach::new(&packs, &graph).without_bases();
    for root in roots {
        assert!(reach.add_root(&packs, &graph, *root).unwrap());
    }
    while reach.step(&packs, &graph, 10).unwrap() == Step::More {}
    let reached = reach.finish();
    let (mut pointers, mut found) = (LfsPointers::new(), Found::new());
    let note = |pointer: Pointer, found: &mut Found| found.insert((pointer.oid, pointer.size));
    while pointers
        .step(&packs, &reached.entries, budget, |pointer| {
            note(pointer, &mut found);
        })
        .unwrap()
        == Step::More
    {}
    found
}

/// The same by git.
fn judged(source: &Source, revision: &str) -> Found {
    let listed = text(
        source.path(),
        &["rev-list", "--objects", "--no-object-names", revision],
    );
    let mut found = Found::new();
    for id in listed.lines() {
        if text(source.path(), &["cat-file", "-t", id]) == "blob" {
            let blob = git(source.path(), &["cat-file", "blob", id], b"");
            found.extend(Pointer::parse(&blob).map(|pointer| (pointer.oid, pointer.size)));
        }
    }
    found
}

#[test]
fn pointers_that_refs_reach_are_found_in_steps_of_any_size() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let mut old = None;
    // Several packs; each pointer is a delta on the one before, and none but the last is in the tree.
    for number in 1..=4 {
        source.commit("main", 3);
        let near = source.commit_file("main", b"version https://git-lfs.github.com/spec/v1\n");
        let tip = source.commit_file("main", &pointer(number).write());
        assert_ne!(near, tip);
        push(&store, &source, "refs/heads/main", old, tip);
        old = Some(tip);
    }
    git(source.path(), &["branch", "topic", "main"], b"");
    let topic = source.commit_file("topic", &pointer(9).write());
    push(&store, &source, "refs/heads/topic", None, topic);
    let main = old.unwrap();
    let expected = judged(&source, "main");
    assert_eq!(expected.len(), 4);
    for budget in [1, 7, 40, 100_000] {
        assert_eq!(found(&store, &[main], budget), expected, "{budget}");
    }
    let all = judged(&source, "--all");
    assert_eq!(all.len(), 5);
    assert_eq!(found(&store, &[topic, main], 10), all);
    // A tree that a tag names counts as well.
    let tree = source.id("topic^{tree}");
    assert_eq!(found(&store, &[tree], 10).len(), 1);
}
