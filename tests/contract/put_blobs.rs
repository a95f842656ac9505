//! Blobs that no ref names.

use std::cell::Cell;

use cairn::git::store::{PackStore as _, StoreError};
use cairn::storage::db::sql::Database;
use cairn::storage::repository::store::RepoStore;

use super::faults::check_whole;
use super::faulty::Faulty;
use super::{NOW, created, id, reopened, write_pack};

crate::contract::cases![
    a_blob_is_live_without_a_ref_and_its_callers_alone,
    a_blob_makes_the_next_prune_due,
    old_blobs_are_forgotten,
    a_blob_that_fails_anywhere_is_there_whole_or_not_at_all,
];

fn a_blob_is_live_without_a_ref_and_its_callers_alone<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    for _ in 0..2 {
        let pack = write_pack(&store, 10, 1).unwrap();
        store.publish_blob(&pack, &id(1), "a", NOW).unwrap();
    }
    assert_eq!(store.live_packs().unwrap().len(), 2);
    assert_eq!(store.last_reflog_seq(), Ok(0));
    for (blob, caller, expected) in [
        (1, "a", true),
        (1, "b", false),
        (1, "", false),
        (2, "a", false),
    ] {
        assert_eq!(
            store.has_put(&id(blob), caller),
            Ok(expected),
            "{blob} {caller}"
        );
    }
    // A pack that is live already is not published again.
    let pack = write_pack(&store, 10, 1).unwrap();
    store.publish_blob(&pack, &id(3), "", NOW).unwrap();
    assert!(store.publish_blob(&pack, &id(4), "", NOW).is_err());
    assert_eq!(store.has_put(&id(3), ""), Ok(true));
    assert_eq!(store.has_put(&id(4), ""), Ok(false));
}

fn a_blob_makes_the_next_prune_due<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    store.note_prune(NOW, 0).unwrap();
    let is_due =
        || store.retention().unwrap().pruned_reflog_seq != store.last_reflog_seq().unwrap();
    assert!(!is_due());
    let pack = write_pack(&store, 10, 1).unwrap();
    store.publish_blob(&pack, &id(1), "a", NOW).unwrap();
    assert!(is_due());
}

fn old_blobs_are_forgotten<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    for (blob, at) in [(1, NOW), (2, NOW + 1)] {
        let pack = write_pack(&store, 10, 1).unwrap();
        store.publish_blob(&pack, &id(blob), "a", at).unwrap();
    }
    store.forget_put_blobs(NOW + 1).unwrap();
    assert_eq!(store.has_put(&id(1), "a"), Ok(false));
    assert_eq!(store.has_put(&id(2), "a"), Ok(true));
}

fn put<D: Database>(store: &RepoStore<D>) -> Result<(), StoreError> {
    let pack = write_pack(store, 10, 1)?;
    store.publish_blob(&pack, &id(1), "a", NOW)
}

fn a_blob_that_fails_anywhere_is_there_whole_or_not_at_all<D: Database>(open: &dyn Fn() -> D) {
    for persisted in [false, true] {
        let mut faults = 0;
        while fault(&open(), persisted, faults) {
            faults += 1;
            assert!(faults < 100, "a put has an end");
        }
        assert!(faults >= 8, "every write was reached, {faults} seen");
    }
}

/// One put with one fault; false when it was over before it.
fn fault<D: Database>(db: &D, persisted: bool, nth: u32) -> bool {
    let label = format!("write {nth}, persisted {persisted}");
    drop(created(db));
    let countdown = Cell::new(Some(nth));
    let faulty = Faulty {
        db,
        countdown,
        persisted,
    };
    let store = RepoStore::new(faulty, Box::new(|| NOW));
    if put(&store).is_ok() {
        return false;
    }
    let is_done = store.has_put(&id(1), "a").unwrap();
    assert!(!is_done || persisted, "{label}");
    check_whole(&store, usize::from(is_done), &label);
    let store = reopened(db);
    assert_eq!(store.has_put(&id(1), "a"), Ok(is_done), "{label}");
    put(&store).unwrap();
    check_whole(&store, 1 + usize::from(is_done), &label);
    true
}
