//! Patches that git makes, damages and all, applied here and by `git apply`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use cairn::git::edit::plan::plan;
use cairn::git::limits::Limits;
use cairn::git::object::ObjectKind;
use cairn::git::patch::apply::apply;
use gix_hash::ObjectId;

use crate::memory::{Memory, objects_of};
use crate::support::git::Git;
use crate::support::history::{Random, noise};
use crate::support::scratch::Scratch;

/// Paths that need quotes, and paths that are in each other's way.
const PATHS: [&str; 14] = [
    "a",
    "b",
    "dir/a",
    "dir/b",
    "dir/sub/c",
    "dir/sub",
    "a b",
    "d\u{e9}j\u{e0}",
    "q\"uote",
    "tab\tin",
    "a/b",
    "new\nline",
    "x.txt",
    "dir2/very/deep/file",
];

#[test]
fn patches_apply_as_by_git_apply() {
    let counts = compare(1, 350, false);
    assert!(counts.taken > 100 && counts.refused > 60, "{counts:?}");
}

#[test]
fn patches_apply_as_by_git_apply_with_a_work_tree() {
    let counts = compare(2, 60, true);
    assert!(counts.taken > 10 && counts.refused > 5, "{counts:?}");
}

#[test]
#[ignore = "a longer run, by name"]
fn many_patches_apply_as_by_git_apply() {
    for seed in 3..23 {
        let counts = compare(seed, 1_000, false);
        println!("seed {seed}: {counts:?}");
    }
}

#[derive(Debug, Default)]
struct Counts {
    taken: u32,
    refused: u32,
    /// Refused here alone, for a reason that is our own decision.
    stricter: u32,
}

fn compare(seed: u64, cases: u32, with_work_tree: bool) -> Counts {
    let scratch = Scratch::new();
    let git = scratch
        .repository("patches")
        .config("core.symlinks", "true");
    let mut random = Random(seed);
    let commits = history(&git, &mut random, with_work_tree);
    let mut memory = objects_of(&git);
    let mut counts = Counts::default();
    for case in 0..cases {
        let at = random.below(commits.len() - 4);
        let (old, new) = (at, at + 1 + random.below(3));
        let target = match random.below(5) {
            0..3 => old,
            3 => (old + random.below(3)).saturating_sub(1),
            _ => random.below(commits.len()),
        };
        let context = ["-U3", "-U3", "-U1", "-U0", "-U9"][random.below(5)];
        let renames = ["-M", "-C", "--find-copies-harder", "--no-renames"][random.below(4)];
        let arguments = [
            "diff",
            "--binary",
            context,
            renames,
            &commits[old].0,
            &commits[new].0,
        ];
        let mut patch = git.try_run(&arguments, b"").stdout;
        for _ in 0..random.below(4).saturating_sub(1) {
            damage(&mut patch, &mut random);
        }
        let (commit, tree) = &commits[target];
        let theirs = by_git(&git, &scratch, commit, &patch, with_work_tree);
        let ours = by_us(&mut memory, tree, &patch);
        let shown = || {
            let said = match &theirs {
                Ok(tree) => tree.clone(),
                Err(said) => said.clone(),
            };
            let text = String::from_utf8_lossy(&patch).into_owned();
            format!("seed {seed}, case {case} to {commit}\nours: {ours:?}\ngit: {said}\n{text}")
        };
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => {
                counts.taken += 1;
                assert_eq!(ours, theirs, "{}", shown());
            }
            (Err(_), Err(_)) => counts.refused += 1,
            (Err(said), Ok(_)) if is_stricter(said) => counts.stricter += 1,
            (Err(_), Ok(_)) => panic!("refused here alone: {}", shown()),
            (Ok(_), Err(_)) => panic!("taken here alone: {}", shown()),
        }
    }
    counts
}

/// Patches that git takes and we do not: see ADR 70.
fn is_stricter(said: &str) -> bool {
    said.contains("binary") || said.contains("nothing follows this header")
}

