use std::ops::Range;
use std::rc::Rc;

use proptest::prelude::*;

use super::super::super::super::object::ObjectKind;
use super::super::super::super::store::testing::Ranges;
use super::super::super::entries::{Base, Entry, EntryTable};
use super::super::{IndexBuilder, PackIndex};
use super::*;

const PACK: PackId = PackId(7);

/// An index that is read by ranges.
fn ranges_of(table: &EntryTable) -> Ranges {
    let mut bytes = Vec::new();
    let write = IndexBuilder::new(table).unwrap().write(&mut |row| {
        bytes.extend_from_slice(row);
        Ok::<(), ()>(())
    });
    write.unwrap();
    Ranges::new(bytes)
}

fn paged(ranges: &Ranges) -> PagedIndex {
    let index = PagedIndex::open(PACK, ranges, false).unwrap().unwrap();
    index.pages_left.set(u32::MAX);
    index
}

fn whole(ranges: &Ranges) -> PackIndex {
    PackIndex::open(PACK, Rc::new(ranges.bytes.clone()).into()).unwrap()
}

fn table(ids: impl IntoIterator<Item = ObjectId>) -> EntryTable {
    let mut table = EntryTable::default();
    for (number, id) in (0_u32..).zip(ids) {
        let entry = Entry {
            id,
            offset: 12 + u64::from(number) * 10,
            stored_bytes: 10,
            size_bytes: number,
            kind: Some(ObjectKind::Blob),
            depth: 0,
            base: Base::None,
        };
        table.push(entry, u32::MAX);
    }
    table.external_bases = vec![ObjectId::from([5; 20]), ObjectId::from([6; 20])];
    table.sort();
    table
}

/// Ids as good as random: the n-th is made from n.
fn scattered(count: u64) -> impl Iterator<Item = ObjectId> {
    (0..count).map(scattered_id)
}

fn scattered_id(number: u64) -> ObjectId {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bytes = [0; 20];
    for byte in &mut bytes {
        state ^= state >> 31;
        state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_add(1);
        [*byte, ..] = state.to_be_bytes();
    }
    ObjectId::from(bytes)
}

