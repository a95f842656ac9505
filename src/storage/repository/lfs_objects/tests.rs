use super::*;
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::copies::Release;
use crate::storage::repository::testing::{ID, store};

fn oid(byte: u8) -> LfsOid {
    LfsOid::from([byte; 32])
}

fn key(oid: &LfsOid) -> String {
    lfs_key(ID, oid)
}

fn keys(releases: &[Release]) -> Vec<String> {
    let keys = releases.iter().map(|release| release.r2_key.clone());
    keys.collect()
}

fn upload(store: &RepoStore<RusqliteDatabase>, byte: u8, bytes: u64) {
    let oid = oid(byte);
    assert!(
        !store
            .begin_lfs_object((&oid, bytes), &key(&oid), 1)
            .unwrap()
            .is_stored
    );
    assert!(store.finish_lfs_object((&oid, bytes), 2).unwrap());
}

#[test]
fn an_object_counts_once_it_is_stored() {
    let store = store();
    assert!(!store.finish_lfs_object((&oid(1), 10), 1).unwrap());
    assert!(
        !store
            .begin_lfs_object((&oid(1), 10), &key(&oid(1)), 1)
            .unwrap()
            .is_stored
    );
    let object = store.lfs_object(&oid(1)).unwrap().unwrap();
    assert_eq!((object.bytes, object.is_stored), (10, false));
    assert_eq!(store.lfs_totals().unwrap(), LfsTotals::default());
    assert!(store.lfs_objects(None, 10).unwrap().is_empty());
    assert!(store.finish_lfs_object((&oid(1), 10), 2).unwrap());
    // Both again, as a client that got no answer does.
    assert!(store.finish_lfs_object((&oid(1), 10), 3).unwrap());
    assert!(
        store
            .begin_lfs_object((&oid(1), 99), &key(&oid(1)), 3)
            .unwrap()
            .is_stored
    );
    let object = store.lfs_object(&oid(1)).unwrap().unwrap();
    assert_eq!((object.bytes, object.is_stored, object.at), (10, true, 2));
    let totals = LfsTotals {
        objects: 1,
        bytes: 10,
    };
    assert_eq!(store.lfs_totals().unwrap(), totals);
}

#[test]
fn stored_objects_are_listed_by_name_and_page() {
    let store = store();
    for byte in [3, 1, 2] {
        upload(&store, byte, 5);
    }
    let names = |after: Option<&LfsOid>, limit| -> Vec<LfsOid> {
        let page = store.lfs_objects(after, limit).unwrap();
        page.iter().map(|object| object.oid).collect()
    };
    assert_eq!(names(None, 2), [oid(1), oid(2)]);
    assert_eq!(names(Some(&oid(2)), 2), [oid(3)]);
}

#[test]
fn a_forgotten_object_is_given_back_unless_it_comes_again() {
    let store = store();
    upload(&store, 1, 10);
    upload(&store, 2, 20);
    store
        .begin_lfs_object((&oid(3), 5), &key(&oid(3)), 1)
        .unwrap();
    assert_eq!(store.lfs_objects_overdue(2, 9).unwrap(), [oid(3)]);
    let gone = store
        .forget_lfs_objects(&[oid(1), oid(3), oid(4)], key, 50)
        .unwrap();
    assert_eq!(
        gone,
        LfsTotals {
            objects: 1,
            bytes: 10
        }
    );
    assert_eq!(
        store.lfs_totals().unwrap(),
        LfsTotals {
            objects: 1,
            bytes: 20
        }
    );
    let due = |now_ms| keys(&store.releases_due(now_ms).unwrap());
    assert_eq!(due(49), Vec::<String>::new());
    assert_eq!(due(50), [key(&oid(1)), key(&oid(3))]);
    upload(&store, 1, 10);
    assert_eq!(due(50), [key(&oid(3))]);
}

/// Two pushes at once: the second must not take the first one's upload for another.
#[test]
fn an_upload_keeps_its_time_for_half_a_day() {
    let store = store();
    let begin = |now_ms| {
        let key = key(&oid(1));
        let begun = store.begin_lfs_object((&oid(1), 10), &key, now_ms).unwrap();
        assert_eq!(store.lfs_object(&oid(1)).unwrap(), Some(begun));
        begun.at
    };
    let first = 1_000;
    assert_eq!(begin(first), first);
    assert_eq!(begin(first + 1), first);
    assert_eq!(begin(first + SAME_UPLOAD_MS), first);
    let later = first + SAME_UPLOAD_MS + 1;
    assert_eq!(begin(later), later);
    // A clock that was set back does not keep a time to come.
    assert_eq!(begin(first), first);
}
