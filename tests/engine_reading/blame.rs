//! Where lines come from, against `git blame --porcelain`.

use std::collections::BTreeMap;
use std::rc::Rc;

use cairn::git::blame::{Blame, Run};
use cairn::git::graph::commits::{CommitGraph, CommitNode};
use cairn::git::limits::Limits;
use cairn::git::store::ObjectSource;
use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::history::git_in;
use super::random::Served;

/// Lines from one commit: the first line, how many, the commit, the first line there, the path, the
/// commit and path before.
type Group = (u32, u32, String, u32, BString, Option<(String, BString)>);

/// Every few steps the walk is given up and taken on from its rest.
fn found(
    graph: &Rc<CommitGraph>,
    objects: &impl ObjectSource,
    (tip, path, lines): (ObjectId, &BStr, Run),
    steps: usize,
) -> Vec<Group> {
    let mut left = vec![(
        graph.lookup(&tip).unwrap().unwrap(),
        path.to_owned(),
        vec![lines],
    )];
    let mut groups = Vec::new();
    while !left.is_empty() {
        let mut walk = Blame::new(Rc::clone(graph), &Limits::DEFAULT);
        for (node, path, runs) in &left {
            assert!(walk.add(objects, (*node, path.as_bstr()), runs).unwrap());
        }
        let mut taken = 0;
        while taken < steps && walk.step(objects).unwrap() {
            taken += usize::from(walk.is_between_files());
        }
        left = walk
            .left()
            .map(|(file, runs)| (file.node, walk.path(file).to_owned(), runs.to_vec()))
            .collect();
        let id = |node: CommitNode| graph.commit_id(node).unwrap().to_string();
        groups.extend(walk.found().into_iter().map(|blamed| {
            let (run, file) = (blamed.run, blamed.file);
            let previous = blamed.previous;
            (
                run.line + 1,
                run.lines,
                id(file.node),
                run.original + 1,
                walk.path(file).to_owned(),
                previous.map(|file| (id(file.node), walk.path(file).to_owned())),
            )
        }));
    }
    groups.sort();
    groups
}

/// Git's answer. Headers of a commit are printed once: path and previous stand for all groups of it.
fn expected(directory: &std::path::Path, arguments: &[&str]) -> Vec<Group> {
    let all = [
        &["-c", "core.quotePath=false", "blame", "--porcelain"],
        arguments,
    ]
    .concat();
    let text = git_in(directory, &all, b"");
    let mut groups: Vec<Group> = Vec::new();
    let mut known: BTreeMap<String, (BString, Option<(String, BString)>)> = BTreeMap::new();
    let mut commit = String::new();
    for line in text.split(|byte| *byte == b'\n') {
        if line.starts_with(b"\t") {
            let (path, previous) = known[&commit].clone();
            if let Some(group) = groups.last_mut() {
                (group.4, group.5) = (path, previous);
            }
            continue;
        }
        let words: Vec<_> = line.splitn(2, |byte| *byte == b' ').collect();
        match words[..] {
            [b"filename", path] => {
                let entry = known.entry(commit.clone()).or_default();
                // A commit may have lines from two paths: each then has its own header.
                if entry.0 != *path {
                    entry.0 = path.into();
                }
            }
            [b"previous", previous] => {
                let (id, path) = previous.split_once_str(" ").unwrap();
                let id = String::from_utf8(id.to_vec()).unwrap();
                known.entry(commit.clone()).or_default().1 = Some((id, path.into()));
            }
            [id, rest] if id.len() == 40 && id.iter().all(u8::is_ascii_hexdigit) => {
                commit = String::from_utf8(id.to_vec()).unwrap();
                let numbers: Vec<u32> = std::str::from_utf8(rest)
                    .unwrap()
                    .split(' ')
                    .map(|number| number.parse().unwrap())
                    .collect();
                if let [original, line, lines] = numbers[..] {
                    let group = (
                        line,
                        lines,
                        commit.clone(),
                        original,
                        BString::default(),
                        None,
                    );
                    groups.push(group);
                }
            }
            _ => {}
        }
    }
    groups
}

#[test]
fn every_line_has_the_commit_that_git_blame_names() {
    let (mut renamed, mut blamed) = (0, 0);
    for seed in 100..124 {
        let served = Served::random(seed, 70, seed % 2 == 0);
        let (graph, objects) = (served.server.graph(), served.server.live());
        for tip in served.history.commits.iter().rev().step_by(12) {
            let tip_text = tip.to_string();
            let listed = served.history.git(&["ls-tree", "-r", "-z", &tip_text], b"");
            for entry in listed.split('\0').filter(|entry| entry.contains(" blob ")) {
                let path = entry.split_once('\t').unwrap().1;
                let expected = expected(served.history.path(), &[&tip_text, "--", path]);
                let lines = expected.iter().map(|group| group.1).sum();
                let all = Run {
                    line: 0,
                    lines,
                    original: 0,
                };
                let asked = (*tip, BStr::new(path), all);
                let groups = found(&graph, &objects, asked, usize::MAX);
                assert_eq!(groups, expected, "seed {seed}, {tip}:{path}");
                blamed += lines;
                renamed += groups.iter().filter(|group| group.4 != path).count();
                let in_steps = found(&graph, &objects, asked, 7);
                assert_eq!(
                    by_line(&in_steps),
                    by_line(&expected),
                    "seed {seed}, {tip}:{path}"
                );
            }
        }
    }
    assert!(
        renamed > 100 && blamed > 6_000,
        "too plain: {renamed} of {blamed}"
    );
}

fn by_line(groups: &[Group]) -> Vec<(u32, String, u32, BString)> {
    let lines = groups.iter().flat_map(|group| {
        let line = |at| (group.0 + at, group.2.clone(), group.3 + at, group.4.clone());
        (0..group.1).map(line)
    });
    lines.collect()
}

#[test]
fn a_range_of_lines_is_blamed_alone() {
    let ranges: usize = (7..12).map(ranges_of).sum();
    assert!(ranges > 4, "{ranges}");
}

fn ranges_of(seed: u64) -> usize {
    let served = Served::random(seed, 70, true);
    let (graph, objects) = (served.server.graph(), served.server.live());
    let tip = *served.history.commits.last().unwrap();
    let tip_text = tip.to_string();
    let listed = served.history.git(&["ls-tree", "-r", "-z", &tip_text], b"");
    let mut ranges = 0;
    for entry in listed.split('\0').filter(|entry| entry.contains(" blob ")) {
        let path = entry.split_once('\t').unwrap().1;
        let shown = format!("{tip}:{path}");
        let lines = served
            .history
            .git(&["cat-file", "blob", &shown], b"")
            .lines()
            .count();
        if lines < 9 {
            continue;
        }
        let expected = expected(served.history.path(), &["-L4,8", &tip_text, "--", path]);
        let run = Run {
            line: 3,
            lines: 5,
            original: 3,
        };
        let groups = found(&graph, &objects, (tip, BStr::new(path), run), usize::MAX);
        assert_eq!(groups, expected, "{path}");
        ranges += 1;
    }
    ranges
}
