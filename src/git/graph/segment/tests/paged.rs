//! Reading by pages gives the same answers as the whole part; bytes that cannot be read are an error.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use super::super::super::super::pack::incoming::testing::MemoryScratch;
use super::super::super::super::store::Scratch;
use super::super::super::super::store::testing::Ranges;
use super::super::super::columns::u32_at;
use super::super::super::made_part::MadePart;
use super::super::super::spool::Spill;
use super::*;

/// A segment of so many commits: mostly a line, with merges over some distance, commits of many
/// parents and parents elsewhere.
fn part_of(commits: u32, salt: u32) -> Vec<u8> {
    let builder = SegmentBuilder::new(vec![PackId(7), PackId(40)], 0);
    let part = made(builder, commits, salt).unwrap();
    part.whole().unwrap().to_vec()
}

fn made(mut builder: SegmentBuilder, commits: u32, salt: u32) -> Result<MadePart, StoreError> {
    for number in 0..commits {
        let back = |distance: u32| number.checked_sub(distance).map(NewParent::Local);
        let mut parents: Vec<_> = back(1).into_iter().collect();
        if number % 5 == salt % 5 {
            parents.extend(back(number.wrapping_mul(salt) % 900 + 2));
        }
        if number % 41 == 3 {
            parents.extend((3..7).filter_map(back));
        }
        if number % 97 == 0 {
            let (commit_id, generation) = (id(1 << 24 | number), number);
            parents.push(NewParent::External {
                commit_id,
                generation,
            });
        }
        let commit = NewCommit {
            commit_id: id(number),
            tree_id: id(number / 3 + (1 << 23)),
            time_seconds: u64::from(number) * 60 + 1,
        };
        assert_eq!(builder.push(&commit, &parents)?, Some(number));
    }
    builder.finish()
}

/// Blocks of some rows; each table keeps two of them in memory.
fn small_blocks(scratch: &Rc<MemoryScratch>) -> Rc<Spill> {
    let scratch = Rc::clone(scratch) as Rc<dyn Scratch>;
    Rc::new(Spill::with_bounds(scratch, 100, 2))
}

/// The part as 0.1 wrote it: the sorted numbers alone.
fn as_0_1(part: &[u8]) -> Vec<u8> {
    let layout = Layout::of(part).unwrap();
    let range = layout.column(Table::ById).range(0..layout.commits).unwrap();
    let mut old = b"CGS1".to_vec();
    old.extend_from_slice(&part[4..range.start]);
    for row in part[range.clone()].chunks(8) {
        old.extend_from_slice(&row[4..]);
    }
    old.extend_from_slice(&part[range.end..]);
    old
}

fn by_pages(reader: Rc<dyn PartReader>, part: &[u8]) -> Segment {
    Segment::paged(PACK, Layout::of(part).unwrap(), reader)
}