fn by_us(memory: &mut Memory, tree: &str, patch: &[u8]) -> Result<String, String> {
    let root = ObjectId::from_hex(tree.as_bytes()).unwrap();
    let limits = Limits::DEFAULT;
    let stored = std::mem::replace(memory, Memory::new());
    let mut new_objects = stored.objects.clone();
    let changes = apply(patch, Some(root), &stored, &mut new_objects, &limits);
    *memory = stored;
    let changes = changes.map_err(|error| error.to_string())?;
    memory.objects = new_objects;
    let planned = plan(memory, Some(root), changes, &limits).map_err(|error| error.to_string())?;
    let objects = &mut memory.objects;
    let tree = planned
        .finish(&[], |content| objects.add(ObjectKind::Tree, content))
        .unwrap();
    Ok(tree.to_string())
}

fn by_git(
    git: &Git,
    scratch: &Scratch,
    commit: &str,
    patch: &[u8],
    with_work_tree: bool,
) -> Result<String, String> {
    let file = scratch.join("patch");
    std::fs::write(&file, patch).unwrap();
    let file = file.to_str().unwrap();
    // Some damages crash git, which then leaves its lock behind.
    let _ = std::fs::remove_file(git.folder().join(".git/index.lock"));
    let how = if with_work_tree {
        git.run(&["checkout", "-qf", commit]);
        git.run(&["clean", "-qfdx"]);
        "--index"
    } else {
        git.run(&["read-tree", commit]);
        "--cached"
    };
    let ended = git.try_run(&["apply", how, "-p1", "--whitespace=nowarn", file], b"");
    if !ended.ok {
        return Err(ended.stderr);
    }
    Ok(git.run(&["write-tree"]))
}

fn damage(patch: &mut Vec<u8>, random: &mut Random) {
    let mut lines: Vec<Vec<u8>> = patch
        .split_inclusive(|byte| *byte == b'\n')
        .map(Vec::from)
        .collect();
    if lines.is_empty() {
        return;
    }
    let at = random.below(lines.len());
    let other = random.below(lines.len());
    let header = lines.iter().position(|line| line.starts_with(b"@@ -"));
    match random.below(9) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[other].clone()),
        2 => lines.swap(at, other),
        3 => lines.truncate(at),
        4 => {
            // Another number in the header of a hunk, or of the file.
            let digits = lines[header.unwrap_or(at)]
                .iter_mut()
                .filter(|byte| byte.is_ascii_digit());
            if let Some(digit) = digits.take(1 + random.below(4)).last() {
                *digit = b'0' + u8::try_from(random.below(10)).unwrap();
            }
        }
        5 => {
            let line = &mut lines[at];
            let place = random.below(line.len());
            if line[place] != b'\n' {
                line[place] = b" +-@\\abz\"/019\r"[random.below(14)];
            }
        }
        6 => lines.retain(|line| !line.starts_with(b"index ")),
        7 => lines.retain(|line| !line.starts_with(b"diff --git ")),
        _ => {
            let mail = b"From x\nSubject: y\n\n---\n a | 1 +\n\n".to_vec();
            lines.insert(0, mail);
            lines.push(b"-- \n2.47\n\n".to_vec());
        }
    }
    *patch = lines.concat();
}

/// Commits, each with its tree: every one a few changes behind the one before.
fn history(git: &Git, random: &mut Random, with_work_tree: bool) -> Vec<(String, String)> {
    let mut files: BTreeMap<&str, (&str, Vec<u8>)> = BTreeMap::new();
    let mut stream = Vec::new();
    for commit in 1..=40 {
        for _ in 0..=random.below(4) {
            change(&mut files, random, with_work_tree);
        }
        write!(
            stream,
            "commit refs/heads/main\nmark :{commit}\ncommitter A <a> {} +0000\ndata 0\ndeleteall\n",
            1_700_000_000 + commit
        )
        .unwrap();
        for (path, (mode, content)) in &files {
            let quoted: String = path.bytes().map(|byte| format!("\\{byte:03o}")).collect();
            if *mode == "160000" {
                let id = String::from_utf8_lossy(content);
                writeln!(stream, "M {mode} {id} \"{quoted}\"").unwrap();
                continue;
            }
            writeln!(
                stream,
                "M {mode} inline \"{quoted}\"\ndata {}",
                content.len()
            )
            .unwrap();
            stream.extend_from_slice(content);
            stream.push(b'\n');
        }
    }
    git.run_with(&["fast-import", "--quiet"], &stream);
    let log = git.run(&["log", "--reverse", "--format=%H %T", "main"]);
    let pairs = log.lines().map(|line| line.split_once(' ').unwrap());
    pairs
        .map(|(commit, tree)| (commit.to_owned(), tree.to_owned()))
        .collect()
}

