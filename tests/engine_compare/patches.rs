//! Patches, byte for byte those of `git diff`.

use std::io::Write as _;
use std::path::Path;

use cairn::git::compare::patch::Patches;
use cairn::git::compare::renames::RenameOptions;
use cairn::git::compare::text::Whitespace;
use cairn::git::limits::Limits;
use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use crate::changes::{renamed_changes, tree_changes};
use crate::plumbing::git;
use crate::random_trees::make_trees;
use crate::repository::{Numbers, Objects, pairs, stdin_of};

/// An option of `git diff` beside the lines of context.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    ByLines,
    ByWords,
    WithoutWhitespace,
}

impl Look {
    fn option(self) -> Option<&'static str> {
        match self {
            Self::ByLines => None,
            Self::ByWords => Some("--word-diff=plain"),
            Self::WithoutWhitespace => Some("-w"),
        }
    }
}

fn patch(objects: &Objects, pair: (ObjectId, ObjectId), context: u32, look: Look) -> Vec<u8> {
    let changes = tree_changes(objects, pair, &[]);
    let changes = renamed_changes(objects, changes, RenameOptions::default());
    let mut patches = Patches::new(changes, context, &Limits::DEFAULT);
    match look {
        Look::ByLines => {}
        Look::ByWords => patches = patches.by_words(),
        Look::WithoutWhitespace => patches = patches.by_whitespace(Whitespace::Ignored),
    }
    let mut out = Vec::new();
    while patches.step(objects, 4096, &mut out).unwrap() {}
    out
}

/// Texts that must be somewhere in the patches, so that they prove something.
const EXPECTED: [&str; 12] = [
    "\nrename from ",
    "\nold mode ",
    "\nBinary files ",
    "\n\\ No newline at end of file",
    "\n+Subproject commit ",
    "\nnew file mode 120000",
    "\ndeleted file mode ",
    "diff --git \"a/",
    "\t\n+++ ",
    "..e69de29",
    "similarity index 100%",
    " @@ pub fn other",
];

/// Compares the patches of all pairs with those of one `git diff-tree`; shows the first that differs.
pub fn check(directory: &Path, pairs: &[(ObjectId, ObjectId)], context: u32) {
    check_by(directory, pairs, context, Look::ByLines);
}

fn check_by(directory: &Path, pairs: &[(ObjectId, ObjectId)], context: u32, look: Look) {
    let objects = Objects::of(directory);
    let context_option = format!("-U{context}");
    let mut arguments = vec!["diff-tree", "--stdin", "-p", "-M", &context_option];
    arguments.extend(look.option());
    let expected = git(directory, &arguments, &stdin_of(pairs));
    let proves = pairs.len() >= 500 && look == Look::ByLines;
    for what in EXPECTED.iter().filter(|_| proves) {
        assert!(expected.contains_str(what), "no diff has {what:?}");
    }
    let mut rest = expected.as_slice();
    for (number, pair) in pairs.iter().enumerate() {
        let header = format!("{} {}\n", pair.0, pair.1);
        rest = rest.strip_prefix(header.as_bytes()).unwrap();
        let ours = patch(&objects, *pair, context, look);
        let end = match pairs.get(number + 1) {
            Some((old, new)) => {
                let next = format!("\n{old} {new}\n");
                let found = rest
                    .windows(next.len())
                    .position(|at| at == next.as_bytes());
                // A pair without a difference has nothing but the header.
                if rest.starts_with(&next.as_bytes()[1..]) {
                    0
                } else {
                    found.unwrap() + 1
                }
            }
            None => rest.len(),
        };
        let theirs = &rest[..end];
        if ours != theirs {
            let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let at = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
            let near =
                |bytes: &[u8]| show(&bytes[at.saturating_sub(600)..bytes.len().min(at + 300)]);
            panic!(
                "git diff {} {} (-U{context})\n--- ours\n{}\n--- git's\n{}",
                pair.0,
                pair.1,
                near(&ours),
                near(theirs)
            );
        }
        rest = &rest[end..];
    }
}

