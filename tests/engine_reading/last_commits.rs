//! The last commit of each entry of a directory, against `git log -1`.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use cairn::git::content::last_commits::{LastCommits, directory_entries};
use cairn::git::content::lookup::{entry, peel};
use cairn::git::graph::commits::CommitGraph;
use cairn::git::object::ObjectKind;
use cairn::git::store::ObjectSource;
use gix_hash::ObjectId;

use super::random::Served;

/// By name: the last commit. Every few steps the walk is given up and taken on from its rest.
fn found(
    graph: &Rc<CommitGraph>,
    objects: &impl ObjectSource,
    (tip, tree, directory): (ObjectId, ObjectId, &str),
    steps: usize,
) -> BTreeMap<String, String> {
    let content = objects.read(&tree).unwrap().unwrap().1;
    let entries: Vec<_> = directory_entries(&content).collect();
    let new = || LastCommits::new(Rc::clone(graph), directory.as_bytes(), entries.clone());
    let all: Vec<u32> = (0..u32::try_from(entries.len()).unwrap()).collect();
    let mut left = vec![(graph.lookup(&tip).unwrap().unwrap(), all)];
    let mut found = BTreeMap::new();
    while !left.is_empty() {
        let mut walk = new();
        for (node, numbers) in &left {
            walk.stand(*node, numbers).unwrap();
        }
        for _ in 0..steps {
            if !walk.step(objects).unwrap() {
                break;
            }
        }
        left = walk
            .left()
            .map(|(node, numbers)| (node, numbers.to_vec()))
            .collect();
        for (number, entry) in (0..).zip(&entries) {
            if let Some(node) = walk.found(number) {
                let id = graph.commit_id(node).unwrap().to_string();
                let before = found.insert(entry.name.to_string(), id);
                assert!(before.is_none(), "found twice");
            }
        }
    }
    found
}

fn expected(served: &Served, tip: ObjectId, directory: &str) -> BTreeMap<String, String> {
    let (tip, tree) = (tip.to_string(), format!("{tip}:{directory}"));
    let listed = served
        .history
        .git(&["ls-tree", "-z", "--name-only", &tree], b"");
    let names = listed.split('\0').filter(|name| !name.is_empty());
    names
        .map(|name| {
            let path = format!(":(literal){directory}{name}");
            let log = ["log", "-1", "--format=%H", &tip, "--", &path];
            (
                name.to_owned(),
                served.history.git(&log, b"").trim().to_owned(),
            )
        })
        .collect()
}

#[test]
fn every_entry_has_the_commit_that_git_log_names() {
    let mut seen = BTreeSet::new();
    for seed in 0..12 {
        let served = Served::random(seed, 60, false);
        let (graph, objects) = (served.server.graph(), served.server.live());
        for tip in served.history.commits.iter().rev().step_by(9) {
            for directory in ["", "d/", "d/e/", "z/"] {
                let (_, root) = peel(&objects, *tip, ObjectKind::Commit).unwrap().unwrap();
                let facts = cairn::git::object::facts::commit(&root).unwrap();
                let mut tree = Some(facts.tree);
                for name in directory.split('/').filter(|name| !name.is_empty()) {
                    let below = |tree| entry(&objects, tree, name.as_bytes()).unwrap();
                    let found = tree.and_then(below);
                    tree = found
                        .filter(|found| found.mode.0 == 0o040_000)
                        .map(|found| found.id);
                }
                let Some(tree) = tree else { continue };
                let expected = expected(&served, *tip, directory);
                for steps in [usize::MAX, 3] {
                    let found = found(&graph, &objects, (*tip, tree, directory), steps);
                    assert_eq!(found, expected, "seed {seed}, {tip}:{directory}");
                }
                seen.extend(expected.into_values());
            }
        }
    }
    assert!(
        seen.len() > 100,
        "the histories are too plain: {}",
        seen.len()
    );
}
