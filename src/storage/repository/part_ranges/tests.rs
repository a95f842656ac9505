use gix_hash::ObjectId;

use super::super::store::RepoStore;
use super::super::testing::store;
use super::*;

mod graphs;
mod scanned;
use crate::git::object::ObjectKind;
use crate::git::pack::entries::{Base, Entry, EntryTable};
use crate::git::pack::index::{IndexBuilder, PagedIndex};
use crate::git::store::{PackStore as _, Quarantine as _};
use crate::storage::db::cache::cached_bytes;
use crate::storage::db::rusqlite_db::RusqliteDatabase;

type Store = RepoStore<RusqliteDatabase>;

/// A table of so many objects.
fn table_of(objects: u32) -> EntryTable {
    let mut table = EntryTable::default();
    for number in 0..objects {
        let entry = Entry {
            id: id_of(number),
            offset: u64::from(number),
            stored_bytes: 1,
            size_bytes: number,
            kind: Some(ObjectKind::Tree),
            depth: 0,
            base: Base::None,
        };
        table.push(entry, objects);
    }
    table.sort();
    table
}

/// The index of so many objects, in the rows that a push writes.
fn stored_index(objects: u32) -> (Store, PackId) {
    let table = table_of(objects);
    let store = store();
    let pack_id = store.open_pack().unwrap();
    let mut number = 0;
    let written = IndexBuilder::new(&table).unwrap().write(&mut |row| {
        store.put_part(pack_id, Part::Index, number, row)?;
        number += 1;
        Ok::<(), StoreError>(())
    });
    written.unwrap();
    (store, pack_id)
}

fn id_of(number: u32) -> ObjectId {
    let mut bytes = [0; 20];
    let scattered = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bytes[..8].copy_from_slice(&scattered.to_be_bytes());
    ObjectId::from(bytes)
}

/// Rows that are read and bytes that are kept by twenty look-ups of a fresh isolate, half of them for missing
/// ids.
fn cost_of_twenty_look_ups(objects: u32) -> (u64, usize) {
    let (store, pack_id) = stored_index(objects);
    let (rows, (bytes, _)) = (store.db.rows_read(), cached_bytes());
    let index = PagedIndex::open(pack_id, &store, false).unwrap().unwrap();
    for number in (0..20).map(|n| objects - 10 + n) {
        let found = index.find(&store, &id_of(number)).unwrap();
        assert_eq!(found, (number < objects).then_some(number));
        if let Some(position) = found {
            let row = index.row(&store, position).unwrap().unwrap();
            assert_eq!(row.size_bytes, number);
        }
    }
    let cost = (store.db.rows_read() - rows, cached_bytes().0 - bytes);
    let again = index.find(&store, &id_of(objects - 1)).unwrap();
    assert_eq!(again, Some(objects - 1));
    assert_eq!(store.db.rows_read() - rows, cost.0, "its pages are kept");
    cost
}

#[test]
fn a_look_up_costs_the_same_in_an_index_of_any_size() {
    // Beside pages only the lengths of rows are read: a row for every 2,730 objects.
    for (objects, lengths) in [(60_000, 23), (400_000, 148)] {
        let (rows, bytes) = cost_of_twenty_look_ups(objects);
        assert!(rows <= 60 + lengths, "{rows} rows of {objects} objects");
        assert!(bytes <= 300 << 10, "{bytes} bytes of {objects} objects");
    }
}

#[test]
fn ranges_are_read_across_rows_of_any_length() {
    let rows = [vec![1; 1 << 20], vec![2; 100], vec![], vec![3; 128 << 10]];
    let (store, whole) = (store(), rows.concat());
    let pack_id = store.open_pack().unwrap();
    for (number, row) in (0..).zip(&rows) {
        store.put_part(pack_id, Part::Index, number, row).unwrap();
    }
    let first = rows[0].len();
    for range in [
        0..1,
        first - 5..first,
        first - 5..first + 200,
        first..whole.len(),
    ] {
        let read = store
            .part_range(pack_id, Part::Index, range.clone())
            .unwrap();
        assert_eq!(read.unwrap().as_slice(), &whole[range]);
    }
    let corrupt = StoreError::Corrupt {
        what: "the index",
        pack: pack_id.0,
    };
    let beyond = whole.len() - 1..whole.len() + 1;
    assert_eq!(store.part_range(pack_id, Part::Index, beyond), Err(corrupt));
    let ranges = cached_bytes().0;
    store.index(pack_id).unwrap();
    assert!(
        cached_bytes().0 < ranges + whole.len(),
        "no ranges are kept beside the whole"
    );
    let beside_the_whole = store.part_range(pack_id, Part::Index, 0..1);
    assert_eq!(beside_the_whole, Ok(None));
}