fn check_seed(seed: u64, trees: usize, diffs: usize) {
    let directory = tempfile::tempdir().unwrap();
    let trees = make_trees(directory.path(), seed, trees);
    let pairs = pairs(&trees, diffs, seed);
    check(directory.path(), &pairs, 3);
    for context in [0, 1, 10] {
        check(directory.path(), &pairs[..diffs / 8], context);
    }
}

/// Texts, renames, modes, links, submodules, binary files, ends without a newline, quoted paths.
#[test]
fn two_thousand_random_diffs_are_those_of_git() {
    for seed in 101..=104 {
        check_seed(seed, 400, 500);
    }
}

/// Random trees with prose in them: lines of many words, some of which change, with blanks of all kinds.
fn make_prose(directory: &Path, seed: u64, count: usize) -> Vec<ObjectId> {
    let mut numbers = Numbers(seed);
    let mut words: Vec<String> = Vec::new();
    let mut texts = Vec::new();
    for number in 0..count {
        if number % 20 == 0 {
            let length = numbers.one_of(&[0, 5, 60, 400, 900]);
            words = (0..length).map(|_| word(&mut numbers)).collect();
        }
        for _ in 0..numbers.below(8) {
            let at = numbers.below(words.len() + 1);
            match numbers.below(3) {
                0 => words.insert(at, word(&mut numbers)),
                1 if at < words.len() => words[at] = word(&mut numbers),
                _ => {
                    let end = (at + numbers.below(4)).min(words.len());
                    words.drain(at..end);
                }
            }
        }
        texts.push(words.concat());
    }
    commit_texts(directory, &texts)
}

/// One of few words and the text behind it.
fn word(numbers: &mut Numbers) -> String {
    let letters = [
        "a",
        "b",
        "the",
        "word",
        "\u{e9}t\u{e9}",
        "x-y",
        "{+",
        "\x0c",
    ];
    let behind = [
        " ", " ", " ", "  ", "\t", "\n", "\n", "\r\n", "\n\n", "\n  ", " \n",
    ];
    format!("{}{}", numbers.one_of(&letters), numbers.one_of(&behind))
}

/// `git diff --word-diff=plain`, of code and of prose, with and without context.
#[test]
fn random_word_diffs_are_those_of_git() {
    for seed in 201..=204 {
        let directory = tempfile::tempdir().unwrap();
        let trees = make_trees(directory.path(), seed, 200);
        let chosen = pairs(&trees, 250, seed);
        check_by(directory.path(), &chosen, 3, Look::ByWords);
        let directory = tempfile::tempdir().unwrap();
        let trees = make_prose(directory.path(), seed, 250);
        let chosen = pairs(&trees, 250, seed);
        check_by(directory.path(), &chosen, 3, Look::ByWords);
        for context in [0, 1, 10] {
            check_by(directory.path(), &chosen[..60], context, Look::ByWords);
        }
    }
}

/// Random trees with code in them; some lines are only indented, joined or blank in another way.
fn make_indented(directory: &Path, seed: u64, count: usize) -> Vec<ObjectId> {
    let mut numbers = Numbers(seed);
    let mut lines: Vec<String> = Vec::new();
    let mut texts = Vec::new();
    for number in 0..count {
        if number % 20 == 0 {
            let length = numbers.one_of(&[0, 5, 60, 400]);
            lines = (0..length).map(|_| code_line(&mut numbers)).collect();
        }
        for _ in 0..numbers.below(8) {
            let at = numbers.below(lines.len() + 1);
            let length = numbers.below(12);
            let end = (at + length).min(lines.len());
            match numbers.below(4) {
                0 => lines.insert(at, code_line(&mut numbers)),
                1 => {
                    lines.drain(at..end.min(at + 3));
                }
                2 => {
                    // A block that is there once more, deeper.
                    let block = lines[at..end].iter().map(|line| format!("    {line}"));
                    let block: Vec<_> = block.collect();
                    lines.splice(at..at, block);
                }
                _ => {
                    let blanks = numbers.one_of(&["", " ", "\t", "    ", "\x0c"]);
                    for line in &mut lines[at..end] {
                        *line = format!("{blanks}{}", line.trim_start());
                    }
                }
            }
        }
        let mut text = lines.concat();
        if numbers.below(4) == 0 {
            text.pop();
        }
        texts.push(text);
    }
    commit_texts(directory, &texts)
}

