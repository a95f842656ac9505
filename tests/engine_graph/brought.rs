//! The commits that an update of a push brings to its ref, as git lists them.

use std::rc::Rc;

use cairn::git::graph::commits::CommitGraph;
use cairn::git::receive_pack::brought::{Brought, BroughtWalk};
use gix_hash::ObjectId;

use super::history::{History, Noise};
use super::server::Server;
use super::walks::served;

const NEWEST_MAX: usize = 20;

/// The answer, by steps of so many commits.
fn brought(
    graph: &Rc<CommitGraph>,
    has_segment: bool,
    ids: (Option<ObjectId>, ObjectId),
    step: usize,
) -> Option<Brought> {
    let mut walk = BroughtWalk::new(graph, has_segment, ids, NEWEST_MAX).unwrap()?;
    for _ in 0..1000 {
        if let Some(found) = walk.step(step).unwrap() {
            return Some(found);
        }
    }
    panic!("the walk has no end")
}

fn listed(history: &History, new: ObjectId, old: &[ObjectId]) -> Vec<ObjectId> {
    let list = history.rev_list(&[], &[new], old);
    list.lines().map(|line| line.parse().unwrap()).collect()
}

fn check(found: &Brought, listed: &[ObjectId], label: &str) {
    assert_eq!(found.total, listed.len() as u64, "{label}");
    let newest: Vec<_> = listed.iter().take(NEWEST_MAX).rev().copied().collect();
    assert_eq!(found.newest, newest, "{label}");
}

#[test]
fn an_update_brings_the_commits_that_git_lists_between_its_ids() {
    for seed in 0..6 {
        let history = History::on_time(seed, 60);
        let mut noise = Noise::new(seed + 70);
        let graph = served(&history, &mut noise).graph();
        for round in 0..30 {
            let picked = noise.pick(&history.commits, 2);
            let (old, new) = (picked[0], picked[1]);
            let label = format!("seed {seed}, {old}..{new}");
            let step = 1 + round % 7;
            let found = brought(&graph, false, (Some(old), new), step).unwrap();
            check(&found, &listed(&history, new, &[old]), &label);
            let is_ancestor = history.missing(&[new], &[]).contains(&old);
            assert_eq!(found.forced, !is_ancestor, "{label}");
        }
    }
}

#[test]
fn a_new_ref_brings_the_commits_of_its_push() {
    for seed in 0..6 {
        let history = History::on_time(seed, 60);
        let mut noise = Noise::new(seed + 80);
        let mut server = Server::default();
        let commits = &history.commits;
        let (before, after) = commits.split_at(commits.len() / 2);
        for tips in [before, after] {
            let known = server.graph();
            let here: Vec<_> = commits
                .iter()
                .copied()
                .filter(|id| known.lookup(id).unwrap().is_some())
                .collect();
            let closure = history.closure(tips);
            let ids: Vec<ObjectId> = closure.into_iter().filter(|id| !server.has(id)).collect();
            let checked = server.check(&history.objects, &ids, tips).unwrap();
            let graph = Rc::new(known.with_segment(&checked.graph_part).unwrap());
            for tip in noise.pick(tips, 12) {
                let found = brought(&graph, true, (None, tip), 3).unwrap();
                check(
                    &found,
                    &listed(&history, tip, &here),
                    &format!("seed {seed}, {tip}"),
                );
                assert!(!found.forced);
                // The same of an old id that is not a commit here.
                let unknown = Some([7; 20].into());
                assert_eq!(brought(&graph, true, (unknown, tip), 99), Some(found));
            }
            // A tip that was here before this push brings nothing.
            for tip in here.iter().copied().take(5) {
                let found = brought(&graph, true, (None, tip), 9).unwrap();
                assert_eq!(found, Brought::default());
            }
            server.publish(&history.objects, &ids, &checked);
        }
        let graph = server.graph();
        assert_eq!(brought(&graph, false, (None, commits[0]), 9), None);
        assert_eq!(brought(&graph, false, (None, [7; 20].into()), 9), None);
    }
}
