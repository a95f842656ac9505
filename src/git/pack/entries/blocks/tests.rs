//! Blocks: where entries are, the room they take, and the blocks that are put away.

use gix_hash::ObjectId;

use super::super::super::incoming::testing::MemoryScratch;
use super::super::Base;
use super::*;

fn entry(number: u32) -> Entry {
    Entry {
        id: ObjectId::null(gix_hash::Kind::Sha1),
        offset: 12 + 10 * u64::from(number),
        stored_bytes: 10,
        size_bytes: 3,
        kind: None,
        depth: 0,
        base: Base::Position(number),
    }
}

fn capacities(entries: &Entries) -> Vec<usize> {
    let blocks = entries.blocks.borrow();
    let held = blocks.all.iter().map(|block| &block.entries);
    held.chain(&blocks.room).map(Vec::capacity).collect()
}

fn spilled(count: u32) -> (Entries, Rc<MemoryScratch>) {
    let scratch = Rc::new(MemoryScratch::default());
    let mut entries = Entries::default();
    entries.spill_to(Rc::clone(&scratch) as Rc<dyn Scratch>);
    for number in 0..count {
        assert_eq!(entries.push(entry(number), count), Some(number));
    }
    (entries, scratch)
}

#[test]
fn beyond_the_bound_entries_go_to_scratch_and_come_back_as_they_were_left() {
    let bound = u32::try_from(RESIDENT_ENTRIES_MAX).unwrap();
    let (entries, scratch) = spilled(bound);
    assert!(!entries.are_spilled());
    assert_eq!(scratch.written.get(), 0);

    let count = bound + 100_000;
    let (mut entries, scratch) = spilled(count);
    assert!(entries.are_spilled());
    let held = |entries: &Entries| entries.held_bytes() / 48;
    assert_eq!(held(&entries), RESIDENT_ENTRIES_MAX);
    let steps = (0..count).step_by(777);
    for number in steps.clone() {
        entries.get_mut(number).unwrap().size_bytes = number;
    }
    assert!((0..).zip(entries.iter()).all(|(number, found)| {
        let is_changed = number % 777 == 0;
        let size_bytes = if is_changed { number } else { 3 };
        found
            == Entry {
                size_bytes,
                ..entry(number)
            }
    }));
    for number in steps.rev() {
        assert_eq!(entries.position_at(entry(number).offset), Some(number));
        assert_eq!(entries.position_at(entry(number).offset + 1), None);
    }
    assert_eq!(held(&entries), RESIDENT_ENTRIES_MAX);
    for _ in 0..3 {
        assert_eq!(entries.iter().count(), count as usize);
    }
    let written = scratch.written.get();
    assert_eq!(entries.iter().count(), count as usize);
    // The passes before wrote every change: a look writes nothing.
    assert_eq!(scratch.written.get(), written);
    assert_eq!(entries.check(), Ok(()));
}

#[test]
fn a_row_that_is_lost_is_told_and_not_only_seen_as_a_gap() {
    let count = u32::try_from(RESIDENT_ENTRIES_MAX).unwrap() + 10_000;
    let (entries, scratch) = spilled(count);
    scratch.lost.set(Some(0));
    assert_eq!(entries.get(0), None);
    let lost = Err(StoreError::Failed("it is lost".to_owned()));
    assert_eq!(entries.check(), lost);
    scratch.lost.set(None);
    assert_eq!(entries.get(0), Some(entry(0)));
    // Answers given while it was away cannot be taken back.
    assert_eq!(entries.check(), lost);
}

#[test]
fn they_are_where_they_would_be_in_one_run() {
    for count in [0, 1, 2_047, 2_048, 2_049, 40_000] {
        let all: Vec<Entry> = (0..count).map(entry).collect();
        let mut entries = Entries::default();
        for (position, entry) in (0..).zip(&all) {
            assert_eq!(entries.push(*entry, count), Some(position));
        }
        assert_eq!(entries, all.iter().copied().collect());
        assert_eq!(entries.len(), all.len());
        assert!(entries.iter().eq(all.iter().copied()));
        for position in 0..=count {
            let expected = all.get(position as usize);
            assert_eq!(entries.get(position), expected.copied());
            assert_eq!(entries.get_mut(position).as_deref(), expected);
            let offset = entry(position).offset;
            let found = expected.map(|_| position);
            assert_eq!(entries.position_at(offset), found);
            assert_eq!(entries.position_at(offset + 1), None);
        }
        assert_eq!(entries.position_at(0), None);
    }
}

#[test]
fn a_count_that_lies_costs_no_more_than_what_came_and_a_true_one_makes_exactly_enough() {
    let block_bytes = BLOCK_ENTRIES * 48;
    let mut entries = Entries::default();
    let mut largest = 0;
    for number in 0..100_000 {
        entries.push(entry(number), 500_000);
        let came = usize::try_from(number).unwrap() * 48;
        largest = largest.max(entries.held_bytes());
        assert!(entries.held_bytes() <= (2 * came).max(block_bytes));
    }
    assert_eq!(largest, 64 * block_bytes);
    let mut entries = Entries::default();
    for number in 0..5000 {
        entries.push(entry(number), 5000);
    }
    let all = [BLOCK_ENTRIES, BLOCK_ENTRIES, 5000 - 2 * BLOCK_ENTRIES];
    assert_eq!(capacities(&entries), all);
}

#[test]
fn more_than_were_announced_have_room_too() {
    let mut entries = Entries::default();
    for number in 0..5000 {
        assert_eq!(entries.push(entry(number), 3), Some(number));
    }
    let blocks = entries.blocks.borrow();
    let sizes: Vec<usize> = blocks.all.iter().map(|block| block.entries.len()).collect();
    let all = [BLOCK_ENTRIES, BLOCK_ENTRIES, 5000 - 2 * BLOCK_ENTRIES];
    assert_eq!(sizes, all);
}
