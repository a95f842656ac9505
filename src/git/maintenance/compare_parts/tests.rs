//! A graph and its lists whose commits stand in another order say the same; anything else is noticed.

use std::collections::BTreeMap;

use gix_hash::{Kind, oid};

use super::super::super::graph::Spill;
use super::super::super::graph::introduced::IntroducedBuilder;
use super::super::super::graph::segment::{NewCommit, NewParent, SegmentBuilder};
use super::super::super::object::ObjectKind;
use super::super::super::pack::incoming::testing::MemoryScratch;
use super::super::super::store::{PackId, Scratch, Shared, StoreError};
use super::*;

const PACK: PackId = PackId(4);

/// Positions 0 and 5 hold the same object.
const OBJECTS: u32 = 40;

fn id(number: u32) -> ObjectId {
    let mut id = ObjectId::null(Kind::Sha1);
    id.as_mut_slice()[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
    id.as_mut_slice()[4..8].copy_from_slice(&number.to_be_bytes());
    id
}

struct Pack;

impl Incoming for Pack {
    fn object_count(&self) -> u32 {
        OBJECTS
    }

    fn locate(&self, _: &oid) -> Option<(u32, ObjectKind)> {
        None
    }

    fn id(&self, position: u32) -> Option<ObjectId> {
        let position = if position == 5 { 0 } else { position };
        (position < OBJECTS).then(|| id(1_000 + position))
    }
}

/// A commit: its parents, and the objects that it introduces, in this pack and in others.
#[derive(Clone)]
struct Commit {
    name: u32,
    tree: u32,
    time: u64,
    parents: Vec<u32>,
    positions: Vec<u32>,
    externals: Vec<u32>,
}

fn commit(name: u32, parents: &[u32], positions: &[u32], externals: &[u32]) -> Commit {
    Commit {
        name,
        tree: name + 500,
        time: u64::from(name) * 60,
        parents: parents.to_vec(),
        positions: positions.to_vec(),
        externals: externals.to_vec(),
    }
}

fn history() -> Vec<Commit> {
    vec![
        commit(1, &[900], &[1, 2, 3], &[77]),
        commit(2, &[1], &[4], &[]),
        commit(3, &[1], &[5, 6], &[78, 77]),
        commit(4, &[2, 3], &[7], &[]),
        commit(5, &[2, 3, 4], &[8, 39], &[79]),
    ]
}

/// Parts of these commits; those outside are of generation 3.
fn side(commits: &[Commit]) -> Result<Side, StoreError> {
    let scratch = || {
        Rc::new(Spill::new(
            Rc::new(MemoryScratch::default()) as Rc<dyn Scratch>
        ))
    };
    let mut graph = SegmentBuilder::spilling_to(&scratch(), Vec::new(), 0);
    let mut lists = IntroducedBuilder::spilling_to(&scratch(), OBJECTS);
    let mut numbers = BTreeMap::new();
    for one in commits {
        let parents = one.parents.iter().map(|parent| match numbers.get(parent) {
            Some(number) => NewParent::Local(*number),
            None => NewParent::External {
                commit_id: id(*parent),
                generation: 3,
            },
        });
        let new = NewCommit {
            commit_id: id(one.name),
            tree_id: id(one.tree),
            time_seconds: one.time,
        };
        let number = graph.push(&new, &parents.collect::<Vec<_>>())?.unwrap();
        numbers.insert(one.name, number);
        let mut rows = one
            .externals
            .iter()
            .map(|other| lists.external(id(*other)).0);
        let mut rows = rows.by_ref().collect();
        lists.push(&mut one.positions.clone(), &mut rows)?;
    }
    Side::made(PACK, &Rc::new(graph.finish()?), &Rc::new(lists.finish()?))
}

fn are_same(stored: &[Commit], made: &[Commit]) -> bool {
    let (stored, made) = (side(stored).unwrap(), side(made).unwrap());
    let mut compare = PartsCompare::new(&Pack, stored, made);
    loop {
        if let Some(is_same) = compare.step(1).unwrap() {
            return is_same;
        }
    }
}

#[test]
fn the_order_of_commits_and_the_copy_of_an_object_may_differ() {
    let made = history();
    assert!(are_same(&[], &[]));
    assert!(are_same(&made, &made));
    let mut stored = made.clone();
    stored.swap(1, 2);
    assert!(are_same(&stored, &made));
    // Another copy of the object, and one of an earlier pack.
    stored[1].positions = vec![0, 6];
    assert!(are_same(&stored, &made));
    stored[1].positions = vec![6];
    stored[1].externals.push(1_000);
    assert!(are_same(&stored, &made));
}

#[test]
fn every_fault_in_a_commit_is_noticed() {
    let made = history();
    let spoil: [fn(&mut Vec<Commit>); 10] = [
        |all| all.truncate(4),
        |all| all[4].name = 6,
        |all| all[3].tree = 1,
        |all| all[3].time = 1,
        |all| all[3].parents.reverse(),
        |all| all[1].parents.clear(),
        |all| all[0].parents[0] = 901,
        |all| all[3].positions.push(9),
        |all| all[0].positions = vec![1, 2],
        |all| all[4].externals = vec![78],
    ];
    for (number, spoil) in spoil.into_iter().enumerate() {
        let mut stored = made.clone();
        spoil(&mut stored);
        assert!(!are_same(&stored, &made), "{number}");
    }
}

/// A made part with one byte changed.
struct Damaged {
    part: Rc<MadePart>,
    at: usize,
}

impl PartReader for Damaged {
    fn paged_bytes_min(&self) -> usize {
        0
    }

    fn whole_table_bytes_max(&self) -> usize {
        0
    }

    fn part(&self, _: PackId, _: Part) -> Result<Shared, StoreError> {
        let mut bytes = self.part.whole()?.to_vec();
        bytes[self.at] ^= 0x09;
        Ok(Rc::new(bytes))
    }

    fn part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: std::ops::Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        let bytes = self.part(pack_id, part)?;
        Ok(bytes.get(range).map(|bytes| Rc::new(bytes.to_vec())))
    }

    fn part_len(&self, _: PackId, _: Part) -> Result<Option<usize>, StoreError> {
        Ok(Some(self.part.len()))
    }
}

