use std::rc::Rc;

use gix_hash::{Kind, ObjectId};
use proptest::prelude::*;

use super::super::super::store::PAGED_ROW_BYTES_MAX;
use super::*;

mod paged;

const PACK: PackId = PackId(1);

fn id(number: u32) -> ObjectId {
    // Spread over the range, so that ids are in another order than numbers.
    let mut id = ObjectId::null(Kind::Sha1);
    id.as_mut_slice()[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
    id.as_mut_slice()[4..8].copy_from_slice(&number.to_be_bytes());
    id
}

fn parents_of(segment: &Segment, number: u32) -> Result<Vec<ObjectId>, StoreError> {
    let mut ids = Vec::new();
    let visited = segment.for_each_parent(number, |parent| {
        ids.push(match parent {
            Parent::Local(number) => segment.commit_id(number)?,
            Parent::External(row) => segment.external(row)?,
        });
        Ok(())
    });
    visited.map(|()| ids)
}

proptest! {
    /// Each commit is given as its parents: below 1000 a distance back, else an external commit.
    #[test]
    fn a_part_is_read_back_as_it_was_built(
        commits in prop::collection::vec(prop::collection::vec(0_u32..1100, 0..6), 0..60),
    ) {
        let mut builder = SegmentBuilder::new(vec![PackId(9), PackId(3), PackId(70)], 2);
        let mut expected = Vec::new();
        for (number, parents) in (0_u32..).zip(&commits) {
            let mut generation = 0;
            let mut ids = Vec::new();
            let mut new = Vec::new();
            for parent in parents {
                if let Some(local) = number.checked_sub(parent % 1000 % 8 + 1).filter(|_| *parent < 1000) {
                    let (_, _, of_parent): &(_, _, u32) = &expected[local as usize];
                    generation = generation.max(*of_parent);
                    ids.push(id(local));
                    new.push(NewParent::Local(local));
                } else {
                    generation = generation.max(*parent);
                    ids.push(id(5000 + parent));
                    new.push(NewParent::External { commit_id: id(5000 + parent), generation: *parent });
                }
            }
            let time_seconds = u64::from(number) << 33;
            let commit = NewCommit { commit_id: id(number), tree_id: id(number + 9000), time_seconds };
            prop_assert_eq!(builder.push(&commit, &new), Ok(Some(number)));
            expected.push((id(number), ids, generation + 1));
        }
        let segment = Segment::open(PACK, builder.finish().unwrap().whole().unwrap()).unwrap();
        prop_assert_eq!(segment.len() as usize, commits.len());
        for (number, (commit_id, parents, generation)) in (0_u32..).zip(&expected) {
            prop_assert_eq!(segment.lookup(commit_id), Ok(Some(number)));
            prop_assert_eq!(segment.commit_id(number), Ok(*commit_id));
            prop_assert_eq!(segment.tree_id(number), Ok(id(number + 9000)));
            prop_assert_eq!(segment.time_seconds(number), Ok(u64::from(number) << 33));
            prop_assert_eq!(segment.generation(number), Ok(*generation));
            prop_assert_eq!(parents_of(&segment, number), Ok(parents.clone()));
        }
        prop_assert_eq!(segment.lookup(&id(4000)), Ok(None));
        for pack in 0..80 {
            prop_assert_eq!(segment.proved_beside(PackId(pack)), Ok([3, 9, 70].contains(&pack)));
        }
    }

    #[test]
    fn damage_does_not_panic(at in 0_usize..400, to in any::<u8>(), cut in 0_usize..400) {
        let mut builder = SegmentBuilder::new(Vec::new(), 0);
        for number in 0..4 {
            let external = NewParent::External { commit_id: id(77), generation: 5 };
            let mut parents: Vec<NewParent> = (0..number).map(NewParent::Local).collect();
            parents.push(external);
            let commit = NewCommit { commit_id: id(number), tree_id: id(8), time_seconds: 1 };
            builder.push(&commit, &parents).unwrap().unwrap();
        }
        let mut part = builder.finish().unwrap().whole().unwrap().to_vec();
        if let Some(byte) = part.get_mut(at) {
            *byte = to;
        }
        part.truncate(part.len() - cut.min(part.len()) / 40 * 7);
        if let Ok(segment) = Segment::open(PACK, Rc::new(part)) {
            for number in 0..=segment.len() {
                let _ = segment.lookup(&id(number));
                let _ = segment.commit_id(number);
                let _ = segment.generation(number);
                let _ = parents_of(&segment, number);
            }
        }
    }
}

#[test]
fn a_parent_that_is_not_there_is_refused() {
    let mut builder = SegmentBuilder::new(Vec::new(), 0);
    let commit = NewCommit {
        commit_id: id(1),
        tree_id: id(2),
        time_seconds: 0,
    };
    assert_eq!(builder.push(&commit, &[NewParent::Local(0)]), Ok(None));
}

#[test]
fn a_large_part_is_in_rows_that_are_full() {
    let mut builder = SegmentBuilder::new(Vec::new(), 0);
    let commits = 40_000;
    for number in 0..commits {
        let commit = NewCommit {
            commit_id: id(number),
            tree_id: id(number + commits),
            time_seconds: u64::from(number),
        };
        let parent = number.checked_sub(1).map(NewParent::Local);
        assert_eq!(builder.push(&commit, parent.as_slice()), Ok(Some(number)));
    }
    let part = builder.finish().unwrap();
    let lengths: Vec<usize> = part.rows().map(|row| row.unwrap().len()).collect();
    let (rest, full) = lengths.split_last().unwrap();
    assert!(full.iter().all(|length| *length == PAGED_ROW_BYTES_MAX));
    let part_bytes = full.len() * PAGED_ROW_BYTES_MAX + rest;
    assert_eq!(part_bytes, 20 + 68 * commits as usize);
    assert_eq!(part.len(), part_bytes);
    let segment = Segment::open(PACK, part.whole().unwrap()).unwrap();
    for number in 0..commits {
        assert_eq!(segment.lookup(&id(number)), Ok(Some(number)));
        assert_eq!(segment.tree_id(number), Ok(id(number + commits)));
        assert_eq!(segment.time_seconds(number), Ok(u64::from(number)));
        assert_eq!(segment.generation(number), Ok(number + 1));
    }
}
