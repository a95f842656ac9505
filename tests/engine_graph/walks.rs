//! Walks over the commit graph, against git and against plain definitions.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use cairn::git::graph::ancestry::{is_ancestor, is_ready, merge_bases};
use cairn::git::graph::commits::{CommitGraph, CommitNode};
use cairn::git::graph::paint::{Cuts, Paint};
use cairn::git::upload_pack::full_clone::{self, Tip};
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
    ids.iter()
        .map(|id| graph.lookup(id).unwrap().unwrap())
        .collect()
}

fn id(graph: &CommitGraph, node: CommitNode) -> ObjectId {
    graph.commit_id(node).unwrap()
}

fn ids(graph: &CommitGraph, nodes: &[CommitNode]) -> BTreeSet<ObjectId> {
    let ids: BTreeSet<ObjectId> = nodes.iter().map(|node| id(graph, *node)).collect();
    assert_eq!(ids.len(), nodes.len(), "a commit twice");
    ids
}

#[test]
fn the_graph_agrees_with_the_commits() {
    for seed in 0..6 {
        let history = History::random(seed, 60);
        let graph = served(&history, &mut Noise::new(seed)).graph();
        let mut generations: HashMap<ObjectId, u32> = HashMap::new();
        let mut parents = Vec::new();
        for id in &history.commits {
            let node = graph.lookup(id).unwrap().unwrap();
            assert_eq!(graph.commit_id(node), Ok(*id));
            graph.parents(node, &mut parents).unwrap();
            let found: Vec<ObjectId> = parents.iter().map(|p| self::id(&graph, *p)).collect();
            assert_eq!(found, history.parents[id]);
            assert!(
                found
                    .iter()
                    .zip(&parents)
                    .all(|(id, node)| graph.lookup(id) == Ok(Some(*node)))
            );
            let generation = 1 + found.iter().map(|id| generations[id]).max().unwrap_or(0);
            generations.insert(*id, generation);
            assert_eq!(graph.generation(node), Ok(generation));
            let facts = cairn::git::object::facts::commit(&history.objects[id].1).unwrap();
            assert_eq!(graph.tree_id(node), Ok(facts.tree));
            assert_eq!(graph.time_seconds(node), Ok(facts.time));
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
                Paint::new(Rc::clone(&graph), &want_nodes, &have_nodes, Cuts::default()).unwrap();
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
                let node = graph.lookup(&id).unwrap().unwrap();
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

/// One answer serves two lists of wants if both reach the same commits.
#[test]
fn a_full_clone_covers_what_reaches_the_same_commits() {
    let (mut covered, mut others) = (0, 0);
    for seed in 60..66 {
        let history = History::random(seed, 40);
        let mut noise = Noise::new(seed);
        let graph = served(&history, &mut noise).graph();
        for round in 0..40 {
            let commits = noise.pick(&history.commits, 1 + round % 4);
            // Every other one by way of a tag, whose own id is in no graph.
            let tips: Vec<Tip> = (0_u8..)
                .zip(&commits)
                .map(|(number, commit)| match number % 2 {
                    0 => Tip {
                        id: *commit,
                        peeled: None,
                    },
                    _ => Tip {
                        id: [number; 20].into(),
                        peeled: Some(*commit),
                    },
                })
                .collect();
            let reached = history.missing(&commits, &[]);
            // Some tips, and now and then some of the objects they reach, or something else.
            let count = 1 + noise.below(4);
            let mut wants = noise.pick(&commits, count);
            if noise.chance(40) {
                let within: Vec<_> = reached.iter().copied().collect();
                wants.extend(noise.pick(&within, 1));
            }
            if noise.chance(20) {
                wants.extend(noise.pick(&history.commits, 1));
            }
            let expected = history.missing(&wants, &[]) == reached;
            let by_id: Vec<ObjectId> = wants
                .iter()
                .map(|want| {
                    let tip = tips.iter().find(|tip| tip.peeled == Some(*want));
                    tip.map_or(*want, |tip| tip.id)
                })
                .collect();
            for wants in [&wants, &by_id] {
                let found = full_clone::covers(&graph, wants, &tips).unwrap();
                assert_eq!(found, expected, "{wants:?} of {tips:?}");
            }
            *(if expected { &mut covered } else { &mut others }) += 1;
        }
        let main = Tip {
            id: history.commits[0],
            peeled: None,
        };
        // A tag of a file: wanted, it is in the answer; not wanted, it would be too much.
        let file = Tip {
            id: [9; 20].into(),
            peeled: Some([8; 20].into()),
        };
        let covers = |wants: &[ObjectId], tips: &[Tip]| full_clone::covers(&graph, wants, tips);
        assert_eq!(covers(&[main.id, file.id], &[main, file]), Ok(true));
        assert_eq!(covers(&[main.id], &[main, file]), Ok(false));
        assert_eq!(covers(&[main.id, file.id], &[main]), Ok(false));
    }
    assert!(covered > 30 && others > 30, "{covered} and {others}");
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
