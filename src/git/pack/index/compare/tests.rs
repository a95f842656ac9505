//! Each byte of an index that is changed is noticed, except those that may differ.

use std::rc::Rc;

use super::super::super::super::object::ObjectKind;
use super::super::super::super::store::testing::Ranges;
use super::super::super::super::store::{PackId, Part};
use super::super::super::entries::Entry;
use super::*;

fn id(number: u8) -> ObjectId {
    let mut bytes = [number; 20];
    bytes[0] = number.wrapping_mul(91);
    ObjectId::from(bytes)
}

fn entry(number: u8, base: Base) -> Entry {
    Entry {
        id: id(number),
        offset: 12 + u64::from(number) * 9,
        stored_bytes: 9,
        size_bytes: 4,
        kind: Some(ObjectKind::Blob),
        depth: 0,
        base,
    }
}

/// One object comes twice, and two deltas lean on other packs.
fn table(externals: Vec<ObjectId>, bases: [u32; 2]) -> EntryTable {
    let [first, second] = bases.map(Base::External);
    let mut table = EntryTable::default();
    table.entries = [
        entry(1, Base::None),
        entry(2, first),
        entry(3, Base::Position(0)),
        entry(4, second),
        entry(3, Base::None),
    ]
    .into_iter()
    .collect();
    table.external_bases = externals;
    table.sort();
    table
}

fn bytes_of(table: &EntryTable) -> Vec<u8> {
    let mut rows = super::super::IndexBuilder::new(table).unwrap();
    let mut bytes = Vec::new();
    while let Some(row) = rows.next_row() {
        bytes.extend(row);
    }
    bytes
}

fn compared(table: &EntryTable, stored: Vec<u8>) -> Result<Compared, StoreError> {
    let ranges = Rc::new(Ranges::new(stored));
    let stored = ScannedPart::by_ranges(PackId(3), Part::Index, ranges)?;
    let mut compare = IndexCompare::new(table, stored.unwrap());
    while !compare.check_some().unwrap() {}
    loop {
        match compare.step()? {
            Compared::More => {}
            end => return Ok(end),
        }
    }
}

fn made() -> EntryTable {
    table(vec![id(70), id(71)], [0, 1])
}

#[test]
fn depths_and_the_order_of_other_packs_bases_may_differ() {
    let made = made();
    assert_eq!(compared(&made, bytes_of(&made)), Ok(Compared::Same));
    let mut other = table(vec![id(71), id(9), id(70)], [2, 0]);
    other.get_mut(1).unwrap().depth = 7;
    assert_eq!(compared(&made, bytes_of(&other)), Ok(Compared::Same));
}

#[test]
fn a_changed_base_of_another_pack_is_told() {
    let told = compared(&made(), bytes_of(&table(vec![id(70), id(72)], [0, 1])));
    let wrong = "its index is wrong about the entry at position 3";
    assert_eq!(told, Ok(Compared::Differs(wrong.to_owned())));
    let told = compared(&made(), bytes_of(&table(vec![id(70), id(71)], [1, 0])));
    let wrong = "its index is wrong about the entry at position 1";
    assert_eq!(told, Ok(Compared::Differs(wrong.to_owned())));
}

#[test]
fn an_index_with_any_damaged_byte_is_not_the_same() {
    let made = made();
    let good = bytes_of(&made);
    let sections = Sections::new(good.first_chunk().unwrap()).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x15;
        let in_row = at
            .checked_sub(sections.rows)
            .filter(|_| at < sections.external_bases);
        let is_depth = in_row.is_some_and(|at| (5..7).contains(&(at % ENTRY_ROW_BYTES)));
        let told = compared(&made, bad);
        assert_eq!(told == Ok(Compared::Same), is_depth, "byte {at}: {told:?}");
    }
    for end in 0..good.len() {
        assert!(compared(&made, good[..end].to_vec()).is_err(), "{end}");
    }
}

#[test]
fn another_number_of_entries_is_told() {
    let mut longer = made();
    longer.entries = longer
        .entries
        .iter()
        .chain([entry(9, Base::None)])
        .collect();
    longer.sort();
    let told = compared(&longer, bytes_of(&made()));
    let wrong = "its index has 5 entries, its bytes 6";
    assert_eq!(told, Ok(Compared::Differs(wrong.to_owned())));
}
