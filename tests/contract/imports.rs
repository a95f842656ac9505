//! An import's own records: they let an object go on, and they tell why it failed.

use std::cell::Cell;

use cairn::git::fetch_client::selection::RefSelection;
use cairn::git::store::{CHUNK_BYTES, PackStore as _, StoreError};
use cairn::storage::db::sql::{Database, in_transaction, query_first};
use cairn::storage::repository::imports::{ImportFailure, ImportLfs, ImportRecord, NewImport};
use cairn::storage::repository::publication::PackPublication;
use cairn::storage::repository::store::RepoStore;

use super::faults::{check_whole, sweep_all};
use super::faulty::Faulty;
use super::{NOW, check_live, created, id, new_repository, publication, update, write_pack};

crate::contract::cases![
    an_import_is_noted_and_ends,
    a_cut_can_be_made_again,
    parts_are_live_before_any_ref,
    a_failure_stands_in_place_of_the_repository,
    an_import_that_fails_anywhere_goes_on,
];

const IMPORT: NewImport<'static> = NewImport {
    asked_by: Some("{}"),
    url: "https://example.com/x",
    branch: Some("main"),
    depth: Some(3),
    refs: &RefSelection::All,
    had_credentials: true,
    lfs: false,
    now_ms: NOW,
};

fn record() -> ImportRecord {
    ImportRecord {
        asked_by: Some("{}".to_owned()),
        url: IMPORT.url.to_owned(),
        branch: Some("main".to_owned()),
        depth: Some(3),
        refs: RefSelection::All,
        had_credentials: true,
        started_at: NOW,
        attempts: 0,
        part_commits: None,
        parts_done: 0,
        cut: None,
        lfs: ImportLfs::LeftOut,
    }
}

fn is_importing<D: Database>(store: &RepoStore<D>) -> bool {
    store.load().unwrap().unwrap().is_importing
}

fn an_import_is_noted_and_ends<D: Database>(open: &dyn Fn() -> D) {
    let store = RepoStore::new(open(), Box::new(|| NOW));
    assert_eq!(store.import(), Ok(None));
    store.create(&new_repository()).unwrap();
    assert_eq!(store.import(), Ok(None));
    assert!(!is_importing(&store));
    store.begin_import(&IMPORT).unwrap();
    store.begin_import(&IMPORT).unwrap_err();
    assert_eq!(store.import(), Ok(Some(record())));
    assert!(is_importing(&store));
    store.note_import_attempt().unwrap();
    let expect = ImportRecord {
        attempts: 1,
        ..record()
    };
    assert_eq!(store.import(), Ok(Some(expect)));

    store.finish_import(&[id(2), id(1), id(2)]).unwrap();
    assert!(!is_importing(&store));
    assert_eq!(store.import(), Ok(None));
    assert_eq!(store.shallow_commits(), Ok(vec![id(1), id(2)]));
}

fn a_cut_can_be_made_again<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    store.begin_import(&IMPORT).unwrap();
    store.note_import_attempt().unwrap();
    let frontier = |number: u8| vec![number; 20];
    store
        .cut_import(7, &[Vec::new(), frontier(1), frontier(2)])
        .unwrap();
    let cut = ImportRecord {
        part_commits: Some(7),
        cut: Some(2),
        ..record()
    };
    assert_eq!(store.import(), Ok(Some(cut.clone())));
    assert_eq!(store.import_frontier(0), Ok(Some(Vec::new())));
    assert_eq!(store.import_frontier(2), Ok(Some(frontier(2))));
    assert_eq!(store.import_frontier(3), Ok(None));

    store.publish_part(None, &[], NOW).unwrap();
    assert_eq!(store.import().unwrap().unwrap().parts_done, 1);
    store.uncut_import(3).unwrap();
    let uncut = ImportRecord {
        part_commits: Some(3),
        cut: None,
        ..cut
    };
    assert_eq!(store.import(), Ok(Some(uncut.clone())));
    store.cut_import(3, &[frontier(1)]).unwrap();
    let expect = ImportRecord {
        cut: Some(0),
        ..uncut
    };
    assert_eq!(store.import(), Ok(Some(expect)));
    store.cut_import(1, &[vec![1; 19]]).unwrap_err();
    let undone = store.import_frontier(0);
    assert_eq!(undone, Ok(Some(frontier(1))), "undone as a whole");
}

