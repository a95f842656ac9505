//! Packs: the engine's ports.

use std::rc::Rc;

use cairn::git::store::{CHUNK_BYTES, PackId, PackRecord, PackStore, Part, Quarantine, StoreError};
use cairn::storage::db::sql::{Database, in_transaction};
use cairn::storage::db::sql_error::SqlError;

use super::{PARTS, created, publication, push_main, reopened, update, write_pack};

crate::contract::cases![
    what_was_written_is_read,
    a_part_of_many_rows_is_joined,
    a_hole_in_a_part_is_corruption,
    what_is_missing_is_named,
    rows_beyond_the_bounds_are_refused,
    a_row_is_written_once,
    quarantine_is_invisible,
    live_packs_come_in_the_order_of_publishing,
    pack_ids_are_never_used_again,
    what_is_read_in_a_transaction_is_not_remembered,
    reading_again_costs_no_statement,
];

fn what_was_written_is_read<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let pack_bytes = 2 * CHUNK_BYTES + 5;
    let pack = write_pack(&store, pack_bytes, 9).unwrap();
    let updates = vec![update("refs/heads/main", None, Some(9))];
    store.publish(&publication(Some(pack), updates)).unwrap();
    let store = reopened(store.database());
    let expect = PackRecord {
        pack_id: pack.pack_id,
        pack_bytes: pack_bytes as u64,
        object_count: 3,
    };
    assert_eq!(*store.live_packs().unwrap(), vec![expect]);
    for (number, bytes) in [(0, CHUNK_BYTES), (1, CHUNK_BYTES), (2, 5)] {
        assert_eq!(*store.chunk(pack.pack_id, number).unwrap(), vec![9; bytes]);
    }
    for part in PARTS {
        assert_eq!(
            *store.part(pack.pack_id, part).unwrap(),
            vec![9, part as u8]
        );
    }
}

fn a_part_of_many_rows_is_joined<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let pack_id = store.open_pack().unwrap();
    let rows = [vec![1; 1 << 20], vec![2; 1 << 20], vec![], vec![3; 7]];
    for (number, row) in (0..).zip(&rows) {
        store.put_part(pack_id, Part::Index, number, row).unwrap();
    }
    store.put_part(pack_id, Part::Graph, 0, b"").unwrap();
    let index = store.part(pack_id, Part::Index).unwrap();
    assert_eq!(*index, rows.concat());
    assert_eq!(
        index.capacity(),
        index.len(),
        "memory is not taken for nothing"
    );
    let pieces = store.index(pack_id).unwrap();
    assert_eq!(*pieces.whole(), rows.concat());
    assert_eq!(pieces.held_bytes(), pieces.len());
    assert!(store.part(pack_id, Part::Graph).unwrap().is_empty());
}

fn a_hole_in_a_part_is_corruption<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let pack_id = store.open_pack().unwrap();
    store.put_part(pack_id, Part::Index, 0, b"a").unwrap();
    store.put_part(pack_id, Part::Index, 2, b"c").unwrap();
    let expect = StoreError::Corrupt {
        what: "the index",
        pack: pack_id.0,
    };
    assert_eq!(store.part(pack_id, Part::Index), Err(expect));
}

fn what_is_missing_is_named<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let missing = |what| Err(StoreError::Missing { what, pack: 77 });
    assert_eq!(store.chunk(PackId(77), 0), missing("a chunk"));
    assert_eq!(store.chunk(PackId(77), u32::MAX), missing("a chunk"));
    assert_eq!(
        store.part(PackId(77), Part::Graph),
        missing("the commit graph")
    );
}

