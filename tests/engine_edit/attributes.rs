//! Attributes of paths, here and by `git check-attr`, in trees made up at random.

use std::collections::BTreeMap;
use std::io::Write as _;

use cairn::git::attributes::{AttributesFile, Lookup, State};
use gix_object::bstr::{BStr, BString, ByteSlice as _};

use crate::support::git::Git;
use crate::support::history::Random;
use crate::support::scratch::Scratch;

const NAMES: [&str; 8] = ["a", "b", "foo", "x.bin", "y.bin", "a b", "[c]", "\u{e9}"];

/// Pieces of patterns.
const PIECES: [&str; 24] = [
    "a",
    "b",
    "foo",
    "x",
    ".bin",
    "*",
    "**",
    "?",
    "/",
    "/",
    "[ab]",
    "[!a]",
    "[^x-z]",
    "[[:alpha:]]",
    "[[:nope:]]",
    "\\*",
    "\\",
    "[",
    "]",
    "[]a]",
    "\u{e9}",
    "y.bin",
    "**/",
    "/**",
];

/// The words of a line behind its pattern.
const WORDS: [&str; 20] = [
    "filter=lfs",
    "filter=lfs",
    "filter=lfs",
    "filter=crlf",
    "-filter",
    "!filter",
    "filter",
    "diff=lfs",
    "merge=lfs",
    "-text",
    "lfs",
    "-lfs",
    "!lfs",
    "big",
    "binary",
    "-binary",
    "filter=",
    "-filter=lfs",
    "b@d",
    "builtin_x",
];

const MACROS: [&str; 4] = ["lfs", "big", "filter", "binary"];

#[test]
fn attributes_are_those_of_git_check_attr() {
    let specified = compare(1, 400);
    assert!(specified > 700, "{specified} paths have the attribute");
}

#[test]
#[ignore = "a longer run, by name"]
fn many_attributes_are_those_of_git_check_attr() {
    for seed in 2..32 {
        compare(seed, 1_000);
    }
}

/// Compares this many trees; gives how many paths had the attribute.
fn compare(seed: u64, cases: u32) -> u32 {
    let scratch = Scratch::new();
    let git = scratch.bare_repository("attributes");
    let mut random = Random(seed);
    let trees: Vec<_> = (0..cases).map(|_| files(&mut random)).collect();
    let mut stream = Vec::new();
    for (case, files) in trees.iter().enumerate() {
        write_commit(&mut stream, case, files);
    }
    git.run_with(&["fast-import", "--quiet"], &stream);
    let mut specified = 0;
    for (case, files) in trees.iter().enumerate() {
        let read = files.iter().map(|(directory, content)| {
            let is_root = directory.is_empty();
            (directory.clone(), AttributesFile::parse(content, is_root))
        });
        let lookup = Lookup::new("filter", read);
        let paths: Vec<BString> = (0..25).map(|_| path(&mut random)).collect();
        let expected = asked(&git, case, &paths);
        assert_eq!(expected.len(), paths.len());
        for (path, expected) in paths.iter().zip(expected) {
            let found = match lookup.state(path.as_bstr()) {
                State::Unspecified => BStr::new("unspecified"),
                State::Set => BStr::new("set"),
                State::Unset => BStr::new("unset"),
                State::Value(value) => value,
            };
            specified += u32::from(found != "unspecified");
            assert_eq!(found, expected, "seed {seed}, {path} in {files:#?}");
        }
    }
    specified
}

/// Git's answer about the paths.
fn asked(git: &Git, case: usize, paths: &[BString]) -> Vec<BString> {
    let source = format!("--source=refs/heads/case{case}");
    let arguments = ["check-attr", "-z", "--stdin", &source, "filter"];
    let ended = git.try_run(&arguments, &[paths.join(&0_u8), vec![0]].concat());
    let fields: Vec<&[u8]> = ended.stdout.split(|byte| *byte == 0).collect();
    let values = fields.chunks_exact(3).map(|fields| fields[2].into());
    values.collect()
}

fn write_commit(stream: &mut Vec<u8>, case: usize, files: &BTreeMap<BString, Vec<u8>>) {
    writeln!(stream, "commit refs/heads/case{case}").unwrap();
    stream.extend_from_slice(b"committer A <a@b.example> 1700000000 +0000\ndata 0\n");
    for (directory, content) in files {
        let slash = if directory.is_empty() { "" } else { "/" };
        let bytes = content.len();
        writeln!(
            stream,
            "M 100644 inline \"{directory}{slash}.gitattributes\"\ndata {bytes}"
        )
        .unwrap();
        stream.extend_from_slice(content);
        stream.push(b'\n');
    }
    stream.push(b'\n');
}

/// Files of attributes by their directory.
fn files(random: &mut Random) -> BTreeMap<BString, Vec<u8>> {
    let mut files = BTreeMap::from([(BString::default(), content(random))]);
    for _ in 0..random.below(4) {
        let directory = path(random);
        // A directory and a file of one name exclude each other: names of files do not occur.
        files.insert(directory, content(random));
    }
    files
}

fn path(random: &mut Random) -> BString {
    let names: Vec<&str> = (0..=random.below(4))
        .map(|_| NAMES[random.below(NAMES.len())])
        .collect();
    names.join("/").into()
}

fn content(random: &mut Random) -> Vec<u8> {
    let mut content = Vec::new();
    if random.percent(3) {
        content.extend_from_slice(b"\xef\xbb\xbf");
    }
    for _ in 0..random.below(8) {
        content.extend_from_slice(&line(random));
        let end: &[u8] = match random.below(20) {
            0 => b"\r\n",
            1 => b"\n\n",
            2 => b"\0\n",
            _ => b"\n",
        };
        content.extend_from_slice(end);
    }
    content
}

fn line(random: &mut Random) -> Vec<u8> {
    let mut line = String::new();
    match random.below(12) {
        0 => {
            line.push_str("[attr]");
            line.push_str(MACROS[random.below(MACROS.len())]);
        }
        1 => line.push_str("# comment"),
        2 => {
            let escape = ["\\\"", "\\\\", "\\052", "\\q", "\\t", " "][random.below(6)];
            let (before, after) = (pattern(random), pattern(random));
            line.extend(["\"", &before, escape, &after, "\""]);
        }
        3 => line.push_str(&path(random).to_string().replace(' ', "?")),
        4 => line.push_str(["*", "**", "/*", "*.bin", "!a", "\\!a"][random.below(6)]),
        _ => line.push_str(&pattern(random)),
    }
    for _ in 0..random.below(4) {
        line.push_str([" ", "\t", "  ", " \r "][random.below(4)]);
        line.push_str(WORDS[random.below(WORDS.len())]);
    }
    if random.percent(2) {
        // Just below or above the longest line that git reads.
        let bytes = 2040 + random.below(14);
        line.push_str(&" ".repeat(bytes.saturating_sub(line.len())));
    }
    line.into_bytes()
}

fn pattern(random: &mut Random) -> String {
    let pieces = (0..=random.below(4)).map(|_| PIECES[random.below(PIECES.len())]);
    pieces.collect()
}