/// Ids that differ late, or not at all, and some that differ early.
fn ids() -> impl Strategy<Value = Vec<ObjectId>> {
    let id = (any::<[u8; 2]>(), 0..3_u8, any::<bool>()).prop_map(|([first, last], few, early)| {
        let mut bytes = [few; 20];
        bytes[if early { 0 } else { 18 }] = first;
        bytes[19] = last;
        ObjectId::from(bytes)
    });
    prop_oneof![
        prop::collection::vec(id, 1..3_000),
        (1..5_000_u64).prop_map(|count| scattered(count).collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn pages_answer_as_the_whole_index_does(ids in ids(), strangers in ids()) {
        let ranges = ranges_of(&table(ids.iter().copied()));
        let whole = whole(&ranges);
        let runs = PagedIndex::open(PACK, &ranges, true).unwrap().unwrap();
        runs.expect_many_questions();
        for paged in [paged(&ranges), runs] {
            answers_as(&paged, &whole, &ranges, ids.iter().chain(&strangers))?;
        }
    }
}

fn answers_as<'a>(
    paged: &PagedIndex,
    whole: &PackIndex,
    ranges: &Ranges,
    ids: impl Iterator<Item = &'a ObjectId>,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(paged.len(), whole.len());
    for id in ids {
        prop_assert_eq!(paged.find(ranges, id).unwrap(), whole.find(id));
    }
    for position in (0..whole.len()).chain([whole.len(), u32::MAX]) {
        let row = whole.row(position);
        prop_assert_eq!(paged.row(ranges, position).unwrap(), row);
        prop_assert_eq!(paged.id(ranges, position).unwrap(), whole.id(position));
        if let Some(row) = row {
            let is_first = paged.is_first_copy(ranges, &row).unwrap();
            prop_assert_eq!(is_first, whole.is_first_copy(&row));
        }
    }
    prop_assert_eq!(paged.external_base_count(), whole.external_base_count());
    for number in [0, 1, 2, u32::MAX] {
        let base = paged.external_base(ranges, number).unwrap();
        prop_assert_eq!(base, whole.external_base(number));
    }
    prop_assert_eq!(paged.has_copies(), whole.has_copies());
    let all = |sorted_ids: &dyn Fn(u32) -> Vec<(ObjectId, u32)>| {
        let mut all = Vec::new();
        loop {
            let more = sorted_ids(u32::try_from(all.len()).unwrap());
            if more.is_empty() {
                return all;
            }
            all.extend(more);
        }
    };
    let sorted = all(&|from| whole.sorted_ids(from));
    prop_assert_eq!(sorted.len(), whole.len() as usize);
    prop_assert!(sorted.is_sorted());
    prop_assert_eq!(all(&|from| paged.sorted_ids(ranges, from).unwrap()), sorted);
    Ok(())
}

#[test]
fn a_look_up_reads_as_many_pages_in_a_large_index_as_in_a_small_one() {
    for count in [10_000_u64, 300_000] {
        let ranges = ranges_of(&table(scattered(count)));
        let index = paged(&ranges);
        ranges.read.borrow_mut().clear();
        // Every second of them is there.
        for number in (count - 100)..(count + 100) {
            let found = index.find(&ranges, &scattered_id(number)).unwrap();
            let expected = (number < count).then(|| u32::try_from(number).unwrap());
            assert_eq!(found, expected);
        }
        let read = ranges.read.borrow();
        assert!(read.len() <= 330, "{} pages of {count}", read.len());
        let bytes: usize = read.iter().map(Range::len).sum();
        assert!(bytes <= 330 * 10_240, "{bytes} bytes of {count}");
    }
}

#[test]
fn many_questions_call_for_the_whole_index() {
    let ranges = ranges_of(&table(scattered(50_000)));
    let index = PagedIndex::open(PACK, &ranges, false).unwrap().unwrap();
    let is_answered = |number: &u64| index.find(&ranges, &scattered_id(*number)).is_ok();
    let answered = (0..50_000).take_while(is_answered).count();
    assert!((30..100).contains(&answered), "{answered} look-ups");
    let refused = index.find(&ranges, &scattered_id(0));
    assert!(matches!(refused, Err(PagedError::Whole)));
}

#[test]
fn an_index_that_is_bounded_is_never_taken_whole() {
    let ranges = ranges_of(&table(scattered(50_000)));
    let index = PagedIndex::open(PACK, &ranges, true).unwrap().unwrap();
    for number in 0..50_000 {
        let found = index.find(&ranges, &scattered_id(number)).unwrap();
        assert_eq!(found, Some(u32::try_from(number).unwrap()));
    }
    ranges.read.borrow_mut().clear();
    for position in 0..50_000 {
        index.row(&ranges, position).unwrap().unwrap();
    }
    let read = ranges.read.borrow();
    assert_eq!(read.len(), 13, "each run of rows is read once");
    assert!(read.iter().all(|range| range.len() <= 96 << 10));
}

#[test]
fn a_damaged_or_cut_index_is_corrupt_and_ends_every_search() {
    let whole = ranges_of(&table(scattered(3_000)));
    for (from, to) in [(0, 24), (24, 1044), (1044, 61_044)] {
        let mut damaged = ranges_of(&table(scattered(3_000)));
        for byte in &mut damaged.bytes[from..to] {
            *byte = byte.wrapping_mul(17).wrapping_add(91);
        }
        match PagedIndex::open(PACK, &damaged, false) {
            Err(error) => assert_eq!(error, corrupt(PACK)),
            Ok(index) => {
                let index = index.unwrap();
                index.pages_left.set(u32::MAX);
                for id in scattered(300) {
                    let _ = index.find(&damaged, &id);
                }
            }
        }
    }
    let index = paged(&whole);
    let mut cut = ranges_of(&table(scattered(3_000)));
    cut.bytes.truncate(30_000);
    let last = ObjectId::from([0xff; 20]);
    assert!(matches!(index.find(&cut, &last), Err(PagedError::Whole)));
}
