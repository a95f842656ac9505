//! Walks over the commit graph, against git and against plain definitions.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use cairn::git::graph::ancestry::{is_ancestor, is_ready, merge_bases};
use cairn::git::graph::commits::{CommitGraph, CommitNode};
use cairn::git::graph::paint::{Cuts, Paint};
use gix_hash::ObjectId;

use super::history::{History, Noise};
use super::server::Server;

/// A server that got all commits in a few pushes, some of which overlapped.
pub fn served(history: &History, noise: &mut Noise) -> Server {
    let mut server = Server::default();
    let pushes = 5;
    for push in 1..=pushes {
        let upto = history.commits.len() * push / pushes;
        let tips = if push == pushes {
            history.commits.clone()
        } else {
            noise.pick(&history.commits[..upto], 3)
        };
        let ids: Vec<ObjectId> = history
            .closure(&tips)
            .into_iter()
            .filter(|id| !server.has(id))
            .collect();
        let checked = server.check(&history.objects, &ids, &tips).unwrap();
        if noise.chance(50) {
            // Another push of some of the same commits was checked at the same time.
            let half = noise.pick(&tips, 2);
            server.push(&history.objects, &ids, &half).unwrap();
        }
        server.publish(&history.objects, &ids, &checked);
    }
    server
}

fn nodes(graph: &CommitGraph, ids: &[ObjectId]) -> Vec<CommitNode> {
    ids.iter().map(|id| graph.lookup(id).unwrap()).collect()
}

fn ids(graph: &CommitGraph, nodes: &[CommitNode]) -> BTreeSet<ObjectId> {
    let ids: BTreeSet<ObjectId> = nodes.iter().map(|node| graph.commit_id(*node)).collect();
    assert_eq!(ids.len(), nodes.len(), "a commit twice");
    ids
}

#[test]
fn the_graph_has_what_the_commits_say() {
    for seed in 0..6 {
        let history = History::random(seed, 60);
        let graph = served(&history, &mut Noise::new(seed)).graph();
        let mut generations: HashMap<ObjectId, u32> = HashMap::new();
        let mut parents = Vec::new();
        for id in &history.commits {
            let node = graph.lookup(id).unwrap();
            assert_eq!(graph.commit_id(node), *id);
            graph.parents(node, &mut parents).unwrap();
            let found: Vec<ObjectId> = parents.iter().map(|p| graph.commit_id(*p)).collect();
            assert_eq!(found, history.parents[id]);
            assert!(
                found
                    .iter()
                    .zip(&parents)
                    .all(|(id, node)| graph.lookup(id) == Some(*node))
            );
            let generation = 1 + found.iter().map(|id| generations[id]).max().unwrap_or(0);
            generations.insert(*id, generation);
            assert_eq!(graph.generation(node), generation);
            let facts = cairn::git::object::facts::commit(&history.objects[id].1).unwrap();
            assert_eq!(graph.tree_id(node), facts.tree);
            assert_eq!(graph.time_seconds(node), facts.time);
        }
    }
}

#[test]
fn missing_and_common_are_exact() {
    for seed in 0..6 {
        let history = History::random(seed, 60);
        let mut noise = Noise::new(seed + 50);
        let graph = served(&history, &mut noise).graph();
        for _ in 0..25 {
            let (want_count, have_count) = (1 + noise.below(3), noise.below(4));
            let wants = noise.pick(&history.commits, want_count);
            let haves = noise.pick(&history.commits, have_count);
            let (want_nodes, have_nodes) = (nodes(&graph, &wants), nodes(&graph, &haves));
            let mut paint =
                Paint::new(Rc::clone(&graph), &want_nodes, &have_nodes, Cuts::default());
            let missing = paint.missing().unwrap();
            let common = if haves.is_empty() {
                BTreeSet::new()
            } else {
                history.missing(&haves, &[])
            };
            // Not `wants --not haves`: with wrong clocks, git then lists too much.
            assert_eq!(
                ids(&graph, &missing),
                &history.missing(&wants, &[]) - &common
            );
            for id in noise.pick(&history.commits, 30) {
                let node = graph.lookup(&id).unwrap();
                assert_eq!(paint.is_common(node).unwrap(), common.contains(&id));
            }
            let reach: Vec<BTreeSet<ObjectId>> = wants
                .iter()
                .map(|want| history.missing(&[*want], &[]))
                .collect();
            let ready = !haves.is_empty()
                && reach
                    .iter()
                    .all(|reach| haves.iter().any(|have| reach.contains(have)));
            assert_eq!(
                is_ready(&graph, &want_nodes, &have_nodes, []).unwrap(),
                ready
            );
            for (have, node) in haves.iter().zip(&have_nodes) {
                let expected = reach[0].contains(have);
                assert_eq!(is_ancestor(&graph, *node, want_nodes[0]).unwrap(), expected);
            }
        }
    }
}

#[test]
fn merge_bases_are_those_of_git() {
    for seed in 30..34 {
        let history = History::random(seed, 60);
        let mut noise = Noise::new(seed);
        let graph = served(&history, &mut noise).graph();
        for _ in 0..25 {
            let pair = noise.pick(&history.commits, 2);
            let names: Vec<String> = pair.iter().map(ToString::to_string).collect();
            let both = nodes(&graph, &pair);
            let bases = merge_bases(&graph, both[0], both[1]).unwrap();
            // `merge-base` fails when there is none.
            let expected = if bases.is_empty() {
                let common = &history.missing(&pair[..1], &[]) & &history.missing(&pair[1..], &[]);
                assert!(common.is_empty());
                String::new()
            } else {
                history.git(&["merge-base", "--all", &names[0], &names[1]], b"")
            };
            let expected = expected.lines().map(|line| line.parse().unwrap()).collect();
            assert_eq!(ids(&graph, &bases), expected);
        }
    }
}