/// One of few lines, with blanks around it and in it.
fn code_line(numbers: &mut Numbers) -> String {
    let blanks = ["", "", " ", "  ", "    ", "\t", "\t\t", "\r", "\x0b"];
    let texts = [
        "",
        "",
        "}",
        "if (a) {",
        "if(a) {",
        "call( x )",
        "call(x)",
        "fn f() {",
    ];
    let (before, behind) = (numbers.one_of(&blanks), numbers.one_of(&blanks));
    format!("{before}{}{behind}\n", numbers.one_of(&texts))
}

/// `git diff -w`: lines that differ by white space alone are equal, and a file without another change is
/// left out unless its header says something.
#[test]
fn random_diffs_without_white_space_are_those_of_git() {
    for seed in 301..=304 {
        let directory = tempfile::tempdir().unwrap();
        let trees = make_trees(directory.path(), seed, 200);
        let chosen = pairs(&trees, 250, seed);
        check_by(directory.path(), &chosen, 3, Look::WithoutWhitespace);
        for make in [make_prose, make_indented] {
            let directory = tempfile::tempdir().unwrap();
            let trees = make(directory.path(), seed, 250);
            let chosen = pairs(&trees, 250, seed);
            for context in [0, 1, 3, 10] {
                check_by(directory.path(), &chosen, context, Look::WithoutWhitespace);
            }
        }
    }
}

/// `cargo test --release --test engine_compare -- --ignored many_more`
#[test]
#[ignore = "takes minutes"]
fn many_more_random_diffs_are_those_of_git() {
    for seed in 1001..=1100 {
        check_seed(seed, 400, 1000);
    }
}

/// Texts of few different lines, long enough for git's shortcuts in its search.
fn make_texts(directory: &Path, seed: u64, lengths: &[usize]) -> Vec<ObjectId> {
    let mut numbers = Numbers(seed);
    let text = |length: &usize| {
        let words = numbers.one_of(&[2, 3, 10, 100, 1000]);
        let lines = (0..*length).map(|_| format!("{:x}\n", numbers.below(words)));
        lines.collect::<String>()
    };
    let texts: Vec<_> = lengths.iter().map(text).collect();
    commit_texts(directory, &texts)
}

/// A repository in which a file has one of these texts after the other; gives the trees.
fn commit_texts(directory: &Path, texts: &[String]) -> Vec<ObjectId> {
    git(directory, &["init", "-q", "--bare"], b"");
    let mut stream = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        write!(
            stream,
            "commit refs/heads/texts\nmark :{}\ncommitter A <a@example.com> {number} +0000\n\
             data 0\nM 100644 inline f\ndata {}\n{text}\n",
            number + 1,
            text.len()
        )
        .unwrap();
    }
    git(directory, &["fast-import", "--quiet"], &stream);
    let listed = git(
        directory,
        &["log", "--reverse", "--format=%T", "texts"],
        b"",
    );
    let lines = listed.lines();
    lines
        .map(|line| ObjectId::from_hex(line).unwrap())
        .collect()
}

#[test]
fn long_texts_of_few_different_lines_are_those_of_git() {
    let directory = tempfile::tempdir().unwrap();
    let lengths = [300, 400, 900, 1000, 2500, 3000, 3000, 4000, 4000, 7000];
    let trees = make_texts(directory.path(), 77, &lengths);
    let pairs: Vec<_> = trees.windows(2).map(|pair| (pair[0], pair[1])).collect();
    check(directory.path(), &pairs, 3);
}