/// The order of the ids, which no other test here touches.
#[test]
fn a_graph_whose_commits_are_not_found_by_id_is_noticed() {
    let made = history();
    let mut graph = SegmentBuilder::new(Vec::new(), 0);
    for (number, one) in (0_u32..).zip(&made) {
        let new = NewCommit {
            commit_id: id(one.name),
            tree_id: id(one.tree),
            time_seconds: one.time,
        };
        let parent = number.checked_sub(1).map(NewParent::Local);
        graph.push(&new, parent.as_slice()).unwrap();
    }
    let graph = Rc::new(graph.finish().unwrap());
    let by_id = 20 + made.len() * (20 + 20 + 8 + 4 + 8);
    for at in by_id..by_id + made.len() * 8 {
        let reader = Rc::new(Damaged {
            part: Rc::clone(&graph),
            at,
        });
        let stored = Segment::open_scanned(PACK, reader).unwrap().unwrap();
        let good = Rc::new(ScannedMade(Rc::clone(&graph)));
        let good = Segment::open_scanned(PACK, good).unwrap().unwrap();
        let lists = || side(&made).unwrap().lists;
        let side = |segment| Side {
            segment,
            lists: lists(),
        };
        let mut compare = PartsCompare::new(&Pack, side(stored), side(good));
        let end = loop {
            match compare.step(1) {
                Ok(None) => {}
                end => break end,
            }
        };
        assert_ne!(end, Ok(Some(true)), "byte {at}");
    }
}