fn change(
    files: &mut BTreeMap<&'static str, (&'static str, Vec<u8>)>,
    random: &mut Random,
    with_work_tree: bool,
) {
    let path = PATHS[random.below(PATHS.len())];
    let Some((mode, content)) = files.get_mut(path) else {
        let (mode, content) = new_file(random, with_work_tree);
        let is_in_the_way =
            |other: &str| Path::new(other).starts_with(path) || Path::new(path).starts_with(other);
        files.retain(|other, _| !is_in_the_way(other));
        files.insert(path, (mode, content));
        return;
    };
    match random.below(12) {
        0 => drop(files.remove(path)),
        1 => {
            let moved = files.remove(path).unwrap();
            let to = PATHS[random.below(PATHS.len())];
            let is_in_the_way =
                |other: &str| Path::new(other).starts_with(to) || Path::new(to).starts_with(other);
            files.retain(|other, _| !is_in_the_way(other));
            files.insert(to, moved);
        }
        2 if mode.starts_with("100") => {
            *mode = if *mode == "100644" {
                "100755"
            } else {
                "100644"
            };
        }
        3 => *files.get_mut(path).unwrap() = new_file(random, with_work_tree),
        _ if *mode == "160000" => {
            *content = format!("{:040x}", random.next()).into_bytes();
        }
        _ if *mode == "120000" => content.push(b'x'),
        _ if content.contains(&0) => {
            let at = random.below(content.len());
            content[at] = 7;
            content.push(0);
        }
        _ => edit_lines(content, random),
    }
}

fn new_file(random: &mut Random, with_work_tree: bool) -> (&'static str, Vec<u8>) {
    match random.below(14) {
        0 => ("120000", b"target".to_vec()),
        1 if !with_work_tree => ("160000", format!("{:040x}", random.next()).into_bytes()),
        2 => ("100644", Vec::new()),
        3 => ("100644", [noise(random.next(), 300), vec![0]].concat()),
        number => {
            let mode = if number == 4 { "100755" } else { "100644" };
            let count = 1 + random.below(30);
            let mut content = Vec::new();
            for _ in 0..count {
                content.extend_from_slice(&line(random));
            }
            if random.percent(20) {
                content.pop();
            }
            (mode, content)
        }
    }
}

/// Few different lines, so that hunks fit in several places.
fn line(random: &mut Random) -> Vec<u8> {
    let number = random.below(12);
    let text = match number {
        0 => "\n".to_owned(),
        1 => "windows\r\n".to_owned(),
        2 => "  \t\n".to_owned(),
        3 => "-- \n".to_owned(),
        4 => format!("once {}\n", random.next()),
        _ => format!("line {number}\n"),
    };
    text.into_bytes()
}

fn edit_lines(content: &mut Vec<u8>, random: &mut Random) {
    let mut lines: Vec<Vec<u8>> = content
        .split_inclusive(|byte| *byte == b'\n')
        .map(Vec::from)
        .collect();
    for _ in 0..=random.below(3) {
        let at = random.below(lines.len() + 1);
        match random.below(4) {
            0 | 1 => {
                if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(b"\n")) {
                    last.push(b'\n');
                }
                lines.insert(at, line(random));
            }
            2 if at < lines.len() => drop(lines.remove(at)),
            _ => {
                if let Some(last) = lines.last_mut().filter(|last| last.ends_with(b"\n")) {
                    last.pop();
                }
            }
        }
    }
    *content = lines.concat();
}
