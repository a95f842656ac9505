//! Packs in R2, as the database knows them: with the n-th write failing, for every n, every chunk
//! is here or in R2, every part can be read, and the work can be taken up.

use std::cell::Cell;

use cairn::git::store::{CHUNK_BYTES, PackId, PackStore, Quarantine, StoreError};
use cairn::storage::db::sql::Database;
use cairn::storage::repository::copies::{SnapshotSettings, Upload};
use cairn::storage::repository::ready_clone::{ReadyClone, Written, fingerprint};
use cairn::storage::repository::store::RepoStore;

use super::faulty::Faulty;
use super::{NOW, PARTS, created, id, publication, reopened, update, write_pack};

crate::contract::cases![
    the_way_to_r2_with_every_write_failing_once,
    what_goes_is_released_once_and_not_before_its_time,
    a_key_that_is_needed_again_is_not_released,
    settings_stay_until_they_are_changed,
];

const KEY: &str = "packs/0123456789abcdef/aa.pack";
const PACK: PackId = PackId(1);
const CHUNKS: u32 = 3;

/// The second row of every part: the first is too short to be deflated.
const PIECE: [u8; 5000] = [7; 5000];

fn with_pack<D: Database>(store: &RepoStore<D>) {
    let pack = write_pack(store, 2 * CHUNK_BYTES + 9, 1).unwrap();
    assert_eq!(pack.pack_id, PACK);
    for part in PARTS {
        store.put_part(PACK, part, 1, &PIECE).unwrap();
    }
    let updates = vec![update("refs/heads/main", None, Some(1))];
    store.publish(&publication(Some(pack), updates)).unwrap();
}

/// The keys that may go.
fn due<D: Database>(store: &RepoStore<D>, now_ms: i64) -> Result<Vec<String>, StoreError> {
    let due = store.releases_due(now_ms)?.into_iter();
    Ok(due.map(|release| release.r2_key).collect())
}

fn upload() -> Upload {
    Upload {
        pack_id: PACK,
        r2_key: KEY.to_owned(),
        upload_id: Some("upload".to_owned()),
        etags: vec!["one".to_owned(), "two".to_owned()],
    }
}

fn ready(key: &str, tip: u8) -> ReadyClone {
    ReadyClone {
        r2_key: key.to_owned(),
        fingerprint: fingerprint(vec![id(tip)]),
        response_bytes: 99,
        object_count: 3,
        made_at: NOW,
        written: Some(Written {
            sha256: [tip; 32],
            etag: "an etag".to_owned(),
        }),
    }
}

/// Everything that maintenance writes about R2, from any state on.
fn work<D: Database>(store: &RepoStore<D>) -> Result<(), StoreError> {
    if store.r2_copy(PACK)?.is_none() {
        store.note_upload(&upload())?;
        assert_eq!(store.upload(PACK)?, Some(upload()));
        assert!(store.register_copy(PACK, KEY)?);
    }
    let mut row = None;
    loop {
        row = store.deflate_part_row(PACK, row)?;
        if row.is_none() {
            break;
        }
    }
    assert!(store.cool(PACK)?);
    while store.drop_cold_chunks(1)? > 0 {}
    let tips = store.cloned_tips()?;
    assert_eq!(tips.len(), 1);
    assert_eq!((tips[0].id, tips[0].peeled), (id(1), None));
    store.release_later("ready/new", NOW)?;
    store.set_ready_clone(&ready("ready/old", 1), NOW)?;
    store.set_ready_clone(&ready("ready/new", 1), NOW)?;
    assert_eq!(store.ready_clone()?, Some(ready("ready/new", 1)));
    Ok(())
}

fn check_whole<D: Database>(store: &RepoStore<D>, label: &str) {
    for number in 0..CHUNKS {
        if let Err(error) = store.chunk_uncached(PACK, number) {
            assert!(error.cold().is_some(), "{label}: {error}");
            assert!(store.r2_copy(PACK).unwrap().is_some(), "{label}");
        }
    }
    for part in PARTS {
        let expected = [&[1, part as u8], &PIECE[..]].concat();
        assert_eq!(*store.part(PACK, part).unwrap(), expected, "{label}");
    }
}

