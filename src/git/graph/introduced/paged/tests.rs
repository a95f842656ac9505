use std::rc::Rc;

use gix_hash::Kind;
use proptest::prelude::*;

use super::super::super::super::store::testing::Ranges;
use super::super::{Introduced, IntroducedBuilder};
use super::*;

const PACK: PackId = PackId(7);

/// A part of so many commits, each of which introduces some of 10,000 objects and may introduce one
/// of another pack.
fn part(lists: &[(Vec<u32>, Option<u16>)]) -> Vec<u8> {
    let mut builder = IntroducedBuilder::new(10_000);
    for (number, (positions, external)) in (0_u32..).zip(lists) {
        let external = external.map(|number| {
            let mut id = ObjectId::null(Kind::Sha1);
            id.as_mut_slice()[..2].copy_from_slice(&number.to_be_bytes());
            builder.external(id).0
        });
        for position in positions {
            builder.note_introducer(*position, number).unwrap();
        }
        builder
            .push(&mut positions.clone(), &mut external.into_iter().collect())
            .unwrap();
    }
    builder.finish().unwrap().whole().unwrap().to_vec()
}

fn list(
    pages: &PagedIntroduced,
    ranges: &Ranges,
    number: u32,
) -> Result<(Vec<u32>, Vec<u32>), PagedError> {
    let (mut positions, mut externals) = (Vec::new(), Vec::new());
    let (position, external) = (|at| positions.push(at), |row| externals.push(row));
    pages.for_each(ranges, number, position, external)?;
    Ok((positions, externals))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn pages_answer_as_the_whole_part_does(
        lists in prop::collection::vec(
            (prop::collection::vec(0_u32..10_000, 0..5), any::<Option<u16>>()),
            1..5_000,
        ),
    ) {
        let ranges = Ranges::new(part(&lists));
        let whole = Introduced::open(Rc::new(ranges.bytes.clone())).unwrap();
        let pages = PagedIntroduced::open(PACK, &ranges, false).unwrap().unwrap();
        pages.reads_left.set(u32::MAX);
        let runs = PagedIntroduced::open(PACK, &ranges, true).unwrap().unwrap();
        runs.expect_many_questions();
        for number in 0..whole.len() {
            let (mut positions, mut externals) = (Vec::new(), Vec::new());
            let read = whole.for_each(number, |at| positions.push(at), |row| externals.push(row));
            read.unwrap();
            for row in &externals {
                let id = pages.external(&ranges, *row).unwrap();
                prop_assert_eq!(id, whole.external(*row));
            }
            let both = (positions, externals);
            prop_assert_eq!(&list(&pages, &ranges, number).unwrap(), &both);
            prop_assert_eq!(&list(&runs, &ranges, number).unwrap(), &both);
        }
        for position in [0, 1, 2_047, 2_048, 9_999, 10_000, u32::MAX] {
            let introducer = pages.introducer(&ranges, position).unwrap();
            prop_assert_eq!(introducer, whole.introducer(position));
        }
        prop_assert!(list(&pages, &ranges, whole.len()).is_err());
        prop_assert_eq!(pages.external(&ranges, u32::MAX).unwrap(), None);
    }
}

#[test]
fn many_questions_call_for_the_whole_part() {
    let ranges = Ranges::new(part(&vec![(vec![1, 2], None); 1_280]));
    let pages = PagedIntroduced::open(PACK, &ranges, false)
        .unwrap()
        .unwrap();
    let answered = (0..1_280).take_while(|number| pages.introducer(&ranges, *number).is_ok());
    assert_eq!(answered.count(), 10);
    let refused = pages.introducer(&ranges, 0);
    assert!(matches!(refused, Err(PagedError::Whole)));
}

#[test]
fn lists_longer_than_a_run_are_read_by_runs() {
    let long: Vec<u32> = (0..10_000).collect();
    let lists = vec![(long.clone(), None); 60];
    let ranges = Ranges::new(part(&lists));
    let pages = PagedIntroduced::open(PACK, &ranges, true).unwrap().unwrap();
    pages.expect_many_questions();
    ranges.read.borrow_mut().clear();
    for number in 0..60 {
        assert_eq!(list(&pages, &ranges, number).unwrap().0, long);
    }
    // The ends, five runs, and each list that is in two of them.
    assert!(ranges.read.borrow().len() <= 12);
}

#[test]
fn a_damaged_part_is_corrupt() {
    let mut ranges = Ranges::new(part(&vec![(vec![1, 2], None); 1_280]));
    // The end of the second list, below that of the first.
    ranges.bytes[HEADER_BYTES + 4..HEADER_BYTES + 8].fill(0);
    let pages = PagedIntroduced::open(PACK, &ranges, false)
        .unwrap()
        .unwrap();
    let error = list(&pages, &ranges, 1).unwrap_err();
    assert!(
        matches!(error, PagedError::Store(StoreError::Corrupt { .. })),
        "{error}"
    );
    ranges.bytes[0] = b'X';
    assert!(PagedIntroduced::open(PACK, &ranges, false).is_err());
}