fn rows_beyond_the_bounds_are_refused<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let pack_id = store.open_pack().unwrap();
    store
        .put_chunk(pack_id, 0, &vec![0; CHUNK_BYTES + 1])
        .unwrap_err();
    store.put_chunk(pack_id, 1 << 20, b"x").unwrap_err();
    store
        .put_part(pack_id, Part::Index, 0, &vec![0; (1 << 20) + 1])
        .unwrap_err();
    store
        .put_part(pack_id, Part::Index, 1 << 16, b"x")
        .unwrap_err();
    let counts = store.counts().unwrap();
    assert_eq!((counts.chunk_rows, counts.part_rows), (0, 0));
    store.put_chunk(pack_id, (1 << 20) - 1, b"x").unwrap();
    store
        .put_part(pack_id, Part::Introduced, (1 << 16) - 1, b"x")
        .unwrap();
}

fn a_row_is_written_once<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let pack_id = store.open_pack().unwrap();
    let before = store.database().rows_written();
    store.put_chunk(pack_id, 0, b"chunk").unwrap();
    assert_eq!(
        store.database().rows_written() - before,
        1,
        "a chunk is one row"
    );
    store.put_part(pack_id, Part::Index, 0, b"part").unwrap();
    assert_eq!(
        store.database().rows_written() - before,
        2,
        "a part is one row"
    );
    store.put_chunk(pack_id, 0, b"other").unwrap_err();
    assert_eq!(*store.chunk(pack_id, 0).unwrap(), b"chunk");
}

fn quarantine_is_invisible<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let pack = write_pack(&store, 10, 1).unwrap();
    super::check_live(&store, &[]);
    // Its own push reads it all the same.
    assert_eq!(*store.chunk(pack.pack_id, 0).unwrap(), vec![1; 10]);
}

fn live_packs_come_in_the_order_of_publishing<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let early = write_pack(&store, 10, 1).unwrap();
    let late = push_main(&store, None, 2);
    super::check_live(&store, &[late.pack_id]);
    let updates = vec![update("refs/heads/topic", None, Some(1))];
    store.publish(&publication(Some(early), updates)).unwrap();
    super::check_live(&store, &[late.pack_id, early.pack_id]);
    super::check_live(&reopened(store.database()), &[late.pack_id, early.pack_id]);
}

fn pack_ids_are_never_used_again<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let mut used = vec![store.open_pack().unwrap()];
    // Undone with a transaction: the cache might still know its chunks.
    let undone = in_transaction(&store.database(), || {
        let pack_id = store.open_pack().unwrap();
        store.put_chunk(pack_id, 0, b"undone").unwrap();
        store.chunk(pack_id, 0).unwrap();
        used.push(pack_id);
        Err::<(), _>(SqlError::GivenUp)
    });
    undone.unwrap_err();
    // Removed because no ref was changed.
    let refused = write_pack(&store, 10, 1).unwrap();
    used.push(refused.pack_id);
    let stale = vec![update("refs/heads/main", Some(1), Some(2))];
    store.publish(&publication(Some(refused), stale)).unwrap();
    used.push(store.open_pack().unwrap());
    let store = reopened(store.database());
    used.push(store.open_pack().unwrap());
    let mut unique = used.clone();
    unique.dedup();
    assert_eq!(used, unique);
    assert!(used.is_sorted());
}

fn what_is_read_in_a_transaction_is_not_remembered<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let first = push_main(&store, None, 1);
    super::check_live(&store, &[first.pack_id]);
    let undone = in_transaction(&store.database(), || {
        let second = push_main(&store, Some(1), 2);
        super::check_live(&store, &[first.pack_id, second.pack_id]);
        Err::<(), _>(SqlError::GivenUp)
    });
    undone.unwrap_err();
    super::check_live(&store, &[first.pack_id]);
    super::check_refs(&store, &[("refs/heads/main", 1)]);
}

fn reading_again_costs_no_statement<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let pack_id = push_main(&store, None, 1).pack_id;
    let read = || {
        (
            store.live_packs().unwrap(),
            store.part(pack_id, Part::Index),
            store.chunk(pack_id, 0),
        )
    };
    let first = read();
    let before = store.database().statements();
    let again = read();
    assert_eq!(store.database().statements(), before);
    assert!(Rc::ptr_eq(&first.1.unwrap(), &again.1.unwrap()));
}
