//! Parts that are read from end to end: they are not kept.

use std::rc::Rc;

use super::super::super::testing::new_repository;
use super::*;
use crate::git::pack::index::ScannedIndex;
use crate::git::store::PackRecord;

#[test]
fn an_index_that_is_scanned_is_what_is_stored_and_fills_no_cache() {
    const OBJECTS: u32 = 60_000;
    let db = Rc::new(RusqliteDatabase::in_memory().unwrap());
    let store = RepoStore::new(db, Box::new(|| 0)).with_paged_graphs();
    store.create(&new_repository(0)).unwrap();
    let table = table_of(OBJECTS);
    let pack_id = store.open_pack().unwrap();
    let mut number = 0;
    let written = IndexBuilder::new(&table).unwrap().write(&mut |row| {
        store.put_part(pack_id, Part::Index, number, row)?;
        number += 1;
        Ok::<(), StoreError>(())
    });
    written.unwrap();
    let record = PackRecord {
        pack_id,
        pack_bytes: 0,
        object_count: OBJECTS,
    };
    let kept = cached_bytes().0;
    let index = ScannedIndex::open(&store, &record).unwrap();
    assert!(!index.is_whole());
    for (at, position) in (0_u32..).zip(&table.by_id) {
        assert_eq!(index.id_at(at).unwrap(), id_of(*position));
        assert_eq!(index.position_at(at).unwrap(), *position);
    }
    for position in 0..OBJECTS {
        assert_eq!(index.row(position).unwrap().size_bytes, position);
    }
    assert!(index.id_at(OBJECTS).is_err() && index.row(OBJECTS).is_err());
    // The lengths of the rows alone.
    assert!(cached_bytes().0 - kept < 1 << 10);
    drop(index);
    let other = PackRecord {
        object_count: OBJECTS + 1,
        ..record
    };
    assert!(ScannedIndex::open(&store, &other).is_err());
}
