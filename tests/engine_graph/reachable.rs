//! The objects that refs reach: each answer is compared with the closure of the refs.

use cairn::git::graph::reachable::Reachable;
use gix_hash::ObjectId;

use super::history::{History, Noise};
use super::server::Server;
use super::walks::served;

/// Every object of the history, in an order that depends on the noise.
fn mixed(history: &History, noise: &mut Noise) -> Vec<ObjectId> {
    let all: Vec<ObjectId> = history.closure(&history.commits).into_iter().collect();
    let count = all.len();
    noise.pick(&all, count)
}

#[test]
fn an_object_is_reached_if_it_is_in_the_closure_of_a_root() {
    for seed in 0..6 {
        let history = History::random(seed, 60);
        let mut noise = Noise::new(seed + 70);
        let server = served(&history, &mut noise);
        let (packs, graph) = (server.live(), server.graph());
        for roots in [0, 1, 3] {
            let roots = noise.pick(&history.commits, roots);
            let closure = history.closure(&roots);
            let mut reach = Reachable::new(&graph);
            for root in &roots {
                reach.add_root(&packs, *root, None).unwrap();
            }
            for id in mixed(&history, &mut noise) {
                let reached = reach.reaches(&packs, &id).unwrap();
                assert_eq!(reached, closure.contains(&id), "{id}, seed {seed}");
            }
            // Another root, after questions were asked.
            let more = noise.pick(&history.commits, 1);
            reach.add_root(&packs, more[0], None).unwrap();
            let closure = history.closure(&[roots, more].concat());
            for id in mixed(&history, &mut noise) {
                assert_eq!(reach.reaches(&packs, &id).unwrap(), closure.contains(&id));
            }
        }
    }
}

#[test]
fn reachability_stays_valid_when_packs_are_added() {
    let history = History::random(9, 40);
    let (early, late) = history.commits.split_at(20);
    let mut server = Server::default();
    let ids = |server: &Server, tips: &[ObjectId]| {
        let closure = history.closure(tips).into_iter();
        closure.filter(|id| !server.has(id)).collect::<Vec<_>>()
    };
    server
        .push(&history.objects, &ids(&server, early), early)
        .unwrap();
    let root = early[10];
    let mut reach = Reachable::new(&server.graph());
    reach.add_root(&server.live(), root, None).unwrap();
    assert!(reach.reaches(&server.live(), &root).unwrap());
    server
        .push(&history.objects, &ids(&server, late), late)
        .unwrap();
    assert!(reach.extend(&server.graph()));
    reach.add_root(&server.live(), late[5], None).unwrap();
    let closure = history.closure(&[root, late[5]]);
    for id in history.closure(&history.commits) {
        let reached = reach.reaches(&server.live(), &id).unwrap();
        assert_eq!(reached, closure.contains(&id), "{id}");
    }
    let mut other = Reachable::new(&server.graph());
    assert!(!other.extend(&Server::default().graph()), "other packs");
}
