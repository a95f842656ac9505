use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use gix_hash::Kind;
use proptest::prelude::*;

use super::super::super::pack::incoming::testing::MemoryScratch;
use super::super::super::store::{Scratch, StoreError};
use super::super::made_part::MadePart;
use super::super::spool::Spill;
use super::*;

fn id(number: u32) -> ObjectId {
    let mut id = ObjectId::null(Kind::Sha1);
    id.as_mut_slice()[..4].copy_from_slice(&number.to_be_bytes());
    id
}

fn lists_of(introduced: &Introduced, number: u32) -> (Vec<u32>, Vec<ObjectId>) {
    let (mut positions, mut externals) = (Vec::new(), Vec::new());
    let row = |row| externals.push(introduced.external(row).unwrap());
    introduced
        .for_each(number, |position| positions.push(position), row)
        .unwrap();
    (positions, externals)
}

type Sets = Vec<(BTreeSet<u32>, BTreeSet<u32>)>;

fn build(sets: &Sets, object_count: u32) -> Vec<u8> {
    let part = made(IntroducedBuilder::new(object_count), sets).unwrap();
    part.whole().unwrap().to_vec()
}

fn made(mut builder: IntroducedBuilder, sets: &Sets) -> Result<MadePart, StoreError> {
    for (number, (positions, externals)) in (0_u32..).zip(sets) {
        let mut rows = externals
            .iter()
            .map(|other| builder.external(id(*other)).0)
            .collect();
        for position in positions {
            builder.note_introducer(*position, number)?;
            assert!(builder.introducer(*position)? <= Some(number));
        }
        builder.push(&mut positions.iter().rev().copied().collect(), &mut rows)?;
    }
    builder.finish()
}

fn sets(commits: usize) -> impl Strategy<Value = Sets> {
    let set = |bound, count| prop::collection::btree_set(0_u32..bound, 0..count);
    prop::collection::vec((set(70_000, 20), set(50, 5)), commits)
}

proptest! {
    #[test]
    fn a_part_is_read_back_as_it_was_built(sets in prop_oneof![sets(0), sets(7), sets(300)]) {
        let part = build(&sets, 70_000);
        let introduced = Introduced::open(Rc::new(part)).unwrap();
        let mut first = HashMap::new();
        prop_assert_eq!(introduced.len() as usize, sets.len());
        for (number, (positions, externals)) in (0_u32..).zip(&sets) {
            let (found, others) = lists_of(&introduced, number);
            prop_assert!(found.iter().eq(positions));
            let others: BTreeSet<ObjectId> = others.into_iter().collect();
            prop_assert_eq!(others, externals.iter().map(|other| id(*other)).collect());
            for position in positions {
                first.entry(*position).or_insert(number);
            }
        }
        for position in (0..70_000).step_by(997).chain(first.keys().copied()) {
            prop_assert_eq!(introduced.introducer(position), first.get(&position).copied());
        }
        prop_assert_eq!(introduced.introducer(70_000), None);
    }

    /// The blocks are small, and few of them are in memory.
    #[test]
    fn a_part_in_scratch_is_the_same_part(
        sets in prop_oneof![sets(0), sets(7), sets(300)],
        object_count in prop_oneof![Just(70_000_u32), 70_000_u32..71_000],
        lost in prop::option::of(0_u32..40),
    ) {
        let scratch = Rc::new(MemoryScratch::default());
        let rows = Rc::clone(&scratch) as Rc<dyn Scratch>;
        let spill = Rc::new(Spill::with_bounds(rows, 999, 3));
        scratch.lost.set(lost);
        let part = made(IntroducedBuilder::spilling_to(&spill, object_count), &sets);
        let part = part.and_then(|part| part.whole());
        let is_gone = lost.is_some_and(|lost| usize::try_from(lost).unwrap() < scratch.written.get());
        match part {
            Ok(part) => prop_assert_eq!(&*part, &build(&sets, object_count)),
            Err(error) => {
                prop_assert!(is_gone, "{error}");
                prop_assert_eq!(error, StoreError::Failed("it is lost".to_owned()));
            }
        }
    }

    #[test]
    fn damage_does_not_panic(sets in sets(3), at in 0_usize..300, to in any::<u8>()) {
        let mut part = build(&sets, 10);
        if let Some(byte) = part.get_mut(at) {
            *byte = to;
        }
        if let Ok(introduced) = Introduced::open(Rc::new(part)) {
            for number in 0..=introduced.len().min(100) {
                introduced.introducer(number);
                let _ = introduced.for_each(number, |_| {}, |row| {
                    introduced.external(row);
                });
            }
        }
    }
}