fn check_same(whole: &Segment, paged: &Segment, numbers: impl Iterator<Item = u32>) {
    for number in numbers {
        let commit_id = whole.commit_id(number).unwrap();
        assert_eq!(paged.commit_id(number), Ok(commit_id));
        assert_eq!(paged.lookup(&commit_id), Ok(Some(number)));
        assert_eq!(paged.lookup(&id(number | 1 << 30)), Ok(None));
        assert_eq!(paged.tree_id(number), whole.tree_id(number));
        assert_eq!(paged.time_seconds(number), whole.time_seconds(number));
        assert_eq!(paged.generation(number), whole.generation(number));
        assert_eq!(parents_of(paged, number), parents_of(whole, number));
    }
    for pack in 0..50 {
        assert_eq!(
            paged.proved_beside(PackId(pack)),
            whole.proved_beside(PackId(pack))
        );
    }
    assert!(paged.commit_id(whole.len()).is_err());
    assert!(paged.generation(u32::MAX).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_give_the_same_answers_as_the_whole_part(
        commits in prop_oneof![0_u32..40, 500_u32..5_000],
        salt in any::<u32>(),
        start in any::<u32>(),
        step in 1_u32..2_000,
        is_old in any::<bool>(),
    ) {
        let part = part_of(commits, salt);
        let part = if is_old { as_0_1(&part) } else { part };
        let whole = Segment::open(PACK, Rc::new(part.clone())).unwrap();
        let paged = by_pages(Rc::new(Ranges::new(part.clone())), &part);
        // Somewhere, in leaps, as a walk over several ends of a history goes.
        let numbers = (0..300_u32).map(|n| start.wrapping_add(n.wrapping_mul(step)));
        check_same(&whole, &paged, numbers.map(|n| n % commits.max(1)).filter(|n| *n < commits));
        // From end to end, in both directions.
        check_same(&whole, &paged, 0..commits);
        check_same(&whole, &paged, (0..commits).rev().step_by(7));
    }

    /// A part whose tables went to scratch while it was made has the same rows, and answers before it is
    /// stored.
    #[test]
    fn a_part_in_scratch_is_the_same_part(commits in 0_u32..700, salt in any::<u32>()) {
        let scratch = Rc::new(MemoryScratch::default());
        let packs = vec![PackId(40), PackId(7)];
        let spill = small_blocks(&scratch);
        let builder = SegmentBuilder::spilling_to(&spill, packs, 0);
        let part = Rc::new(made(builder, commits, salt).unwrap());
        let expected = part_of(commits, salt);
        prop_assert_eq!(&*part.whole().unwrap(), &expected);
        let rows: Result<Vec<_>, _> = part.rows().collect();
        prop_assert_eq!(rows.unwrap().concat(), expected.clone());
        let segment = Segment::open_made(PACK, &part).unwrap();
        prop_assert_eq!(segment.is_paged(), commits > 10);
        let whole = Segment::open(PACK, Rc::new(expected)).unwrap();
        check_same(&whole, &segment, (0..commits).step_by(7));
        check_same(&whole, &segment, (0..commits).rev().step_by(3));
    }

    /// One wrong byte anywhere in any table gives an answer or an error, never a panic.
    #[test]
    fn damage_is_an_error_at_most(at in 20_usize..20_000, to in any::<u8>(), cut in 0_usize..2) {
        let mut part = part_of(1_000, 11);
        let layout = Layout::of(&part).unwrap();
        if let Some(byte) = part.get_mut(at) {
            *byte = to;
        }
        part.truncate(part.len() - cut * at);
        let reader = Rc::new(Ranges::new(part));
        let paged = Segment::paged(PACK, layout, reader);
        for number in (0..1_000).step_by(13) {
            let _ = paged.lookup(&id(number));
            let _ = paged.proved_beside(PackId(number));
            let _ = paged.for_each_parent(number, |parent| {
                assert!(!matches!(parent, Parent::Local(parent) if parent >= number));
                Ok(())
            });
        }
    }
}

#[test]
fn a_part_with_a_row_that_scratch_lost_is_an_error() {
    for lost in 0..40 {
        let scratch = Rc::new(MemoryScratch::default());
        let builder = SegmentBuilder::spilling_to(&small_blocks(&scratch), Vec::new(), 0);
        scratch.lost.set((lost < 20).then_some(lost));
        let part = made(builder, 300, 3);
        scratch.lost.set(Some(lost));
        // A block that was lost while it was needed, or afterwards.
        let read = part.and_then(|part| part.whole());
        let is_lost = read == Err(StoreError::Failed("it is lost".to_owned()));
        assert!(is_lost, "{lost}: {read:?}");
    }
}

/// Ids that are not spread: all begin alike, so that a guess from the id's beginning is no use.
#[test]
fn ids_that_begin_alike_are_found() {
    let mut builder = SegmentBuilder::new(Vec::new(), 0);
    let alike = |number: u32| {
        let mut bytes = [0x77; 20];
        bytes[16..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
        ObjectId::from(bytes)
    };
    for number in 0..5_000 {
        let (commit_id, tree_id) = (alike(number), id(1));
        let commit = NewCommit {
            commit_id,
            tree_id,
            time_seconds: 1,
        };
        builder.push(&commit, &[]).unwrap();
    }
    let part = builder.finish().unwrap().whole().unwrap();
    for part in [part.to_vec(), as_0_1(&part)] {
        let paged = by_pages(Rc::new(Ranges::new(part.clone())), &part);
        for number in (0..6_000).step_by(7) {
            let expected = (number < 5_000).then_some(number);
            assert_eq!(paged.lookup(&alike(number)), Ok(expected));
        }
    }
}

/// A look-up in a segment of 100,000 commits reads two pages, one if the commit is missing; a part of 0.1
/// takes some more.
#[test]
fn a_look_up_reads_few_pages() {
    let new = part_of(100_000, 3);
    let old = as_0_1(&new);
    for (part, found_max, vain_max) in [(new, 3, 2), (old, 10, 12)] {
        let layout = Layout::of(&part).unwrap();
        let reader = Rc::new(Ranges::new(part));
        let pages = |number| {
            let paged = Segment::paged(PACK, layout, Rc::clone(&reader) as Rc<dyn PartReader>);
            reader.read.take();
            let found = paged.lookup(&id(number)).unwrap();
            assert_eq!(found, (number < 100_000).then_some(number));
            assert!(paged.held_bytes() < 160 << 10, "{paged:?}");
            reader.read.take().len()
        };
        for number in (0..100_000).step_by(9_973) {
            assert!(pages(number) <= found_max, "{number}");
            assert!(pages(number + 200_000) <= vain_max, "{number}");
        }
    }
}

/// A walk over the last thousand commits of a long history reads the pages that have them, each once.
#[test]
fn a_walk_reads_a_page_once() {
    let part = part_of(100_000, 3);
    let reader = Rc::new(Ranges::new(part.clone()));
    let paged = by_pages(Rc::clone(&reader) as Rc<dyn PartReader>, &part);
    for number in (99_000..100_000).rev() {
        parents_of(&paged, number).unwrap();
        paged.generation(number).unwrap();
        paged.time_seconds(number).unwrap();
        paged.tree_id(number).unwrap();
    }
    let read = reader.read.borrow();
    let distinct: std::collections::BTreeSet<_> = read.iter().map(|range| range.start).collect();
    assert_eq!(distinct.len(), read.len());
    assert!(read.len() < 24, "{} ranges", read.len());
}

/// A walk over everything takes the tables that it needs whole, and no others.
#[test]
fn a_walk_over_everything_takes_few_tables_whole() {
    let part = part_of(100_000, 3);
    let reader = Rc::new(Ranges::new(part.clone()));
    let paged = by_pages(Rc::clone(&reader) as Rc<dyn PartReader>, &part);
    for number in 0..100_000 {
        paged.generation(number).unwrap();
        paged.for_each_parent(number, |_| Ok(())).unwrap();
    }
    let held = paged.held_bytes();
    assert!(held < 100_000 * 12 + (80 << 10), "{held} bytes");
    assert!(reader.read.borrow().len() < 100);
}

/// Fails at one range, or gives up reading by ranges, and stands by its word.
struct Faulty {
    part: Vec<u8>,
    reads: Cell<usize>,
    fault_at: usize,
    fault: Fault,
    whole_reads: RefCell<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Missing,
    Short,
    NoRanges,
}

impl PartReader for Faulty {
    fn part(&self, _: PackId, _: Part) -> Result<Shared, StoreError> {
        *self.whole_reads.borrow_mut() += 1;
        Ok(Rc::new(self.part.clone()))
    }

    fn part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        assert_eq!((pack_id, part), (PACK, Part::Graph));
        let read = self.reads.get();
        self.reads.set(read + 1);
        let mut bytes = self.part[range].to_vec();
        if read == self.fault_at || (self.fault == Fault::NoRanges && read > self.fault_at) {
            match self.fault {
                Fault::Missing => return Err(missing()),
                Fault::Short => bytes.truncate(bytes.len() - 1),
                Fault::NoRanges => return Ok(None),
            }
        }
        Ok(Some(Rc::new(bytes)))
    }
}

fn missing() -> StoreError {
    let (what, pack) = ("the commit graph", PACK.0);
    StoreError::Missing { what, pack }
}

/// The answers to a short look at one commit.
fn look(segment: &Segment, number: u32) -> Result<(Vec<ObjectId>, ObjectId, u64), StoreError> {
    let found = segment.lookup(&id(number))?;
    assert_eq!(found, Some(number));
    let parents = parents_of(segment, number)?;
    Ok((
        parents,
        segment.tree_id(number)?,
        segment.time_seconds(number)?,
    ))
}

/// At whichever read the row is missing or short, the question fails with that; asked again, it is
/// answered.
#[test]
fn each_read_may_fail_and_the_next_question_is_answered() {
    let part = part_of(9_000, 3);
    let whole = Segment::open(PACK, Rc::new(part.clone())).unwrap();
    let (mut failures, numbers) = (0, [0, 8_999, 41 * 90 + 3]);
    for (fault, expected) in [(Fault::Missing, missing()), (Fault::Short, corrupt(PACK))] {
        for fault_at in 0..20 {
            let reader = Rc::new(Faulty {
                part: part.clone(),
                reads: Cell::new(0),
                fault_at,
                fault,
                whole_reads: RefCell::default(),
            });
            let paged = by_pages(reader, &part);
            for number in numbers {
                match look(&paged, number) {
                    Ok(said) => assert_eq!(Ok(said), look(&whole, number)),
                    Err(error) => {
                        failures += 1;
                        assert_eq!(error, expected);
                        assert_eq!(look(&paged, number), look(&whole, number));
                    }
                }
            }
        }
    }
    assert!(failures > 20);
}

/// A store that holds the part whole meanwhile says so, and is asked for it, once.
#[test]
fn a_part_that_is_not_read_by_ranges_any_more_is_taken_whole() {
    let part = part_of(9_000, 3);
    let whole = Segment::open(PACK, Rc::new(part.clone())).unwrap();
    for fault_at in 0..10 {
        let reader = Rc::new(Faulty {
            part: part.clone(),
            reads: Cell::new(0),
            fault_at,
            fault: Fault::NoRanges,
            whole_reads: RefCell::default(),
        });
        let paged = by_pages(Rc::clone(&reader) as Rc<dyn PartReader>, &part);
        check_same(&whole, &paged, (0..9_000).step_by(97));
        assert_eq!(*reader.whole_reads.borrow(), 1);
    }
}

#[test]
fn the_header_says_how_long_the_part_is() {
    let part = part_of(500, 1);
    assert_eq!(Layout::of(&part).unwrap().part_bytes, part.len());
    assert_eq!(u32_at(&part, 4), Some(500));
    let old = as_0_1(&part);
    assert_eq!(Layout::of(&old).unwrap().part_bytes, old.len());
    assert_eq!(part.len() - old.len(), 4 * 500);
}
