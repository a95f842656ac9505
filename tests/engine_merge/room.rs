//! Merging a text takes memory, which is asked for first and has a bound.

use cairn::git::edit::new_objects::NewObjects;
use cairn::git::limits::Limits;
use cairn::git::merge::tree::conflict::ConflictKind;
use cairn::git::merge::tree::{
    BranchNames, Favor, MergedTree, TreeMerge, TreeMergeError, TreeMergeLimits, TreeMergeOptions,
};
use gix_hash::ObjectId;

use super::judge::Objects;
use super::support::scratch::Scratch;

/// Three versions of a text of so many lines, and their merge by git.
fn versions() -> (Objects, [ObjectId; 3], String) {
    let scratch = Scratch::new();
    let git = scratch.repository("room");
    let write = |name: &str, changed: Option<usize>| {
        let line = |number| {
            let word = if changed == Some(number) {
                name
            } else {
                "line"
            };
            format!("{word} {number}\n")
        };
        git.write("text", (0..1000).map(line).collect::<String>());
        git.commit(name);
        git.run(&["branch", name]);
        let tree = git.run(&["rev-parse", &format!("{name}^{{tree}}")]);
        ObjectId::from_hex(tree.as_bytes()).unwrap()
    };
    let base = write("base", None);
    let ours = write("ours", Some(10));
    git.run(&["reset", "--quiet", "--hard", "base"]);
    let theirs = write("theirs", Some(900));
    let merged = git.run(&["merge-tree", "--write-tree", "ours", "theirs"]);
    (Objects::read(&git), [base, ours, theirs], merged)
}

fn begin(trees: [ObjectId; 3], limits: TreeMergeLimits) -> TreeMerge {
    let names = BranchNames {
        base: "base".into(),
        ours: "ours".into(),
        theirs: "theirs".into(),
    };
    let options = TreeMergeOptions {
        names,
        favor: Favor::Nobody,
        depth: 0,
        limits,
    };
    TreeMerge::new(trees, options)
}

#[test]
fn a_step_without_room_changes_nothing_and_is_taken_again() {
    let (objects, trees, expected) = versions();
    let limits = TreeMergeLimits {
        text_room_bytes: 0,
        ..TreeMergeLimits::default()
    };
    let mut merge = begin(trees, limits);
    let mut made = NewObjects::new(1 << 20, &Limits::DEFAULT);
    let mut asked = Vec::new();
    let merged: MergedTree = loop {
        match merge.step(&objects, &mut made) {
            Ok(true) => {}
            Ok(false) => break merge.into_result().unwrap(),
            Err(TreeMergeError::NoRoom { wanted, room }) => {
                assert!(wanted > room && made.is_empty(), "{wanted} of {room}");
                let again = merge.step(&objects, &mut made).unwrap_err();
                assert_eq!(again.wanted_room(), Some(wanted));
                merge.set_text_room(wanted);
                asked.push(wanted);
            }
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!((merged.is_clean, merged.tree.to_string()), (true, expected));
    // First for the bytes alone, then with the lines.
    let [bytes, all] = asked[..] else {
        panic!("room was asked for {asked:?}")
    };
    assert!(bytes > 2 * 3 * 8 * 1000, "{asked:?}");
    assert!(all >= bytes + 48 * 3000, "{asked:?}");
}

#[test]
fn a_text_beyond_the_bound_is_a_conflict() {
    let (objects, trees, _) = versions();
    let limits = TreeMergeLimits {
        text_bytes_max: 100_000,
        ..TreeMergeLimits::default()
    };
    let mut merge = begin(trees, limits);
    let mut made = NewObjects::new(1 << 20, &Limits::DEFAULT);
    while merge.step(&objects, &mut made).unwrap() {}
    let merged = merge.into_result().unwrap();
    assert!(!merged.is_clean);
    assert_eq!(merged.conflicts[0].kind, ConflictKind::TooLarge);
    assert_eq!(merged.conflicted[0].path, "text");
}