fn parts_are_live_before_any_ref<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    store.begin_import(&IMPORT).unwrap();
    store.note_import_attempt().unwrap();
    let pack = write_pack(&store, 100, 1).unwrap();
    assert!(store.live_packs().unwrap().is_empty());
    store.publish_part(Some(&pack), &[id(5)], NOW).unwrap();
    check_live(&store, &[pack.pack_id]);
    let now = store.import().unwrap().unwrap();
    assert_eq!((now.parts_done, now.attempts), (1, 0));
    assert_eq!(store.shallow_commits(), Ok(vec![id(5)]));
    assert_eq!(store.counts().unwrap().refs, 0);
    // Once is enough, and a failure counts no part.
    store.publish_part(Some(&pack), &[], NOW).unwrap_err();
    assert_eq!(store.import().unwrap().unwrap().parts_done, 1);
    check_live(&store, &[pack.pack_id]);
}

fn a_failure_stands_in_place_of_the_repository<D: Database>(open: &dyn Fn() -> D) {
    let store = RepoStore::new(open(), Box::new(|| NOW));
    assert_eq!(store.import_failure(), Ok(None));
    assert_eq!(store.database().rows_written(), 0);
    let mut failure = ImportFailure {
        repository_id: "0123456789abcdef".to_owned(),
        namespace: "Acme".to_owned(),
        name: "Widgets".to_owned(),
        reason: "it was not to be".to_owned(),
        at: NOW,
        is_released: false,
    };
    store.leave_import_failure(&failure).unwrap();
    assert_eq!(store.import_failure(), Ok(Some(failure.clone())));
    failure.is_released = true;
    store.leave_import_failure(&failure).unwrap();
    assert_eq!(store.import_failure(), Ok(Some(failure)));
    assert_eq!(store.load(), Ok(None));

    assert_eq!(store.create(&new_repository()), Ok(true));
    assert_eq!(store.import_failure(), Ok(None));
    let sql = "SELECT count(*) FROM sqlite_master WHERE name = 'import_failure'";
    let left = query_first(store.database(), sql, &[], |row| row.integer(0));
    assert_eq!(left, Ok(Some(0)));
}

/// A pack of a part, which is thrown away when it does not come to be published.
fn with_pack<D: Database>(
    store: &RepoStore<D>,
    fill: u8,
    publish: impl Fn(PackPublication) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let pack = write_pack(store, CHUNK_BYTES + 9, fill)?;
    let published = publish(pack);
    if published.is_err() {
        // The sweeper removes the rows that this leaves.
        let _ = store.discard_pack(pack.pack_id);
    }
    published
}

/// The object's work for an import of three parts, from wherever it was; as the shell does it.
fn go_on<D: Database>(store: &RepoStore<D>) -> Result<(), StoreError> {
    while let Some(record) = store.import()? {
        store.note_import_attempt()?;
        match (record.cut, record.parts_done) {
            (None, _) => store.cut_import(7, &[Vec::new(), vec![1; 20], vec![2; 20]])?,
            (Some(2), done @ 0..=1) => {
                assert!(store.import_frontier(done + 1)?.is_some());
                let fill = u8::try_from(done).unwrap() + 1;
                with_pack(store, fill, |pack| {
                    store.publish_part(Some(&pack), &[id(fill)], NOW)
                })?;
            }
            (Some(_), _) => with_pack(store, 3, |pack| {
                in_transaction(store.database(), || {
                    let updates = vec![update("refs/heads/main", None, Some(3))];
                    store.publish(&publication(Some(pack), updates))?;
                    store.finish_import(&[id(3)])
                })
            })?,
        }
    }
    Ok(())
}

fn an_import_that_fails_anywhere_goes_on<D: Database>(open: &dyn Fn() -> D) {
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
    let store = created(db);
    store.begin_import(&IMPORT).unwrap();
    let faulty = RepoStore::new(
        Faulty {
            db,
            countdown: Cell::new(Some(nth)),
            persisted,
        },
        Box::new(|| NOW),
    );
    let failed = go_on(&faulty).is_err();
    if failed {
        let live = faulty.live_packs().unwrap().len();
        check_whole(&faulty, live, &label);
        // In the same instance, whose memory saw the fault, and after a restart.
        if nth.is_multiple_of(2) {
            go_on(&faulty).unwrap();
        } else {
            go_on(&super::reopened(db)).unwrap();
        }
    }
    let store = super::reopened(db);
    super::check_refs(&store, &[("refs/heads/main", 3)]);
    assert_eq!(
        store.shallow_commits(),
        Ok(vec![id(1), id(2), id(3)]),
        "{label}"
    );
    sweep_all(&store);
    check_whole(&store, 3, &label);
    let counts = store.counts().unwrap();
    let packs = (counts.live_packs, counts.quarantined_packs);
    assert_eq!(packs, (3, 0), "{label}");
    assert!(!is_importing(&store), "{label}");
    failed
}
