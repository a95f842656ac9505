//! Which files differ and which were renamed, against `git diff-tree -r`.

use std::io::Write as _;
use std::path::Path;

use cairn::git::compare::paths::PathLimits;
use cairn::git::compare::renames::{RenameOptions, Renames};
use cairn::git::compare::tree::{Change, ChangeList, Side, TreeChanges};
use cairn::git::limits::Limits;
use gix_hash::ObjectId;
use gix_object::tree::EntryKind;

use crate::plumbing::git;
use crate::random_trees::make_trees;
use crate::repository::{Objects, pairs, stdin_of};

pub fn tree_changes(
    objects: &Objects,
    (old, new): (ObjectId, ObjectId),
    paths: &[&[u8]],
) -> Vec<Change> {
    let paths = PathLimits::new(paths.iter().copied());
    let mut walk = TreeChanges::new(Some(old), Some(new), paths, &Limits::DEFAULT);
    let mut changes = ChangeList::default();
    walk.collect_into(objects, &mut changes).unwrap();
    changes.into_changes()
}

pub fn renamed_changes(
    objects: &Objects,
    changes: Vec<Change>,
    options: RenameOptions,
) -> Vec<Change> {
    let mut renames = Renames::new(changes, options);
    renames.run(objects).unwrap();
    renames.into_changes()
}

/// A change as `git diff-tree --raw -z` prints it.
fn write_raw(change: &Change, out: &mut Vec<u8>) {
    let mode = |side: Option<Side>| match side.map(|side| side.kind) {
        None => "000000",
        Some(EntryKind::Blob) => "100644",
        Some(EntryKind::BlobExecutable) => "100755",
        Some(EntryKind::Link) => "120000",
        Some(EntryKind::Commit) => "160000",
        Some(EntryKind::Tree) => "040000",
    };
    let id = |side: Option<Side>| side.map_or(ObjectId::null(gix_hash::Kind::Sha1), |side| side.id);
    let kind = |side: Option<Side>| mode(side)[..3].to_owned();
    let status = match (&change.renamed, change.old, change.new) {
        (Some(_), ..) => format!("R{:03}", change.similarity_percent().unwrap()),
        (None, None, _) => "A".to_owned(),
        (None, _, None) => "D".to_owned(),
        (None, old, new) if kind(old) != kind(new) => "T".to_owned(),
        _ => "M".to_owned(),
    };
    let (old, new) = (change.old, change.new);
    write!(
        out,
        ":{} {} {} {} {status}\0",
        mode(old),
        mode(new),
        id(old),
        id(new)
    )
    .unwrap();
    if let Some(renamed) = &change.renamed {
        out.extend_from_slice(&renamed.from);
        out.push(0);
    }
    out.extend_from_slice(&change.path);
    out.push(0);
}

/// Compares each pair; the first difference is shown with git's answer.
fn check(
    directory: &Path,
    pairs: &[(ObjectId, ObjectId)],
    arguments: &[&str],
    changes: impl Fn(&Objects, (ObjectId, ObjectId)) -> Vec<Change>,
) {
    let objects = Objects::of(directory);
    let diff_tree = ["diff-tree", "--stdin", "-r", "-z"];
    let expected = git(
        directory,
        &[&diff_tree, arguments].concat(),
        &stdin_of(pairs),
    );
    let mut rest = expected.as_slice();
    for pair in pairs {
        let (old, new) = pair;
        let mut ours = format!("{old} {new}\n").into_bytes();
        for change in changes(&objects, *pair) {
            write_raw(&change, &mut ours);
        }
        let theirs = &rest[..ours.len().min(rest.len())];
        let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', "\n");
        assert_eq!(show(&ours), show(theirs), "{}", directory.display());
        rest = &rest[ours.len()..];
    }
    assert!(rest.is_empty(), "{}", String::from_utf8_lossy(rest));
}

#[test]
fn the_files_that_differ_are_those_of_git() {
    let directory = tempfile::tempdir().unwrap();
    let trees = make_trees(directory.path(), 1, 300);
    let pairs = pairs(&trees, 300, 1);
    check(
        directory.path(),
        &pairs,
        &["--no-renames"],
        |objects, pair| tree_changes(objects, pair, &[]),
    );
    let limits = ["--", "src/deep", "z", "old name/a.txt", "Makefile/"];
    let arguments = [&["--no-renames"], &limits[..]].concat();
    check(directory.path(), &pairs, &arguments, |objects, pair| {
        let limits: Vec<&[u8]> = limits[1..].iter().map(|limit| limit.as_bytes()).collect();
        tree_changes(objects, pair, &limits)
    });
}

#[test]
fn the_renames_are_those_of_git() {
    for seed in 1..=2 {
        let directory = tempfile::tempdir().unwrap();
        let trees = make_trees(directory.path(), seed, 200);
        let pairs = pairs(&trees, 300, seed);
        check(directory.path(), &pairs, &["-M"], |objects, pair| {
            let changes = tree_changes(objects, pair, &[]);
            renamed_changes(objects, changes, RenameOptions::default())
        });
    }
}

#[test]
fn the_limit_of_renames_is_that_of_git() {
    let directory = tempfile::tempdir().unwrap();
    let trees = make_trees(directory.path(), 9, 300);
    let pairs = pairs(&trees, 300, 9);
    check(
        directory.path(),
        &pairs,
        &["-M80%", "-l3"],
        |objects, pair| {
            let options = RenameOptions {
                score_min: 48_000,
                limit: 3,
                ..RenameOptions::default()
            };
            renamed_changes(objects, tree_changes(objects, pair, &[]), options)
        },
    );
}
