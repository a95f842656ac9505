//! Notes beside those of `git notes`: the same trees, whatever their directories.

use std::fmt::Write as _;

use cairn::git::edit::notes::{Listed, Notes, appended};
use cairn::git::limits::Limits;
use cairn::git::object::ObjectKind;
use gix_hash::ObjectId;

use crate::memory::{Memory, objects_of};
use crate::support::git::Git;
use crate::support::history::Random;
use crate::support::scratch::Scratch;

const READ_BYTES_MAX: u64 = 1 << 20;

#[test]
fn notes_have_the_trees_that_git_notes_writes() {
    compare(1, 40);
}

#[test]
#[ignore = "a longer run, by name"]
fn many_notes_have_the_trees_that_git_notes_writes() {
    for seed in 2..8 {
        compare(seed, 150);
    }
}

fn compare(seed: u64, rounds: u32) {
    let scratch = Scratch::new();
    let git = scratch.repository("notes");
    let mut random = Random(seed);
    start(&git);
    let mut memory = objects_of(&git);
    let mut root = tree(&git);
    let from = id(&mut random);
    git.run(&["notes", "add", "-m", "text", &from.to_string()]);
    let blob = memory
        .objects
        .add(ObjectKind::Blob, b"text\n".to_vec())
        .unwrap();
    root = edit(&mut memory, root, |notes| notes.put(from, blob).unwrap());
    assert_eq!(root, tree(&git));
    let mut noted: Vec<ObjectId> = Vec::new();
    let mut deepest = 0;
    for round in 0..rounds {
        let is_growing = round % 20 < 12;
        if is_growing || noted.is_empty() {
            let added: Vec<_> = (0..=random.below(60)).map(|_| id(&mut random)).collect();
            let lines = added
                .iter()
                .map(|to| format!("{from} {to}\n"))
                .collect::<String>();
            git.run_with(&["notes", "copy", "--stdin"], lines.as_bytes());
            root = edit(&mut memory, root, |notes| {
                added
                    .iter()
                    .for_each(|object| notes.put(*object, blob).unwrap());
            });
            noted.extend(added);
        } else {
            let mut removed = Vec::new();
            let mut lines = String::new();
            for _ in 0..=random.below(80).min(noted.len() - 1) {
                let object = noted.swap_remove(random.below(noted.len()));
                writeln!(lines, "{object}").unwrap();
                removed.push(object);
            }
            git.run_with(&["notes", "remove", "--stdin"], lines.as_bytes());
            root = edit(&mut memory, root, |notes| {
                removed
                    .iter()
                    .for_each(|object| assert!(notes.remove(*object).unwrap()));
            });
        }
        let listed = git.run(&["ls-tree", "-r", "--name-only", "refs/notes/commits"]);
        deepest = deepest.max(
            listed
                .lines()
                .map(|path| path.matches('/').count())
                .max()
                .unwrap(),
        );
        assert_eq!(root, tree(&git), "seed {seed}, round {round}\n{listed}");
    }
    assert!(deepest >= 1, "no directories were needed");
    compare_lists(&git, &memory, root, &mut random);
}

fn compare_lists(git: &Git, memory: &Memory, root: ObjectId, random: &mut Random) {
    let theirs = git.run(&["notes", "list"]);
    let mut ours = String::new();
    let mut after = None;
    loop {
        let mut notes = Notes::open(memory, Some(root), READ_BYTES_MAX, &Limits::DEFAULT).unwrap();
        let page = notes.list(after, 7).unwrap();
        for Listed { object, note } in &page {
            writeln!(ours, "{note} {object}").unwrap();
            let mut notes =
                Notes::open(memory, Some(root), READ_BYTES_MAX, &Limits::DEFAULT).unwrap();
            assert_eq!(notes.find(*object).unwrap(), Some(*note));
        }
        match page.last() {
            Some(last) => after = Some(last.object),
            None => break,
        }
    }
    assert_eq!(ours.trim_end(), theirs);
    let mut notes = Notes::open(memory, Some(root), READ_BYTES_MAX, &Limits::DEFAULT).unwrap();
    assert_eq!(notes.find(id(random)).unwrap(), None);
}

/// A tree of notes with files that are not notes.
fn start(git: &Git) {
    let blob = git.run_with(&["hash-object", "-w", "--stdin"], b"no note\n");
    let inner = git.run_with(
        &["mktree"],
        format!("100644 blob {blob}\tREADME\n").as_bytes(),
    );
    let entries = format!(
        "100644 blob {blob}\tREADME\n040000 tree {inner}\tab\n100644 blob {blob}\tzz\n\
         040000 tree {inner}\tdocs\n"
    );
    let tree = git.run_with(&["mktree"], entries.as_bytes());
    let commit = git.run(&["commit-tree", "-m", "start", &tree]);
    git.run(&["update-ref", "refs/notes/commits", &commit]);
}

fn tree(git: &Git) -> ObjectId {
    let tree = git.run(&["rev-parse", "refs/notes/commits^{tree}"]);
    ObjectId::from_hex(tree.as_bytes()).unwrap()
}

fn edit(
    memory: &mut Memory,
    root: ObjectId,
    change: impl FnOnce(&mut Notes<'_, Memory>),
) -> ObjectId {
    let mut new_objects = memory.objects.clone();
    let mut notes = Notes::open(memory, Some(root), READ_BYTES_MAX, &Limits::DEFAULT).unwrap();
    change(&mut notes);
    let root = notes.write(&mut new_objects).unwrap();
    memory.objects = new_objects;
    root
}

fn id(random: &mut Random) -> ObjectId {
    let words: Vec<u8> = (0..3).flat_map(|_| random.next().to_be_bytes()).collect();
    ObjectId::try_from(&words[..20]).unwrap()
}

#[test]
fn text_is_appended_as_git_notes_append_does() {
    let scratch = Scratch::new();
    let git = scratch.repository("append");
    let object = "1234567890123456789012345678901234567890";
    git.run(&["notes", "append", "-m", "one", object]);
    git.run(&["notes", "append", "-m", "two\n\n\nthree", object]);
    let theirs = git.try_run(&["notes", "show", object], b"").stdout;
    let ours = appended(&appended(b"", "one\n"), "two\n\nthree\n");
    assert_eq!(String::from_utf8(theirs), String::from_utf8(ours));
}

#[test]
fn two_notes_on_one_object_are_read_as_git_reads_them() {
    let scratch = Scratch::new();
    let git = scratch.repository("twice");
    let object = "1234567890123456789012345678901234567890";
    let blob = |text: &str| git.run_with(&["hash-object", "-w", "--stdin"], text.as_bytes());
    let (one, two) = (blob("one\n"), blob("two\n"));
    let inner = format!("100644 blob {one}\t{}\n", &object[2..]);
    let inner = git.run_with(&["mktree"], inner.as_bytes());
    let outer = format!("040000 tree {inner}\t12\n100644 blob {two}\t{object}\n");
    let outer = git.run_with(&["mktree"], outer.as_bytes());
    let commit = git.run(&["commit-tree", "-m", "start", &outer]);
    git.run(&["update-ref", "refs/notes/commits", &commit]);
    let theirs = git.try_run(&["notes", "show", object], b"").stdout;
    let memory = objects_of(&git);
    let mut notes =
        Notes::open(&memory, Some(tree(&git)), READ_BYTES_MAX, &Limits::DEFAULT).unwrap();
    let found = notes
        .find(ObjectId::from_hex(object.as_bytes()).unwrap())
        .unwrap();
    assert_eq!(notes.text(found.unwrap()).unwrap().as_slice(), theirs);
}