fn the_way_to_r2_with_every_write_failing_once<D: Database>(open: &dyn Fn() -> D) {
    for persisted in [false, true] {
        for nth in 0.. {
            let label = format!("write {nth}, persisted {persisted}");
            let db = open();
            with_pack(&created(&db));
            let faulty = Faulty {
                db: &db,
                countdown: Cell::new(Some(nth)),
                persisted,
            };
            let store = reopened(faulty);
            let failed = work(&store).is_err();
            check_whole(&store, &label);
            if !failed {
                assert!(nth >= 10, "every write was reached, {nth} seen");
                break;
            }
            let store = reopened(&db);
            check_whole(&store, &label);
            assert_eq!(work(&store), Ok(()), "{label}");
            check_whole(&store, &label);
            let counts = store.counts().unwrap();
            assert_eq!((counts.chunk_rows, counts.part_rows), (0, 6), "{label}");
            assert_eq!(
                due(&store, NOW),
                Ok(vec!["ready/old".to_owned()]),
                "{label}"
            );
            assert_eq!(store.stray_uploads(), Ok(Vec::new()), "{label}");
            assert_eq!(
                store.r2_bytes(),
                Ok(2 * CHUNK_BYTES as u64 + 9 + 99),
                "{label}"
            );
        }
    }
}

fn what_goes_is_released_once_and_not_before_its_time<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    with_pack(&store);
    assert_eq!(store.cool(PACK), Ok(false), "R2 has no copy");
    work(&store).unwrap();
    store.drop_ready_clone(NOW + 5).unwrap();
    store.drop_ready_clone(NOW + 9).unwrap();
    store.released("ready/old").unwrap();
    assert_eq!(store.next_release(), Ok(Some(NOW + 5)));
    assert_eq!(due(&store, NOW + 4), Ok(Vec::new()));
    assert_eq!(due(&store, NOW + 5), Ok(vec!["ready/new".to_owned()]));
    store.released("ready/new").unwrap();
    store.note_upload(&upload()).unwrap();
    store.remove_pack(PACK).unwrap();
    assert_eq!(due(&store, NOW), Ok(Vec::new()), "an upload still names it");
    assert_eq!(store.stray_uploads(), Ok(vec![upload()]));
    store.forget_upload(&upload(), NOW).unwrap();
    assert_eq!(due(&store, NOW), Ok(vec![KEY.to_owned()]));
    store.released(KEY).unwrap();
    assert_eq!(store.next_release(), Ok(None));
    assert_eq!(
        store.register_copy(PACK, KEY),
        Ok(false),
        "the pack is gone"
    );
}

fn a_key_that_is_needed_again_is_not_released<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    with_pack(&store);
    store.release_later(KEY, NOW).unwrap();
    assert_eq!(due(&store, NOW), Ok(vec![KEY.to_owned()]));
    assert_eq!(store.register_copy(PACK, KEY), Ok(true));
    assert_eq!(due(&store, NOW), Ok(Vec::new()));
    store.release_later(KEY, NOW).unwrap();
    assert_eq!(due(&store, NOW), Ok(Vec::new()), "a pack has it");
    assert_eq!(store.next_release(), Ok(None));
}

fn settings_stay_until_they_are_changed<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    assert_eq!(store.snapshot_settings(), Ok(SnapshotSettings::default()));
    let change = SnapshotSettings {
        settle_seconds: Some(0),
        cold_bytes_min: Some(1 << 40),
        ..SnapshotSettings::default()
    };
    store.set_snapshot_settings(&change).unwrap();
    let other = SnapshotSettings {
        cold_after_seconds: Some(7),
        ready_bytes_min: Some(8),
        ..SnapshotSettings::default()
    };
    store.set_snapshot_settings(&other).unwrap();
    let all = SnapshotSettings {
        settle_seconds: Some(0),
        cold_after_seconds: Some(7),
        cold_bytes_min: Some(1 << 40),
        ready_bytes_min: Some(8),
    };
    assert_eq!(store.snapshot_settings(), Ok(all));
}