/// A part that 0.1 wrote has rows of 1 MiB, and can still be read.
#[test]
fn a_large_part_that_is_replaced_has_short_rows_however_long_the_old_ones_were() {
    let store = store();
    let pack_id = store.open_pack().unwrap();
    let bytes: Vec<u8> = (0..3 << 20)
        .map(|at: u32| u8::try_from(at % 251).unwrap())
        .collect();
    for (number, row) in (0..).zip(bytes.chunks(1 << 20)) {
        store.put_part(pack_id, Part::Graph, number, row).unwrap();
    }
    let longest = || {
        let sql = "SELECT max(length(bytes)) FROM pack_part";
        let found = query_first(store.database(), sql, &[], |row| row.unsigned(0));
        found.unwrap().unwrap()
    };
    let range = |range: Range<usize>| {
        let read = store.part_range(pack_id, Part::Graph, range);
        read.unwrap().unwrap().to_vec()
    };
    assert_eq!(longest(), 1 << 20);
    assert!(range((1 << 20) - 9..(2 << 20) + 9) == bytes[(1 << 20) - 9..(2 << 20) + 9]);
    let parts = [(pack_id, Part::Graph, bytes.as_slice())];
    store.replace_parts(&parts).unwrap();
    assert_eq!(longest(), PAGED_ROW_BYTES_MAX as u64);
    assert!(range((1 << 20) - 9..(2 << 20) + 9) == bytes[(1 << 20) - 9..(2 << 20) + 9]);
}

fn deflate_all(store: &Store, pack_id: PackId) {
    let mut after = None;
    while let Some(key) = store.deflate_part_row(pack_id, after).unwrap() {
        after = Some(key);
    }
}

#[test]
fn ranges_of_deflated_rows_are_the_same() {
    let (store, pack_id) = stored_index(20_000);
    let whole = store
        .parts()
        .read_part(pack_id, Part::Index)
        .unwrap()
        .whole();
    let before = store.part_range(pack_id, Part::Index, 0..1044).unwrap();
    assert!(before.is_some());
    deflate_all(&store, pack_id);
    let rows = store
        .parts()
        .deflated_row_lengths(pack_id, Part::Index)
        .unwrap();
    assert!(rows.len() >= 2, "{rows:?}");
    for forgets in [false, true] {
        if forgets {
            store.lease.forget_pack(pack_id);
        }
        for start in (0..whole.len() - 30_000).step_by(29_000) {
            let range = start..start + 30_000;
            let read = store
                .part_range(pack_id, Part::Index, range.clone())
                .unwrap();
            assert_eq!(read.unwrap().as_slice(), &whole[range]);
        }
    }
}

#[test]
fn a_part_with_long_deflated_rows_has_no_ranges() {
    let store = store();
    let pack_id = store.open_pack().unwrap();
    let row = vec![7; (128 << 10) + 1];
    store.put_part(pack_id, Part::Introduced, 0, &row).unwrap();
    deflate_all(&store, pack_id);
    let range = store.part_range(pack_id, Part::Introduced, 0..1);
    assert_eq!(range, Ok(None));
}

#[test]
fn a_missing_row_is_corruption() {
    let store = store();
    let pack_id = store.open_pack().unwrap();
    let missing = StoreError::Missing {
        what: "the index",
        pack: pack_id.0,
    };
    assert_eq!(store.part_range(pack_id, Part::Index, 0..1), Err(missing));
    store.put_part(pack_id, Part::Index, 0, b"a").unwrap();
    store.put_part(pack_id, Part::Index, 2, b"c").unwrap();
    store.lease.forget_pack(pack_id);
    let corrupt = StoreError::Corrupt {
        what: "the index",
        pack: pack_id.0,
    };
    assert_eq!(store.part_range(pack_id, Part::Index, 0..1), Err(corrupt));
}
