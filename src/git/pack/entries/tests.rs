//! The table: found by offset and by id, in memory and in scratch.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::super::object::ObjectKind;
use super::super::incoming::testing::MemoryScratch;
use super::super::index::IndexBuilder;
use super::*;

fn entry(offset: u64, first_byte: u8) -> Entry {
    let mut id = [0; 20];
    id[0] = first_byte;
    Entry {
        id: ObjectId::Sha1(id),
        offset,
        stored_bytes: 10,
        size_bytes: 3,
        kind: Some(ObjectKind::Blob),
        depth: 0,
        base: Base::None,
    }
}

#[test]
fn an_entry_has_48_bytes() {
    assert_eq!(size_of::<Entry>(), 48);
}

#[test]
fn entries_are_found_by_offset_and_by_id_the_first_of_equal_ones() {
    let mut table = EntryTable::default();
    for (n, first_byte) in (0..).zip([9, 3, 200, 3, 0]) {
        assert_eq!(
            table.push(entry(12 + 10 * n, first_byte), 5),
            u32::try_from(n).ok()
        );
    }
    table.sort();
    assert_eq!(table.by_id, [4, 1, 3, 0, 2]);
    for (first_byte, position) in [(0, 4), (3, 1), (9, 0), (200, 2)] {
        assert_eq!(table.find(&entry(0, first_byte).id), Some(position));
    }
    assert_eq!(table.find(&entry(0, 4).id), None);
    assert_eq!(table.find(&entry(0, 255).id), None);
    assert_eq!(table.position_at(32), Some(2));
    assert_eq!(table.position_at(33), None);
}

/// Entries whose ids are as good as random, some of them twice.
fn many(count: u32) -> impl Iterator<Item = Entry> {
    (0..count).map(move |number| {
        let seed = u64::from(number % (count - 1000)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut id = [0; 20];
        id[..8].copy_from_slice(&seed.to_le_bytes());
        id[8..16].copy_from_slice(&seed.rotate_left(17).to_be_bytes());
        let id = ObjectId::Sha1(id);
        Entry {
            id,
            ..entry(12 + 10 * u64::from(number), 0)
        }
    })
}

fn index(table: &EntryTable) -> Vec<u8> {
    let mut index = Vec::new();
    let mut rows = IndexBuilder::new(table).unwrap();
    while let Some(row) = rows.next_row() {
        index.extend(row);
    }
    index
}

#[test]
fn a_table_in_scratch_is_sorted_found_and_indexed_like_one_in_memory() {
    let count = 3 * u32::try_from(RESIDENT_ENTRIES_MAX).unwrap();
    let (mut held, mut spilled) = (EntryTable::default(), EntryTable::default());
    spilled.spill_to(Rc::new(MemoryScratch::default()));
    for entry in many(count) {
        held.push(entry, count);
        spilled.push(entry, count);
    }
    held.sort();
    assert!(!spilled.sort_some(), "it takes some passes");
    spilled.sort();
    assert!(spilled.sorted_positions().eq(held.sorted_positions()));
    assert_eq!(spilled.sorted_count(), held.sorted_count());
    assert!(spilled.is_spilled() && !held.is_spilled());
    for position in (0..count).step_by(97) {
        let id = held.id(position).unwrap();
        assert_eq!(spilled.find(&id), held.find(&id));
        let mut other = id;
        other.as_mut_slice()[19] ^= 0x80;
        assert_eq!(spilled.find(&other), None);
    }
    assert!(index(&spilled) == index(&held));
    assert_eq!(spilled.check(), Ok(()));
}

/// A table in scratch that takes so many rows, sorted.
fn sorted_in(count: u32, rows: Option<usize>) -> (EntryTable, Rc<MemoryScratch>) {
    let scratch = Rc::new(MemoryScratch::default());
    scratch.written_max.set(rows);
    let mut table = EntryTable::default();
    table.spill_to(Rc::clone(&scratch) as Rc<dyn Scratch>);
    for entry in many(count) {
        table.push(entry, count);
    }
    table.sort();
    (table, scratch)
}

#[test]
fn whichever_row_of_a_sort_cannot_be_written_the_table_says_so() {
    let count = u32::try_from(RESIDENT_ENTRIES_MAX).unwrap() + 50_000;
    let (table, scratch) = sorted_in(count, None);
    assert_eq!(table.check(), Ok(()));
    let rows = scratch.written.get();
    assert!(rows > 100);
    for rows in (0..rows).step_by(19) {
        let (table, _) = sorted_in(count, Some(rows));
        assert!(table.check().is_err(), "{rows} rows");
    }
}

#[test]
fn a_sorted_id_that_scratch_lost_makes_no_index() {
    let (table, scratch) = sorted_in(3 * u32::try_from(RESIDENT_ENTRIES_MAX).unwrap(), None);
    scratch.lost.set(Some((1 << 13) + 40));
    assert!(IndexBuilder::new(&table).is_err());
    assert!(table.check().is_err());
}

proptest! {
    #[test]
    fn sorted_as_a_plain_sort_has_it_and_all_found(
        ids in vec((any::<u8>(), any::<[u8; 3]>(), 0..3_u8), 0..600),
        clustered in any::<bool>(),
    ) {
        let mut table = EntryTable::default();
        for (first, middle, last) in ids {
            let mut id = [last; 20];
            id[0] = if clustered { 7 } else { first };
            id[1..4].copy_from_slice(&middle);
            let entry = Entry { id: ObjectId::Sha1(id), ..entry(12, 0) };
            table.push(entry, 600);
        }
        table.sort();
        let mut plain: Vec<u32> = (0..table.count()).collect();
        plain.sort_by_key(|&position| table.get(position).map(|entry| entry.id));
        prop_assert_eq!(&table.by_id, &plain);
        for entry in table.entries.iter() {
            let first = table.entries.iter().position(|other| other.id == entry.id);
            prop_assert_eq!(table.find(&entry.id).map(|found| found as usize), first);
            let mut other = entry.id;
            other.as_mut_slice()[19] ^= 0x80;
            prop_assert_eq!(table.find(&other), None);
        }
    }
}
