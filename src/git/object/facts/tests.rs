use proptest::prelude::*;

use super::*;

const TREE: &str = "1111111111111111111111111111111111111111";
const PARENT: &str = "ABCDEFabcdef22222222222222222222222222ff";

fn commit_with(rest: &str) -> Result<CommitFacts, FactsError> {
    commit(format!("tree {TREE}\n{rest}").as_bytes())
}

#[test]
fn a_commit_gives_its_tree_its_parents_and_the_committers_date() {
    let facts = commit_with(&format!(
        "parent {PARENT}\nparent {TREE}\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 1700000000 \
         +0200\n\nmessage\n"
    ))
    .unwrap();
    assert_eq!(facts.tree.to_string(), TREE);
    assert_eq!(facts.parents.len(), 2);
    assert_eq!(facts.parents[0].to_string(), PARENT.to_lowercase());
    assert_eq!(facts.time, 1_700_000_000);
}

#[test]
fn a_commit_without_a_usable_date_has_time_0() {
    for rest in [
        "\n",
        "author",
        "author A <a@b> 1 +0000\n",
        "author A <a@b> 1 +0000\ncommitter",
        "author A <a@b> 1 +0000\ncommitter A <a@b> 5 +0000",
        "author A <a@b> 1 +0000\ncommitter A 5 +0000\n",
        "author A <a@b> 1 +0000\ncommitter A <a@b>\n",
        "author A <a@b> 1 +0000\ncommitter A <a@b> +5 +0000\n",
        "author A <a@b> 1 +0000\ncommitter A <a@b> - 5 +0000\n",
        "committer A <a@b> 5 +0000\n",
        // Too short for a parent, and so the end of the headers.
        "parent 22\nauthor A <a@b>\ncommitter <> 5\n",
    ] {
        assert_eq!(commit_with(rest).unwrap().time, 0, "{rest:?}");
    }
}

#[test]
fn dates_are_read_as_git_reads_them() {
    for (date, time) in [
        ("5 +0000", 5),
        (" \t 5", 5),
        ("5+0200", 5),
        ("123foo456", 123),
        ("a> <b> 7 +0000", 7),
        ("-1 +0000", u64::MAX),
        ("18446744073709551615", u64::MAX),
        ("18446744073709551616", u64::MAX),
        ("99999999999999999999999999999", u64::MAX),
        ("0000000000000000000000000000000007", 7),
    ] {
        let rest = format!("author A <a@b> 1 +0000\ncommitter A <a@b> {date}\n");
        assert_eq!(commit_with(&rest).unwrap().time, time, "{date:?}");
    }
}

#[test]
fn bogus_commits_are_refused() {
    assert_eq!(commit(b""), Err(FactsError::NoTreeLine));
    assert_eq!(
        commit(format!("tree {TREE}\n").as_bytes()),
        Err(FactsError::NoTreeLine)
    );
    assert_eq!(
        commit(format!("tree {TREE}11\n\n").as_bytes()),
        Err(FactsError::NoTreeLine)
    );
    let not_hex = TREE.replace("11111111111111111111", "1111111111111111111g");
    assert_eq!(
        commit(format!("tree {not_hex}\n\n").as_bytes()),
        Err(FactsError::BadTreePointer)
    );
    for rest in [
        format!("parent {not_hex}\n\n"),
        format!("parent {TREE}11\n\n"),
        format!("parent {TREE}\n"),
    ] {
        assert_eq!(
            commit_with(&rest),
            Err(FactsError::BadParent { line: 2 }),
            "{rest:?}"
        );
    }
}

#[test]
fn a_tag_gives_its_target() {
    let content = format!("object {TREE}\ntype commit\ntag v1 of all\n\n");
    let facts = tag(content.as_bytes()).unwrap();
    assert_eq!(facts.target.to_string(), TREE);
    assert_eq!(facts.target_kind, ObjectKind::Commit);
    assert_eq!(facts.name, "v1 of all");

    for (content, line) in [
        (format!("object {TREE}\ntype tag\ntag "), "object"),
        (format!("object {TREE}x\ntype tag\ntag v1\n\n"), "object"),
        (format!("object {TREE}\ntype commits\ntag v1\n"), "type"),
        (format!("object {TREE}\ntype commit\ntagger v1\n"), "tag"),
        (format!("object {TREE}\ntype commit\ntag no newline"), "tag"),
    ] {
        assert_eq!(
            tag(content.as_bytes()),
            Err(FactsError::BadTagLine { line }),
            "{content:?}"
        );
    }
}

fn entry(mode: &str, name: &str, byte: u8) -> Vec<u8> {
    [mode.as_bytes(), b" ", name.as_bytes(), b"\0", &[byte; 20]].concat()
}

#[test]
fn a_tree_gives_its_entries_with_any_octal_mode() {
    use EntryKind::{Blob, Commit, Link, Tree};

    let content = [
        entry("100664", "a", 1),
        entry("040000", "b", 2),
        entry("160000", "c d", 3),
        entry("0000120000", "e", 4),
        entry("7777777777777777777777", "f", 5),
        entry("0", "g", 6),
    ]
    .concat();
    let entries = tree_entries(&content)
        .collect::<Result<Vec<_>, _>>()
        .unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| entry.mode.kind()).collect();
    assert_eq!(kinds, [Blob, Tree, Commit, Link, Commit, Commit]);
    assert_eq!(entries[2].name, "c d");
    assert_eq!(entries[2].id.as_bytes(), [3; 20]);
    assert!(entries[1].mode.is_tree() && entries[2].mode.is_gitlink());
    assert!(entries[3].mode.is_symlink());
}

#[test]
fn malformed_trees_end_with_an_error() {
    let good = entry("100644", "a", 1);
    let after_good = |bad: &[u8]| {
        let content = [&good, bad].concat();
        let mut entries = tree_entries(&content);
        let (first, last) = (entries.next().unwrap(), entries.last());
        first.and(last.unwrap()).unwrap_err()
    };
    assert_eq!(after_good(&entry("", "b", 2)), FactsError::MalformedMode);
    assert_eq!(
        after_good(&entry("100648", "b", 2)),
        FactsError::MalformedMode
    );
    assert_eq!(after_good(&entry("100644", "", 2)), FactsError::EmptyName);
    // A cut is seen at the first entry already.
    let cut = tree_entries(&good[..good.len() - 1]).next().unwrap();
    assert_eq!(
        cut.unwrap_err(),
        FactsError::TooShortTree {
            remaining_bytes: good.len() - 1
        }
    );
    assert_eq!(tree_entries(b"").next(), None);
}

#[test]
fn directories_sort_as_if_they_ended_with_a_slash() {
    let sorted: [(&[u8], bool); 7] = [
        (b"a", false),
        (b"a-b", true),
        (b"a.c", false),
        (b"a", true),
        (b"a0", false),
        (b"ab", false),
        (b"b", false),
    ];
    for (at, (name1, is_tree1)) in sorted.iter().enumerate() {
        for (other, (name2, is_tree2)) in sorted.iter().enumerate() {
            let order = base_name_compare(name1, *is_tree1, name2, *is_tree2);
            assert_eq!(order, at.cmp(&other), "{at} {other}");
        }
    }
}

proptest! {
    #[test]
    fn no_content_panics(content in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = commit(&content);
        let _ = tag(&content);
        let _ = tree_entries(&content).count();
    }
}
