//! Lines that match, against `git grep -n -E`.

use std::path::Path;
use std::process::Command;

use cairn::git::grep::{Lines, Pattern, grep};
use tempfile::TempDir;

use super::history::{Noise, git_in};

const WORDS: [&str; 14] = [
    "foo", "bar", "Foo_1", "a", "aa", "b", "", " ", "(x)", "[y]", "\u{2192}", "1.5", "$", "\\",
];

/// Pieces of patterns.
const PIECES: [&str; 48] = [
    "a",
    "b",
    "foo",
    "o",
    ".",
    ".*",
    "^",
    "$",
    "(a|b)",
    "(foo|bar)+",
    "[a-f]",
    "[^a]",
    "[[:alpha:]]",
    "[[:upper:]0-9]",
    "[]x]",
    "[^]x]",
    "[a-]",
    "a{2}",
    "a{1,}",
    "o{0,2}",
    "b?",
    "\\.",
    "\\(",
    "\\$",
    "\\<",
    "\\>",
    "\\b",
    "\\w",
    "\\W",
    "\\s",
    "a|b",
    "|",
    "()",
    ")",
    "1",
    "\\\\",
    "x*",
    "[.]",
    "F",
    "\u{2192}",
    "*",
    "(",
    "{1}",
    "[b-a]",
    "[b",
    "^$",
    "^ *$",
    "^(a|)$",
];

/// Files of a repository: words in lines, with and without a newline at the end, CRLF, binary ones.
fn files(noise: &mut Noise) -> Vec<(String, Vec<u8>)> {
    let file = |number: usize, noise: &mut Noise| {
        let mut text = String::new();
        for _ in 0..noise.below(12) {
            for _ in 0..noise.below(5) {
                text.push_str(WORDS[noise.below(WORDS.len())]);
                if noise.chance(30) {
                    text.push(' ');
                }
            }
            text.push_str(if noise.chance(10) { "\r\n" } else { "\n" });
        }
        if noise.chance(20) {
            text.pop();
        }
        let mut bytes = text.into_bytes();
        if noise.chance(10) {
            bytes.insert(noise.below(bytes.len() + 1), 0);
        }
        (format!("f{number:02}"), bytes)
    };
    (0..30).map(|number| file(number, noise)).collect()
}

/// The output of git, or nothing if it refuses the pattern.
fn expected(directory: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("git")
        // With threads, git drops the first line of its output with context, if a binary file is first.
        .args(["-c", "grep.threads=1", "grep", "--no-color", "-n"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    matches!(output.status.code(), Some(0 | 1)).then_some(output.stdout)
}

/// The same as git prints it. Each page takes a few matches.
fn found(
    files: &[(String, Vec<u8>)],
    pattern: &mut Pattern,
    context: usize,
    most: usize,
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut is_first = true;
    for (path, content) in files {
        let (mut behind, mut last) = (0, 0);
        loop {
            match grep(pattern, content, (behind, most), context) {
                Lines::Binary => {
                    out.extend_from_slice(format!("Binary file HEAD:{path} matches\n").as_bytes());
                    break;
                }
                Lines::Text(lines, has_more) => {
                    for line in &lines {
                        if line.number <= last {
                            continue;
                        }
                        if context > 0 && (last == 0 || line.number != last + 1) {
                            if !is_first {
                                out.extend_from_slice(b"--\n");
                            }
                            is_first = false;
                        }
                        last = line.number;
                        let sign = if line.is_match { ':' } else { '-' };
                        let head = format!("HEAD:{path}{sign}{}{sign}", line.number);
                        out.extend_from_slice(head.as_bytes());
                        out.extend_from_slice(line.text);
                        out.push(b'\n');
                    }
                    let matched = lines.iter().rev().find(|line| line.is_match);
                    behind = matched.map_or(behind, |line| line.number);
                    if !has_more {
                        break;
                    }
                }
            }
        }
    }
    out
}

#[test]
fn every_line_is_found_that_git_grep_finds() {
    let mut noise = Noise::new(3);
    let files = files(&mut noise);
    let directory = TempDir::new().unwrap();
    let git = |arguments: &[&str]| git_in(directory.path(), arguments, b"");
    git(&["init", "-q"]);
    for (path, content) in &files {
        std::fs::write(directory.path().join(path), content).unwrap();
    }
    git(&["add", "."]);
    git(&[
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "commit",
        "-q",
        "-m",
        "x",
    ]);
    let (mut compared, mut refused) = (0, 0);
    for _ in 0..1_000 {
        let pieces = 1 + noise.below(4);
        let text = noise.pick(&PIECES, pieces).concat();
        let (fixed, ignore_case) = (noise.chance(15), noise.chance(25));
        let context = if noise.chance(30) { noise.below(3) } else { 0 };
        let number = context.to_string();
        let mut arguments = vec![if fixed { "-F" } else { "-E" }];
        if ignore_case {
            arguments.push("-i");
        }
        if context > 0 {
            arguments.extend(["-C", &number]);
        }
        arguments.extend(["-e", &text, "HEAD"]);
        let said = expected(directory.path(), &arguments);
        match (Pattern::new(&text, fixed, ignore_case), said) {
            (Ok(mut pattern), Some(said)) => {
                for most in [usize::MAX, 2] {
                    if most == 2 && context > 0 {
                        continue;
                    }
                    let found = found(&files, &mut pattern, context, most);
                    let (found, said) = (
                        String::from_utf8_lossy(&found),
                        String::from_utf8_lossy(&said),
                    );
                    assert_eq!(found, said, "{arguments:?}");
                }
                compared += 1;
            }
            (Err(_), None) => refused += 1,
            // The documentation names the patterns that git takes and we refuse.
            (Err(error), Some(_)) => panic!("{arguments:?}: {error}"),
            (Ok(_), None) => panic!("git refuses {arguments:?}"),
        }
    }
    assert!(
        compared > 300 && refused > 5,
        "{compared} compared, {refused} refused"
    );
}

#[test]
fn patterns_that_need_a_way_back_are_refused() {
    for text in [
        "(a)\\1",
        "\\`a",
        "[[.space.]]",
        "a{1001}",
        "(((a{1000}){1000}){1000})",
    ] {
        assert!(Pattern::new(text, false, false).is_err(), "{text}");
    }
    let deep = format!("{}a{}", "(".repeat(5_000), ")".repeat(5_000));
    assert!(Pattern::new(&deep, false, false).is_err());
}
