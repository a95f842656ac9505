use std::convert::Infallible;
use std::rc::Rc;

use gix_hash::ObjectId;
use proptest::prelude::*;

use super::super::super::object::ObjectKind;
use super::super::super::store::{PAGED_ROW_BYTES_MAX, PackId, Pieces, StoreError};
use super::super::entries::{Base, Entry, EntryTable};
use super::{IndexBuilder, IndexError, PackIndex, rows};

const PACK: PackId = PackId(7);

fn sorted(entries: Vec<Entry>, external_bases: Vec<ObjectId>) -> EntryTable {
    let mut table = EntryTable::default();
    table.entries = entries.into_iter().collect();
    table.external_bases = external_bases;
    table.sort();
    table
}

fn build(table: &EntryTable) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut emit = |row: &[u8]| {
        assert!(row.len() <= PAGED_ROW_BYTES_MAX);
        bytes.extend_from_slice(row);
        Ok::<(), Infallible>(())
    };
    let Ok(()) = IndexBuilder::new(table).unwrap().write(&mut emit);
    bytes
}

fn open(table: &EntryTable) -> PackIndex {
    PackIndex::open(PACK, Rc::new(build(table)).into()).unwrap()
}

fn whole(id: ObjectId) -> Entry {
    Entry {
        id,
        offset: 12,
        stored_bytes: 10,
        size_bytes: 3,
        kind: Some(ObjectKind::Blob),
        depth: 0,
        base: Base::None,
    }
}

fn id(first: u8, last: u8) -> ObjectId {
    let mut bytes = [0; 20];
    bytes[0] = first;
    bytes[19] = last;
    ObjectId::from(bytes)
}

#[test]
fn an_empty_pack_has_an_index_that_finds_nothing() {
    let index = open(&EntryTable::default());
    assert!(index.is_empty());
    assert_eq!(index.find(&id(0, 0)), None);
    assert_eq!(index.find(&id(255, 255)), None);
    assert_eq!(index.row(0), None);
    assert_eq!(index.external_base(0), None);
}

#[test]
fn the_first_of_several_copies_is_found() {
    let table = sorted(
        vec![whole(id(9, 9)), whole(id(1, 1)), whole(id(1, 1))],
        vec![],
    );
    let index = open(&table);
    assert_eq!(index.find(&id(1, 1)), Some(1));
    let firsts: Vec<bool> = (0..3)
        .map(|position| index.is_first_copy(&index.row(position).unwrap()))
        .collect();
    assert_eq!(firsts, [true, true, false]);
}

#[test]
fn an_incomplete_table_has_no_index() {
    let mut table = sorted(vec![whole(id(1, 1)), whole(id(2, 2))], vec![]);
    table.get_mut(1).unwrap().kind = None;
    assert_eq!(
        IndexBuilder::new(&table).err(),
        Some(IndexError::Unresolved { position: 1 })
    );
    table.by_id.swap(0, 1);
    let unsorted = Some(IndexError::Unsorted {
        entries: 2,
        sorted: 2,
    });
    assert_eq!(IndexBuilder::new(&table).err(), unsorted);
    table.by_id = vec![0, 0];
    assert_eq!(IndexBuilder::new(&table).err(), unsorted);
    let mut table = sorted(vec![whole(id(1, 1))], vec![]);
    table.get_mut(0).unwrap().base = Base::External(0);
    let what = "number of the external base";
    let overflow = Some(IndexError::Overflow { position: 0, what });
    assert_eq!(IndexBuilder::new(&table).err(), overflow);
}

#[test]
fn an_index_cut_short_or_of_another_form_is_corrupt() {
    let bytes = build(&sorted(
        vec![whole(id(1, 1)), whole(id(2, 2))],
        vec![id(3, 3)],
    ));
    let corrupt = Some(StoreError::Corrupt {
        what: "index",
        pack: 7,
    });
    for length in 0..bytes.len() {
        let cut = Rc::new(bytes[..length].to_vec());
        assert_eq!(PackIndex::open(PACK, cut.into()).err(), corrupt);
    }
    for byte in [0, 7, 11, 15, 20, 20 + 1023] {
        let mut bytes = bytes.clone();
        bytes[byte] ^= 0xff;
        assert_eq!(
            PackIndex::open(PACK, Rc::new(bytes).into()).err(),
            corrupt,
            "byte {byte}"
        );
    }
}

