//! Commits as mails, byte for byte those of `git format-patch`.

use std::io::Write as _;
use std::path::Path;

use cairn::git::compare::mail;
use cairn::git::compare::patch::Patches;
use cairn::git::compare::renames::RenameOptions;
use cairn::git::compare::stat::FileStat;
use cairn::git::limits::Limits;
use cairn::git::object::facts;
use cairn::git::store::ObjectSource as _;
use gix_hash::ObjectId;

use crate::changes::{renamed_changes, tree_changes};
use crate::plumbing::git;
use crate::random_trees::make_trees;
use crate::repository::{Numbers, Objects};

const NAMES: [&str; 9] = [
    "A U Thor",
    "Dr. Dot, Jr.",
    "Quo\"te \\ Back",
    "Zo\u{eb} \u{c5}ngstr\u{f6}m",
    "\u{5c71}\u{7530}\u{592a}\u{90ce} \u{5c71}\u{7530}\u{592a}\u{90ce} \u{5c71}\u{7530}\u{592a}\u{90ce} \u{5c71}\u{7530}\u{592a}\u{90ce}",
    "A name that is so long that its line has to be broken somewhere before the address of it",
    "Equals =?sign",
    "under_score \u{e9}_!*",
    "x",
];

const WORDS: [&str; 16] = [
    "fix",
    "the",
    "subject",
    "of",
    "commits",
    "a-rather-long-word-of-a-subject",
    "(again)",
    "=?",
    "caf\u{e9}",
    "tab\there",
    "x",
    "y:",
    "\u{1f600}",
    "\u{4f60}\u{597d}",
    "trailing ",
    "--- a",
];

fn message(numbers: &mut Numbers) -> String {
    let mut message = String::new();
    for _ in 0..numbers.below(3) {
        message += "\n";
    }
    for paragraph in 0..numbers.below(4) {
        for line in 0..=numbers.below(3) {
            let words = 1 + numbers.below(if paragraph == 0 && line == 0 { 20 } else { 8 });
            let plain = numbers.percent(60);
            let words = (0..words).map(|_| {
                let word = numbers.one_of(&WORDS);
                if plain && !word.is_ascii() {
                    "ascii"
                } else {
                    word
                }
            });
            message += &words.collect::<Vec<_>>().join(" ");
            message += "\n";
        }
        message += if numbers.percent(20) { "  \n" } else { "\n" };
    }
    message
}

/// Commits over random trees, each with its own author, date and message.
fn make_commits(directory: &Path, seed: u64, trees: &[ObjectId]) -> Vec<String> {
    let mut numbers = Numbers(seed);
    let mut stream = Vec::new();
    let mut parent = None;
    for (number, tree) in trees.iter().enumerate() {
        let name = numbers.one_of(&NAMES);
        let zone = numbers.one_of(&["+0000", "-0730", "+0200", "+1400"]);
        let message = message(&mut numbers);
        let seconds = numbers.below(2_000_000_000);
        writeln!(stream, "commit refs/heads/mails\nmark :{}", number + 1).unwrap();
        write!(
            stream,
            "author {name} <a{number}@example.com> {seconds} {zone}\n\
             committer C <c@example.com> 1700000000 +0000\ndata {}\n{message}",
            message.len()
        )
        .unwrap();
        if let Some(parent) = parent {
            writeln!(stream, "from :{parent}").unwrap();
        }
        parent = Some(number + 1);
        writeln!(stream, "M 040000 {tree} ").unwrap();
    }
    git(directory, &["fast-import", "--quiet"], &stream);
    let listed = git(directory, &["rev-list", "--reverse", "mails"], b"");
    let listed = String::from_utf8(listed).unwrap();
    listed.lines().map(str::to_owned).collect()
}

fn mail_of(objects: &Objects, commit: &str, with_binary: bool) -> Vec<u8> {
    let id = ObjectId::from_hex(commit.as_bytes()).unwrap();
    let (_, content) = objects.read(&id).unwrap().unwrap();
    let facts = facts::commit(&content).unwrap();
    let (_, parent) = objects.read(&facts.parents[0]).unwrap().unwrap();
    let trees = (facts::commit(&parent).unwrap().tree, facts.tree);
    let changes = tree_changes(objects, trees, &[]);
    let changes = renamed_changes(objects, changes, RenameOptions::default());
    let stats = changes.iter();
    let stats = stats.map(|change| FileStat::of(change, objects, &Limits::DEFAULT).unwrap());
    let stats: Vec<_> = stats.collect();
    let mut out = Vec::new();
    mail::write_head(&id, &content, &changes, &stats, &mut out).unwrap();
    let mut patches = Patches::new(changes, 3, &Limits::DEFAULT);
    if with_binary {
        patches = patches.with_binary();
    }
    while patches.step(objects, 4096, &mut out).unwrap() {}
    mail::write_tail("cairn", &mut out);
    out
}

#[test]
fn mails_are_those_of_git() {
    let directory = tempfile::tempdir().unwrap();
    let trees = make_trees(directory.path(), 51, 250);
    let commits = make_commits(directory.path(), 51, &trees);
    let objects = Objects::of(directory.path());
    for commit in &commits[1..] {
        let arguments = [
            "format-patch",
            "--stdout",
            "--always",
            "--no-binary",
            "--signature=cairn",
            "-1",
            commit,
        ];
        let theirs = git(directory.path(), &arguments, b"");
        let ours = mail_of(&objects, commit, false);
        // Applied to the tree before, it gives the tree.
        let parent = format!("{commit}^");
        git(directory.path(), &["read-tree", &parent], b"");
        let mail = mail_of(&objects, commit, true);
        git(
            directory.path(),
            &["apply", "--cached", "--allow-empty"],
            &mail,
        );
        let tree = git(directory.path(), &["write-tree"], b"");
        let expected = git(
            directory.path(),
            &["rev-parse", &format!("{commit}^{{tree}}")],
            b"",
        );
        assert_eq!(tree, expected, "{commit} as a mail");
        if ours != theirs {
            let at = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
            let near = |bytes: &[u8]| {
                let near = &bytes[at.saturating_sub(700)..bytes.len().min(at + 300)];
                String::from_utf8_lossy(near).into_owned()
            };
            panic!(
                "{commit}\n--- ours\n{}\n--- git's\n{}",
                near(&ours),
                near(&theirs)
            );
        }
    }
}
