//! Blobs that no ref names.

use cairn::git::store::PackStore as _;
use cairn::storage::db::sql::Database;

use super::{NOW, created, id, write_pack};

crate::contract::cases![
    a_blob_is_live_without_a_ref_and_its_callers_alone,
    a_blob_makes_the_next_prune_due,
    old_blobs_are_forgotten,
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
