//! Graphs that are read by pages; one page cannot be read at first.

use std::collections::BTreeSet;
use std::rc::Rc;

use cairn::git::graph::ancestry::merge_bases;
use cairn::git::graph::commits::CommitGraph;
use cairn::git::graph::paint::{Cuts, Paint};
use cairn::git::store::{PackStore as _, StoreError};
use gix_hash::ObjectId;

use super::history::{History, Noise};
use super::walks::served;

/// Asks, and after a failure once more.
fn again<T>(failed: &mut u32, mut ask: impl FnMut() -> Result<T, StoreError>) -> T {
    ask()
        .or_else(|_| {
            *failed += 1;
            ask()
        })
        .unwrap()
}

#[test]
fn a_question_that_failed_can_be_asked_again() {
    let (mut failed, mut rounds) = (0, 0);
    for seed in 0..3 {
        let history = History::random(seed, 60);
        let mut noise = Noise::new(seed + 90);
        let server = served(&history, &mut noise);
        let haves = noise.pick(&history.commits, 2);
        let common = history.missing(&haves, &[]);
        for readable in 0.. {
            rounds += 1;
            // No part of it is here yet.
            server.fail_after(readable);
            let live = server.live_packs().unwrap();
            let graph = again(&mut failed, || CommitGraph::open(&server, &live));
            let graph = Rc::new(graph);
            let nodes: Vec<_> = haves
                .iter()
                .map(|have| again(&mut failed, || graph.lookup(have)).unwrap())
                .collect();
            let mut paint = again(&mut failed, || {
                Paint::new(Rc::clone(&graph), &[], &nodes, Cuts::default())
            });
            for id in &history.commits {
                let node = again(&mut failed, || graph.lookup(id)).unwrap();
                let is_common = again(&mut failed, || paint.is_common(node));
                assert_eq!(is_common, common.contains(id), "{readable} {id}");
            }
            let bases = again(&mut failed, || merge_bases(&graph, nodes[0], nodes[1]));
            let bases: BTreeSet<ObjectId> = bases
                .iter()
                .map(|base| again(&mut failed, || graph.commit_id(*base)))
                .collect();
            assert!(bases.is_subset(&common));
            if server.is_failing() {
                break;
            }
        }
    }
    assert_eq!(
        failed,
        rounds - 3,
        "each round but a seed's last has a failure"
    );
    assert!(failed > 20, "{failed}");
}
