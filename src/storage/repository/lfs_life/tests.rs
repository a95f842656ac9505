use super::*;
use crate::storage::db::faulty::Faulty;
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::testing::{ID, new_repository};

fn database() -> RusqliteDatabase {
    let db = RusqliteDatabase::in_memory().unwrap();
    let new = new_repository(0);
    RepoStore::new(&db, Box::new(|| 0)).create(&new).unwrap();
    db
}

fn oid(byte: u8) -> LfsOid {
    LfsOid::from([byte; 32])
}

fn key(oid: &LfsOid) -> String {
    lfs_key(ID, oid)
}

fn totals(objects: u64, bytes: u64) -> LfsTotals {
    LfsTotals { objects, bytes }
}

/// Judges all objects at a time, with a grace of 100.
fn judge<D: Database>(
    store: &RepoStore<D>,
    now_ms: i64,
    named: &[LfsOid],
) -> Result<LfsTotals, StoreError> {
    let clock = LfsClock {
        now_ms,
        unnamed_until_ms: now_ms - 100,
    };
    let (mut removed, mut after) = (LfsTotals::default(), None);
    loop {
        let judged =
            store.judge_lfs_objects(after.as_ref(), clock, |oid| named.contains(oid), key)?;
        removed.add(judged.removed);
        let Some(last) = judged.last else {
            return Ok(removed);
        };
        after = Some(last);
    }
}

#[test]
fn an_object_without_a_pointer_goes_after_the_grace() {
    let store = RepoStore::new(database(), Box::new(|| 0));
    let objects: Vec<_> = (1..=4).map(|byte| (oid(byte), 10)).collect();
    store.put_lfs_objects(&objects, 1000).unwrap();
    assert_eq!(store.lfs_totals(), Ok(totals(4, 40)));
    assert!(!store.has_lfs_to_judge(1001).unwrap());
    assert_eq!(judge(&store, 1000, &[oid(1)]), Ok(totals(0, 0)));
    assert!(store.has_lfs_to_judge(1001).unwrap(), "three only wait");
    // One was pushed meanwhile, and a client counts on another.
    let found = store.lfs_object(&oid(3)).unwrap().unwrap();
    assert!(found.is_unnamed);
    store.need_lfs_objects(&[found]).unwrap();
    assert_eq!(judge(&store, 1099, &[oid(1), oid(2)]), Ok(totals(0, 0)));
    assert_eq!(judge(&store, 1100, &[oid(1), oid(2)]), Ok(totals(1, 10)));
    let left = |store: &RepoStore<RusqliteDatabase>| {
        let rows = store.lfs_objects(None, 9).unwrap();
        rows.iter().map(|row| row.oid).collect::<Vec<_>>()
    };
    assert_eq!(left(&store), [oid(1), oid(2), oid(3)]);
    assert_eq!(judge(&store, 1199, &[oid(1)]), Ok(totals(1, 10)));
    assert_eq!(left(&store), [oid(1), oid(2)], "its clock began again");
    assert_eq!(store.lfs_totals(), Ok(totals(2, 20)));
    let released = store.releases_due(1199).unwrap();
    let released: Vec<_> = released.into_iter().map(|due| due.r2_key).collect();
    assert_eq!(released, [key(&oid(3)), key(&oid(4))]);
}

#[test]
fn an_upload_makes_the_next_prune_look() {
    let store = RepoStore::new(database(), Box::new(|| 0));
    store.note_prune(5, 7).unwrap();
    assert!(!store.has_lfs_objects().unwrap());
    store
        .begin_lfs_object((&oid(1), 9), &key(&oid(1)), 6)
        .unwrap();
    assert_eq!(store.retention().unwrap().pruned_reflog_seq, -1);
    assert!(store.has_lfs_objects().unwrap());
    assert!(store.has_lfs_to_judge(99).unwrap(), "it is on its way");
    // Nobody may judge an object that is on its way.
    assert_eq!(judge(&store, 1000, &[]), Ok(totals(0, 0)));
    assert!(store.lfs_object(&oid(1)).unwrap().is_some());
}

#[test]
fn objects_that_come_twice_count_once() {
    let store = RepoStore::new(database(), Box::new(|| 0));
    let many: Vec<_> = (0..LFS_PAGE)
        .map(|number| {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            (LfsOid::from(bytes), u64::from(number))
        })
        .collect();
    store.put_lfs_objects(&many, 1).unwrap();
    store.put_lfs_objects(&many[..5], 2).unwrap();
    let bytes = many.iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(store.lfs_totals(), Ok(totals(1000, bytes)));
    let stored = store.lfs_objects(None, 2000).unwrap();
    let stored: Vec<_> = stored.iter().map(|one| (one.oid, one.bytes)).collect();
    assert_eq!(stored, many);
    store.forget_recovered_lfs_objects().unwrap();
    assert_eq!(store.lfs_totals(), Ok(totals(0, 0)));
    assert!(!store.has_lfs_objects().unwrap());
}

/// A life of three objects, one of which goes.
fn life<D: Database>(store: &RepoStore<D>) -> Result<(), StoreError> {
    store.put_lfs_objects(&[(oid(1), 10), (oid(2), 20)], 1)?;
    store.begin_lfs_object((&oid(3), 30), &key(&oid(3)), 1)?;
    store.finish_lfs_object((&oid(3), 30), 2)?;
    judge(store, 10, &[oid(1)])?;
    let waiting = store.lfs_object(&oid(2))?;
    store.need_lfs_objects(&waiting.into_iter().collect::<Vec<_>>())?;
    judge(store, 110, &[oid(1)])?;
    Ok(())
}

#[test]
fn whichever_write_fails_the_account_agrees_with_the_rows() {
    for persisted in [false, true] {
        for nth in 0.. {
            let db = database();
            let faulty = RepoStore::new(Faulty::new(&db, nth, persisted), Box::new(|| 0));
            let done = life(&faulty);
            let struck = faulty.database().has_struck();
            assert_eq!(done.is_err(), struck, "write {nth}: a fault went unnoticed");
            let store = RepoStore::new(&db, Box::new(|| 0));
            let agrees = || {
                let rows = store.lfs_objects(None, 9).unwrap();
                let bytes = rows.iter().map(|row| row.bytes).sum();
                let expect = totals(rows.len() as u64, bytes);
                assert_eq!(store.lfs_totals(), Ok(expect), "write {nth}, {persisted}");
                // Keys without a row are due to be given back, and keys with one are not.
                for due in store.releases_due(999).unwrap() {
                    assert!(rows.iter().all(|row| key(&row.oid) != due.r2_key));
                }
            };
            agrees();
            life(&store).unwrap();
            agrees();
            assert!(store.lfs_object(&oid(1)).unwrap().is_some());
            if !struck {
                assert!(nth > 12, "every write was reached, {nth} seen");
                break;
            }
        }
    }
}