#[test]
fn rows_of_a_large_index_are_bounded() {
    let entries = (0..30_000_u32).map(|number| {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_be_bytes());
        whole(ObjectId::from(bytes))
    });
    let table = sorted(entries.collect(), vec![]);
    let bytes = build(&table);
    let cut: Vec<Vec<u8>> = rows(&bytes).map(<[u8]>::to_vec).collect();
    assert_eq!((cut.len(), cut.concat()), (11, bytes));
    assert!(cut.iter().all(|row| row.len() <= PAGED_ROW_BYTES_MAX));
    let pieces = Pieces::new(cut.into_iter().map(Rc::new));
    let index = PackIndex::open(PACK, pieces).unwrap();
    assert_eq!(index.pieces().seams().count(), 10, "cut between two items");
    for (position, entry) in (0..).zip(table.entries.iter()) {
        assert_eq!(index.find(&entry.id), Some(position));
        assert_eq!(index.entry(position), Some(entry));
    }
}

#[test]
fn a_part_that_is_not_an_index_is_cut_as_well() {
    assert_eq!(rows(b"").count(), 0);
    assert_eq!(rows(b"part").collect::<Vec<_>>(), [b"part"]);
    let bytes = vec![7; PAGED_ROW_BYTES_MAX + 1];
    let lengths: Vec<usize> = rows(&bytes).map(<[u8]>::len).collect();
    assert_eq!(lengths, [PAGED_ROW_BYTES_MAX, 1]);
}

#[test]
fn an_index_in_pieces_is_the_same() {
    let entries = (0..40).map(|number| whole(id(number * 5, number)));
    let table = sorted(entries.collect(), vec![id(3, 3)]);
    let bytes = build(&table);
    for piece_bytes in [1, 7, 20, 24, 1000, 1064, bytes.len()] {
        let pieces = bytes.chunks(piece_bytes).map(|piece| Rc::new(piece.into()));
        let index = PackIndex::open(PACK, Pieces::new(pieces)).unwrap();
        for (position, entry) in (0..).zip(table.entries.iter()) {
            assert_eq!(index.find(&entry.id), Some(position));
            assert_eq!(index.entry(position), Some(entry));
        }
        assert_eq!(index.external_base(0), Some(id(3, 3)));
        assert_eq!((index.row(40), index.external_base(1)), (None, None));
    }
}

prop_compose! {
    fn any_id()(bytes in any::<[u8; 20]>(), few in 0_u8..4, is_alike in any::<bool>()) -> ObjectId {
        if is_alike { id(few, few) } else { ObjectId::from(bytes) }
    }
}

prop_compose! {
    fn any_entry()(
        id in any_id(),
        offset in 0_u64..1 << 40,
        stored_bytes in any::<u32>(),
        size_bytes in any::<u32>(),
        kind in 1_u8..=4,
        depth in any::<u16>(),
        base in prop_oneof![
            Just(Base::None),
            (0_u32..5).prop_map(Base::External),
            any::<u32>().prop_map(Base::Position),
        ],
    ) -> Entry {
        let kind = ObjectKind::from_number(kind);
        Entry { id, offset, stored_bytes, size_bytes, kind, depth, base }
    }
}

proptest! {
    #[test]
    fn an_index_that_was_written_is_read(
        mut entries in prop::collection::vec(any_entry(), 0..60),
        external_bases in prop::collection::vec(any_id(), 5..8),
        strangers in prop::collection::vec(any_id(), 20),
    ) {
        let count = u32::try_from(entries.len()).unwrap();
        for (position, entry) in (0..).zip(&mut entries) {
            if let Base::Position(base) = entry.base {
                let base = base % count;
                entry.base = if base == position { Base::None } else { Base::Position(base) };
            }
        }
        let table = sorted(entries, external_bases);
        let index = open(&table);
        prop_assert_eq!(index.len(), count);
        for (position, entry) in (0..).zip(table.entries.iter()) {
            prop_assert_eq!(index.entry(position), Some(entry));
            prop_assert_eq!(index.id(position), Some(entry.id));
        }
        prop_assert_eq!(index.entry(count), None);
        for (number, id) in (0..).zip(&table.external_bases) {
            prop_assert_eq!(index.external_base(number), Some(*id));
        }
        for id in table.entries.iter().map(|entry| entry.id).chain(strangers) {
            let first = (0..).zip(table.entries.iter()).find(|(_, entry)| entry.id == id);
            prop_assert_eq!(index.find(&id), first.map(|(position, _)| position));
        }
    }

    #[test]
    fn a_damaged_index_never_panics(
        entries in prop::collection::vec(any_id().prop_map(whole), 1..10),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let table = sorted(entries, vec![id(1, 1)]);
        let mut bytes = build(&table);
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(index) = PackIndex::open(PACK, Rc::new(bytes).into()) {
            for position in 0..=index.len() {
                let row = index.row(position);
                let _ = (index.entry(position), index.external_base(position));
                let _ = row.is_some_and(|row| index.is_first_copy(&row));
            }
            for entry in table.entries.iter() {
                let _ = index.find(&entry.id);
            }
        }
    }
}
