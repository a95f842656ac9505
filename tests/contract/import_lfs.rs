//! Objects of Git LFS that an import takes: after any failed write it goes on where it was.

use std::cell::Cell;

use cairn::git::fetch_client::selection::RefSelection;
use cairn::git::lfs::{LfsOid, Pointer};
use cairn::git::store::StoreError;
use cairn::storage::db::sql::Database;
use cairn::storage::r2::bucket::lfs_key;
use cairn::storage::repository::imports::{ImportLfs, NewImport};
use cairn::storage::repository::store::RepoStore;

use super::faulty::Faulty;
use super::{NOW, created, id};

crate::contract::cases![taking_lfs_objects_goes_on_after_any_failed_write];

const NETWORK: &str = "0123456789abcdef";
const IMPORT: NewImport<'static> = NewImport {
    asked_by: None,
    url: "https://example.com/x",
    branch: None,
    depth: None,
    refs: &RefSelection::BranchesTags,
    had_credentials: false,
    lfs: true,
    now_ms: NOW,
};

fn pointers() -> Vec<Pointer> {
    let pointer = |number: u8| Pointer {
        oid: LfsOid::from([number; 32]),
        size: u64::from(number) * 10,
    };
    (1..=5).map(pointer).collect()
}

/// The object's work once the refs are live, as the shell does it: pages of two objects; the remote lacks one
/// object for good and one until the second pass. Gives how often it took each.
fn go_on<D: Database>(store: &RepoStore<D>, taken: &mut Vec<u64>) -> Result<(), StoreError> {
    while let Some(record) = store.import()? {
        store.note_import_attempt()?;
        match record.lfs {
            ImportLfs::LeftOut => return Ok(()),
            ImportLfs::Later => store.begin_import_lfs(&[id(3)])?,
            ImportLfs::Finding => {
                for found in pointers().chunks(2) {
                    store.want_lfs_objects(found)?;
                }
                store.begin_lfs_taking()?;
            }
            ImportLfs::Taking { pass, after } => {
                let page = store.wanted_lfs_objects(after.as_ref(), 2)?;
                let Some(last) = page.last() else {
                    if pass == 2 || !store.begin_lfs_pass()? {
                        let report = store.lfs_report(None)?;
                        assert_eq!((report.objects, report.missing.count), (4, 1));
                        store.finish_import(&[])?;
                    }
                    continue;
                };
                let mut refused = Vec::new();
                for pointer in &page {
                    match pointer.size {
                        20 => refused.push((pointer.oid, "absent".to_owned())),
                        40 if pass == 0 => {}
                        size => {
                            let named = (&pointer.oid, size);
                            let key = lfs_key(NETWORK, &pointer.oid);
                            store.begin_lfs_object(named, &key, NOW)?;
                            taken.push(size);
                            store.finish_wanted_lfs_object(named, NOW)?;
                        }
                    }
                }
                store.note_lfs_asked(&last.oid, &refused)?;
            }
        }
    }
    Ok(())
}

fn taking_lfs_objects_goes_on_after_any_failed_write<D: Database>(open: &dyn Fn() -> D) {
    for persisted in [false, true] {
        let mut faults = 0;
        while import_with_fault(&open(), persisted, faults) {
            faults += 1;
            assert!(faults < 200, "an import has an end");
        }
        assert!(faults >= 20, "every write was reached, {faults} seen");
    }
}

/// One import with one fault; false when it was over before it.
fn import_with_fault<D: Database>(db: &D, persisted: bool, nth: u32) -> bool {
    let label = format!("write {nth}, persisted {persisted}");
    created(db).begin_import(&IMPORT).unwrap();
    let faulty = RepoStore::new(
        Faulty {
            db,
            countdown: Cell::new(Some(nth)),
            persisted,
        },
        Box::new(|| NOW),
    );
    let mut taken = Vec::new();
    let failed = go_on(&faulty, &mut taken).is_err();
    if failed {
        go_on(&super::reopened(db), &mut taken).unwrap();
    }
    let store = super::reopened(db);
    let totals = store.lfs_totals().unwrap();
    assert_eq!((totals.objects, totals.bytes), (4, 130), "{label}");
    assert_eq!(store.import(), Ok(None), "{label}");
    assert_eq!(store.wanted_lfs_totals().unwrap().objects, 0, "{label}");
    assert!(taken.len() <= 5, "{label}: {taken:?} came more than once");
    failed
}
